package board

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// The park's time, at which every picture in the tests is taken.
var (
	hanoi = time.FixedZone("+07", 7*3600)
	noon  = time.Date(2026, 11, 24, 12, 0, 0, 0, hanoi)
)

const (
	slogan = paspeaker.SessionID(0x4df2059dbcfc0100)
	fire   = paspeaker.SessionID(0x4df2059dbcfc0200)
)

// park is a site of n loudspeakers: every eighth at the gates, which an
// emergency has taken, the others on the roads, with a slogan; the third is
// dead.
func park(n int) *whole {
	w := &whole{status: paspeaker.Status{Site: "KCX Tân Thuận", Zone: "Asia/Ho_Chi_Minh", Version: "test", Now: noon, Started: noon.Add(-3 * time.Hour)}}
	w.zones = []paspeaker.ZoneStatus{zone("all", "Tất cả"), zone("gates", "Các cổng"), zone("roads", "Đường chính")}
	road := paspeaker.Session{ID: slogan, Level: 64, State: paspeaker.StatePlaying, Asked: noon.Add(-12 * time.Second), Started: noon.Add(-12 * time.Second),
		Length:       paspeaker.Duration(45 * time.Second),
		Announcement: paspeaker.Announcement{Name: "Cùng nhau giữ gìn an ninh trật tự để ổn định sản xuất", Zones: []paspeaker.ZoneID{"all"}, By: "tuấn"}}
	gate := paspeaker.Session{ID: fire, Level: 240, State: paspeaker.StatePlaying, Asked: noon.Add(-4 * time.Second), Started: noon.Add(-4 * time.Second),
		Announcement: paspeaker.Announcement{Name: "Sơ tán", Zones: []paspeaker.ZoneID{"gates"}, By: "hoa", MaxLength: paspeaker.Duration(10 * time.Minute)}}
	for i := range n {
		sp := speaker(i)
		at := &w.zones[2]
		if i%8 == 0 {
			at = &w.zones[1]
		}
		sp.Zones = []paspeaker.ZoneID{"all", at.ID}
		at.Members = append(at.Members, sp.ID)
		w.zones[0].Members = append(w.zones[0].Members, sp.ID)
		plays := &road
		if i%8 == 0 {
			plays = &gate
		}
		road.Targets = append(road.Targets, sp.ID)
		if i%8 == 0 {
			gate.Targets = append(gate.Targets, sp.ID)
		}
		if sp.Online {
			plays.Sounding = append(plays.Sounding, sp.ID)
			sp.Report.Playing = []paspeaker.Playing{{Session: plays.ID.WithPart(1), Full: true}}
		}
		w.status.Speakers = append(w.status.Speakers, sp)
	}
	if n > 0 {
		w.status.OnAir = []paspeaker.Session{road, gate}
	}
	if n > 2 {
		w.status.Faults = []paspeaker.Fault{
			{ID: "offline/loa-0003", Kind: paspeaker.FaultOffline, Subject: "loa-0003", Urgency: paspeaker.UrgencyAlarm, Since: noon.Add(-time.Minute), What: "loa-0003 has said nothing since 11:59:00",
				Cause:  "no power, no network, or paspeaker-node does not run",
				Remedy: "look at power, cable and switch port, then at `systemctl status paspeaker-node`"},
			{ID: "config", Kind: "config", Urgency: paspeaker.UrgencyWarning, Since: noon.Add(-26 * time.Hour), What: "zones.yaml is bad in line 12, the last good one runs",
				Cause: "a mistake in the site file", Remedy: "mend the file (paspeaker check), then paspeaker reload", Ack: &paspeaker.Ack{By: "hoa"}},
		}
	}
	return w
}

func zone(id paspeaker.ZoneID, name string) paspeaker.ZoneStatus {
	return paspeaker.ZoneStatus{Zone: paspeaker.Zone{ID: id, Name: name, Group: netip.MustParseAddrPort("239.255.1.1:5004")}}
}

func speaker(i int) paspeaker.SpeakerStatus {
	id := paspeaker.SpeakerID(fmt.Sprintf("loa-%04d", i+1))
	sp := paspeaker.SpeakerStatus{Speaker: paspeaker.Speaker{ID: id, Name: fmt.Sprintf("Cột đèn số %d, Đường Tân Phong", i+1), Kind: paspeaker.KindFixed},
		Online: i != 2, LastSeen: noon.Add(-time.Second)}
	if !sp.Online {
		sp.LastSeen = noon.Add(-time.Minute)
	}
	sp.Report = &paspeaker.NodeReport{ID: id, Instance: "a", LevelDB: -18 - float64(i%20), Health: paspeaker.NodeHealth{Due: 6000, LossPercent: float64(i % 7)},
		Clock: paspeaker.ClockState{State: "locked", ErrorNS: 23_000}}
	return sp
}

