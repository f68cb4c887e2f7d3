package playout

import "math"

// The lengths of gain changes, in frames.
const (
	fadeIn    = 240   // the first sample of a talkspurt
	crossfade = 480   // one programme for another, a hard resync, a stop
	duckAtt   = 2400  // down to the ducked level
	duckRel   = 24000 // back from it
	comeBack  = 4800  // a preempted programme returns
)

// envelope is a gain that moves along half a cosine, so that two of them, one
// falling and one rising, add up to what they began with: the sum of two
// programmes is never louder, and its steps are never larger, than the larger
// of theirs. (Equal power would keep the loudness of two that are unlike, at
// the price of both; for 10 ms no ear misses the 3 dB.)
type envelope struct {
	from, to float64 // linear
	i, n     int
}

// rest sets the gain at once, linear.
func (e *envelope) rest(gain float64) { *e = envelope{to: gain} }

// move goes to a linear gain over n frames from where it is now.
func (e *envelope) move(gain float64, n int) {
	*e = envelope{from: e.gain(), to: gain, n: n}
}

func (e *envelope) gain() float64 {
	if e.i >= e.n {
		return e.to
	}
	return e.from + (e.to-e.from)*(1-math.Cos(math.Pi*float64(e.i)/float64(e.n)))/2
}

// left is the number of frames until it rests.
func (e *envelope) left() int { return max(e.n-e.i, 0) }

// silent tells that the gain is nothing and stays so.
func (e *envelope) silent() bool { return e.to == 0 && e.i >= e.n }

func (e *envelope) advance(n int) { e.i = min(e.i+n, e.n) }

// apply multiplies buf and moves on by its length.
func (e *envelope) apply(buf []float32) {
	moving := min(e.left(), len(buf))
	for j := range buf[:moving] {
		buf[j] *= float32(e.gain())
		e.i++
	}
	if rest := buf[moving:]; e.to != 1 {
		g := float32(e.to)
		for j := range rest {
			rest[j] *= g
		}
	}
}
