package audio

import "math"

// FloorDB is the level that stands for silence, dB.
const FloorDB = -120

// DB turns a level in dB into a linear gain: 0 dB is 1.
func DB(db float64) float32 { return float32(math.Pow(10, db/20)) }

// ToDB turns a linear amplitude into dB, never below FloorDB. The sign of lin
// does not matter; NaN gives FloorDB.
func ToDB(lin float64) float64 {
	db := 20 * math.Log10(math.Abs(lin))
	if !(db > FloorDB) {
		return FloorDB
	}
	return db
}

// RMS is the root of the mean square, linear; 0 for an empty slice. A sine of
// amplitude 1 has 0.707.
func RMS(buf []float32) float64 {
	if len(buf) == 0 {
		return 0
	}
	var sum float64
	for _, v := range buf {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(buf)))
}

// Peak is the greatest magnitude of a sample, linear; 0 for an empty slice.
func Peak(buf []float32) float64 {
	var peak float32
	for _, v := range buf {
		peak = max(peak, v, -v)
	}
	return float64(peak)
}

// Ramp is a gain that moves in a straight line, so that a change does not
// click. The zero value is silence; one goroutine uses it.
type Ramp struct {
	gain, target, step float32
	left               int
}

// NewRamp returns a ramp that rests at start, linear gain.
func NewRamp(start float32) Ramp { return Ramp{gain: start, target: start} }

// To moves to target, linear gain, over that many samples from where the gain
// is now; at once when samples is zero or less.
func (r *Ramp) To(target float32, samples int) {
	r.target = target
	if samples <= 0 {
		r.gain, r.left = target, 0
		return
	}
	r.left = samples
	r.step = (target - r.gain) / float32(samples)
}

// Gain is the gain of the next sample, linear.
func (r *Ramp) Gain() float32 { return r.gain }

// Target is where the ramp rests or is going, linear gain.
func (r *Ramp) Target() float32 { return r.target }

// Moving says whether the ramp has not arrived.
func (r *Ramp) Moving() bool { return r.left > 0 }

// Apply multiplies buf by the gain in place.
func (r *Ramp) Apply(buf []float32) {
	n := min(r.left, len(buf))
	for i := range buf[:n] {
		buf[i] *= r.next()
	}
	rest := buf[n:]
	switch r.gain {
	case 1:
	case 0:
		clear(rest)
	default:
		for i := range rest {
			rest[i] *= r.gain
		}
	}
}

// AddTo adds src, multiplied by the gain, onto dst: min(len(dst), len(src))
// samples.
func (r *Ramp) AddTo(dst, src []float32) {
	src = src[:min(len(src), len(dst))]
	n := min(r.left, len(src))
	for i, v := range src[:n] {
		dst[i] += v * r.next()
	}
	if r.gain == 0 {
		return
	}
	for i := n; i < len(src); i++ {
		dst[i] += src[i] * r.gain
	}
}

// next is the gain of this sample; the ramp moves on by one. It is called only
// while the ramp moves.
func (r *Ramp) next() float32 {
	r.left--
	if r.left == 0 {
		r.gain = r.target // the steps' rounding errors end here
	} else {
		r.gain += r.step
	}
	return r.gain
}
