// Package ears listens to recordings as a person with instruments would: how
// loud, which tone, how late against what was sent, and how much is wrong with
// it. The end-to-end tests and the benches judge by it.
package ears

import (
	"fmt"
	"math"
	"math/bits"
	"math/cmplx"
	"os"

	"pa/audio"
)

// Silence is what DB returns for digital silence, dBFS.
const Silence = -120.0

// Open reads a WAV file as mono at 48 kHz.
func Open(path string) ([]float32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w, err := audio.ReadWAV(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if w.Rate != audio.Rate {
		return audio.Resample(w.Samples, w.Rate, audio.Rate), nil
	}
	return w.Samples, nil
}

// DB returns the RMS level of x, dBFS; Silence when every sample is zero.
func DB(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return Silence
	}
	return max(Silence, 10*math.Log10(sum/float64(len(x))))
}

// Tone returns how strong a sine of freq Hz is in x, dBFS RMS (Goertzel).
func Tone(x []float32, freq float64) float64 {
	if len(x) == 0 {
		return Silence
	}
	w := 2 * math.Pi * freq / audio.Rate
	var re, im float64
	for i, v := range x {
		s, c := math.Sincos(w * float64(i))
		re += float64(v) * c
		im += float64(v) * s
	}
	amp := 2 * math.Hypot(re, im) / float64(len(x))
	return max(Silence, 20*math.Log10(amp/math.Sqrt2+1e-12))
}

// Span returns the first and one past the last sample louder than the
// threshold, linear; 0, 0 when there is none.
func Span(x []float32, threshold float32) (first, end int) {
	first = -1
	for i, v := range x {
		if v > threshold || v < -threshold {
			if first < 0 {
				first = i
			}
			end = i + 1
		}
	}
	return max(first, 0), end
}

// Step returns the largest difference between neighbouring samples: a click is
// a step that the programme itself does not have.
func Step(x []float32) float64 {
	var most float64
	for i := 1; i < len(x); i++ {
		most = max(most, math.Abs(float64(x[i])-float64(x[i-1])))
	}
	return most
}

// Find returns where in x the reference begins, in samples, with a fraction,
// and how alike they are there, 0…1. It looks at whole recordings (FFT).
func Find(ref, x []float32) (at float64, likeness float64) {
	n := 1 << bits.Len(uint(len(ref)+len(x)))
	a, b := make([]complex128, n), make([]complex128, n)
	for i, v := range x {
		a[i] = complex(float64(v), 0)
	}
	for i, v := range ref {
		b[i] = complex(float64(v), 0)
	}
	fft(a, false)
	fft(b, false)
	for i := range a {
		a[i] *= cmplx.Conj(b[i])
	}
	fft(a, true)
	best := 0
	for i := range len(x) {
		if real(a[i]) > real(a[best]) {
			best = i
		}
	}
	at = float64(best)
	if best > 0 && best < n-1 {
		l, m, r := real(a[best-1]), real(a[best]), real(a[best+1])
		if d := l - 2*m + r; d != 0 {
			at += 0.5 * (l - r) / d
		}
	}
	end := min(best+len(ref), len(x))
	energy := energyOf(ref[:end-best]) * energyOf(x[best:end])
	if energy == 0 {
		return at, 0
	}
	return at, real(a[best]) / float64(n) / math.Sqrt(energy)
}

func energyOf(x []float32) (sum float64) {
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}

// SNR returns how far what is wrong with x lies below what is right, dB: x is
// compared with ref from sample at on (fractions by a windowed sinc), after
// the gain that fits best, which is returned in dB.
func SNR(ref, x []float32, at float64) (snr, gainDB float64) {
	whole := int(math.Floor(at))
	taps := kernel(at - float64(whole))
	var rr, rx, xx float64
	for i := range ref {
		v := tap(x, whole+i, taps)
		r := float64(ref[i])
		rr += r * r
		rx += r * v
		xx += v * v
	}
	if rr == 0 || rx == 0 {
		return 0, Silence
	}
	g := rx / rr
	noise := xx - g*rx
	return 10 * math.Log10(g*g*rr/math.Max(noise, 1e-18)), 20 * math.Log10(math.Abs(g))
}

const half = 32

// kernel returns a windowed sinc that reads frac samples later.
func kernel(frac float64) []float64 {
	out := make([]float64, 2*half)
	for i := range out {
		t := float64(i-half+1) - frac
		w := 0.5 + 0.5*math.Cos(math.Pi*t/half)
		if t == 0 {
			out[i] = w
			continue
		}
		out[i] = math.Sin(math.Pi*t) / (math.Pi * t) * w
	}
	return out
}

func tap(x []float32, at int, k []float64) (v float64) {
	for i, c := range k {
		if j := at + i - half + 1; j >= 0 && j < len(x) {
			v += float64(x[j]) * c
		}
	}
	return v
}

// fft transforms in place; len(x) is a power of two. The inverse is not
// scaled.
func fft(x []complex128, inverse bool) {
	n := len(x)
	shift := 64 - bits.Len(uint(n)) + 1
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	sign := -2 * math.Pi
	if inverse {
		sign = -sign
	}
	for size := 2; size <= n; size *= 2 {
		step := cmplx.Rect(1, sign/float64(size))
		for lo := 0; lo < n; lo += size {
			w := complex(1, 0)
			for k := lo; k < lo+size/2; k++ {
				a, b := x[k], x[k+size/2]*w
				x[k], x[k+size/2] = a+b, a-b
				w *= step
			}
		}
	}
}
