package controller

import (
	"context"
	"sync"

	"pa/paspeaker"
)

// events fans changes out to those who watch. A watcher that does not keep up
// loses events; nobody waits for it.
type events struct {
	mu       sync.Mutex
	watchers map[chan paspeaker.Event]struct{}
	closed   bool
}

func newEvents() *events {
	return &events{watchers: make(map[chan paspeaker.Event]struct{})}
}

func (e *events) send(ev paspeaker.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for w := range e.watchers {
		select {
		case w <- ev:
		default:
		}
	}
}

// watched says whether anybody watches.
func (e *events) watched() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.watchers) > 0
}

func (e *events) watch(ctx context.Context) <-chan paspeaker.Event {
	ch := make(chan paspeaker.Event, 256)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		close(ch)
		return ch
	}
	e.watchers[ch] = struct{}{}
	context.AfterFunc(ctx, func() { e.drop(ch) })
	return ch
}

func (e *events) drop(ch chan paspeaker.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, on := e.watchers[ch]; on {
		delete(e.watchers, ch)
		close(ch)
	}
}

// close ends every watch.
func (e *events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for ch := range e.watchers {
		delete(e.watchers, ch)
		close(ch)
	}
}

// Watch returns a channel of what changes from now on; it is closed when ctx
// is done or the controller ends. A slow reader loses events.
func (c *Controller) Watch(ctx context.Context) <-chan paspeaker.Event { return c.events.watch(ctx) }
