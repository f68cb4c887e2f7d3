package playout

import "math"

// The interpolator: a windowed sinc read at any fractional position. Its
// cutoff is the Nyquist frequency, so that at a whole position it is exactly
// one sample and what comes out is what came in, bit for bit. The ratio in and
// out stays within a few hundred ppm of 1, so nothing needs filtering.
const (
	taps   = 32
	before = taps/2 - 1 // samples needed before a position
	after  = taps / 2   // and after it
	phases = 512        // between two samples; linear interpolation in between
	beta   = 10.0       // Kaiser window: stop band below −100 dB
)

// kernel holds one row of coefficients per phase, and one more for the end.
type kernel [phases + 1][taps]float32

func newKernel() *kernel {
	k := new(kernel)
	norm := bessel(beta)
	for p := range k {
		frac := float64(p) / phases
		for t := range taps {
			x := float64(t-before) - frac
			w := 1 - (x/after)*(x/after)
			if w < 0 {
				continue
			}
			k[p][t] = float32(sinc(x) * bessel(beta*math.Sqrt(w)) / norm)
		}
	}
	return k
}

func sinc(x float64) float64 {
	if x == math.Trunc(x) {
		if x == 0 {
			return 1
		}
		return 0
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel is the modified Bessel function of the first kind, order 0.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for n := 1.0; term > sum*1e-17; n++ {
		term *= (x / 2 / n) * (x / 2 / n)
		sum += term
	}
	return sum
}

// at is the value at src[before] plus frac, 0 ≤ frac < 1; src has taps samples.
func (k *kernel) at(src []float32, frac float64) float32 {
	if frac == 0 {
		return src[before]
	}
	f := frac * phases
	p := int(f)
	mix := float32(f - float64(p))
	x, a, b := (*[taps]float32)(src), &k[p], &k[p+1]
	var a0, a1, b0, b1 float32
	for i := 0; i < taps; i += 2 {
		a0 += x[i] * a[i]
		a1 += x[i+1] * a[i+1]
		b0 += x[i] * b[i]
		b1 += x[i+1] * b[i+1]
	}
	sa, sb := a0+a1, b0+b1
	return sa + mix*(sb-sa)
}
