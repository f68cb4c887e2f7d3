package node

import (
	"sync/atomic"
	"time"
)

// jitter is how unevenly packets come (RFC 3550 §6.4.1): the smoothed
// difference between how far apart two packets arrive and how far apart they
// are to be heard. The intake's goroutine writes it, the reports read it.
type jitter struct {
	session     uint64
	at, tPlay   int64 // ns, of the packet before
	smoothed    int64 // ns × 16, as the RFC computes it
	nanoseconds atomic.Int64
}

// maxApart is from where on a gap is a pause of the speaker's, not of the
// network's.
const maxApart = int64(time.Second)

// note takes in a packet of a session. It allocates nothing.
func (j *jitter) note(session uint64, tPlay, at int64) {
	apart := (at - j.at) - (tPlay - j.tPlay)
	known := session == j.session && tPlay > j.tPlay && tPlay-j.tPlay < maxApart
	if session != j.session {
		j.smoothed = 0
	}
	j.session, j.at, j.tPlay = session, at, tPlay
	if !known {
		return
	}
	j.smoothed += max(apart, -apart) - (j.smoothed+8)>>4
	j.nanoseconds.Store(j.smoothed >> 4)
}
