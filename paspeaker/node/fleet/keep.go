package fleet

import (
	"context"
	"io/fs"
	"slices"
	"sync"
	"time"

	"pa/audio"
)

// keep is a node's state directory without a disk. It outlives the node's
// restarts, as a directory would.
type keep struct {
	mu    sync.Mutex
	files map[string][]byte
}

func newKeep() *keep { return &keep{files: make(map[string][]byte)} }

// Read implements node.Store.
func (k *keep) Read(name string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, ok := k.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(b), nil
}

// Write implements node.Store.
func (k *keep) Write(name string, b []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.files[name] = slices.Clone(b)
	return nil
}

// Path implements node.Store.
func (k *keep) Path(name string) string { return "memory:" + name }

// still is a sound card that asks for no sound: a counter needs none.
type still struct {
	now   audio.Clock
	began int64
}

// stillPeriod and stillLatency are those of a common card.
const (
	stillPeriod  = 10 * time.Millisecond
	stillLatency = 20 * time.Millisecond
)

// Run implements audio.Sink.
func (still) Run(ctx context.Context, _ audio.Pull) error {
	<-ctx.Done()
	return nil
}

// State implements audio.Sink.
func (s still) State() audio.SinkState {
	return audio.SinkState{Name: "simulated", Frames: (s.now() - s.began) * audio.Rate / int64(time.Second), Rate: audio.Rate,
		Latency: stillLatency, Period: stillPeriod}
}
