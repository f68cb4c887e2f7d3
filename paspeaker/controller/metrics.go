package controller

import (
	"github.com/prometheus/client_golang/prometheus"

	"pa/paspeaker"
	"pa/paspeaker/supervise"
)

// Collector returns the controller's metrics for Prometheus.
func (c *Controller) Collector() prometheus.Collector { return collector{c} }

type collector struct{ c *Controller }

var (
	descLateness = prometheus.NewDesc("paspeaker_pacing_lateness_seconds", "How late the pacer's ticks began.", nil, nil)
	descPackets  = prometheus.NewDesc("paspeaker_packets_sent_total", "RTP packets sent, each destination counted.", nil, nil)
	descFailures = prometheus.NewDesc("paspeaker_send_failures_total", "Packets that could not be encoded, sealed or sent.", nil, nil)
	descStarved  = prometheus.NewDesc("paspeaker_frames_starved_total", "Frames of recordings that were silent because their reader was behind.", nil, nil)
	descSessions = prometheus.NewDesc("paspeaker_sessions", "Announcements by state.", []string{"state"}, nil)
	descOnline   = prometheus.NewDesc("paspeaker_speaker_online", "1 while the loudspeaker's node reports.", []string{"speaker"}, nil)
	descLost     = prometheus.NewDesc("paspeaker_speaker_lost_frames_total", "Frames that never arrived.", []string{"speaker"}, nil)
	descRefused  = prometheus.NewDesc("paspeaker_speaker_refused_total", "Packets refused, by kind.", []string{"speaker", "kind"}, nil)
	descReceipts = prometheus.NewDesc("paspeaker_receipts_refused_total", "Receipts whose signature is not their node's, by why.", []string{"why"}, nil)
	descFaults   = prometheus.NewDesc("paspeaker_faults", "Open faults, by kind.", []string{"kind"}, nil)
	descWaiting  = prometheus.NewDesc("paspeaker_journal_waiting", "Journal entries not yet on the disk.", nil, nil)
	descTerm     = prometheus.NewDesc("paspeaker_term", "The controller's term.", nil, nil)
)

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descLateness, descPackets, descFailures, descStarved, descSessions, descOnline,
		descLost, descRefused, descReceipts, descFaults, descWaiting, descTerm} {
		ch <- d
	}
	for _, g := range timing {
		ch <- g.desc
	}
	ch <- descClock
}

// Collect implements prometheus.Collector.
func (m collector) Collect(ch chan<- prometheus.Metric) {
	voice := m.c.air.stats.Load()
	ch <- prometheus.MustNewConstHistogram(descLateness, voice.Late.Count, voice.Late.Sum, voice.Late.Cumulative())
	ch <- prometheus.MustNewConstMetric(descPackets, prometheus.CounterValue, float64(voice.Packets))
	ch <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, float64(voice.Failures))
	ch <- prometheus.MustNewConstMetric(descStarved, prometheus.CounterValue, float64(voice.Starved))
	count := map[string]int{"waiting": 0, "playing": 0, "paused": 0}
	for _, s := range m.c.onAir() {
		count[string(s.State)]++
	}
	for state, n := range count {
		ch <- prometheus.MustNewConstMetric(descSessions, prometheus.GaugeValue, float64(n), state)
	}
	for _, sp := range m.c.Speakers() {
		m.speaker(ch, string(sp.ID), sp.Online)
		if sp.Report == nil {
			continue
		}
		m.timing(ch, string(sp.ID), sp.Report)
		ch <- prometheus.MustNewConstMetric(descLost, prometheus.CounterValue, float64(sp.Report.Counters.Lost), string(sp.ID))
		for kind, n := range sp.Report.Counters.Refused {
			ch <- prometheus.MustNewConstMetric(descRefused, prometheus.CounterValue, float64(n), string(sp.ID), kind)
		}
	}
	for why, n := range m.c.keybook.refusals() {
		ch <- prometheus.MustNewConstMetric(descReceipts, prometheus.CounterValue, float64(n), why)
	}
	for kind, n := range m.c.faultsByKind() {
		ch <- prometheus.MustNewConstMetric(descFaults, prometheus.GaugeValue, float64(n), string(kind))
	}
	waiting, _ := m.c.journal.Pending()
	ch <- prometheus.MustNewConstMetric(descWaiting, prometheus.GaugeValue, float64(waiting))
	ch <- prometheus.MustNewConstMetric(descTerm, prometheus.GaugeValue, float64(m.c.cfg.Identity.Term))
}

func (collector) speaker(ch chan<- prometheus.Metric, id string, online bool) {
	v := 0.0
	if online {
		v = 1
	}
	ch <- prometheus.MustNewConstMetric(descOnline, prometheus.GaugeValue, v, id)
}

// faultsByKind counts the open faults; a kind that is well counts 0, so that
// alerts can be written before anything happens.
func (c *Controller) faultsByKind() map[paspeaker.FaultKind]int {
	out := make(map[paspeaker.FaultKind]int)
	for _, r := range supervise.Rules() {
		out[r.Kind] = 0
	}
	for _, f := range c.faults.list() {
		out[f.Kind]++
	}
	return out
}
