package wire

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// PacerConfig configures a Pacer.
type PacerConfig struct {
	Now      func() int64 // local monotonic ns; nil = since the process began
	Priority int          // of its thread among real-time ones (SCHED_FIFO), 1–99; 0 = DefaultPriority
	Refused  func(error)  // the system gives no real-time priority; nil = it is logged
	Log      *slog.Logger // nil = slog.Default
}

// Pacer calls functions at absolute times from one locked thread, with
// real-time priority when the system allows it. A thread that returns from a
// system call must still find a free P: give the process a GOMAXPROCS a few
// above the number of cores. Threads that have no real-time priority must not
// hold what this one waits for, the runtime's own locks among it: where other
// programs compete for the cores, give it a process whose every thread has some.
type Pacer struct {
	cfg PacerConfig

	mu     sync.Mutex
	alarm  *alarm // nil until Run
	agenda agenda
	phases map[int64]*phases // by period
	late   Histogram
}

// NewPacer returns a Pacer; Run makes it go.
func NewPacer(cfg PacerConfig) *Pacer {
	if cfg.Now == nil {
		cfg.Now = processClock
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Priority == 0 {
		cfg.Priority = DefaultPriority
	}
	if cfg.Refused == nil {
		cfg.Refused = func(err error) {
			cfg.Log.Info("pacing without real-time priority; grant CAP_SYS_NICE or LimitRTPRIO for steadier packets", "error", err)
		}
	}
	return &Pacer{cfg: cfg, phases: make(map[int64]*phases), late: newHistogram()}
}

// Add calls tick at first, first+period, … on Run's thread until it returns
// false. first is local ns; when it is not in the future the grid begins now.
// A late tick is run and counted, never skipped; due is when it should have
// run. tick must not block. A tick that panics is removed and logged. Any
// goroutine may call Add, ticks included, before Run or while it runs; a
// period that is not positive means that tick runs once.
func (p *Pacer) Add(first int64, period time.Duration, tick func(k int64, due int64) (more bool)) {
	p.add(&task{due: first, period: int64(period), tick: tick})
}

// Spread is Add that chooses when the grid begins, within a period from now:
// where the fewest other spread ticks of that period are due. A hundred
// programmes that begin in the same instant so do not wait for each other in
// every period after.
func (p *Pacer) Spread(period time.Duration, tick func(k int64, due int64) (more bool)) {
	p.mu.Lock()
	f := p.phases[int64(period)]
	if f == nil && period > 0 {
		f = newPhases(int64(period))
		p.phases[int64(period)] = f
	}
	t := &task{period: int64(period), tick: tick, phases: f}
	if f != nil {
		t.due = f.take(p.cfg.Now())
	}
	p.mu.Unlock()
	p.add(t)
}

func (p *Pacer) add(t *task) {
	p.mu.Lock()
	if now := p.cfg.Now(); t.due <= now && t.phases == nil {
		t.due = now
	}
	p.agenda.add(t)
	// Only what is now first changes how long the thread sleeps.
	a, first := p.alarm, p.agenda[0] == t
	p.mu.Unlock()
	if a != nil && first {
		a.ring()
	}
}

// Len is the number of ticks in the agenda.
func (p *Pacer) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.agenda)
}

// Lateness returns how late ticks began, since the Pacer was made.
func (p *Pacer) Lateness() Histogram {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.late.clone()
}

// Run calls ticks until ctx is done, and returns nil. It is called once. The
// error says that the system has no event descriptor left.
func (p *Pacer) Run(ctx context.Context) error {
	a, err := newAlarm()
	if err != nil {
		return fmt.Errorf("start pacer: %w", err)
	}
	p.mu.Lock()
	p.alarm = a
	p.mu.Unlock()
	unhook := context.AfterFunc(ctx, a.ring)
	done := make(chan struct{})
	go func() {
		defer close(done)
		lockThread(p.cfg.Priority, p.cfg.Refused) // and never unlock: the thread ends with the goroutine
		p.loop(ctx, a.wait)
	}()
	<-done
	unhook()
	p.mu.Lock()
	p.alarm = nil
	p.mu.Unlock()
	return a.close()
}

// A thread with real-time priority that has more to do than there is time for
// would leave nothing of its core to anybody, not even to those who are to stop
// it. So it rests a little when it has not rested for long.
const (
	restless = int64(80 * time.Millisecond)
	rest     = int64(20 * time.Millisecond)
)

// loop runs what is due and waits for what is next: for ns, or for ever when
// ns is negative.
func (p *Pacer) loop(ctx context.Context, wait func(ns int64)) {
	rested := p.cfg.Now()
	for ctx.Err() == nil {
		t, now := p.next()
		switch {
		case t == nil:
			wait(-1)
		case t.due > now:
			wait(t.due - now)
		case now-rested > restless:
			wait(rest)
		default:
			p.run(t)
			continue
		}
		rested = p.cfg.Now()
	}
}

// next looks at the first task.
func (p *Pacer) next() (*task, int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	if len(p.agenda) == 0 {
		return nil, now
	}
	return p.agenda[0], now
}

// run calls the tick outside the lock, so that it may Add.
func (p *Pacer) run(t *task) {
	p.mu.Lock()
	p.late.observe(max(0, p.cfg.Now()-t.due))
	p.mu.Unlock()
	more := p.call(t) && t.period > 0
	p.mu.Lock()
	defer p.mu.Unlock()
	p.agenda.remove(t)
	if more {
		t.k++
		t.due += t.period
		p.agenda.add(t)
	} else if t.phases != nil {
		t.phases.leave(t.due)
	}
}

// call keeps one broken programme from silencing the others.
func (p *Pacer) call(t *task) (more bool) {
	defer func() {
		if r := recover(); r != nil {
			p.cfg.Log.Error("paced programme failed, removed", "tick", t.k, "panic", r)
			more = false
		}
	}()
	return t.tick(t.k, t.due)
}
