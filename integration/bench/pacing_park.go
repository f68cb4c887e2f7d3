package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"pa/audio"
	"pa/paspeaker"
)

const (
	pacedPort = 36200
	pacedLead = 100 * time.Millisecond
)

// pacedPark is a controller whose every zone can carry a programme of its own.
// Its loudspeakers are absent: what counts is what leaves the controller.
type pacedPark struct {
	*park
	zones  int
	origin int64 // media − local of this process, ns
}

// pacedGroup is the group of zone i.
func pacedGroup(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 200, byte(1 + i/250), byte(1 + i%250)}), pacedPort)
}

// pacedSite is a site of n zones, each with one loudspeaker, and of the zone
// busy, in which the load's announcements come and go.
func pacedSite(n int, profile string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "site: {id: bench, name: Bench, time_zone: UTC, interface: lo, ttl: 1, groups: 239.201.0.0/16, port: %d}\n", pacedPort)
	fmt.Fprintf(&b, "limits: {sessions: 1000}\ndelays: {recorded: %s}\nzones:\n", pacedLead)
	for i := range n {
		fmt.Fprintf(&b, "  - {id: z-%d, name: Zone %d, profile: %s, group: %s}\n", i, i, profile, pacedGroup(i).Addr())
	}
	b.WriteString("  - {id: busy, name: Busy}\nspeakers:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {id: s-%d, name: Speaker %d, zones: [z-%d]}\n", i, i, i)
	}
	b.WriteString("  - {id: s-busy, name: Busy, zones: [busy]}\n")
	return b.String()
}

// startPacedPark starts a controller for n programmes, and puts them on air.
func startPacedPark(r *rig, n int, profile string, flags ...string) (*pacedPark, error) {
	origin := time.Now().UnixNano() - audio.Now() // as the controller will see it
	base, err := startPark(r, pacedSite(n, profile), flags...)
	if err != nil {
		return nil, err
	}
	p := &pacedPark{park: base, zones: n, origin: origin}
	for i := range n {
		in := map[string]any{"source": "builtin", "sound": "slogan-1", "repeat": -1, "max_length": "2h",
			"priority": 100, "zones": []string{fmt.Sprintf("z-%d", i)}}
		if err := post(p.park, "/v1/announcements", in, &paspeaker.Session{}); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

// stepped says that the wall clock, whose stamps the kernel gives, was set
// while we measured.
func (p *pacedPark) stepped() error {
	if d := time.Now().UnixNano() - audio.Now() - p.origin; d > 1e6 || d < -1e6 {
		return fmt.Errorf("the wall clock was set by %v while measuring; run it again", time.Duration(d))
	}
	return nil
}
