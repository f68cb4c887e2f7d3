package controller

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// scrape is the metrics of one loudspeaker, by name, with the state's added.
func scrape(t *testing.T, c *Controller, speaker string) map[string]float64 {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	require.NoError(t, reg.Register(c.Collector()))
	families, err := reg.Gather()
	require.NoError(t, err)
	out := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.Metric {
			name, mine := f.GetName(), false
			for _, l := range m.Label {
				if l.GetName() == "speaker" {
					mine = l.GetValue() == speaker
				} else {
					name += "/" + l.GetValue()
				}
			}
			if mine {
				out[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return out
}

func TestANodesTimingIsInTheMetrics(t *testing.T) {
	r := newRig(t, "")
	node := nodeBus(t, r, "gate-1")
	r.until("gate-1 online", func(ev paspeaker.Event) bool { return ev.Speaker != nil && ev.Speaker.Online }, func() {
		require.NoError(t, node.PublishReport(paspeaker.NodeReport{
			ID: "gate-1", Instance: "a",
			Clock:    paspeaker.ClockState{State: "degraded", OffsetNS: 1_500_000_000, RatePPM: -80, ErrorNS: 9000, RTTNS: 120_000},
			Output:   paspeaker.OutputState{RatePPM: 42, Underruns: 3},
			Counters: paspeaker.Counters{Resyncs: 2, Late: 7},
			Playing:  []paspeaker.Playing{{ErrorNS: 5}, {Full: true, ErrorNS: -20_000}},
		}))
	})
	got := scrape(t, r.Controller, "gate-1")
	for name, want := range map[string]float64{
		"clock_offset_seconds": 1.5, "clock_rate_ppm": -80, "clock_error_seconds": 9e-6, "clock_round_trip_seconds": 120e-6,
		"clock_state/degraded": 1, "clock_state/locked": 0, "clock_state/free-run": 0,
		"output_rate_ppm": 42, "output_underruns_total": 3, "playout_resyncs_total": 2, "late_frames_total": 7,
		"playout_error_seconds": -20e-6, "online": 1,
	} {
		assert.InDelta(t, want, got["paspeaker_speaker_"+name], 1e-12, name)
	}
	assert.NotContains(t, scrape(t, r.Controller, "gate-2"), "paspeaker_speaker_clock_rate_ppm", "nothing is known of it")
}
