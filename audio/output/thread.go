package output

import (
	"log/slog"
	"runtime"

	"golang.org/x/sys/unix"
)

// fifoPriority is above the network's: a packet may wait for the sound card,
// whose buffer is the shortest in the house.
const fifoPriority = 60

// lockThread gives the calling goroutine a thread of its own, with real-time
// priority where the system allows it.
func lockThread(log *slog.Logger) {
	runtime.LockOSThread()
	err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO,
		Flags: unix.SCHED_FLAG_RESET_ON_FORK, Priority: fifoPriority}, 0)
	if err != nil {
		log.Info("playing without real-time priority; grant CAP_SYS_NICE or LimitRTPRIO against underruns", "error", err)
	}
}
