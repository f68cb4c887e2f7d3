package source

import "pa/audio"

// The control of a live queue: a PI law on its low water, critically damped.
const (
	spareKp    = 0.15   // ratio per second that the low water is wrong
	spareKi    = 0.0056 // and per second of that
	spareRatio = 1000e-6
	spareWatch = audio.Rate        // samples read; the low water is looked for so long: longer than any block
	spareLeast = audio.Rate / 1000 // 1 ms at 48 kHz: what is kept for a caller who has never been late
	spareStep  = audio.Rate / 200  // 5 ms more for one who was
	spareClean = 20                // watches in time until that is a millisecond less
	spareOld   = audio.Rate / 40   // 25 ms too much are cut off in the middle of a word; less waits for a pause
	sparePause = 0.003             // full scale: −50 dBFS
)

// spare keeps the least that is waiting after a read, the low water, as small
// as the caller allows: a little more than what has been needed of late. Numbers
// are samples at the caller's rate.
type spare struct {
	rate, most int
	low        int // least left over in this watch
	watched    int // samples at 48 kHz read in it
	learned    int // more, because the caller was late
	clean      int // watches since
	excess     int // too much by the last watch, to be cut in a pause
	integral   float64
	adjust     float64 // of the ratio
}

func (s *spare) at(n int) int { return n * s.rate / audio.Rate }

// want is what should be left over; slip is what may be missing when a clock
// slides past the other.
func (s *spare) want(slip int) int { return s.at(spareLeast) + slip + s.learned }

// rest begins to look anew; what has been learned stays.
func (s *spare) rest() { s.low, s.watched, s.excess = 1<<30, 0, 0 }

// ranOut takes in that nothing was left when it was needed.
func (s *spare) ranOut() {
	s.learned = min(s.learned+s.at(spareStep), max(0, s.most-s.at(spareLeast)))
	s.clean = 0
	s.rest()
}

// left takes in what is left over after a read of n samples at 48 kHz.
func (s *spare) left(n, left, slip int) {
	s.low = min(s.low, left)
	if s.watched += n; s.watched < spareWatch {
		return
	}
	if s.clean++; s.clean >= spareClean {
		s.clean, s.learned = 0, max(0, s.learned-s.at(audio.Rate/1000))
	}
	over := s.low - s.want(slip)
	wrong := float64(over) / float64(s.rate) // seconds
	adjust := spareKp*wrong + s.integral
	if adjust > spareRatio || adjust < -spareRatio {
		adjust = min(max(adjust, -spareRatio), spareRatio)
	} else {
		s.integral += spareKi * wrong * float64(s.watched) / audio.Rate
	}
	s.rest()
	s.adjust, s.excess = adjust, max(0, over)
}
