package board

import (
	"fmt"
	"time"

	"pa/paspeaker"
)

func (m *Model) speakerList() list {
	shown := m.speakersShown()
	l := list{empty: m.tr("no loudspeakers"), ids: m.ids(speakers), columns: []column{
		{head: m.tr("id"), least: 10, most: 20},
		{head: m.tr("name"), least: 12, most: 30, drop: 3},
		{head: m.tr("state"), least: 10},
		{head: m.tr("meter"), least: 6, most: 12, meter: true, drop: 4},
		{head: "", least: 7, right: true},
		{head: m.tr("clock"), least: 8, drop: 2},
		{head: m.tr("error"), least: 6, right: true, drop: 7},
		{head: m.tr("lost"), least: 5, right: true, drop: 1},
		{head: m.tr("late"), least: 4, right: true, drop: 6},
		{head: m.tr("note"), least: 14, drop: 5},
	}}
	l.title = fmt.Sprintf("%s %d", m.tr("LOUDSPEAKERS"), len(shown))
	if z, ok := m.zone(); ok && len(m.speakersFound()) == 0 {
		l.title = fmt.Sprintf("%s · %s · %d", m.tr("LOUDSPEAKERS"), clean(z.Name), len(shown))
		if z.Name == "" {
			l.title = fmt.Sprintf("%s · %s · %d", m.tr("LOUDSPEAKERS"), z.ID, len(shown))
		}
	}
	if len(m.speakersFound()) > 0 {
		l.title += m.filtered()
	}
	l.row = func(i int) []cell { return m.speakerRow(shown[i]) }
	return l
}

func (m *Model) speakerRow(sp paspeaker.SpeakerStatus) []cell {
	state, look := m.state(sp)
	cells := []cell{plain(clean(string(sp.ID))), plain(clean(sp.Name)), looking(m.unsure(state), look)}
	note := m.note(sp)
	if sp.Report == nil || !sp.Online || m.stale() {
		return append(cells, plain(""), plain(""), plain(""), plain(""), plain(""), plain(""), note)
	}
	r := sp.Report
	loud := plain("")
	if r.LevelDB > silent {
		loud = meter(r.LevelDB, good)
		if r.LevelDB > -1 {
			loud.look = bad
		}
	}
	locked := plain(m.tr(clean(r.Clock.State)))
	if r.Clock.State != "locked" {
		locked.look = warn
	}
	lost := plain("")
	if r.Health.Due > 0 {
		lost.text = fmt.Sprintf("%.1f%%", max(0, min(100, r.Health.LossPercent)))
		if r.Health.LossPercent >= 1 {
			lost.look = bad
		}
	}
	return append(cells, loud, plain(decibels(r.LevelDB)), locked, plain(within(r.Clock.ErrorNS)), lost,
		plain(fmt.Sprint(r.Counters.Late)), note)
}

// within writes the bound of a clock's error.
func within(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d <= 0:
		return ""
	case d < time.Millisecond:
		return fmt.Sprintf("±%d µs", d/time.Microsecond)
	}
	return fmt.Sprintf("±%d ms", min(99_999, d/time.Millisecond))
}

// state is how a loudspeaker is, in a word.
func (m *Model) state(sp paspeaker.SpeakerStatus) (string, look) {
	switch {
	case sp.Kind == paspeaker.KindThirdParty:
		return m.tr("no word"), faint // nothing is ever heard of it
	case !sp.Online:
		return m.tr("OFFLINE"), bad
	}
	if sp.Report != nil && sp.Report.Muted != nil {
		return m.tr("MUTED"), warn
	}
	ducked := false
	for _, p := range m.site.plays[sp.ID] {
		if p.Full {
			return m.tr("plays"), good
		}
		ducked = ducked || p.Ducked
	}
	if ducked {
		return m.tr("ducked"), good
	}
	return m.tr("ready"), none
}

// note is the most pressing thing to know about a loudspeaker.
func (m *Model) note(sp paspeaker.SpeakerStatus) cell {
	switch {
	case sp.Kind != paspeaker.KindThirdParty && !sp.Online && sp.LastSeen.IsZero():
		return looking(m.tr("never heard of"), bad)
	case sp.Kind != paspeaker.KindThirdParty && !sp.Online:
		return looking(m.trf("since %s", m.since(sp.LastSeen)), bad)
	case sp.Report != nil && sp.Report.Muted != nil:
		return looking(m.trf("until %s by %s", m.since(sp.Report.Muted.Until), clean(sp.Report.Muted.By)), warn)
	case sp.Report != nil && sp.Report.Output.Fault != "":
		return looking(clean(sp.Report.Output.Fault), bad)
	case sp.Report != nil && len(sp.Report.Faults) > 0:
		return looking(clean(sp.Report.Faults[0]), bad)
	}
	return looking(clean(sp.Note), warn)
}
