package playout

import "math"

const (
	ceiling      = 0.8912509 // −1 dBFS
	limitAttack  = 48        // frames, where the block allows it
	limitRelease = 2400      // frames for the gain to come back by 1 − 1/e
)

// limiter keeps peaks at or below the ceiling and does not touch anything
// else: a programme below it passes bit for bit. It has no delay. Within a
// block the gain falls ahead of the peak; a peak at the very start of a block
// is met at once.
type limiter struct {
	gain float64      // at the end of the last block
	over uint64       // samples so far that wanted to be beyond full scale
	need [480]float32 // gain wanted per frame of this block
}

func (l *limiter) process(buf []float32) {
	peak := float32(0)
	for _, v := range buf {
		peak = max(peak, v, -v)
	}
	// The tolerance lets pass what a limiter at the sender left, rounded.
	if peak <= ceiling*1.0005 && l.gain == 1 {
		return
	}
	need := l.need[:len(buf)]
	ahead := float32(1)
	for i := len(buf) - 1; i >= 0; i-- {
		ahead = min(1, ahead+1.0/limitAttack)
		if a := float32(math.Abs(float64(buf[i]))); a > ceiling {
			ahead = min(ahead, ceiling/a)
			if a > 1 {
				l.over++
			}
		}
		need[i] = ahead
	}
	for i := range buf {
		l.gain += (1 - l.gain) / limitRelease
		l.gain = min(l.gain, float64(need[i]))
		buf[i] *= float32(l.gain)
	}
	if l.gain > 0.9999 {
		l.gain = 1
	}
}
