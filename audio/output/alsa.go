package output

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"pa/audio"
)

const (
	alsaRetry = 500 * time.Millisecond // between two attempts to open a card
	alsaPoll  = 100 * time.Millisecond // at most without a look at ctx
	alsaDumb  = 10                     // polls without a period played until the card counts as lost
	alsaWake  = 100                    // attempts to resume a suspended card, one a poll
)

// alsa is a card through the kernel's own interface, without a library between:
// the least latency, and it knows when its frames are heard. A card that is
// missing or lost is a fault in its state, and is tried again until it is back:
// a USB plug must not take a process down.
type alsa struct {
	spec   spec
	opts   Options
	kernel pcmKernel
	line   *audio.Line

	// Of the card that is open, Run's own.
	pcm     *pcm
	written int64 // device frames since Run began, silence too
	pending []byte
	mono    []float32
	bytes   []byte
	silence []byte

	frames    atomic.Int64
	underruns atomic.Uint64
	rate      atomic.Uint64 // bits of a float64, 0 before it is known
	latency   atomic.Int64  // ns
	period    atomic.Int64  // ns
	fault     atomic.Pointer[string]
}

func newALSA(s spec, opts Options, k pcmKernel) *alsa {
	a := &alsa{spec: s, opts: opts, kernel: k, line: audio.NewLine(audio.Rate)}
	period := int(int64(s.alsa.period) * audio.Rate / int64(time.Second))
	a.promise(period, period*s.alsa.periods)
	return a
}

// promise works out what the state tells: a period is asked for when there is
// room for it, so what is written then waits for the others.
func (a *alsa) promise(period, buffer int) {
	a.period.Store(int64(period) * int64(time.Second) / audio.Rate)
	a.latency.Store(int64(buffer-period)*int64(time.Second)/audio.Rate + int64(a.spec.latency))
}

// State implements audio.Sink.
func (a *alsa) State() audio.SinkState {
	s := audio.SinkState{
		Name: a.spec.text, Frames: a.frames.Load(), Rate: math.Float64frombits(a.rate.Load()), Underruns: a.underruns.Load(),
		Latency: time.Duration(a.latency.Load()), Period: time.Duration(a.period.Load()),
	}
	if f := a.fault.Load(); f != nil {
		s.Fault = *f
	}
	return s
}

// Run implements audio.Sink. It returns when ctx is done, and not because of a
// card.
func (a *alsa) Run(ctx context.Context, pull audio.Pull) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		lockThread(a.opts.Log) // and never unlock: the thread ends with the goroutine
		for ctx.Err() == nil {
			if err := a.session(ctx, pull); err != nil {
				a.lose(err)
				pause(ctx, alsaRetry)
			}
		}
	}()
	<-done
	return nil
}

// lose makes an error the fault that people see, and says it once.
func (a *alsa) lose(err error) {
	text := err.Error()
	if old := a.fault.Swap(&text); old == nil || *old != text {
		a.opts.Log.Warn("sound card lost, trying again", "output", a.spec.text, "err", err)
	}
}

// session opens the card and plays until ctx is done (nil) or the card is lost.
func (a *alsa) session(ctx context.Context, pull audio.Pull) (err error) {
	if a.pcm, err = openPCM(a.kernel, *a.spec.alsa); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.pcm.close()) }()
	p := a.pcm
	a.mono = make([]float32, p.period)
	a.bytes = make([]byte, p.period*p.size())
	a.silence = make([]byte, p.period*p.size())
	a.promise(p.period, p.buffer)
	if err := a.begin(); err != nil {
		return err
	}
	a.fault.Store(nil)
	a.opts.Log.Info("sound card open", "device", p.path, "period", p.period, "buffer", p.buffer, "channels", p.channels, "bits", 8*p.size()/p.channels)
	return a.play(ctx, pull)
}

// begin starts the card on silence, so that its line is known before sound is
// asked for.
func (a *alsa) begin() error {
	a.pending = nil
	a.line.Restart()
	n, err := a.pcm.prime(a.silence)
	a.written += int64(n)
	if err != nil {
		return fmt.Errorf("start %s: %w", a.pcm.path, err)
	}
	return nil
}

