package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"pa/integration/ears"
	"pa/paspeaker"
)

const (
	lowTone, highTone = 500.0, 1300.0 // Hz, −20 dBFS both
	toneHole          = 0.0005        // linear: nearer to nothing than this is silence
	ownHole           = 8             // samples of that where a tone crosses zero, or the sum of both does with its slope at zero
	ownStep           = 0.1414 * 2 * 3.14159265 * highTone / 48000
)

// preemptCards are three loudspeakers whose clocks and cards disagree.
var preemptCards = map[string][2]string{
	"gate-1": {"ppm=+90,seed=1", "ppm=-90,seed=1"},
	"road-1": {"offset=1h,ppm=-90,seed=2", "ppm=+90,seed=2"},
}

// preempt hears one programme give way to a higher one, again and again, and
// counts what is missing between them, the largest step, and how far apart the
// loudspeakers switch.
func preempt(r *rig) ([]figure, error) {
	var gap, step, spread []float64
	for range r.pick(10, 1) {
		cards, err := preemptOnce(r)
		if err != nil {
			return nil, err
		}
		var at []int64
		for _, x := range cards {
			begin, end := ears.Span(x.Samples, 0.01)
			body := x.Samples[min(begin+480, end):max(end-4800, begin+480)]
			gap = append(gap, float64(max(0, ears.Hole(body, toneHole)-ownHole)))
			step = append(step, ears.Step(body)/ownStep)
			when, ok := x.Switch(lowTone, highTone)
			if !ok {
				return nil, fmt.Errorf("preempt: the higher tone was not heard")
			}
			at = append(at, when)
		}
		spread = append(spread, float64(slices.Max(at)-slices.Min(at))/1e3)
	}
	return []figure{
		{Name: "preemption_gap_samples", Value: slices.Max(gap), N: len(gap)},
		{Name: "preemption_step_ratio", Value: slices.Max(step), N: len(step)},
		{Name: "preemption_switch_spread_us", Value: slices.Max(spread), Unit: "us", N: len(spread)},
	}, nil
}

// preemptOnce plays one switch and returns what the cards recorded.
func preemptOnce(r *rig) ([]*ears.Stamped, error) {
	p, err := startPark(r, smallSite)
	if err != nil {
		return nil, err
	}
	defer p.close()
	file := func(id string) string { return filepath.Join(p.dir, id+".wav") }
	for id, bent := range preemptCards {
		if _, err := p.node(id, "virtual:"+bent[1]+",file="+file(id), "--warp", bent[0]); err != nil {
			return nil, err
		}
	}
	zones := []string{"gates", "roads"}
	var low, high paspeaker.Session
	if err := post(p, "/v1/announcements", map[string]any{"zones": zones, "source": "tone", "freq": lowTone, "length": "20s", "priority": 20, "preempted": "drop"}, &low); err != nil {
		return nil, err
	}
	if err := p.wait("the low tone", func() bool { return p.sounding(low.ID) == len(preemptCards) }); err != nil {
		return nil, err
	}
	if err := post(p, "/v1/announcements", map[string]any{"zones": zones, "source": "tone", "freq": highTone, "length": "1s", "priority": 200}, &high); err != nil {
		return nil, err
	}
	if err := p.wait("the end", func() bool {
		return request(p, http.MethodGet, "/v1/announcements/"+high.ID.String(), nil, &high) == nil && !high.Ended.IsZero()
	}); err != nil {
		return nil, err
	}
	<-time.After(300 * time.Millisecond) // the last of it leaves the cards
	for _, cmd := range p.nodes {
		quit(cmd)
	}
	var cards []*ears.Stamped
	for id := range preemptCards {
		x, err := ears.OpenStamped(file(id))
		if err != nil {
			return nil, err
		}
		cards = append(cards, x)
	}
	return cards, nil
}

// sounding is how many loudspeakers have a session at full level.
func (p *park) sounding(id paspeaker.SessionID) (n int) {
	var st paspeaker.Status
	if request(p, http.MethodGet, "/v1/status", nil, &st) != nil {
		return 0
	}
	for _, sp := range st.Speakers {
		if sp.Report != nil && slices.ContainsFunc(sp.Report.Playing, func(x paspeaker.Playing) bool { return x.Session == id && x.Full }) {
			n++
		}
	}
	return n
}
