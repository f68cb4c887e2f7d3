package audio

import (
	"math"
	"sync"
)

const (
	resampleTaps   = 48   // zero crossings of the prototype, at the lower of the two rates
	resamplePhases = 512  // rows of the prototype's table; between rows the filter is interpolated
	kaiserBeta     = 10.0 // side lobes below −100 dB
	passband       = 0.95 // of the lower Nyquist frequency
	phaseSnap      = 1e-11
	resampleBlock  = 512 // input samples taken into the history at a time
)

// Resampler changes the rate of one mono stream by a Kaiser windowed sinc with
// interpolated phases. The ratio may change at any time without a click, which
// is how a stream follows another clock. It is not for several goroutines.
type Resampler struct {
	bank    *filterBank
	nominal float64 // input samples per output sample, as built
	ratio   float64

	buf    []float32 // history and what the filter needs ahead
	filled int       // samples in buf
	at     int       // first sample in buf under the filter for the next output
	frac   float64   // 0 ≤ frac < 1, of an input sample
}

// NewResampler prepares a stream from inRate to outRate, both in Hz and above
// zero. Going down, the filter grows with the ratio so that nothing aliases.
func NewResampler(inRate, outRate int) *Resampler {
	nominal := float64(max(inRate, 1)) / float64(max(outRate, 1))
	r := &Resampler{bank: bankFor(nominal), nominal: nominal}
	r.buf = make([]float32, r.bank.taps+resampleBlock)
	r.Reset()
	return r
}

// SetRatio sets how many input samples each output sample consumes. The filter
// is built for the rates given at the start, so the ratio is kept between half
// and twice theirs; NaN is ignored.
func (r *Resampler) SetRatio(inPerOut float64) {
	if !math.IsNaN(inPerOut) {
		r.ratio = min(max(inPerOut, r.nominal/2), r.nominal*2)
	}
}

// Delay is how far the first output sample lies before the first input sample,
// in input samples: half the filter.
func (r *Resampler) Delay() float64 { return float64(r.bank.taps / 2) }

// Lag is how far the next output sample lies before the next input sample that
// Process would consume, in input samples. It begins at Delay and stays within
// one step of it; its fraction is the phase.
func (r *Resampler) Lag() float64 {
	return float64(r.filled-r.at-(r.bank.taps/2-1)) - r.frac
}

// Shift moves the next output sample later by that many input samples (zero or
// more, a fraction too), which cuts them out. Before the first Process it
// places the stream between samples; Shift(Delay()) makes the first output
// sample the first input sample.
func (r *Resampler) Shift(samples float64) {
	if samples > 0 && samples < 1<<30 {
		r.advance(samples)
	}
}

// Reset forgets the stream: silence before the next input, phase zero, the
// ratio as built.
func (r *Resampler) Reset() {
	clear(r.buf)
	r.filled, r.at, r.frac, r.ratio = r.bank.taps-1, 0, 0, r.nominal
}

// Process writes at most len(dst) samples and consumes at most len(src): what
// these samples and the one after them need, so that blocks in the ratio of
// the rates (160 in, 960 out) come out even from the first. It returns n
// written and used consumed; n < len(dst) means that src ran out. It does not
// allocate.
func (r *Resampler) Process(dst, src []float32) (n, used int) {
	taps := r.bank.taps
	for n < len(dst) {
		if r.at+taps > r.filled {
			k := r.take(src[used:], len(dst)-n)
			if k == 0 {
				return n, used
			}
			used += k
			continue
		}
		dst[n] = r.bank.sample(r.buf[r.at:r.at+taps], r.frac)
		n++
		r.advance(r.ratio)
	}
	if r.at+taps > r.filled {
		used += r.take(src[used:], 1)
	}
	return n, used
}

