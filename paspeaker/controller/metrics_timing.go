package controller

import (
	"github.com/prometheus/client_golang/prometheus"

	"pa/paspeaker"
)

// descClock has one of its states at 1.
var descClock = prometheus.NewDesc("paspeaker_speaker_clock_state", "1 for the state that the node's media clock is in: locked, degraded or free-run.",
	[]string{"speaker", "state"}, nil)

// timing is what a node's report says of clock, sound card and playout.
var timing = []struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*paspeaker.NodeReport) float64
}{
	{ofSpeaker("clock_offset_seconds", "Media time less the node's local time."), prometheus.GaugeValue,
		func(r *paspeaker.NodeReport) float64 { return float64(r.Clock.OffsetNS) / 1e9 }},
	{ofSpeaker("clock_rate_ppm", "Media time against the node's clock."), prometheus.GaugeValue,
		func(r *paspeaker.NodeReport) float64 { return r.Clock.RatePPM }},
	{ofSpeaker("clock_error_seconds", "Estimated error of the node's media time, one standard deviation."), prometheus.GaugeValue,
		func(r *paspeaker.NodeReport) float64 { return float64(r.Clock.ErrorNS) / 1e9 }},
	{ofSpeaker("clock_round_trip_seconds", "Shortest recent round trip to the controller's clock."), prometheus.GaugeValue,
		func(r *paspeaker.NodeReport) float64 { return float64(r.Clock.RTTNS) / 1e9 }},
	{ofSpeaker("output_rate_ppm", "The sound card's clock against the node's."), prometheus.GaugeValue,
		func(r *paspeaker.NodeReport) float64 { return r.Output.RatePPM }},
	{ofSpeaker("output_underruns_total", "Times the sound card had nothing to play."), prometheus.CounterValue,
		func(r *paspeaker.NodeReport) float64 { return float64(r.Output.Underruns) }},
	{ofSpeaker("playout_resyncs_total", "Hard corrections of the playout, by crossfade."), prometheus.CounterValue,
		func(r *paspeaker.NodeReport) float64 { return float64(r.Counters.Resyncs) }},
	{ofSpeaker("late_frames_total", "Frames that came after they were due."), prometheus.CounterValue,
		func(r *paspeaker.NodeReport) float64 { return float64(r.Counters.Late) }},
	{ofSpeaker("playout_error_seconds", "By how much what sounds should be further on, as the node sees it."), prometheus.GaugeValue, playoutError},
}

func ofSpeaker(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("paspeaker_speaker_"+name, help, []string{"speaker"}, nil)
}

// playoutError is that of the programme at full level; 0 in silence.
func playoutError(r *paspeaker.NodeReport) float64 {
	for _, p := range r.Playing {
		if p.Full {
			return float64(p.ErrorNS) / 1e9
		}
	}
	return 0
}

func (collector) timing(ch chan<- prometheus.Metric, id string, r *paspeaker.NodeReport) {
	for _, g := range timing {
		ch <- prometheus.MustNewConstMetric(g.desc, g.kind, g.value(r), id)
	}
	for _, state := range []string{"locked", "degraded", "free-run"} {
		v := 0.0
		if r.Clock.State == state {
			v = 1
		}
		ch <- prometheus.MustNewConstMetric(descClock, prometheus.GaugeValue, v, id, state)
	}
}
