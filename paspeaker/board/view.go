package board

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// wide is from how many columns on panes stand side by side.
const wide = 120

// roomy is from how many lines on the last order and the keys have a line each.
const roomy = 16

// View implements tea.Model.
func (m *Model) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	return v
}

// screen is every line of the screen, each as wide as it.
func (m *Model) screen() []string {
	w, h := max(1, m.columns), max(1, m.lines)
	foot := m.foot(w, h)
	body := max(0, h-1-len(foot))
	out := append(make([]string, 0, h+1), m.header(w))
	switch {
	case m.help:
		out = append(out, m.helpLines(w, body)...)
	case w >= wide:
		out = append(out, m.sideBySide(w, body)...)
	default:
		out = append(out, m.stacked(w, body)...)
	}
	out = append(out, foot...)[:h]
	for i := range out {
		out[i] = exact(out[i], w)
	}
	return out
}

// header says which site, when, and whether the controller answers.
func (m *Model) header(w int) string {
	site := clean(m.site.site.Site)
	if !m.known {
		site = "paspeaker"
	}
	at := m.now().Format("15:04:05")
	if m.lost.IsZero() && !m.known {
		return bold.paint(fill(" "+m.tr("asking the controller …"), w))
	}
	if trouble := m.trouble(); trouble != "" {
		room := max(8, w-width(trouble)-width(at)-5)
		return alarm.paint(fill(" "+cut(site, room)+"  "+at+"  "+trouble, w))
	}
	online, all := count(m.site.site.Speakers)
	right := m.trf("%d/%d online", online, all)
	if n := len(m.site.site.Faults); n > 0 {
		right += " · " + m.trf("faults: %d", n)
	}
	tail := "  " + at + "  " + m.tr("controller answers")
	if m.cfg.By != "" && w >= 70 {
		tail += " · " + clean(m.cfg.By)
	}
	room := w - width(tail) - width(right) - 3
	if room < 8 {
		tail, room = "  "+at, w-width(at)-width(right)-5
	}
	return bold.paint(fill(ends(" "+cut(site, room)+tail, right, w-1), w))
}

// trouble is what is wrong with the way to the controller, and how old what is
// shown is.
func (m *Model) trouble() string {
	now := m.cfg.Now()
	age := ""
	if m.known {
		age = " · " + m.trf("data %s old", lasted(now.Sub(m.heard)))
	}
	switch {
	case !m.lost.IsZero():
		return m.trf("CONTROLLER NOT REACHABLE since %s", m.lost.Add(m.ahead).In(m.now().Location()).Format("15:04:05")) + age
	case m.stale():
		return m.tr("NOTHING HEARD OF THE CONTROLLER") + age
	}
	return ""
}

// foot is the last lines: the question or what became of the last order, and
// the keys.
func (m *Model) foot(w, h int) []string {
	say := ""
	switch {
	case m.ask != nil && m.ask.typed:
		text := m.ask.text + " " + m.ask.answer
		if over := width(text) + 1 - w; over > 0 { // what is being written stays in sight
			text = cut(m.ask.text, max(0, w-width(m.ask.answer)-2)) + " " + m.ask.answer
		}
		say = warn.paint(fill(text+"_", w))
	case m.ask != nil:
		say = warn.paint(fill(m.askLine(w), w))
	case m.said != nil:
		say = m.said.look.paint(fill(m.said.text, w))
	case m.cause != nil:
		say = bad.paint(fill(clean(m.cause.Error()), w))
	}
	if h < roomy {
		if say != "" {
			return []string{say}
		}
		return []string{m.keyLine(w)}
	}
	return []string{fill(say, w), m.keyLine(w)}
}

// askLine keeps the answers to a question in sight, however long its text is.
func (m *Model) askLine(w int) string {
	answers := m.tr("[y/N]")
	return cut(m.ask.text, max(0, w-width(answers)-2)) + "? " + answers
}

// keyLine names the keys, as many as there is room for.
func (m *Model) keyLine(w int) string {
	keys := []string{m.tr("s stop"), m.tr("S stop all")}
	if m.cfg.Talk != nil {
		keys = append(keys, m.tr("t talk"))
	}
	if m.cfg.Test != nil {
		keys = append(keys, m.tr("T test"))
	}
	if m.cfg.Acknowledge != nil {
		keys = append(keys, m.tr("a seen"))
	}
	keys = append(keys, m.tr("/ find"), m.tr("Tab pane"))
	last := m.tr("? help") + "  " + m.tr("q quit")
	text := ""
	for _, k := range keys {
		if width(text)+width(k)+2+width(last) <= w {
			text += k + "  "
		}
	}
	return faint.paint(fill(text+last, w))
}

