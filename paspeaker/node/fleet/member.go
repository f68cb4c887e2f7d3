package fleet

import (
	"context"
	"strings"
	"sync"

	"pa/paspeaker"
	"pa/paspeaker/node"
)

// life is where a member is in it.
type life uint8

const (
	lifeStopped life = iota
	lifeStarts       // it waits for its turn, or enrols
	lifeRuns
)

// member is one node of the fleet, whether it runs or not.
type member struct {
	Member
	fleet *Fleet
	keep  *keep
	lossy *lossy

	mu   sync.Mutex
	life life
	cut  context.CancelFunc // of the life that it is in
	done chan struct{}      // closed when that is over
	err  error              // why the last life ended by itself
}

// begin makes a stopped member ready to start and returns its life, to be led
// in a goroutine; nil when it is not stopped.
func (m *member) begin(ctx context.Context) func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.life != lifeStopped {
		return nil
	}
	ctx, cut := context.WithCancel(ctx)
	done := make(chan struct{})
	m.life, m.cut, m.done, m.err = lifeStarts, cut, done, nil
	return func() {
		defer close(done)
		defer cut()
		err := m.live(ctx)
		if ctx.Err() != nil {
			err = nil // it was ended
		}
		if err != nil {
			m.fleet.cfg.Log.Warn("node ended", "id", m.ID, "err", err)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.life, m.err = lifeStopped, err
	}
}

// live enrols and runs the node until ctx is done.
func (m *member) live(ctx context.Context) error {
	n, err := m.start(ctx)
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.life = lifeRuns
	m.mu.Unlock()
	return n.Run(ctx)
}

// start makes the node, when it is its turn.
func (m *member) start(ctx context.Context) (*node.Node, error) {
	f := m.fleet
	select {
	case f.doors <- struct{}{}:
		defer func() { <-f.doors }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	sink, err := f.sink(m)
	if err != nil {
		return nil, err
	}
	return node.New(ctx, node.Config{
		ID: m.ID, Controller: f.cfg.Controller, Token: m.Token, Interface: f.cfg.Interface, State: m.keep,
		Sink: sink, SinkName: sink.State().Name, Now: f.cfg.Now, Version: f.cfg.Version, Parts: f.parts(m),
		Log: f.cfg.Log.With("node", string(m.ID)),
	})
}

func (m *member) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.life != lifeStopped {
		m.cut()
	}
}

// wait returns when the member is stopped.
func (m *member) wait() {
	m.mu.Lock()
	done := m.done
	m.mu.Unlock()
	if done != nil {
		<-done
	}
}

func (m *member) state() (life, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.life, m.err
}

func compare(a, b paspeaker.SpeakerID) int { return strings.Compare(string(a), string(b)) }
