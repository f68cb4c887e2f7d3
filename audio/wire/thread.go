package wire

import (
	"encoding/binary"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// DefaultPriority of a pacer's thread: above what is ordinary, below the
// kernel's interrupt threads.
const DefaultPriority = 40

// niceness of a pacer's thread that gets no real-time priority.
const niceness = -11

// lockThread makes the calling goroutine's thread as punctual as the system
// allows, and says by refused when that is less than real-time.
func lockThread(priority int, refused func(error)) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // ns; ignored for real-time threads
	err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO,
		Flags: unix.SCHED_FLAG_RESET_ON_FORK, Priority: uint32(priority)}, 0)
	if err != nil {
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), niceness) // often refused as well
		refused(err)
	}
}

// alarm lets one thread sleep for exact times and others wake it at once.
type alarm struct {
	mu   sync.RWMutex // the descriptor is not closed while somebody rings
	fd   int          // an eventfd, -1 when closed
	poll [1]unix.PollFd
	read [8]byte
}

func newAlarm() (*alarm, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	return &alarm{fd: fd, poll: [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}}, nil
}

// ring wakes the sleeper, or spares it its next sleep.
func (a *alarm) ring() {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.fd >= 0 {
		var one [8]byte
		binary.NativeEndian.PutUint64(one[:], 1)
		_, _ = unix.Write(a.fd, one[:])
	}
}

// wait sleeps for ns, for ever when negative, or until somebody rings.
func (a *alarm) wait(ns int64) {
	var timeout *unix.Timespec
	if ns >= 0 {
		ts := unix.NsecToTimespec(ns)
		timeout = &ts
	}
	n, err := unix.Ppoll(a.poll[:], timeout, nil) // an interrupted sleep is a short one
	if err == nil && n > 0 {
		_, _ = unix.Read(int(a.poll[0].Fd), a.read[:])
	}
}

func (a *alarm) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	fd := a.fd
	a.fd = -1
	return unix.Close(fd)
}
