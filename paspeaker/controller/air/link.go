package air

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// Link is an engine as its controller sees it.
type Link interface {
	// Do gives an order. It never waits for long; an error means that this
	// order was not taken, ErrGone that no other will be.
	Do(o Order) error
	// Run keeps the engine going until ctx is done and returns nil then. An
	// error means that the engine is lost. It is called once.
	Run(ctx context.Context) error
	// Close ends an engine that was never run.
	Close()
}

// ErrGone means that the engine has ended.
var ErrGone = errors.New("the voice's engine has ended")

// Here returns an engine in this process: simple and small, but what else the
// process does can make its packets late. tell must not wait.
func Here(tell func(Event), log *slog.Logger) Link {
	return &here{engine: NewEngine(tell, log)}
}

type here struct {
	mu     sync.Mutex
	engine *Engine
	gone   bool
}

// Do implements Link.
func (h *here) Do(o Order) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone {
		return ErrGone
	}
	defer o.release()
	return h.engine.Do(o)
}

// Run implements Link.
func (h *here) Run(ctx context.Context) error {
	err := h.engine.Run(ctx)
	h.mu.Lock()
	h.gone = true
	h.mu.Unlock()
	return err
}

// Close implements Link.
func (h *here) Close() { h.engine.Close() }
