package controller

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"

	"pa/paspeaker"
	"pa/paspeaker/bus"
)

// library is what the controller holds of the message library: the newest
// version of every message, which the bus keeps up to date, and the messages
// that are about to play, decoded. With NATS down what is here still plays.
type library struct {
	store *bus.Library
	ready *readyClips

	mu     sync.RWMutex
	newest map[string]paspeaker.Message

	// users say who means to play a message. They are set before Run.
	users []func(name string) []string
	sweep chan struct{} // something was removed
}

// sweepEvery is how often sounds without a message are looked for.
const sweepEvery = 6 * time.Hour

// sweepAgain is when it is done again after it could not be.
const sweepAgain = time.Minute

func newLibrary(store *bus.Library) *library {
	return &library{store: store, ready: newReadyClips(), newest: make(map[string]paspeaker.Message), sweep: make(chan struct{}, 1)}
}

// messageUsers registers who can say what means to play a message, in words
// for people ("campaign slogans"). It is called before Run.
func (c *Controller) messageUsers(f func(name string) []string) {
	c.library.users = append(c.library.users, f)
}

// watchLibrary keeps the library up to date until ctx is done.
func (c *Controller) watchLibrary(ctx context.Context) error {
	var sweeping sync.WaitGroup
	sweeping.Go(func() { c.sweepLibrary(ctx) })
	defer sweeping.Wait()
	return c.library.store.Watch(ctx, c.library.told, c.library.wantSweep)
}

// told takes in what the bus says of a message.
func (l *library) told(name string, m *paspeaker.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m == nil {
		delete(l.newest, name)
		return
	}
	l.newest[name] = *m
}

// stored takes in what was stored just now: who did it must find it.
func (l *library) stored(m paspeaker.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.newest[m.Name].Version < m.Version {
		l.newest[m.Name] = m
	}
}

func (l *library) wantSweep() {
	select {
	case l.sweep <- struct{}{}:
	default:
	}
}

// sweepLibrary removes sounds that no message has, when something was removed
// and now and then.
func (c *Controller) sweepLibrary(ctx context.Context) {
	again := time.NewTicker(sweepEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.library.sweep:
		case <-again.C:
		}
		n, err := c.library.store.Sweep(ctx)
		again.Reset(sweepEvery)
		if err != nil && ctx.Err() == nil {
			c.log.Warn("sounds without a message were not removed", "err", err)
			again.Reset(sweepAgain)
		}
		if n > 0 {
			c.log.Info("removed sounds that no message has", "sounds", n)
		}
	}
}

// lookup returns the newest version of a message.
func (l *library) lookup(name string) (paspeaker.Message, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	m, ok := l.newest[name]
	return m, ok
}

// Messages returns the newest version of every message, by name, without their
// pictures.
func (c *Controller) Messages() []paspeaker.Message {
	l := c.library
	l.mu.RLock()
	out := make([]paspeaker.Message, 0, len(l.newest))
	for _, m := range l.newest {
		m.Overview = nil
		out = append(out, m)
	}
	l.mu.RUnlock()
	slices.SortFunc(out, func(a, b paspeaker.Message) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Message returns one version of a message, the newest for 0. The newest is
// known with NATS down.
func (c *Controller) Message(ctx context.Context, name string, version int) (paspeaker.Message, error) {
	name = norm.NFC.String(name)
	m, ok := c.library.lookup(name)
	if !ok { // it may not have been told yet: a campaign may be due as we start
		versions, err := c.library.store.Versions(ctx, name)
		if err != nil || len(versions) == 0 {
			return m, c.noMessage(name)
		}
		m = versions[0]
		c.library.stored(m)
	}
	if version == 0 || version == m.Version {
		return m, nil
	}
	versions, err := c.library.store.Versions(ctx, name)
	if err != nil {
		return m, err
	}
	for _, v := range versions {
		if v.Version == version {
			return v, nil
		}
	}
	return m, &paspeaker.Error{Code: paspeaker.CodeNotFound, What: quoted(name) + ": version " + itoa(version) + " is not kept",
		Hint: "paspeaker message show --versions lists them"}
}

// MessageVersions returns what is kept of a message, newest first.
func (c *Controller) MessageVersions(ctx context.Context, name string) ([]paspeaker.Message, error) {
	name = norm.NFC.String(name)
	versions, err := c.library.store.Versions(ctx, name)
	if err == nil && len(versions) == 0 {
		err = c.noMessage(name)
	}
	return versions, err
}

// MessageSound returns one version of a message and its sound, a FLAC file.
func (c *Controller) MessageSound(ctx context.Context, name string, version int) (paspeaker.Message, []byte, error) {
	m, err := c.Message(ctx, name, version)
	if err != nil {
		return m, nil, err
	}
	file, err := c.library.store.Sound(ctx, m.Hash)
	return m, file, err
}

// noMessage says that there is no such message, and which was meant.
func (c *Controller) noMessage(name string) error {
	e := &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "message " + quoted(name) + ": there is none",
		Hint: "paspeaker message list shows what there is"}
	l := c.library
	l.mu.RLock()
	defer l.mu.RUnlock()
	if near := nearest(name, l.newest); near != "" {
		e.Hint = "did you mean " + quoted(near) + "?"
	}
	return e
}