// play keeps the card full.
func (a *alsa) play(ctx context.Context, pull audio.Pull) error {
	patience := max(alsaPoll, 4*time.Duration(a.period.Load()))
	for dumb := 0; ; {
		wrote, err := a.serve(ctx, pull)
		if err != nil {
			return fmt.Errorf("play on %s: %w: %w", a.pcm.path, ErrDeviceLost, err)
		}
		if ctx.Err() != nil {
			return nil
		}
		if wrote {
			dumb = 0
		}
		ready, err := a.kernel.poll(a.pcm.fd, patience)
		if err != nil {
			return fmt.Errorf("wait for %s: %w: %w", a.pcm.path, ErrDeviceLost, err)
		}
		if ready && !wrote { // some driver's word is not to be taken: do not spin on it
			pause(ctx, time.Millisecond)
		}
		// Polls are counted, not time: a process that was itself stopped is not
		// deceived.
		if dumb++; dumb > alsaDumb && !ready {
			return fmt.Errorf("play on %s: %w: it asked for no sound for %v", a.pcm.path, ErrDeviceLost, alsaDumb*patience)
		}
	}
}

// serve looks how the card is and gives it what it has room for; wrote says
// that it took something.
func (a *alsa) serve(ctx context.Context, pull audio.Pull) (wrote bool, err error) {
	p := a.pcm
	if err := p.look(); err != nil {
		return false, err
	}
	switch p.status.state {
	case pcmRunning:
	case pcmDisconnected:
		return false, unix.ENODEV
	case pcmSuspended:
		return false, a.wake(ctx)
	default: // it ran dry, or somebody stopped it
		a.underruns.Add(1)
		return true, a.begin()
	}
	a.note()
	for room := int(p.status.avail); room >= p.period && ctx.Err() == nil; {
		if len(a.pending) == 0 {
			a.pull(pull)
		}
		n, err := p.write(a.pending)
		if err == unix.EPIPE || err == unix.ESTRPIPE {
			return true, nil // the next look tells which
		}
		if err != nil || n == 0 {
			return wrote, err
		}
		wrote = true
		room -= n
		a.written += int64(n)
		a.pending = a.pending[n*p.size():]
	}
	return wrote, nil
}

// note takes down where the card is. What the driver reports is what it has
// played at least: a true point lies on the line, a coarse one is late.
func (a *alsa) note() {
	p := a.pcm
	a.line.Add(a.written-int64(p.status.delay), a.local(p.stamp()))
	if rate := a.line.Rate(); rate != audio.Rate {
		a.rate.Store(math.Float64bits(rate))
	}
}

// local turns the kernel's time into ours. Both are read next to each other; a
// pair between which we had to wait is read again.
func (a *alsa) local(stamp int64) int64 {
	for tries := 0; ; tries++ {
		before := a.kernel.now()
		ours := a.opts.Clock()
		after := a.kernel.now()
		if after-before < 20_000 || tries == 3 {
			return ours - (before + (after-before)/2 - stamp)
		}
	}
}

// pull asks for a period and makes it what the card wants.
func (a *alsa) pull(pull audio.Pull) {
	frame := a.frames.Load()
	pull(a.mono, audio.Beat{Frame: frame, Heard: a.line.At(a.written) + int64(a.spec.latency), Rate: a.line.Rate()})
	a.frames.Store(frame + int64(len(a.mono)))
	a.pcm.encode(a.bytes, a.mono)
	a.pending = a.bytes
}

// wake resumes a card that the machine's sleep has suspended, or starts it
// anew where it cannot.
func (a *alsa) wake(ctx context.Context) error {
	a.underruns.Add(1)
	for range alsaWake {
		err := a.pcm.ioctl(iocResume, unsafe.Pointer(nil))
		if err == nil {
			a.line.Restart()
			return nil
		}
		if err != unix.EAGAIN {
			return a.begin()
		}
		if !pause(ctx, alsaPoll) {
			return nil
		}
	}
	return unix.ESTRPIPE
}

// pause waits; false when ctx ended it.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
