package board

import (
	"fmt"
	"strings"
	"time"

	"pa/paspeaker"
)

// list is what a pane shows.
type list struct {
	title, empty string
	ids          []string
	columns      []column
	row          func(i int) []cell
	below        func(w, lines int) []string // about the chosen row; nil: nothing
	belowLines   int
}

// wants is how many lines would show all of it.
func (l list) wants() int { return 1 + max(1, len(l.ids)) + l.belowLines }

func (m *Model) lists() [panes]list {
	return [panes]list{m.onAirList(), m.zoneList(), m.speakerList(), m.faultList()}
}

// ids are what a pane lists, in its order.
func (m *Model) ids(p pane) []string {
	switch p {
	case onAir:
		return idsOf(m.site.sessions(m.now()), func(s paspeaker.Session) string { return s.ID.String() })
	case zones:
		return idsOf(m.zonesShown(), func(z paspeaker.ZoneStatus) string { return string(z.ID) })
	case speakers:
		return idsOf(m.speakersShown(), func(s paspeaker.SpeakerStatus) string { return string(s.ID) })
	}
	return idsOf(m.site.faults(), func(f paspeaker.Fault) string { return f.ID })
}

func idsOf[T any](of []T, id func(T) string) []string {
	out := make([]string, len(of))
	for i, x := range of {
		out[i] = id(x)
	}
	return out
}

// zonesShown are those that the filter lets through.
func (m *Model) zonesShown() []paspeaker.ZoneStatus {
	if m.filter == "" {
		return m.site.zones
	}
	var out []paspeaker.ZoneStatus
	for _, z := range m.site.zones {
		if matches(m.filter, string(z.ID), z.Name) {
			out = append(out, z)
		}
	}
	return out
}

// speakersShown are those of the whole site that the filter lets through; when
// there is none, the chosen zone's.
func (m *Model) speakersShown() []paspeaker.SpeakerStatus {
	if found := m.speakersFound(); len(found) > 0 {
		return found
	}
	return m.site.members(paspeaker.ZoneID(m.chosen[zones]))
}

func (m *Model) speakersFound() []paspeaker.SpeakerStatus {
	var out []paspeaker.SpeakerStatus
	if m.filter == "" {
		return out
	}
	for _, sp := range m.site.site.Speakers {
		if matches(m.filter, string(sp.ID), sp.Name) {
			out = append(out, sp)
		}
	}
	return out
}

// name is what people call an announcement.
func name(s paspeaker.Session) string {
	text := clean(s.Name)
	if text == "" {
		text = s.ID.String()
	}
	if s.Drill && !strings.HasPrefix(text, "DRILL") {
		text = "DRILL · " + text
	}
	return text
}

// unsure marks what may not be true any more.
func (m *Model) unsure(text string) string {
	if text != "" && m.stale() {
		return "?" + text
	}
	return text
}

func (m *Model) onAirList() list {
	all := m.site.sessions(m.now())
	running := len(m.site.site.OnAir)
	l := list{title: m.tr("ON AIR"), empty: m.tr("nothing is on air"), ids: m.ids(onAir), columns: []column{
		{head: m.tr("state"), least: 8},
		{head: m.tr("what"), least: 16, most: 60},
		{head: m.tr("class"), least: 12},
		{head: m.tr("where"), least: 8, most: 40},
		{head: m.tr("heard by"), least: 5, right: true, drop: 3},
		{head: m.tr("elapsed"), least: 11, right: true},
		{head: m.tr("meter"), least: 6, most: 16, meter: true, drop: 4},
		{head: "", least: 7, right: true, drop: 2},
		{head: m.tr("asked by"), least: 4, most: 16, drop: 5},
	}}
	if running > 0 {
		l.title += fmt.Sprintf(" %d", running)
	}
	l.row = func(i int) []cell { return m.onAirRow(all[i]) }
	if at := m.row[onAir]; at < len(all) && len(all[at].Verdicts) > 0 {
		l.belowLines = 2
		l.below = func(w, lines int) []string { // what the loudspeakers made of it
			text := folded(clean(paspeaker.SummaryIn(all[at].Verdicts, m.now().Location(), m.tr)), w, none)
			return text[:min(lines, len(text))]
		}
	}
	return l
}

