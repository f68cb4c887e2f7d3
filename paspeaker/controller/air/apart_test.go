package air

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pa/audio"
	"pa/audio/wire"
)

// apartStudio is a studio and its engine's process.
func apartStudio(t *testing.T) (*studio, *apart) {
	t.Helper()
	l, err := links["apart"](nil, nil)
	require.NoError(t, err)
	a := l.(*apart)
	a.log = slog.New(slog.DiscardHandler)
	s := &studio{Link: a, t: t, base: 1e18, events: make(chan Event, 4096)}
	a.tell = func(ev Event) { s.events <- ev }
	s.open(t)
	return s, a
}

func TestAnEngineThatDiesIsMissed(t *testing.T) {
	s, a := apartStudio(t)
	done := make(chan error, 1)
	go func() { done <- a.Run(t.Context()) }()
	s.heard(func(ev Event) bool { return ev.Stats != nil })
	require.NoError(t, a.cmd.Process.Kill())
	assert.ErrorIs(t, <-done, ErrGone)
	assert.ErrorIs(t, a.Do(Order{Pause: &Pause{}}), ErrGone)
}

func TestAnEngineThatHangsIsKilledNotWaitedFor(t *testing.T) {
	s, a := apartStudio(t)
	done := make(chan error, 1)
	go func() { done <- a.Run(t.Context()) }()
	s.heard(func(ev Event) bool { return ev.Stats != nil })
	require.NoError(t, a.cmd.Process.Signal(syscall.SIGSTOP))
	big := make([]string, 5000)
	var err error
	for err == nil { // until the socket is full
		err = a.Do(Order{Silence: &Silence{Targets: []uint32{1}, Units: big}})
	}
	assert.ErrorIs(t, err, ErrGone)
	assert.ErrorIs(t, <-done, ErrGone)
}

func TestAnEngineSaysGoodbyeWhenOthersAreSignalled(t *testing.T) {
	s, a := apartStudio(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	e := s.listen(group(9))
	s.play(chapter, false, tone(100*audio.Rate), toGates(group(9)))
	e.next(anyPacket)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		require.NoError(t, a.cmd.Process.Signal(sig))
	}
	n := 0
	e.next(func(wire.Packet) bool { n++; return n == 30 })
	cancel()
	require.NoError(t, <-done)
	assert.True(t, a.cmd.ProcessState.Exited(), "it ended by itself: %v", a.cmd.ProcessState)
	assert.ErrorIs(t, a.Do(Order{Pause: &Pause{}}), ErrGone)
}

func TestAnEngineThatWasNeverRunLeavesNothing(t *testing.T) {
	_, a := apartStudio(t)
	a.Close()
	assert.NotNil(t, a.cmd.ProcessState)
	_, err := Apart([]string{"/nonexistent"}, nil, nil)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestAnOrderThatIsTooLongIsRefusedAndTheNextIsTaken(t *testing.T) {
	s, a := apartStudio(t)
	defer a.Close()
	assert.ErrorIs(t, a.Do(Order{Silence: &Silence{Units: []string{strings.Repeat("x", maxMessage)}}}), ErrOrder)
	s.do(Order{Pause: &Pause{}})
}

// policies returns the scheduling policies of a process's threads.
func policies(t *testing.T, pid int) map[string]int {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	require.NoError(t, err)
	out := make(map[string]int)
	for _, task := range tasks {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/stat", pid, task.Name()))
		if err != nil {
			continue // a thread that ended meanwhile
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		out[f[38]]++ // policy, field 41 of proc(5)
	}
	return out
}

// mayHurry says whether this user may have real-time priority.
func mayHurry() bool {
	ok := make(chan bool)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		ok <- unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0) == nil
	}()
	return <-ok
}

func TestEveryThreadOfTheEngineIsARealTimeOneWhereAllowed(t *testing.T) {
	s, a := apartStudio(t)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- a.Run(ctx) }()
	s.heard(func(ev Event) bool { return ev.Stats != nil })
	s.heard(func(ev Event) bool { return ev.Stats != nil })
	got := policies(t, a.cmd.Process.Pid)
	if mayHurry() {
		assert.Zero(t, got["0"], "SCHED_OTHER: %v", got)
		assert.Equal(t, runtime.NumCPU()+1, got["1"], "SCHED_FIFO: the pacers: %v", got)
		assert.NotZero(t, got["2"], "SCHED_RR: %v", got)
	} else {
		assert.NotZero(t, got["0"])
	}
	cancel()
	require.NoError(t, <-done)
}

func TestTwoProcessesAgreeOnTheTime(t *testing.T) {
	a, b := MonotonicOffset(), MonotonicOffset()
	assert.InDelta(t, a, b, float64(time.Millisecond))
}
