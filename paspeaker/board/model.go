package board

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"pa/paspeaker"
)

// pane is a part of the board that has a list.
type pane int

const (
	onAir pane = iota
	zones
	speakers
	faults
	panes // how many there are
)

const (
	// stale is how old the last word of the controller may be before the board
	// says so.
	stale = lookEvery + 3*time.Second
	// patience is how long an order may take.
	patience = 10 * time.Second
)

// Model is the board. Its messages are the controller's news, keys, the
// terminal's size and the clock.
type Model struct {
	cfg   Config
	await tea.Cmd // the next news
	tick  tea.Cmd // the next second
	order func(what string, run func(context.Context) (string, error)) tea.Cmd

	columns, lines int
	site           *picture
	known          bool          // the site has been seen once
	heard          time.Time     // the last word of the controller, by this computer's clock
	ahead          time.Duration // the controller's clock before this computer's
	lost           time.Time     // since when it does not answer; zero: it does
	cause          error         // why

	focus  pane
	chosen [panes]string // the id of the chosen row
	row    [panes]int    // where that was
	filter string
	help   bool
	ask    *question
	said   *remark
}

// remark is what is to be said about the last order.
type remark struct {
	text string
	look look
}

// Messages to the model, beside Bubble Tea's own.
type (
	newsMsg struct {
		news
		ok bool
	}
	clockMsg struct{}
	doneMsg  struct {
		what, said string
		err        error
	}
)

// New returns a board that knows nothing yet.
func New(cfg Config) *Model {
	if cfg.Say == nil {
		cfg.Say = func(s string) string { return s }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := &Model{cfg: cfg, site: newPicture(), columns: 80, lines: 24, focus: onAir}
	m.serve(context.Background(), nil)
	return m
}

// serve gives the model its way to the controller, for as long as ctx lasts.
func (m *Model) serve(ctx context.Context, next func(context.Context) (news, bool)) {
	if next != nil {
		m.await = func() tea.Msg {
			n, ok := next(ctx)
			return newsMsg{news: n, ok: ok}
		}
	}
	m.tick = func() tea.Msg {
		now := time.Now()
		pause(ctx, now.Truncate(time.Second).Add(time.Second).Sub(now))
		return clockMsg{}
	}
	m.order = func(what string, run func(context.Context) (string, error)) tea.Cmd {
		return func() tea.Msg {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			said, err := run(ctx)
			return doneMsg{what: what, said: said, err: err}
		}
	}
}

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd { return tea.Batch(m.await, m.tick) }

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.columns, m.lines = msg.Width, msg.Height
	case newsMsg:
		if !msg.ok {
			return m, tea.Quit
		}
		m.take(msg.news)
		return m, m.await
	case clockMsg:
		m.site.age(m.now())
		return m, m.tick
	case doneMsg:
		m.done(msg)
	case tea.PasteMsg:
		if m.ask != nil && m.ask.typed {
			m.ask.write(msg.Content)
		}
	case tea.KeyPressMsg:
		return m, m.key(msg)
	}
	return m, nil
}

// take takes over what the controller says.
func (m *Model) take(n news) {
	now := m.cfg.Now()
	switch {
	case n.err != nil && m.lost.IsZero():
		m.lost, m.cause = now, n.err
	case n.err != nil:
		m.cause = n.err
	case n.whole != nil:
		m.lost, m.cause, m.known = time.Time{}, nil, true
	}
	if n.whole != nil {
		m.site.replace(n.whole)
		m.ahead = n.whole.status.Now.Sub(now)
	}
	if n.err == nil {
		m.heard = now
	}
	for _, ev := range n.events {
		m.site.happen(ev, m.now())
	}
	m.settle()
}

// now is the controller's time, in the site's zone.
func (m *Model) now() time.Time {
	now := m.cfg.Now()
	if m.known {
		return now.Add(m.ahead).In(m.site.site.Now.Location())
	}
	return now
}

// stale says whether what is shown may not be true any more.
func (m *Model) stale() bool {
	return !m.lost.IsZero() || m.cfg.Now().Sub(m.heard) > stale
}

// done says what has become of an order.
func (m *Model) done(d doneMsg) {
	switch {
	case d.err != nil:
		m.said = &remark{clean(d.what + ": " + d.err.Error()), bad}
	case d.said != "":
		m.said = &remark{clean(d.what + ": " + d.said), good}
	default:
		m.said = &remark{clean(d.what + ": " + m.tr("done")), good}
	}
}

// settle keeps the choices true after the lists have changed.
func (m *Model) settle() {
	for p := range panes {
		ids := m.ids(p)
		at := place(ids, m.chosen[p])
		if at < 0 {
			at = max(0, min(m.row[p], len(ids)-1))
		}
		m.row[p] = at
		if m.chosen[p] = ""; at < len(ids) {
			m.chosen[p] = ids[at]
		}
	}
}

func place(ids []string, id string) int {
	for i, x := range ids {
		if x == id {
			return i
		}
	}
	return -1
}

// zone is the chosen one; false when there is none.
func (m *Model) zone() (paspeaker.ZoneStatus, bool) {
	for _, z := range m.site.zones {
		if string(z.ID) == m.chosen[zones] {
			return z, true
		}
	}
	return paspeaker.ZoneStatus{}, false
}

// tr is a text in the reader's language, trf a format.
func (m *Model) tr(text string) string { return m.cfg.Say(text) }

func (m *Model) trf(format string, args ...any) string { return fmt.Sprintf(m.tr(format), args...) }
