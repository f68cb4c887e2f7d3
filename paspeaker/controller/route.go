package controller

import (
	"net/netip"
	"slices"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/controller/air"
	"pa/paspeaker/site"
)

// unitProfile is how voice travels to mobile units.
const unitProfile = "opus"

// route is where a part of a session goes: the legs, and the rank that is
// sealed into its packets. It is read-only once made.
type route struct {
	rank uint32
	legs []air.Leg
}

// route works out the legs for a ruling. Our own nodes are sent everything
// that they may sound (Targets): each mixer decides by rank. A third-party
// loudspeaker has no mixer, so its group carries the session only while the
// Arbiter says that it sounds there (Full). Loop only.
func (c *Controller) route(s *session, r paspeaker.Ruling) *route {
	site := c.site.Load()
	out := &route{rank: uint32(r.Rank)}
	fixed, units := split(site, r.Targets)
	for _, g := range s.leads.split(fixed) {
		// Units join no group, so naming them with their zone costs nothing and
		// keeps the list short.
		cover := tags(site.Cover(slices.Concat(g.ids, units)))
		for profile, zones := range zonesByProfile(site, g.ids) {
			leg := air.Leg{Profile: sealedProfile(profile, s.frame(), g.lead), Lead: g.lead, Targets: cover}
			for _, z := range zones {
				leg.Groups = append(leg.Groups, z.Group)
			}
			out.legs = append(out.legs, leg)
		}
	}
	for _, g := range s.leads.split(units) {
		leg := air.Leg{Profile: unitProfile, Unit: true, Lead: g.lead, Targets: tags(site.Cover(r.Targets))}
		for _, u := range g.ids {
			leg.Units = append(leg.Units, string(u))
		}
		out.legs = append(out.legs, leg)
	}
	for _, zone := range plainZones(site, r.Full) {
		out.legs = append(out.legs, air.Leg{Profile: plainProfile(zone.Plain.Codec), Plain: string(zone.ID),
			Groups: []netip.AddrPort{zone.Plain.Group}})
	}
	return out
}

// split sorts loudspeakers into those on multicast and those behind NAT;
// third-party ones are in neither.
func split(s *site.Site, speakers []paspeaker.SpeakerID) (fixed, units []paspeaker.SpeakerID) {
	for _, id := range speakers {
		switch sp, _ := s.Speaker(id); sp.Kind {
		case paspeaker.KindFixed:
			fixed = append(fixed, id)
		case paspeaker.KindMobile:
			units = append(units, id)
		}
	}
	return fixed, units
}

// zonesByProfile returns the zones whose groups reach these loudspeakers, by
// the codec profile that each zone plays.
func zonesByProfile(s *site.Site, fixed []paspeaker.SpeakerID) map[string][]paspeaker.Zone {
	out := make(map[string][]paspeaker.Zone)
	for _, id := range s.Reach(fixed) {
		zone, _ := s.Zone(id)
		out[zone.Profile] = append(out[zone.Profile], zone)
	}
	return out
}

// shortLead is the longest lead for which half a packet is worth having.
const shortLead = 100 * time.Millisecond

// sealedProfile is the profile in which a zone's is sent so far ahead: of a
// voice that is soon heard, each packet is sent as soon as a frame is there.
func sealedProfile(profile string, frame, lead time.Duration) string {
	if profile == "l16" && frame == air.LiveFrame && lead <= shortLead {
		return "l16-short"
	}
	return profile
}

// plainZones returns the zones whose plain group must carry the session.
func plainZones(s *site.Site, full []paspeaker.SpeakerID) []paspeaker.Zone {
	var out []paspeaker.Zone
	for _, id := range full {
		sp, _ := s.Speaker(id)
		if sp.Kind != paspeaker.KindThirdParty {
			continue
		}
		zone, ok := s.Zone(sp.Home)
		if ok && zone.Plain != nil && !slices.ContainsFunc(out, func(z paspeaker.Zone) bool { return z.ID == zone.ID }) {
			out = append(out, zone)
		}
	}
	return out
}

// plainProfile returns the profile of a plain group's codec. L16 at 48 kHz and
// 20 ms does not fit an Ethernet frame, so the plain form has its own.
func plainProfile(codec string) string {
	if codec == "l16" {
		return "l16-plain"
	}
	return codec
}

func tags(in []paspeaker.Tag) []uint32 {
	out := make([]uint32, len(in))
	for i, t := range in {
		out[i] = uint32(t)
	}
	return out
}
