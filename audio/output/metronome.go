package output

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"pa/audio"
)

// metronome is the host's clock and how to sleep by it.
type metronome struct {
	fake  audio.Clock // of a test, slept by with the runtime's timers; nil: the real one
	timer *time.Timer
}

func newMetronome(fake audio.Clock) metronome {
	m := metronome{fake: fake}
	if fake != nil {
		m.timer = time.NewTimer(time.Hour)
	}
	return m
}

// now is the host's CLOCK_MONOTONIC, ns: the same for all processes.
func (m *metronome) now() int64 {
	if m.fake != nil {
		return m.fake()
	}
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail: the clock exists
	return ts.Nano()
}

// run calls play from a thread of its own, as punctual as the system lets it
// be, and waits for it.
func (m *metronome) run(play func() error) error {
	if m.fake != nil {
		return play()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
		done <- play()
	}()
	return <-done
}

// longest is how long a sleep may keep ctx waiting.
const longest = int64(100 * time.Millisecond)

// until sleeps until a host time and tells whether to go on.
func (m *metronome) until(ctx context.Context, at int64) bool {
	for ctx.Err() == nil {
		now := m.now()
		if now >= at {
			return true
		}
		m.sleep(ctx, now, min(at, now+longest))
	}
	return false
}

func (m *metronome) sleep(ctx context.Context, now, at int64) {
	if m.fake == nil {
		ts := unix.NsecToTimespec(at)
		_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil) // interrupted: looked at again
		return
	}
	m.timer.Reset(time.Duration(at - now))
	select {
	case <-ctx.Done():
	case <-m.timer.C:
	}
}