func (m *Model) onAirRow(s paspeaker.Session) []cell {
	state, look := m.sessionState(s)
	if rankOf(s.State) == 3 {
		return []cell{looking(state, look), looking(name(s), look), looking(m.class(s.Level), look), looking(places(s), look),
			plain(verdicts(s)), looking(m.since(s.Ended), look), plain(""), plain(""), looking(clean(s.By), look)}
	}
	loud, level, heard := plain(""), "", ""
	if db, n, ok := m.site.level(s); ok && !m.stale() {
		loud, level = meter(db, look), decibels(db)
		heard = fmt.Sprintf("%d/%d", n, len(s.Targets))
	} else if s.State == paspeaker.StatePlaying {
		heard = fmt.Sprintf("?/%d", len(s.Targets))
	}
	return []cell{looking(m.unsure(state), look), looking(name(s), bold), looking(m.class(s.Level), look), plain(places(s)),
		plain(heard), plain(m.unsure(m.elapsed(s))), loud, plain(level), plain(clean(s.By))}
}

// sessionState says in a word how an announcement stands.
func (m *Model) sessionState(s paspeaker.Session) (string, look) {
	switch s.State {
	case paspeaker.StatePlaying:
		if s.Level >= paspeaker.PriorityEmergency {
			return m.tr("plays"), bad
		}
		return m.tr("plays"), good
	case paspeaker.StatePaused:
		return m.tr("paused"), warn
	case paspeaker.StateWaiting:
		return m.tr("waits"), warn
	}
	return m.tr(clean(s.Outcome)), faint
}

// class is the class of a priority; an emergency is loud.
func (m *Model) class(p paspeaker.Priority) string {
	switch p.Class() {
	case paspeaker.ClassEmergency:
		return m.tr("EMERGENCY")
	case paspeaker.ClassLive:
		return m.tr("live call")
	}
	return m.tr(string(p.Class()))
}

// verdicts says how many of the loudspeakers sounded it whole.
func verdicts(s paspeaker.Session) string {
	if len(s.Verdicts) == 0 {
		return ""
	}
	sounded := 0
	for _, v := range s.Verdicts {
		if v.Verdict == paspeaker.VerdictSounded {
			sounded++
		}
	}
	return fmt.Sprintf("%d/%d", sounded, len(s.Verdicts))
}

// elapsed is for how long it has sounded or waited, and of how much.
func (m *Model) elapsed(s paspeaker.Session) string {
	if s.State == paspeaker.StateWaiting || s.Started.IsZero() {
		return clock(m.now().Sub(s.Asked))
	}
	text := clock(m.now().Sub(s.Started))
	switch {
	case s.Length > 0:
		text += "/" + clock(time.Duration(s.Length))
	case s.MaxLength > 0: // nobody knows its length, but it ends by then
		text += "/≤" + clock(time.Duration(s.MaxLength))
	}
	return text
}

func places(s paspeaker.Session) string {
	var words []string
	for _, z := range s.Zones {
		words = append(words, clean(string(z)))
	}
	for _, sp := range s.Speakers {
		words = append(words, clean(string(sp)))
	}
	return strings.Join(words, ",")
}

func (m *Model) zoneList() list {
	shown := m.zonesShown()
	l := list{title: fmt.Sprintf("%s %d", m.tr("ZONES"), len(shown)), empty: m.tr("no zones"), ids: m.ids(zones), columns: []column{
		{head: m.tr("id"), least: 6, most: 20},
		{head: m.tr("name"), least: 6, most: 30, drop: 1},
		{head: m.tr("online"), least: 5, right: true},
		{head: m.tr("on air"), least: 6},
	}}
	l.title += m.filtered()
	l.row = func(i int) []cell { return m.zoneRow(shown[i]) }
	return l
}

func (m *Model) filtered() string {
	if m.filter == "" {
		return ""
	}
	return " · " + m.trf("only “%s”, Esc shows all", m.filter)
}

func (m *Model) zoneRow(z paspeaker.ZoneStatus) []cell {
	on, all := count(m.site.members(z.ID))
	online, look := fmt.Sprintf("%d/%d", on, all), none
	if on < all {
		online, look = "! "+online, warn
	}
	if on == 0 && all > 0 {
		look = bad
	}
	sounds := strings.Join(m.site.sounding(z.Members), ", ")
	return []cell{plain(clean(string(z.ID))), plain(clean(z.Name)), looking(m.unsure(online), look), looking(m.unsure(sounds), good)}
}
