package monitor

import (
	"math"
	"math/bits"
	"time"

	"pa/audio"
)

const (
	hop       = 500 * time.Millisecond // between windows
	span      = time.Second            // of a window
	mostDelay = 600 * time.Millisecond // of the sound to the monitor: 200 m, or a slow card
	earlyBy   = 100 * time.Millisecond // an output that believes it is slower than it is

	down    = 6 // 48 kHz → 8 kHz
	lowRate = audio.Rate / down
	lowTaps = 96

	audible = -60.0 // dBFS: the mixer's sound in the band that is worth comparing
)

// comparer finds one second of sound in another. It is for one goroutine and
// keeps its buffers.
type comparer struct {
	taps       []float32
	raw        []float32
	sent, ear  []float64
	a, b       []complex128
	cos        []complex128
	size, lags int
}

func newComparer() *comparer {
	n, lags := int(span*lowRate/time.Second), int((mostDelay+earlyBy)*lowRate/time.Second)
	size := 1 << bits.Len(uint(n+lags))
	c := &comparer{taps: bandpass(), sent: make([]float64, n), ear: make([]float64, n+lags), size: size, lags: lags,
		raw: make([]float32, (n+lags)*down+lowTaps), a: make([]complex128, size), b: make([]complex128, size), cos: make([]complex128, size/2)}
	for i := range c.cos {
		c.cos[i] = complex(math.Cos(2*math.Pi*float64(i)/float64(size)), -math.Sin(2*math.Pi*float64(i)/float64(size)))
	}
	return c
}

// bandpass is a filter for what loudspeakers and microphones both can: 180 Hz to
// 3.4 kHz. Below that is wind and hum.
func bandpass() []float32 {
	const low, high = 180.0 / audio.Rate, 3400.0 / audio.Rate
	out := make([]float32, lowTaps)
	for i := range out {
		x := float64(i) - (lowTaps-1)/2.0
		window := 0.54 - 0.46*math.Cos(2*math.Pi*float64(i)/(lowTaps-1))
		out[i] = float32(window * 2 * (high*sinc(2*high*x) - low*sinc(2*low*x)))
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// lower reads len(dst) samples at 8 kHz of what a tap has from a local time on,
// and returns when the first of them is heard.
func (c *comparer) lower(dst []float64, t *Tap, from int64) int64 {
	raw := c.raw[:len(dst)*down+lowTaps]
	const half = int64(lowTaps/2) * int64(time.Second) / audio.Rate
	at := t.Read(raw, from-half) + half
	for i := range dst {
		var sum float32
		for k, v := range raw[i*down : i*down+lowTaps] {
			sum += v * c.taps[k]
		}
		dst[i] = float64(sum)
	}
	return at
}

// window compares the second that was sent before a local time with what was
// heard; false when nothing was sent that could be compared.
func (c *comparer) window(sent, ear *Tap, until int64) (Window, bool) {
	w := Window{From: until - int64(span), To: until}
	began := c.lower(c.sent, sent, w.From)
	energy := energyOf(c.sent)
	if decibel(math.Sqrt(energy/float64(len(c.sent)))) < audible {
		return w, false
	}
	w.SentDB, w.HeardDB = sent.LevelDB(until, span), ear.LevelDB(until+int64(mostDelay), span+mostDelay)
	heard := c.lower(c.ear, ear, w.From-int64(earlyBy))
	lag, likeness := c.find(energy)
	w.Likeness = likeness
	w.Delay = time.Duration(heard - began + int64(lag*1e9/lowRate))
	w.HeardDB = ear.LevelDB(until+int64(max(w.Delay, 0)), span)
	return w, true
}

// find returns the lag, in samples, at which the sent sound is most like what
// was heard, and how like: the correlation, normalised by both energies.
func (c *comparer) find(energy float64) (lag, likeness float64) {
	clear(c.a)
	clear(c.b)
	for i, v := range c.sent {
		c.a[i] = complex(v, 0)
	}
	for i, v := range c.ear {
		c.b[i] = complex(v, 0)
	}
	c.fft(c.a)
	c.fft(c.b)
	for i := range c.a { // conj(A)·B, conjugated for an inverse by the same transform
		x := complex(real(c.a[i]), -imag(c.a[i])) * c.b[i]
		c.a[i] = complex(real(x), -imag(x))
	}
	c.fft(c.a)
	n, scale := len(c.sent), 1/float64(c.size)
	under := energyOf(c.ear[:n])
	best := -1
	for k := range c.lags {
		if k > 0 {
			in, out := c.ear[k+n-1], c.ear[k-1]
			under += in*in - out*out
		}
		if under <= 1e-12 {
			continue
		}
		// An amplifier that turns the wave about is heard as well.
		if like := math.Abs(real(c.a[k])) * scale / math.Sqrt(energy*under); like > likeness {
			best, likeness = k, like
		}
	}
	if best < 0 {
		return 0, 0
	}
	return float64(best) + c.between(best), min(likeness, 1)
}

// between is how far the true peak lies from a sample, by a parabola.
func (c *comparer) between(k int) float64 {
	if k == 0 || k >= c.lags-1 {
		return 0
	}
	l, m, r := math.Abs(real(c.a[k-1])), math.Abs(real(c.a[k])), math.Abs(real(c.a[k+1]))
	if d := l - 2*m + r; d < 0 {
		return min(max((l-r)/(2*d), -0.5), 0.5)
	}
	return 0
}

// fft transforms in place; its length is c.size.
func (c *comparer) fft(x []complex128) {
	shift := 64 - bits.Len(uint(c.size-1))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for half := 1; half < c.size; half *= 2 {
		stride := c.size / (2 * half)
		for start := 0; start < c.size; start += 2 * half {
			for k := range half {
				a, b := x[start+k], x[start+k+half]*c.cos[k*stride]
				x[start+k], x[start+k+half] = a+b, a-b
			}
		}
	}
}

func energyOf(x []float64) (sum float64) {
	for _, v := range x {
		sum += v * v
	}
	return sum
}
