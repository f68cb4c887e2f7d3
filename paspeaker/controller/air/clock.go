package air

import (
	"golang.org/x/sys/unix"

	"pa/audio"
)

// MonotonicOffset is CLOCK_MONOTONIC, which all processes of this machine
// share, less this process's audio.Now, ns. It never changes; each look at it
// is good to a microsecond.
func MonotonicOffset() int64 {
	narrowest, offset := int64(1)<<62, int64(0)
	for range 10 {
		before := audio.Now()
		var shared unix.Timespec
		if unix.ClockGettime(unix.CLOCK_MONOTONIC, &shared) != nil {
			return 0 // every Linux has it
		}
		if gap := audio.Now() - before; gap < narrowest {
			narrowest, offset = gap, shared.Nano()-before-gap/2
		}
	}
	return offset
}
