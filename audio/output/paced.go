package output

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"pa/audio"
)

// stallAfter is how late a pull must be for a paced sink to give up catching
// up, as a card does whose buffer ran dry.
const stallAfter = time.Second

// paced is a card made of the program's own clock: null and wav. Frame n falls
// due at an exact time; a late process catches up without dropping, unless it
// is later than stallAfter.
type paced struct {
	spec    spec
	opts    Options
	block   int // frames of a period
	latency time.Duration

	frames    atomic.Int64
	underruns atomic.Uint64
}

func newPaced(s spec, opts Options) *paced {
	return &paced{spec: s, opts: opts, block: int(s.period * audio.Rate / time.Second), latency: s.period}
}

// State implements audio.Sink.
func (p *paced) State() audio.SinkState {
	return audio.SinkState{Name: p.spec.text, Frames: p.frames.Load(), Rate: audio.Rate, Underruns: p.underruns.Load(), Latency: p.latency, Period: p.spec.period}
}

// Run implements audio.Sink. Frames that a stall skipped are silence in the
// file, so that the file's time stays the clock's.
func (p *paced) Run(ctx context.Context, pull audio.Pull) error {
	start := p.opts.Clock()
	rec, err := p.record(start)
	if err != nil {
		return err
	}
	return rec.end(p.play(ctx, pull, rec, start))
}

// play pulls until ctx is done or the file fails.
func (p *paced) play(ctx context.Context, pull audio.Pull, rec *recording, start int64) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	buf := make([]float32, p.block)
	var frame, skipped int64
	for {
		due := start + span(frame+skipped)
		if !p.until(ctx, timer, due) {
			return nil
		}
		if late := p.opts.Clock() - due; late > int64(stallAfter) {
			gap := int64(math.Ceil(float64(late) * audio.Rate / 1e9))
			p.underruns.Add(1)
			skipped += gap
			if err := rec.silence(gap, 0); err != nil {
				return err
			}
			continue
		}
		pull(buf, audio.Beat{Frame: frame, Heard: due + int64(p.latency), Rate: audio.Rate})
		frame += int64(p.block)
		p.frames.Store(frame)
		if err := rec.write(buf, 0); err != nil {
			return err
		}
	}
}

// span is how long n frames take, ns.
func span(n int64) int64 { return int64(math.Round(float64(n) * 1e9 / audio.Rate)) }

// until waits for a local time and tells whether to go on.
func (p *paced) until(ctx context.Context, timer *time.Timer, due int64) bool {
	for {
		if ctx.Err() != nil {
			return false
		}
		wait := due - p.opts.Clock()
		if wait <= 0 {
			return true
		}
		timer.Reset(time.Duration(wait))
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
	}
}

// record opens the file, if there is to be one.
func (p *paced) record(start int64) (*recording, error) {
	if p.spec.file == "" {
		return nil, nil
	}
	rec, err := newRecording(p.spec.file, moment{start + int64(p.latency), time.Now().Add(p.latency), audio.Rate}, false)
	if err != nil {
		return nil, noDevice(err)
	}
	return rec, nil
}

// noDevice is the error of a file that cannot be written.
func noDevice(err error) error { return fmt.Errorf("%w: %w", ErrNoDevice, err) }
