package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"pa/audio"
	"pa/audio/wire"
	"pa/paspeaker"
)

// firstPacket triggers an emergency again and again, from this process as the
// client, and times the way from the request to the kernel's stamp of its
// first packet; then once more with 100 sessions on air.
func firstPacket(r *rig) ([]figure, error) {
	const zones = 100
	p, err := startPark(r, bigSite(zones, 1))
	if err != nil {
		return nil, err
	}
	defer p.close()
	alone, err := p.emergencies(r.pick(200, 25))
	if err != nil {
		return nil, err
	}
	out := []figure{
		{Name: "emergency_first_packet_p50_ms", Value: percentile(alone, 50), Unit: "ms", N: len(alone)},
		{Name: "emergency_first_packet_p99_ms", Value: percentile(alone, 99), Unit: "ms", N: len(alone)},
	}
	for z := range zones {
		in := map[string]any{"source": "tone", "length": "10m", "zones": []string{fmt.Sprintf("zone-%d", z)}}
		if err := post(p, "/v1/announcements", in, &paspeaker.Session{}); err != nil {
			return out, err
		}
	}
	busy, err := p.emergencies(r.pick(100, 12))
	return append(out,
		figure{Name: "emergency_first_packet_p50_ms_100_sessions", Value: percentile(busy, 50), Unit: "ms", N: len(busy)},
		figure{Name: "emergency_first_packet_p99_ms_100_sessions", Value: percentile(busy, 99), Unit: "ms", N: len(busy)},
	), err
}

// emergencies triggers n emergencies and returns how long each took to its
// first packet, ms.
func (p *park) emergencies(n int) ([]float64, error) {
	rx := wire.NewReceiver(wire.ReceiverConfig{Interface: "lo", Clock: audio.Now})
	if err := rx.SetGroups([]netip.AddrPort{netip.MustParseAddrPort("239.255.208.9:36100")}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	heard, done := make(chan opening, 4096), make(chan error, 1)
	go func() { done <- rx.Run(ctx, openings(heard)) }()
	defer func() { cancel(); <-done }()
	var out []float64
	for range n {
		var s paspeaker.Session
		asked := audio.Now()
		if err := post(p, "/v1/emergencies", map[string]any{"emergency": "evacuate", "zones": []string{"gates"}}, &s); err != nil {
			return out, err
		}
		at, err := first(heard, uint64(s.ID))
		if err != nil {
			return out, err
		}
		out = append(out, float64(at-asked)/1e6)
		if err := post(p, "/v1/stop", map[string]any{"sessions": []paspeaker.SessionID{s.ID}}, &[]paspeaker.Session{}); err != nil {
			return out, err
		}
		<-time.After(120 * time.Millisecond) // the stop's repeats are over
	}
	return out, nil
}

// opening is the first packet of a session, and when the kernel had it.
type opening struct {
	session uint64
	at      int64
}

// openings passes on the first packet of each session that it sees.
func openings(heard chan<- opening) func(wire.Datagram) {
	known := make(map[uint64]bool)
	return func(d wire.Datagram) {
		if len(d.Data) < 33 || d.Data[0] != 0x90 || d.Data[19]&byte(wire.FlagStop) != 0 {
			return
		}
		if s := binary.BigEndian.Uint64(d.Data[25:]); !known[s] {
			known[s] = true
			heard <- opening{s, d.At}
		}
	}
}

func first(heard <-chan opening, session uint64) (int64, error) {
	limit := time.After(10 * time.Second)
	for {
		select {
		case o := <-heard:
			if o.session == session {
				return o.at, nil
			}
		case <-limit:
			return 0, fmt.Errorf("session %x never came on air", session)
		}
	}
}