// take copies from src what the next outputs need, as far as it fits.
func (r *Resampler) take(src []float32, outputs int) int {
	if cut := min(r.at, r.filled); cut > 0 {
		copy(r.buf, r.buf[cut:r.filled])
		r.filled -= cut
		r.at -= cut
	}
	need := r.at + r.bank.taps - r.filled + int(r.frac+r.ratio*float64(min(outputs, resampleBlock)-1))
	if r.at > 0 { // cut beyond the history: pass over input without keeping it
		k := min(r.at, len(src))
		r.at -= k
		return k
	}
	k := min(need, len(src), len(r.buf)-r.filled)
	copy(r.buf[r.filled:], src[:k])
	r.filled += k
	return k
}

func (r *Resampler) advance(by float64) {
	p := r.frac + by
	whole := math.Floor(p)
	r.at += int(whole)
	r.frac = p - whole
	// A sum of fractions such as 6 × ⅙ misses the whole number by a rounding
	// error; one output too many would follow.
	if r.frac > 1-phaseSnap {
		r.at++
		r.frac = 0
	} else if r.frac < phaseSnap {
		r.frac = 0
	}
}

// Resample converts a whole clip from one rate to another, both in Hz. Sample
// 0 stays at sample 0; the length is len(in)·to/from, rounded up.
func Resample(in []float32, from, to int) []float32 {
	if from == to || len(in) == 0 || from <= 0 || to <= 0 {
		return append([]float32(nil), in...)
	}
	out := make([]float32, (int64(len(in))*int64(to)+int64(from)-1)/int64(from))
	r := NewResampler(from, to)
	r.Shift(r.Delay())
	n, _ := r.Process(out, in)
	silence := make([]float32, r.bank.taps)
	for n < len(out) {
		k, _ := r.Process(out[n:], silence)
		n += k
	}
	return out
}

// filterBank is the prototype low-pass, sampled at each phase. Row p, column k
// weighs the input sample k for an output at phase p/phases; one row more than
// phases closes the interpolation.
type filterBank struct {
	taps, phases int
	rows         []float32
}

// unityBank serves every stream that does not go down in rate.
var unityBank = sync.OnceValue(func() *filterBank { return newFilterBank(1) })

func bankFor(ratio float64) *filterBank {
	if ratio <= 1 {
		return unityBank()
	}
	return newFilterBank(ratio)
}

func newFilterBank(ratio float64) *filterBank {
	stretch := math.Max(1, ratio)
	taps := 2 * int(math.Ceil(resampleTaps*stretch/2))
	b := &filterBank{taps: taps, phases: max(16, int(resamplePhases/stretch))}
	b.rows = make([]float32, (b.phases+1)*taps)
	half := float64(taps) / 2
	scale := 1 / bessel0(kaiserBeta)
	row := make([]float64, taps)
	for p := 0; p <= b.phases; p++ {
		sum := 0.0
		for k := range row {
			x := float64(k-taps/2+1) - float64(p)/float64(b.phases) // input sample relative to the output
			row[k] = sinc(x*passband/stretch) * kaiser(x/half) * scale
			sum += row[k]
		}
		for k, v := range row { // unity gain for a constant at every phase
			b.rows[p*taps+k] = float32(v / sum)
		}
	}
	return b
}

// sample weighs x, which holds taps samples, at the phase 0 ≤ frac < 1.
func (b *filterBank) sample(x []float32, frac float64) float32 {
	p := frac * float64(b.phases)
	i := int(p)
	a := float32(p - float64(i))
	lo := b.rows[i*b.taps : (i+1)*b.taps]
	hi := b.rows[(i+1)*b.taps : (i+2)*b.taps]
	lo, hi = lo[:len(x)], hi[:len(x)]
	var s0, s1, t0, t1 float32
	for k := 0; k+1 < len(x); k += 2 {
		u, v := x[k], x[k+1]
		s0 += u * lo[k]
		t0 += u * hi[k]
		s1 += v * lo[k+1]
		t1 += v * hi[k+1]
	}
	s, t := s0+s1, t0+t1
	return s + a*(t-s)
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the window at −1…1, not yet divided by its peak.
func kaiser(x float64) float64 {
	if x*x >= 1 {
		return 0
	}
	return bessel0(kaiserBeta * math.Sqrt(1-x*x))
}

// bessel0 is the modified Bessel function of the first kind, order zero.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-17; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}
