package loudness

import (
	"math"
	"time"

	"pa/audio"
)

const (
	limitTaps    = 12                   // of the look between samples
	limitHalf    = limitTaps / 2        // samples that it looks ahead
	limitRelease = 0.08                 // seconds in which two thirds of a reduction are given back
	limitRing    = 1024                 // samples, a power of two above the longest look-ahead
	limitLoudest = 64                   // beyond full scale; what a broken source sends is kept finite
	limitMin     = 24                   // samples of look-ahead at least, 0.5 ms
	limitMax     = limitRing - limitMin // samples
)

// Limiter keeps the peaks of a mono stream at 48 kHz, between samples too,
// below a ceiling. It sees a peak coming and turns down smoothly before it, so
// that nothing is bent or clipped; far below the ceiling it is a mere delay,
// bit for bit. One goroutine uses it.
type Limiter struct {
	ceiling float32
	trigger float32 // samples below it cannot make a peak above the ceiling
	ahead   int     // samples of look-ahead
	filters between

	ring  [limitRing]float32 // sound, written at at
	at    int64
	quiet int // samples since one above trigger, or since the gain was below 1

	// The least gain needed within the look-ahead: a queue of falling ages and
	// rising gains, after the sliding window minimum.
	mins        [limitRing]gainAt
	front, back int64
	gain        float32            // after release
	box         [limitRing]float32 // gains of the look-ahead, whose mean is applied
	sum         float64
}

type gainAt struct {
	at   int64
	gain float32
}

// NewLimiter returns a limiter with that ceiling, dBTP (usually −1), and
// look-ahead, which is also its latency: 0.5 to 20 ms, 1 to 2 ms for a live
// voice. A longer one is gentler on loud music.
func NewLimiter(ceilingDB float64, lookahead time.Duration) *Limiter {
	n := int(lookahead * audio.Rate / time.Second)
	l := &Limiter{
		ceiling: audio.DB(ceilingDB),
		ahead:   min(max(n, limitMin), limitMax) - limitHalf,
		filters: newBetween(limitTaps),
		gain:    1,
	}
	l.trigger = l.ceiling / max(l.filters.bound, 1)
	l.rest()
	return l
}

// Latency is by how many samples the sound comes out later.
func (l *Limiter) Latency() int { return l.ahead + limitHalf }

// Process limits buf in place. It does not allocate.
func (l *Limiter) Process(buf []float32) {
	settled := 2*l.ahead + limitTaps
	for i, v := range buf {
		v = min(max(v, -limitLoudest), limitLoudest)
		if v != v {
			v = 0
		}
		l.ring[l.at&(limitRing-1)] = v
		switch {
		case v > l.trigger || v < -l.trigger:
			if l.quiet > settled {
				l.rest()
			}
			l.quiet = 0
		case l.gain == 1:
			l.quiet++
		}
		out := l.ring[(l.at-int64(l.ahead)-limitHalf)&(limitRing-1)]
		if l.quiet <= settled {
			out = min(max(out*l.next(), -l.ceiling), l.ceiling)
		}
		buf[i] = out
		l.at++
	}
}

// rest makes the gain 1 all along the look-ahead.
func (l *Limiter) rest() {
	for i := range l.box {
		l.box[i] = 1
	}
	l.sum = float64(l.ahead + 1)
	l.front, l.back, l.gain = 0, 0, 1
}

// next takes in the gain that the newest visible sample needs and returns the
// gain of the sample that goes out. Every gain in the mean is at most what
// that sample needs, for it was under the window all the while.
func (l *Limiter) next() float32 {
	least := l.least(l.need())
	l.gain = min(least, l.gain+(1-l.gain)*limitBack)
	if l.gain > 0.99999 {
		l.gain = 1
	}
	old := &l.box[(l.at-int64(l.ahead)-1)&(limitRing-1)]
	l.box[l.at&(limitRing-1)] = l.gain
	l.sum += float64(l.gain) - float64(*old)
	return float32(l.sum / float64(l.ahead+1))
}

// limitBack is the share of the missing gain that is given back each sample.
var limitBack = float32(1 - math.Exp(-1/(limitRelease*audio.Rate)))

// need is the gain that the sample limitHalf ago, and what is between it and
// its neighbours, must have.
func (l *Limiter) need() float32 {
	var x [limitTaps]float32
	peak := float32(0)
	for k := range x {
		x[k] = l.ring[(l.at-limitTaps+1+int64(k))&(limitRing-1)]
	}
	for _, v := range x {
		peak = max(peak, v, -v)
	}
	if peak <= l.trigger {
		return 1
	}
	v := x[limitHalf-1]
	peak = max(v, -v, l.filters.peak(x[:]))
	if !(peak > l.ceiling) {
		return 1
	}
	return l.ceiling / peak
}

// least is the smallest of the last ahead+1 gains, the new one included.
func (l *Limiter) least(gain float32) float32 {
	const mask = limitRing - 1
	for l.back > l.front && l.mins[(l.back-1)&mask].gain >= gain {
		l.back--
	}
	l.mins[l.back&mask] = gainAt{l.at, gain}
	l.back++
	for l.mins[l.front&mask].at < l.at-int64(l.ahead) {
		l.front++
	}
	return l.mins[l.front&mask].gain
}
