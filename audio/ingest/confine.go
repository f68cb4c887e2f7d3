package ingest

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	niceness = 15      // every voice comes first
	nobody   = 65534   // the user and group that own nothing
	maxFile  = 1 << 30 // bytes of any file that a program called from here writes
	maxFiles = 64      // open at once
)

// confine gives up what a decoder does not need, before it has seen a byte:
// priority, memory and time beyond the order's, and every privilege. What the
// kernel does not let go of is no reason to decode without the rest.
func confine(o order) error {
	parent := os.Getppid()
	if err := unix.Setpriority(unix.PRIO_PGRP, 0, niceness); err != nil {
		return fmt.Errorf("lower priority: %w", err)
	}
	// When the machine runs out of memory, the kernel takes this one first.
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0); err != nil {
		return fmt.Errorf("be the first to go: %w", err)
	}
	for _, l := range []struct {
		what  int
		limit uint64
	}{
		// Go reserves address space that it never uses: what counts is what can
		// be written to.
		{unix.RLIMIT_DATA, uint64(o.Memory)},
		{unix.RLIMIT_CPU, o.CPU},
		{unix.RLIMIT_FSIZE, maxFile},
		{unix.RLIMIT_NOFILE, maxFiles},
		{unix.RLIMIT_CORE, 0},
	} {
		if err := limit(l.what, l.limit); err != nil {
			return err
		}
	}
	if os.Geteuid() == 0 {
		becomeNobody()
	}
	if err := renounce(); err != nil {
		return err
	}
	// A change of user forgets the death signal.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("follow parent: %w", err)
	}
	if os.Getppid() != parent {
		return errors.New("parent is gone")
	}
	return nil
}

// limit lowers a resource limit, hard and soft; one that is lower stays.
func limit(what int, value uint64) error {
	var old unix.Rlimit
	if err := unix.Getrlimit(what, &old); err != nil {
		return fmt.Errorf("read limit %d: %w", what, err)
	}
	value = min(value, old.Max)
	if err := unix.Setrlimit(what, &unix.Rlimit{Cur: value, Max: value}); err != nil {
		return fmt.Errorf("set limit %d: %w", what, err)
	}
	return nil
}

// becomeNobody is for a controller that runs as root. Where there is no such
// user (a container's map may lack it), losing all capabilities must do.
func becomeNobody() {
	_ = syscall.Setgroups(nil)
	_ = syscall.Setgid(nobody)
	_ = syscall.Setuid(nobody)
}

// renounce gives up all capabilities, on every thread, and the ways to gain
// new ones. A program built with cgo, as ours are under the race detector only,
// can do it on this thread alone.
func renounce() error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	for _, call := range []struct {
		what          string
		trap, a, b, c uintptr
	}{
		{"gain no privileges", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0},
		{"drop ambient capabilities", unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0},
		{"drop capabilities", unix.SYS_CAPSET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&none[0])), 0},
	} {
		_, _, errno := syscall.AllThreadsSyscall(call.trap, call.a, call.b, call.c)
		if errno == syscall.ENOTSUP {
			_, _, errno = syscall.RawSyscall(call.trap, call.a, call.b, call.c)
		}
		if errno != 0 {
			return fmt.Errorf("%s: %w", call.what, errno)
		}
	}
	return nil
}
