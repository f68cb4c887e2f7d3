package integration

import (
	"context"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"pa/audio/wire"
	"pa/paspeaker"
)

// spy listens to a group as anybody on the cable could.
type spy struct {
	mu      sync.Mutex
	packets [][]byte
}

// spyOn collects what is sent to a group until the test ends.
func (s *site) spyOn(group netip.AddrPort) *spy {
	s.t.Helper()
	rx := wire.NewReceiver(wire.ReceiverConfig{Interface: "lo"})
	require.NoError(s.t, rx.SetGroups([]netip.AddrPort{group}))
	sp := &spy{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- rx.Run(ctx, func(d wire.Datagram) {
			sp.mu.Lock()
			sp.packets = append(sp.packets, append([]byte(nil), d.Data...))
			sp.mu.Unlock()
		})
	}()
	s.t.Cleanup(func() { cancel(); require.NoError(s.t, <-done) })
	return sp
}

// of returns the packets of a session so far, in order; see docs/wire.md.
func (p *spy) of(id paspeaker.SessionID) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out [][]byte
	for _, b := range p.packets {
		if len(b) > 113 && b[0] == 0x90 && b[19]&byte(wire.FlagStop|wire.FlagBeacon) == 0 && binary.BigEndian.Uint64(b[25:]) == uint64(id) {
			out = append(out, b)
		}
	}
	return out
}

// begins returns when a session's first sample is to leave the loudspeakers,
// as its first packet says.
func (p *spy) begins(s *site, id paspeaker.SessionID) time.Time {
	s.t.Helper()
	s.eventually("the first packet is overheard", func() bool { return len(p.of(id)) > 0 })
	return time.Unix(0, int64(binary.BigEndian.Uint64(p.of(id)[0][37:])))
}

// groups returns each zone's group.
func (s *site) groups() map[paspeaker.ZoneID]netip.AddrPort {
	s.t.Helper()
	var list []paspeaker.ZoneStatus
	s.must("GET", "/v1/zones", nil, &list)
	out := make(map[paspeaker.ZoneID]netip.AddrPort)
	for _, z := range list {
		out[z.ID] = z.Group
	}
	return out
}
