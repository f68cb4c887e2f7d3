package board

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"pa/paspeaker"
)

// question is what the board asks in its last line before it does something.
type question struct {
	text   string
	typed  bool // an answer is written and ends with Enter, else one key says yes
	answer string
	live   func(answer string) // called while it is written
	yes    func(answer string) tea.Cmd
	no     func()
}

// longestAnswer is more than anybody types.
const longestAnswer = 60

func (q *question) write(text string) {
	q.answer += clean(text)
	if r := []rune(q.answer); len(r) > longestAnswer {
		q.answer = string(r[:longestAnswer])
	}
	q.changed()
}

func (q *question) rub() {
	if r := []rune(q.answer); len(r) > 0 {
		q.answer = string(r[:len(r)-1])
	}
	q.changed()
}

func (q *question) changed() {
	if q.live != nil {
		q.live(q.answer)
	}
}

// key does what a key says.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return tea.Quit
	}
	if m.ask != nil {
		return m.reply(k)
	}
	if m.help {
		m.help = false
		return nil
	}
	if cmd, known := m.act(k.String()); known {
		return cmd
	}
	m.move(k.String())
	return nil
}

// act does what is not about moving.
func (m *Model) act(key string) (cmd tea.Cmd, known bool) {
	switch key {
	case "q":
		return tea.Quit, true
	case "?":
		m.help = true
	case "esc":
		m.filter, m.said = "", nil
		m.settle()
	case "/":
		m.find()
	case "s":
		m.stop()
	case "S":
		m.stopAll()
	case "a":
		m.acknowledge()
	case "t":
		return m.talk(), true
	case "T":
		return m.test(), true
	default:
		return nil, false
	}
	return nil, true
}

// move goes from pane to pane and from row to row.
func (m *Model) move(key string) {
	page := max(1, m.lines/3)
	switch key {
	case "tab", "right", "l":
		m.focus = (m.focus + 1) % panes
	case "shift+tab", "left", "h":
		m.focus = (m.focus + panes - 1) % panes
	case "1", "2", "3", "4":
		m.focus = pane(key[0] - '1')
	case "enter":
		if m.focus == zones {
			m.focus = speakers
		}
	case "down", "j":
		m.step(1)
	case "up", "k":
		m.step(-1)
	case "pgdown", "space":
		m.step(page)
	case "pgup":
		m.step(-page)
	case "home", "g":
		m.step(-1 << 30)
	case "end", "G":
		m.step(1 << 30)
	}
}

func (m *Model) step(by int) {
	ids := m.ids(m.focus)
	if len(ids) == 0 {
		return
	}
	at := max(0, min(len(ids)-1, m.row[m.focus]+by))
	m.row[m.focus], m.chosen[m.focus] = at, ids[at]
	if m.focus == zones { // its loudspeakers are others
		m.chosen[speakers], m.row[speakers] = "", 0
	}
	m.settle()
}

// reply takes an answer to the question.
func (m *Model) reply(k tea.KeyPressMsg) tea.Cmd {
	q, key := m.ask, k.String()
	if !q.typed {
		m.ask = nil
		if lower := strings.ToLower(key); lower == "y" || lower == m.tr("y") {
			return q.yes("")
		}
		m.said = &remark{m.tr("nothing was done"), none}
		return nil
	}
	switch {
	case key == "esc":
		m.ask = nil
		if q.no != nil {
			q.no()
		}
	case key == "enter":
		m.ask = nil
		return q.yes(q.answer)
	case key == "backspace":
		q.rub()
	case k.Text != "":
		q.write(k.Text)
	}
	return nil
}

// find asks for part of a name; zones and loudspeakers that have it are shown
// while it is written.
func (m *Model) find() {
	if m.focus != zones {
		m.focus = speakers
	}
	set := func(text string) {
		m.filter = strings.TrimSpace(text)
		m.settle()
	}
	m.ask = &question{text: m.tr("find:"), typed: true, answer: m.filter, live: set,
		yes: func(text string) tea.Cmd { set(text); return nil }, no: func() { set("") }}
}

// stop asks whether the chosen announcement shall end.
func (m *Model) stop() {
	s, ok := m.session()
	if !ok {
		m.said = &remark{m.tr("nothing is on air"), none}
		if m.chosen[onAir] != "" {
			m.said.text = m.tr("that is over already")
		}
		return
	}
	what := m.trf("stop %s", name(s))
	m.ask = &question{text: what, yes: func(string) tea.Cmd {
		return m.order(what, func(ctx context.Context) (string, error) {
			end, err := m.cfg.Controller.StopSession(ctx, s.ID)
			return m.tr(end.Outcome), err
		})
	}}
}

// session is the chosen one of those that have not ended.
func (m *Model) session() (paspeaker.Session, bool) {
	for _, s := range m.site.site.OnAir {
		if s.ID.String() == m.chosen[onAir] {
			return s, true
		}
	}
	return paspeaker.Session{}, false
}

// stopAll asks for a word before everything is silenced.
func (m *Model) stopAll() {
	word := m.tr("STOP")
	m.ask = &question{text: m.trf("type %s and Enter to silence everything:", word), typed: true, yes: func(answer string) tea.Cmd {
		if got := fold(strings.TrimSpace(answer)); got != fold(word) && got != "stop" {
			m.said = &remark{m.tr("nothing was done"), none}
			return nil
		}
		return m.order(m.tr("stop everything"), func(ctx context.Context) (string, error) {
			ended, err := m.cfg.Controller.StopAll(ctx)
			return m.trf("%d announcements ended", len(ended)), err
		})
	}}
}

// acknowledge says that the chosen fault is looked after.
func (m *Model) acknowledge() {
	f, ok := m.fault()
	if m.cfg.Acknowledge == nil || !ok {
		return
	}
	what := m.trf("seen: %s", clean(f.ID))
	m.ask = &question{text: what + "; " + m.tr("note, then Enter:"), typed: true, yes: func(note string) tea.Cmd {
		return m.order(what, func(ctx context.Context) (string, error) {
			return "", m.cfg.Acknowledge(ctx, f.ID, strings.TrimSpace(note))
		})
	}}
}

// talk is a live call to the chosen zone.
func (m *Model) talk() tea.Cmd {
	z, ok := m.zone()
	if m.cfg.Talk == nil || !ok {
		return nil
	}
	return run(m.cfg.Talk(z.ID), m.trf("talk to %s", z.ID))
}

// test tests the chosen loudspeaker, or the chosen zone when its pane has the
// focus.
func (m *Model) test() tea.Cmd {
	if m.cfg.Test == nil {
		return nil
	}
	if id := m.chosen[speakers]; m.focus == speakers && id != "" {
		return run(m.cfg.Test("", paspeaker.SpeakerID(id)), m.trf("test %s", id))
	}
	if z, ok := m.zone(); ok {
		return run(m.cfg.Test(z.ID, ""), m.trf("test %s", z.ID))
	}
	return nil
}

// unhurried is an errand that takes its time. Bubble Tea stops its drawing
// beside the errand, and what ends before that has happened stops the drawing
// that comes after it: the board would stand still.
type unhurried struct{ Errand }

// Run implements tea.ExecCommand.
func (u unhurried) Run() error {
	enough := time.NewTimer(200 * time.Millisecond)
	err := u.Errand.Run()
	<-enough.C
	return err
}

// run gives the terminal to a program and says how it ended.
func run(e Errand, what string) tea.Cmd {
	return tea.Exec(unhurried{e}, func(err error) tea.Msg { return doneMsg{what: what, said: e.Summary(), err: err} })
}
