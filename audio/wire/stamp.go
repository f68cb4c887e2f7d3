package wire

import "time"

const (
	stampMaxAge = int64(2 * time.Second)
	stampStep   = int64(50 * time.Microsecond) // a jump of the wall clock by more is a step
	stampTries  = 3                            // to read the clocks without being interrupted
)

// clocks are a process's own: local monotonic time, and what its wall clock
// shows when the system's shows unix ns (nil: the same; a seam for tests).
type clocks struct {
	local func() int64
	wall  func(unix int64) int64
}

// stamper converts the kernel's stamps, which are wall time, to local time.
type stamper struct {
	clocks
	delta int64 // wall − the system's monotonic time when last looked
	known bool
}

// convert returns local time of stamp, Unix ns. When the stamp is missing,
// absurd, or the wall clock has stepped since the last call (somebody set it,
// or a leap second passed), it returns now and false.
func (s *stamper) convert(stamp int64) (at int64, ok bool) {
	local, unix, mono := s.read()
	if s.wall != nil {
		unix, stamp = s.wall(unix), s.wall(stamp)
	}
	delta := unix - mono // slewing moves both alike
	stepped := s.known && max(delta-s.delta, s.delta-delta) > stampStep
	s.delta, s.known = delta, true
	age := unix - stamp
	if stamp == 0 || stepped || age < 0 || age > stampMaxAge {
		return local, false
	}
	return local - age, true
}

// read reads the clocks as one, again when it was interrupted in between.
func (s *stamper) read() (local, unix, mono int64) {
	least := int64(-1)
	for range stampTries {
		before := s.local()
		now := time.Now()
		took := s.local() - before
		if least < 0 || took < least {
			least = took
			local, unix, mono = before+took/2, now.UnixNano(), int64(now.Sub(processStart))
		}
		if took < stampStep/5 {
			break
		}
	}
	return local, unix, mono
}
