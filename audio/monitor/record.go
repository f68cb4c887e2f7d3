package monitor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pa/audio"
)

// ErrRecording means that somebody else records already.
var ErrRecording = errors.New("the monitor is being recorded already")

// record is a recording under way. The monitor's lock guards it.
type record struct {
	pcm  []float32
	want int
	done chan struct{} // closed when it is whole
}

// add takes in what is heard, until it is enough.
func (r *record) add(pcm []float32) {
	if r == nil || len(r.pcm) == r.want {
		return
	}
	r.pcm = append(r.pcm, pcm[:min(len(pcm), r.want-len(r.pcm))]...)
	if len(r.pcm) == r.want {
		close(r.done)
	}
}

// Record returns what is heard from now on for d, mono at audio.Rate. One
// recording is made at a time (ErrRecording). When ctx ends before it is whole,
// which is so too when no sound comes, the error says how much there was.
func (m *Monitor) Record(ctx context.Context, d time.Duration) ([]float32, error) {
	r := &record{want: int(d * audio.Rate / time.Second), done: make(chan struct{})}
	r.pcm = make([]float32, 0, r.want)
	m.mu.Lock()
	if m.record != nil {
		m.mu.Unlock()
		return nil, ErrRecording
	}
	m.record = r
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.record = nil
		m.mu.Unlock()
	}()
	select {
	case <-r.done:
		return r.pcm, nil
	case <-ctx.Done():
		m.mu.Lock()
		defer m.mu.Unlock()
		got := time.Duration(len(r.pcm)) * time.Second / audio.Rate
		return nil, fmt.Errorf("record the monitor: %v of %v came: %w", got.Round(time.Millisecond), d, ctx.Err())
	}
}
