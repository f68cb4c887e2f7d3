package controller

import (
	"context"
	"net/netip"
	"time"

	"pa/audio/codec"
	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/site"
)

// SDP returns the session description of a zone's plain group, by which any
// receiver of RTP can listen.
func (c *Controller) SDP(id paspeaker.ZoneID) (string, error) {
	st := c.site.Load()
	zone, ok := st.Zone(id)
	if !ok {
		_, err := st.Resolve([]paspeaker.ZoneID{id}, nil)
		return "", err
	}
	if zone.Plain == nil {
		return "", &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "zone " + string(id) + " has no plain group",
			Hint: "give it `plain: {codec: pcmu}` in zones.yaml; our own nodes play sealed packets, which other receivers cannot check"}
	}
	return c.describe(st, zone), nil
}

// describe writes the SDP of a zone with a plain group.
func (c *Controller) describe(st *site.Site, zone paspeaker.Zone) string {
	profile, _ := codec.ProfileByName(plainProfile(zone.Plain.Codec))
	return wire.SDP(wire.SDPInfo{
		ID: uint64(paspeaker.TagOf(zone.ID)), Version: uint64(c.cfg.Identity.Term), Name: st.Name + " · " + zone.Name,
		Origin: c.origin(), Group: zone.Plain.Group, TTL: st.TTL,
		Encoding: profile.Encoding, PT: profile.PayloadType, Rate: profile.ClockRate, Channels: channels(profile),
		PtimeMS: int(profile.Duration() / time.Millisecond), Clock: []string{"ts-refclk:local", "mediaclk:sender"},
	})
}

// channels returns the channel count that an rtpmap must say: Opus is always
// two (RFC 7587 §7), whatever is sent.
func channels(p codec.Profile) int {
	if p.Encoding == "opus" {
		return 2
	}
	return 1
}

func (c *Controller) origin() netip.Addr {
	if a := c.air.sender.Load().Addr().Addr(); a.IsValid() && !a.IsUnspecified() {
		return a
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// announceSDP tells receivers by SAP what can be listened to, until ctx ends.
func (c *Controller) announceSDP(ctx context.Context) {
	ann := wire.NewAnnouncer(wire.AnnouncerConfig{
		Send:   func(b []byte, dst netip.AddrPort) error { return c.air.sender.Load().Send(b, dst) },
		Origin: c.origin(), Log: c.log,
	})
	set := func(st *site.Site) {
		var sdps []string
		for _, z := range st.Zones {
			if z.Plain != nil {
				sdps = append(sdps, c.describe(st, z))
			}
		}
		ann.Set(sdps)
	}
	last := c.site.Load()
	set(last)
	done := make(chan error, 1)
	go func() { done <- ann.Run(ctx) }()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if st := c.site.Load(); st != last {
				last = st
				set(st)
			}
		case err := <-done:
			if err != nil {
				c.log.Warn("announce by SAP", "err", err)
			}
			return
		}
	}
}
