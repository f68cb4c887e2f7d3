package controller

import (
	"slices"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/site"
)

// glance is what is known of a loudspeaker at a moment.
type glance struct {
	report    *paspeaker.NodeReport // nil: none ever came
	at        time.Time             // of the glance
	last      time.Time             // of its last report
	reachable bool                  // it reports
	ticking   bool                  // it asks for the time
}

// look takes a glance at each.
func (c *Controller) look(group []paspeaker.Speaker) map[paspeaker.SpeakerID]glance {
	out := make(map[paspeaker.SpeakerID]glance, len(group))
	now := c.cfg.Now()
	for _, sp := range group {
		g := glance{at: now}
		g.report, g.last, _ = c.nodes.get(sp.ID)
		g.reachable = g.report != nil && now.Sub(g.last) <= silence
		ago, heard := c.air.clock.Heard(string(sp.ID))
		g.ticking = heard && ago <= silence
		out[sp.ID] = g
	}
	return out
}

// resultOf puts together what is known of one loudspeaker's test.
func resultOf(st *site.Site, sp paspeaker.Speaker, began time.Time, before, after glance, said sounded) paspeaker.SpeakerTest {
	t := paspeaker.SpeakerTest{Speaker: sp.ID, Name: sp.Name, Kind: sp.Kind, Began: began, Session: said.session.ID, Quiet: said.quiet, Skipped: said.skipped,
		Reachable: after.reachable, Ticking: after.ticking, Verdict: said.verdicts[sp.ID]}
	if !after.last.IsZero() {
		t.LastSeen = after.last.In(st.Location)
	}
	if !after.reachable && !before.reachable {
		t.Skipped = "" // it is not there: nothing was to be interrupted
	}
	if before.reachable {
		t.Age = paspeaker.Duration(before.at.Sub(before.last).Round(time.Millisecond))
	}
	t.LevelDB = t.Verdict.LevelDB
	if t.Verdict.Played > 0 {
		t.ExpectedDB = min(0, said.levelDB+sp.GainDB+trimOf(after.report))
	}
	if t.Verdict.Sent > 0 {
		t.LossShare = 100 * float64(t.Verdict.Lost) / float64(t.Verdict.Sent)
	}
	if sp.Kind != paspeaker.KindThirdParty && after.reachable { // what a dead one said before is no measurement
		describeNode(&t, st, before.report, after.report)
		if u, listened := said.understood[sp.ID]; listened {
			t.Intelligibility, t.MonitorFault = u.how, first(t.MonitorFault, u.fault)
		}
	}
	t.Conclude()
	return t
}

// describeNode fills in what the node says of itself, counted from before.
func describeNode(t *paspeaker.SpeakerTest, st *site.Site, before, after *paspeaker.NodeReport) {
	t.RTT = paspeaker.Duration(after.Clock.RTTNS)
	t.Jitter = paspeaker.Duration(after.Counters.JitterNS)
	t.Clock, t.ClockError = after.Clock.State, paspeaker.Duration(after.Clock.ErrorNS)
	t.Card, t.CardPPM, t.CardFault = after.Output.Name, after.Output.RatePPM, after.Output.Fault
	t.NodeFaults = after.Faults
	t.Groups = after.Groups
	for _, g := range st.SpeakerGroups(t.Speaker) {
		if !slices.Contains(after.Groups, g.String()) {
			t.Missing = append(t.Missing, g.String())
		}
	}
	if m := after.Monitor; m != nil {
		t.Monitor, t.MonitorFault = m.Name, m.Fault
	}
	if before == nil || before.Instance != after.Instance {
		before = &paspeaker.NodeReport{} // it has begun to count anew
	}
	t.Packets = since(before.Counters.Packets, after.Counters.Packets)
	t.Lost, t.Late = since(before.Counters.Lost, after.Counters.Lost), since(before.Counters.Late, after.Counters.Late)
	t.Xruns = since(before.Output.Underruns, after.Output.Underruns)
	for kind, n := range after.Counters.Refused {
		if d := since(before.Counters.Refused[kind], n); d > 0 {
			if t.Refused == nil {
				t.Refused = make(map[string]uint64)
			}
			t.Refused[kind] = d
		}
	}
}

// trimOf is how far a loudspeaker was turned up or down on site, dB.
func trimOf(r *paspeaker.NodeReport) float64 {
	if r == nil {
		return 0
	}
	return r.TrimDB
}

// since is how much a counter has risen.
func since(before, after uint64) uint64 {
	if after < before {
		return after
	}
	return after - before
}
