package main

import (
	"fmt"
	"time"

	"pa/audio"
	"pa/integration/ears"
	"pa/paspeaker"
)

const (
	soundsAt   = 0.004 // of full scale: an alert tone is far above it, a silent card far below
	soundLimit = 5 * time.Second
)

// firstSample triggers an emergency again and again and times the way from the
// request to the first sample that a loudspeaker sounds, through oto and a
// virtual sound card.
func firstSample(r *rig) ([]figure, error) {
	card, err := openCard(1)
	if err != nil {
		return nil, err
	}
	defer card.close()
	p, err := startPark(r, smallSite)
	if err != nil {
		return nil, err
	}
	defer p.close()
	if _, err := p.nodeIn(card.direct(), "gate-1", "oto:10ms,5ms"); err != nil {
		return nil, err
	}
	rec, err := card.record()
	if err != nil {
		return nil, err
	}
	defer rec.end()
	<-time.After(2 * time.Second) // the recorder's clock is known by then
	var took []float64
	for range r.pick(100, 6) {
		ms, err := p.sounds(rec)
		if err != nil {
			return nil, err
		}
		took = append(took, ms)
	}
	return []figure{
		{Name: "emergency_first_sample_oto_p50_ms", Value: percentile(took, 50), Unit: "ms", N: len(took)},
		{Name: "emergency_first_sample_oto_p99_ms", Value: percentile(took, 99), Unit: "ms", N: len(took)},
	}, nil
}

// sounds triggers an emergency and returns how long it took until it sounded.
func (p *park) sounds(rec *recording) (ms float64, err error) {
	var s paspeaker.Session
	asked := audio.Now()
	if err := post(p, "/v1/emergencies", map[string]any{"emergency": "evacuate", "zones": []string{"gates"}}, &s); err != nil {
		return 0, err
	}
	for limit := time.Now().Add(soundLimit); ; {
		<-time.After(100 * time.Millisecond)
		x, at := rec.speaker(0, asked)
		if first, end := ears.Span(x, soundsAt); end > first {
			ms = (at+float64(first)*1e9/audio.Rate-float64(asked))/1e6 + cardEarly
			break
		}
		if time.Now().After(limit) {
			return 0, fmt.Errorf("the emergency never sounded")
		}
	}
	if err := post(p, "/v1/stop", map[string]any{"sessions": []paspeaker.SessionID{s.ID}}, &[]paspeaker.Session{}); err != nil {
		return 0, err
	}
	for { // until it is quiet: the next must not be taken for this one
		quiet := audio.Now()
		<-time.After(400 * time.Millisecond)
		x, _ := rec.speaker(0, quiet)
		if first, end := ears.Span(x, soundsAt); end <= first && len(x) > 0 {
			return ms, nil
		}
	}
}