// stacked draws the panes one above the other.
func (m *Model) stacked(w, h int) []string {
	least, usual := []int{2, 2, 2, 2}, []int{4, 5, 7, 5}
	if h < 8 { // no room for a row of each: what is looked at goes first
		least = []int{0, 0, 0, 0}
		least[m.focus] = h
	}
	wants := make([]int, panes)
	lists := m.lists()
	for p := range panes {
		wants[p] = lists[p].wants()
	}
	heights := share(h, least, usual, wants, int(m.focus), []int{int(speakers), int(faults), int(zones), int(onAir)})
	var out []string
	for p := range panes {
		out = append(out, m.draw(p, lists[p], w, heights[p])...)
	}
	return out
}

// sideBySide draws what is on air above, zones and loudspeakers beside each
// other, and the faults beneath.
func (m *Model) sideBySide(w, h int) []string {
	lists := m.lists()
	wants := []int{lists[onAir].wants(), max(lists[zones].wants(), lists[speakers].wants()), lists[faults].wants()}
	favourite := []int{0, 1, 1, 2}[m.focus]
	usual := []int{max(4, h/5), h, max(4, h/5)}
	heights := share(h, []int{2, 2, 2}, usual, wants, favourite, []int{1, 2, 0})
	left := w / 3
	out := m.draw(onAir, lists[onAir], w, heights[0])
	beside := m.draw(speakers, lists[speakers], w-left-2, heights[1])
	for i, l := range m.draw(zones, lists[zones], left, heights[1]) {
		out = append(out, l+"  "+beside[i])
	}
	return append(out, m.draw(faults, lists[faults], w, heights[2])...)
}

// draw draws a pane, its title and its list, in exactly so many lines.
func (m *Model) draw(p pane, l list, w, h int) []string {
	if h <= 0 {
		return nil
	}
	room := h - 1
	below := []string(nil)
	if l.below != nil && room > 1 {
		below = l.below(w, min(l.belowLines, max(1, room-min(2, len(l.ids)))))
	}
	room -= len(below)
	headed := len(l.ids) > 0 && (room > 6 || room > len(l.ids))
	if headed {
		room--
	}
	from := 0
	if room > 0 { // the chosen row is in sight, in the middle of a long list
		from = max(0, min(m.row[p]-room/2, len(l.ids)-room))
	}
	to := min(len(l.ids), from+max(0, room))
	out := []string{m.title(p, l, from, to, w)}
	out = append(out, m.rows(p, l, from, to, w, headed)...)
	if len(l.ids) == 0 && room > 0 {
		out = append(out, faint.paint(fill("  "+l.empty, w)))
	}
	for len(out) < h-len(below) {
		out = append(out, strings.Repeat(" ", w))
	}
	return append(out, below...)[:h]
}

func (m *Model) rows(p pane, l list, from, to, w int, headed bool) []string {
	cells := make([][]cell, 0, to-from+1)
	for i := from; i < to; i++ {
		cells = append(cells, l.row(i))
	}
	measured := cells
	if headed {
		measured = append(measured, heads(l.columns))
	}
	const mark = 2
	widths := fit(l.columns, measured, max(0, w-mark))
	var out []string
	if headed {
		out = append(out, fill("", min(w, mark))+line(l.columns, widths, heads(l.columns), max(0, w-mark), false))
	}
	for i, row := range cells {
		sign := "  "
		chosen := from+i == m.row[p]
		switch {
		case chosen && p == m.focus:
			sign = "> "
		case chosen && p == zones: // whose loudspeakers are shown
			sign = "• "
		}
		out = append(out, fill(sign, min(w, mark))+line(l.columns, widths, row, max(0, w-mark), chosen && p == m.focus))
	}
	return out
}

// title is a pane's first line; the focus has a double rule.
func (m *Model) title(p pane, l list, from, to, w int) string {
	rule, look := "─", faint
	if p == m.focus {
		rule, look = "═", bold
	}
	text := rule + " " + l.title + " "
	if to-from < len(l.ids) {
		text += m.trf("%d–%d of %d", min(from+1, to), to, len(l.ids)) + " "
	}
	text = cut(text, w)
	return look.paint(text + strings.Repeat(rule, max(0, w-width(text))))
}

// helpLines explain the keys and the signs.
func (m *Model) helpLines(w, h int) []string {
	out := make([]string, 0, h)
	for text := range strings.Lines(m.tr(helpText)) {
		if m.dead(text) {
			continue
		}
		out = append(out, fill(" "+strings.TrimRight(text, "\n"), w))
	}
	for len(out) < h {
		out = append(out, strings.Repeat(" ", w))
	}
	return out[:h]
}

// dead says that a line of the help is about a key that this board does not have.
func (m *Model) dead(line string) bool {
	return m.cfg.Talk == nil && strings.HasPrefix(line, "  t ") ||
		m.cfg.Test == nil && strings.HasPrefix(line, "  T ") ||
		m.cfg.Acknowledge == nil && strings.HasPrefix(line, "  a ")
}

// since writes a moment of the controller's, with its day when it is not today.
func (m *Model) since(t time.Time) string {
	now := m.now()
	t = t.In(now.Location())
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04:05")
	}
	return t.Format("02.01. 15:04")
}