// controller is made up.
type controller struct {
	mu      sync.Mutex
	all     *whole
	err     error
	stopped []paspeaker.SessionID
	silent  bool // everything was stopped
	events  chan paspeaker.Event
	broken  chan struct{}
	asked   int
}

func (c *controller) set(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// looks is how often everything was asked for.
func (c *controller) looks() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func (c *controller) Status(context.Context) (paspeaker.Status, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.err != nil {
		return paspeaker.Status{}, c.err
	}
	return c.all.status, nil
}

func (c *controller) Zones(context.Context) ([]paspeaker.ZoneStatus, error) { return c.all.zones, nil }

func (c *controller) Events(ctx context.Context, f func(paspeaker.Event)) error {
	for {
		select {
		case ev := <-c.events:
			f(ev)
		case <-c.broken:
			return errors.New("the connection broke")
		case <-ctx.Done():
			return nil
		}
	}
}

func (c *controller) StopSession(_ context.Context, id paspeaker.SessionID) (paspeaker.Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = append(c.stopped, id)
	return paspeaker.Session{ID: id, State: paspeaker.StateEnded, Outcome: "stopped"}, c.err
}

func (c *controller) stops() []paspeaker.SessionID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.stopped)
}

func (c *controller) StopAll(context.Context) ([]paspeaker.Session, error) {
	c.silent = true
	return []paspeaker.Session{{}, {}}, c.err
}

// say is Vietnamese, as the door says it.
func say(text string) string {
	for _, part := range []map[string]string{Vietnamese, VietnameseFaults} {
		if vi, ok := part[text]; ok {
			return vi
		}
	}
	return text
}

// bench is a board in front of a made-up controller, and its clock.
type bench struct {
	*Model
	ctl *controller
	now time.Time
}

func newBench(t *testing.T, n int, change func(*Config)) *bench {
	t.Helper()
	b := &bench{ctl: &controller{all: park(n)}, now: noon}
	cfg := Config{Controller: b.ctl, By: "tuấn", Now: func() time.Time { return b.now }}
	if change != nil {
		change(&cfg)
	}
	b.Model = New(cfg)
	b.take(news{whole: b.ctl.all})
	return b
}

func (b *bench) size(w, h int) *bench {
	b.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return b
}

// press presses keys one after another, and runs what they order.
func (b *bench) press(keys ...string) {
	for _, k := range keys {
		_, cmd := b.Update(keyOf(k))
		if cmd == nil {
			continue
		}
		if msg := cmd(); msg != nil {
			b.Update(msg)
		}
	}
}

func keyOf(k string) tea.KeyPressMsg {
	switch k {
	case "tab":
		return tea.KeyPressMsg{Code: tea.KeyTab}
	case "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	case "enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	case "esc":
		return tea.KeyPressMsg{Code: tea.KeyEscape}
	case "backspace":
		return tea.KeyPressMsg{Code: tea.KeyBackspace}
	case "up":
		return tea.KeyPressMsg{Code: tea.KeyUp}
	case "down":
		return tea.KeyPressMsg{Code: tea.KeyDown}
	case "pgdown":
		return tea.KeyPressMsg{Code: tea.KeyPgDown}
	case "end":
		return tea.KeyPressMsg{Code: tea.KeyEnd}
	case "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case "ctrl+c":
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	}
	r := []rune(k)
	return tea.KeyPressMsg{Code: r[0], Text: k}
}

// text is the screen without its colours.
func (b *bench) text() string { return ansi.Strip(strings.Join(b.screen(), "\n")) }

// whole checks that the screen is exactly as large as the terminal.
func requireExact(t require.TestingT, m *Model) {
	lines := m.screen()
	require.Len(t, lines, m.lines)
	for i, l := range lines {
		require.Equal(t, m.columns, ansi.StringWidth(l), "line %d of %dx%d: %q", i, m.columns, m.lines, l)
	}
}

// errandFake is a program that had the terminal.
type errandFake struct {
	what string
	err  error
	ran  *atomic.Bool
}

func (e *errandFake) Run() error {
	if e.ran != nil {
		e.ran.Store(true)
	}
	return e.err
}
func (e *errandFake) SetStdin(io.Reader)  {}
func (e *errandFake) SetStdout(io.Writer) {}
func (e *errandFake) SetStderr(io.Writer) {}
func (e *errandFake) Summary() string     { return e.what }

func noErrand(paspeaker.ZoneID) Errand                    { return &errandFake{} }
func noTest(paspeaker.ZoneID, paspeaker.SpeakerID) Errand { return &errandFake{} }
