package air

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// processPriority of all threads among real-time ones (SCHED_RR): below the
// pacers', above everything else. The Go runtime hands its locks and its places
// to run from thread to thread; a pacer's thread that waits for an ordinary one
// is as late as that one.
const processPriority = 20

// hasten gives every thread of the process real-time priority; threads that are
// made later inherit it. Where the system refuses, NewEngine's pacers, which are
// refused too, say so.
func hasten() {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, t := range tasks {
		if tid, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: processPriority}, 0)
		}
	}
	// The memory that is in use stays in memory, and so does what will be.
	_ = unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT)
}
