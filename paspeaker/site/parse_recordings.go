package site

import "time"

// Recordings say what is kept of live calls, and for how long.
type Recordings struct {
	Live     bool          // the sound of live calls is kept
	Keep     time.Duration // then it is gone
	MaxBytes int64         // of all; the oldest go first
}

var defaultRecordings = Recordings{Live: true, Keep: 90 * 24 * time.Hour, MaxBytes: 1 << 30}

// readRecordings reads the section recordings.
func (s *Site) readRecordings(v value) {
	o := v.object("live", "keep", "max_bytes")
	s.Recordings = Recordings{
		Live:     o.get("live").word("true", "true", "false") == "true",
		Keep:     o.get("keep").duration(defaultRecordings.Keep, time.Hour, 366*24*time.Hour),
		MaxBytes: o.get("max_bytes").bytes(defaultRecordings.MaxBytes, 1<<20, 4<<30),
	}
}
