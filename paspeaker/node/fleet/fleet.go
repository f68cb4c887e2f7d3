// Package fleet is loudspeakers by the thousand in one process, to plan with
// and to measure a controller by: nodes of package node, each with an
// enrolment, a NATS connection, a clock exchange, reports and receipts of its
// own. cmd/paspeaker-node runs it for `paspeaker simulate`.
//
// What they share is what a thousand of them could not each have on one
// computer: one receiver joins the groups of all, each packet's signature is
// checked once, and instead of a mixer each has a counter of the packets that
// were there when they were due. A few, the samples, decode and mix for real.
// What a receipt says comes from packets that were really received, less those
// that its node was told to lose.
package fleet

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"pa/audio"
	"pa/audio/playout"
	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/node"
)

// Config says how a fleet lives.
type Config struct {
	Controller string  // "host" or "host:port" of the API
	Interface  string  // for the groups; "" leaves it to the site
	Loss       float64 // share of the packets that each node loses, 0–1
	Seed       uint64  // of chance
	Version    string
	Now        audio.Clock                // local monotonic ns; nil is audio.Now
	NewSink    func() (audio.Sink, error) // of a sample's sound
	Log        *slog.Logger
}

// Member is one node to be.
type Member struct {
	ID     paspeaker.SpeakerID `json:"id"`
	Token  string              `json:"token"`            // to join with; for its first start
	Sample bool                `json:"sample,omitempty"` // it decodes and mixes
}

// atOnce is how many nodes start at one moment: each shakes hands twice.
const atOnce = 8

// Fleet is nodes in one process. Make it with New, call Run, then the others
// from any goroutine.
type Fleet struct {
	cfg     Config
	hall    *hall
	gauge   *gauge
	witness wire.Witness
	tally   tally
	doors   chan struct{} // one for each that may start now
	asked   chan func(*errgroup.Group, context.Context)
	quit    chan struct{} // closed when Run has ended

	mu      sync.Mutex
	members map[paspeaker.SpeakerID]*member
}

// New returns a fleet without a node.
func New(cfg Config) *Fleet {
	if cfg.Now == nil {
		cfg.Now = audio.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Fleet{cfg: cfg, hall: newHall(cfg.Log), gauge: newGauge(cfg.Now), doors: make(chan struct{}, atOnce),
		asked: make(chan func(*errgroup.Group, context.Context)), quit: make(chan struct{}),
		members: make(map[paspeaker.SpeakerID]*member)}
}

// Run lets the fleet live until ctx is done, and returns nil. It returns an
// error when the network cannot be listened to. It is called once.
func (f *Fleet) Run(ctx context.Context) error {
	defer close(f.quit)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return f.hall.run(ctx) })
	g.Go(func() error {
		for {
			select {
			case do := <-f.asked:
				do(g, ctx)
			case <-ctx.Done():
				return nil
			}
		}
	})
	return g.Wait()
}

// ask has something done within Run's life; nothing once that is over.
func (f *Fleet) ask(do func(*errgroup.Group, context.Context)) {
	select {
	case f.asked <- do:
	case <-f.quit:
	}
}

// Join adds a node and starts it.
func (f *Fleet) Join(m Member) {
	one := &member{Member: m, fleet: f, keep: newKeep(), lossy: newLossy(f.cfg.Loss, f.cfg.Seed, string(m.ID))}
	f.mu.Lock()
	_, known := f.members[m.ID]
	if !known {
		f.members[m.ID] = one
	}
	f.mu.Unlock()
	if !known {
		f.Start(m.ID)
	}
}

// Start starts nodes that are stopped. They need no token any more.
func (f *Fleet) Start(ids ...paspeaker.SpeakerID) {
	for _, m := range f.find(ids) {
		f.ask(func(g *errgroup.Group, ctx context.Context) {
			if run := m.begin(ctx); run != nil {
				g.Go(func() error { run(); return nil })
			}
		})
	}
}

// Stop ends nodes as a power cut would: they say nothing more. It waits for
// them.
func (f *Fleet) Stop(ids ...paspeaker.SpeakerID) {
	all := f.find(ids)
	for _, m := range all {
		m.end()
	}
	for _, m := range all {
		m.wait()
	}
}

func (f *Fleet) find(ids []paspeaker.SpeakerID) []*member {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]*member, 0, len(ids))
	for _, id := range ids {
		if m := f.members[id]; m != nil {
			out = append(out, m)
		}
	}
	return out
}

// parts is what a member has instead of its own.
func (f *Fleet) parts(m *member) node.Parts {
	p := node.Parts{
		Witness: &f.witness,
		Ears:    func(cfg wire.ReceiverConfig) node.Ears { return f.hall.seat(cfg, m.lossy) },
		Mixer:   func(cfg playout.Config) node.Mixer { return newCounter(cfg, f.cfg.Now, f.gauge) },
		Said:    f.tally.note,
	}
	if m.Sample {
		p.Mixer = nil
	}
	return p
}

// sink is a member's output.
func (f *Fleet) sink(m *member) (audio.Sink, error) {
	if m.Sample {
		return f.cfg.NewSink()
	}
	return still{now: f.cfg.Now, began: f.cfg.Now()}, nil
}

// State returns how the fleet is, and begins a new interval of its counts.
func (f *Fleet) State() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.tally.take()
	s.Members = len(f.members)
	for id, m := range f.members {
		switch life, err := m.state(); {
		case life == lifeRuns:
			s.Running++
		case life == lifeStopped && err != nil:
			s.Failed = append(s.Failed, Failure{ID: id, Error: err.Error()})
		case life == lifeStopped:
			s.Stopped++
		}
	}
	slices.SortFunc(s.Failed, func(a, b Failure) int { return compare(a.ID, b.ID) })
	return s
}
