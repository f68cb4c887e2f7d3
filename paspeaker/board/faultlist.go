package board

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"pa/paspeaker"
)

func (m *Model) faultList() list {
	all := m.site.faults()
	l := list{title: m.tr("FAULTS"), empty: m.tr("no faults"), ids: m.ids(faults), columns: []column{
		{head: "", least: 2},
		{head: m.tr("since"), least: 8},
		{head: m.tr("fault"), least: 7, most: 18, drop: 2},
		{head: m.tr("what"), least: 30},
		{head: m.tr("seen by"), least: 5, most: 16, drop: 1},
	}}
	if len(all) > 0 {
		l.title, l.belowLines = fmt.Sprintf("%s %d", l.title, len(all)), 2
		l.below = func(w, lines int) []string { return m.remedy(all, w, lines) }
	}
	l.row = func(i int) []cell { return m.faultRow(all[i]) }
	return l
}

// faultRow is a fault in a line: the more marks, the more urgent.
func (m *Model) faultRow(f paspeaker.Fault) []cell {
	sign, look := "!", warn
	switch {
	case f.Urgency == paspeaker.UrgencyAlarm || f.Urgency == "":
		sign, look = "!!", bad
	case f.Urgency == paspeaker.UrgencyNote:
		sign, look = "i", none
	}
	seen := ""
	if f.Ack != nil { // somebody looks after it
		seen, look = clean(f.Ack.By), faint
	}
	return []cell{looking(sign, look), plain(m.since(f.Since)), looking(m.kind(f.Kind), look), looking(m.told(f, f.What), look), plain(seen)}
}

// kindMark marks the kinds of faults in the catalogue.
const kindMark = "kind:"

// kind is a kind of fault in a word or two.
func (m *Model) kind(k paspeaker.FaultKind) string {
	marked := kindMark + string(k)
	if said := m.tr(marked); said != marked {
		return said
	}
	return clean(string(k))
}

// remedy is what to do about the chosen fault and, where there is room, what it
// comes from.
func (m *Model) remedy(all []paspeaker.Fault, w, lines int) []string {
	at := m.row[faults]
	if at >= len(all) || lines < 1 {
		return nil
	}
	f := all[at]
	cause, remedy := m.told(f, f.Cause), m.told(f, f.Remedy)
	if remedy == "" {
		remedy = m.tr("no remedy is known")
	}
	todo := folded(m.tr("do:")+" "+remedy, w, warn)
	out := []string(nil)
	if why := folded(m.tr("cause:")+" "+cause, w, faint); f.Cause != "" && len(why)+len(todo) <= lines {
		out = why
	}
	out = append(out, todo...)
	return out[:min(lines, len(out))]
}

// folded breaks a text into lines under a row of a list.
func folded(text string, w int, l look) []string {
	const in = 3
	var out []string
	for part := range strings.SplitSeq(ansi.Wrap(text, max(1, w-in), ""), "\n") {
		out = append(out, l.paint(fill(strings.Repeat(" ", in)+part, w)))
	}
	return out
}

// fault is the chosen one.
func (m *Model) fault() (paspeaker.Fault, bool) {
	for _, f := range m.site.site.Faults {
		if f.ID == m.chosen[faults] {
			return f, true
		}
	}
	return paspeaker.Fault{}, false
}
