// Package monitor listens to what a loudspeaker really sounds: a microphone
// before it, or a line behind its amplifier, against what its mixer put out.
//
// A node makes a Monitor when it has one, copies what its output pulls into the
// Tap, and runs it beside everything else. It promises to cost the voice path
// one copy of each block, and the rest of the machine little: sound is compared
// at 8 kHz, a second of it every half second. Only audio is imported.
package monitor

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"

	"pa/audio"
)

// Source is where a monitor's sound comes from. Run calls write with blocks of
// mono sound at audio.Rate, as they come, from one goroutine, until ctx is done
// (nil) or the source is lost.
type Source interface {
	Run(ctx context.Context, write func(pcm []float32)) error
}

// Opener opens a source. It is called again when the source was lost. tap is
// what the mixer puts out, for a source that is made of it.
type Opener func(tap *Tap) (Source, error)

// Config is what a monitor is made with.
type Config struct {
	Name  string      // as the node was told, for people
	Open  Opener      // required
	Clock audio.Clock // local time; audio.Now when nil
	Log   *slog.Logger
}

// State is what a monitor hears now.
type State struct {
	Name     string
	LevelDB  float64       // RMS of the last second heard, dBFS; −120 is silence, or no sound came
	SentDB   float64       // of what the mixer put out in the same second
	Likeness float64       // correlation of the two, 0–1; 0 while the mixer is silent
	Delay    time.Duration // from leaving the output, as that believes, to the monitor; of the last window that was like it
	Fault    string        // why nothing is heard; "" when all is well
}

// Window is one comparison.
type Window struct {
	From, To int64   // local ns of the mixer's sound
	SentDB   float64 // RMS of the mixer's sound in it, dBFS
	HeardDB  float64 // RMS of what was heard meanwhile
	Likeness float64
	Delay    time.Duration
}

// Like says that what was heard is what was sent.
func (w Window) Like() bool { return w.Likeness >= likeEnough }

const (
	likeEnough = 0.3              // correlation; foreign sound stays below 0.2
	reopen     = 2 * time.Second  // after a source was lost
	keepWindow = 64               // windows until somebody takes them
	deaf       = 2 * time.Second  // without a sample
	step       = time.Second / 10 // between looks
)

// Monitor compares. Its methods may be called from any goroutine.
type Monitor struct {
	cfg Config
	tap *Tap
	ear *Tap

	// The source's own: when its samples came, smoothed.
	line   *audio.Line
	frames int64

	mu      sync.Mutex
	state   State
	quiet   bool // the fault is that no sound comes
	windows []Window
	last    Window
	took    int64 // local ns up to which windows were made
	record  *record
}

// New makes a monitor; Run makes it listen.
func New(cfg Config) *Monitor {
	cfg.Clock = clockOr(cfg.Clock)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Monitor{cfg: cfg, tap: NewTap(), ear: NewTap(), line: audio.NewLine(audio.Rate), state: State{Name: cfg.Name, LevelDB: silence, SentDB: silence}}
}

func clockOr(c audio.Clock) audio.Clock {
	if c == nil {
		return audio.Now
	}
	return c
}

// Tap is where the node copies what its output pulls.
func (m *Monitor) Tap() *Tap { return m.tap }

// State says what is heard now.
func (m *Monitor) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Windows returns the comparisons since the last call, oldest first, of more
// than 64 the newest. Only time in which the mixer put something out is
// compared.
func (m *Monitor) Windows() []Window {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.windows
	m.windows = nil
	return out
}

// Last returns the newest comparison; false before the first.
func (m *Monitor) Last() (Window, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last, m.last.To != 0
}

// Heard is the local time, ns, up to which everything has been compared.
func (m *Monitor) Heard() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.took
}

// Run listens until ctx is done, and returns nil. A source that is lost, or is
// not there, is a fault and is opened again.
func (m *Monitor) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.listen(ctx)
	}()
	m.compare(ctx)
	<-done
	return nil
}

// listen keeps a source open.
func (m *Monitor) listen(ctx context.Context) {
	for ctx.Err() == nil {
		src, err := m.cfg.Open(m.tap)
		if err == nil {
			m.fault("")
			m.line.Reset()
			m.frames = 0
			err = src.Run(ctx, m.hear)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			m.cfg.Log.Warn("monitor", "source", m.cfg.Name, "err", err)
			m.fault(err.Error())
		} else {
			m.fault(m.cfg.Name + " has ended")
		}
		select {
		case <-time.After(reopen):
		case <-ctx.Done():
		}
	}
}

func (m *Monitor) fault(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.Fault, m.quiet = what, false
}

// hear takes in a block that has just come: its last sample is of now, or a bit
// before, for blocks come late and never early.
func (m *Monitor) hear(pcm []float32) {
	m.mu.Lock()
	m.record.add(pcm)
	m.mu.Unlock()
	first := m.frames
	m.frames += int64(len(pcm))
	m.line.Add(m.frames, m.cfg.Clock())
	m.ear.Write(pcm, audio.Beat{Heard: m.line.At(first), Rate: m.line.Rate()})
}

// compare makes a window of each half second until ctx is done.
func (m *Monitor) compare(ctx context.Context) {
	tick := time.NewTicker(step)
	defer tick.Stop()
	c := newComparer()
	for {
		select {
		case <-tick.C:
			m.look(c, m.cfg.Clock())
		case <-ctx.Done():
			return
		}
	}
}

// look compares what has become old enough to have been heard.
func (m *Monitor) look(c *comparer, now int64) {
	last := m.ear.Newest()
	if now-last > int64(deaf) {
		m.still(now)
		return
	}
	m.mu.Lock()
	if m.quiet {
		m.state.Fault, m.quiet = "", false
	}
	m.mu.Unlock()
	until := last - int64(mostDelay)
	m.mu.Lock()
	from := m.took
	m.mu.Unlock()
	if until-from < int64(hop) {
		return
	}
	to := from + int64(hop)
	if from == 0 || until-from > int64(4*hop) { // the beginning, or long asleep
		to = until
	}
	w, ok := c.window(m.tap, m.ear, to)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took = to
	m.state.LevelDB = m.ear.LevelDB(last, time.Second)
	m.state.SentDB, m.state.Likeness = m.tap.LevelDB(to, time.Second), 0
	if !ok {
		return
	}
	m.state.Likeness = w.Likeness
	if w.Like() {
		m.state.Delay = w.Delay
	}
	m.last = w
	m.windows = append(m.windows[max(0, len(m.windows)-keepWindow+1):], w)
}

// still notes that no sound comes from the source at all.
func (m *Monitor) still(now int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.LevelDB, m.state.Likeness = silence, 0
	if m.state.Fault == "" {
		m.state.Fault, m.quiet = "no sound comes from "+m.cfg.Name, true
	}
	m.took = max(m.took, now-int64(mostDelay))
}

const silence = -120.0 // dBFS

func decibel(rms float64) float64 {
	if rms <= 1e-6 {
		return silence
	}
	return 20 * math.Log10(rms)
}
