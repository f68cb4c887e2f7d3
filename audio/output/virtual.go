package output

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"pa/audio"
)

// virtual is a sound card without hardware, for tests that measure time. It
// runs by the host's clock, with the drift, wander and irregular periods that
// its spec asks for, and knows nothing of the clock that the program believes
// in: what it tells the program is what a card tells, when it wants frames.
// Its recording carries the host's time of every period.
type virtual struct {
	spec    spec
	opts    Options
	block   int // frames of a period
	latency int64
	guess   *estimate
	rng     *rand.Rand

	gone      atomic.Bool // dead by order
	frames    atomic.Int64
	underruns atomic.Uint64
	pulled    atomic.Bool // out of its socket

	// Run's own.
	host    metronome
	rec     *recording
	start   int64 // host ns at which the card began
	frame   int64 // next frame to be pulled
	skipped int64 // frames that passed with nothing to play
	stopped int64 // frame of the last injected stall
}

func newVirtual(s spec, opts Options) *virtual {
	if s.latency == 0 {
		s.latency = s.period
	}
	v := &virtual{
		spec: s, opts: opts, block: int(s.period * audio.Rate / time.Second), latency: int64(s.latency),
		guess: newEstimate(s.latency), rng: rand.New(rand.NewPCG(s.drift.Seed, 1)),
	}
	v.guess.line.SetDepth(s.buffer) // it waits for so long, and only then is dry
	return v
}

// State implements audio.Sink. The rate is what the program can know.
func (v *virtual) State() audio.SinkState {
	fault := ""
	if v.gone.Load() {
		fault = "virtual card is dead, as ordered"
	}
	if v.pulled.Load() {
		fault = "the virtual sound card is pulled out: delete " + v.spec.gone
	}
	return audio.SinkState{Name: v.spec.text, Frames: v.frames.Load(), Rate: v.guess.known(),
		Underruns: v.underruns.Load(), Latency: v.spec.latency, Period: v.spec.period, Fault: fault}
}

// Run implements audio.Sink.
func (v *virtual) Run(ctx context.Context, pull audio.Pull) error {
	v.host = newMetronome(v.opts.Host)
	v.start = v.host.now()
	var err error
	if v.spec.file != "" {
		at := moment{local: v.opts.Clock() + v.latency, wall: time.Now().Add(v.spec.latency), rate: audio.Rate * (1 + v.spec.drift.PPM*1e-6)}
		if v.rec, err = newRecording(v.spec.file, at, true); err != nil {
			return noDevice(err)
		}
	}
	return v.rec.end(v.host.run(func() error { return v.play(ctx, pull) }))
}

// due is the host time at which the card's clock reaches a frame.
func (v *virtual) due(frame int64) int64 {
	return v.start + v.spec.drift.When(int64(math.Round(float64(frame)*1e9/audio.Rate)))
}

// play pulls until ctx is done or the file fails.
func (v *virtual) play(ctx context.Context, pull audio.Pull) error {
	buf := make([]float32, v.block)
	for {
		due := v.due(v.frame + v.skipped)
		if !v.host.until(ctx, due+v.lateness()) {
			return nil
		}
		if v.spec.dead != 0 && v.frame >= int64(v.spec.dead*audio.Rate/time.Second) {
			v.gone.Store(true)
			<-ctx.Done()
			return nil
		}
		if v.away() {
			v.skipped += int64(v.block)
			if err := v.rec.silence(int64(v.block), due+v.latency); err != nil {
				return err
			}
			continue
		}
		if gap := v.stall(due); gap > 0 {
			v.underruns.Add(1)
			v.skipped += gap
			if err := v.rec.silence(gap, due+v.latency); err != nil {
				return err
			}
			continue
		}
		pull(buf, v.beat(due))
		v.frame += int64(v.block)
		v.frames.Store(v.frame)
		if err := v.rec.write(buf, due+v.latency); err != nil {
			return err
		}
	}
}

// away says that the card is pulled out, or asks for nothing.
func (v *virtual) away() bool {
	there := func(file string) bool {
		if file == "" {
			return false
		}
		_, err := os.Stat(file)
		return err == nil
	}
	gone := there(v.spec.gone)
	v.pulled.Store(gone)
	return gone || there(v.spec.stuck)
}

// lateness is by how much the card's next request is irregular, ns.
func (v *virtual) lateness() int64 {
	if v.spec.jitter == 0 {
		return 0
	}
	return v.rng.Int64N(int64(v.spec.jitter))
}

// stall is the length in frames of a stall that begins here: one that the spec
// wants, or one for want of frames, when the pull is later than the buffer is
// deep.
func (v *virtual) stall(due int64) (gap int64) {
	if v.spec.every != 0 && v.frame-v.stopped >= int64(v.spec.every*audio.Rate/time.Second) {
		v.stopped = v.frame
		gap = int64(v.spec.stop * audio.Rate / time.Second)
	}
	if late := v.host.now() - due; late > int64(v.spec.buffer) {
		gap = max(gap, late*audio.Rate/int64(time.Second)+1)
	}
	return gap
}

// beat is what the program is told: by when it was asked, or with
// position=device by what such a card says of itself.
func (v *virtual) beat(due int64) audio.Beat {
	now, host := v.opts.Clock(), v.host.now()
	if v.spec.tells {
		now -= host - due
	}
	v.guess.note(v.frame, now)
	return v.guess.beat(v.frame)
}
