package ears

import (
	"math"

	"pa/audio"
)

// The figures of STOI: C. H. Taal et al., "An Algorithm for Intelligibility
// Prediction of Time–Frequency Weighted Noisy Speech", IEEE Transactions on
// Audio, Speech, and Language Processing 19 (2011).
const (
	stoiRate  = 10000 // Hz
	stoiFrame = 256   // samples, half overlapped
	stoiHop   = stoiFrame / 2
	stoiFFT   = 512
	stoiBands = 15    // third octaves
	stoiLow   = 150.0 // Hz, centre of the first
	stoiSpan  = 30    // frames that are compared at a time, 384 ms
	stoiFloor = 40.0  // dB below the loudest frame that count as silence
	stoiClip  = 15.0  // dB by which a band may be too loud
)

// STOI returns how intelligible the speech in got is against ref, 0…1: the
// short-time objective intelligibility. Both are at 48 kHz and aligned, sample
// by sample (see Find); got may be longer. It returns 0 when there is less
// than 384 ms of speech.
func STOI(ref, got []float32) float64 {
	if len(got) < len(ref) {
		ref = ref[:len(got)]
	}
	x := audio.Resample(ref, audio.Rate, stoiRate)
	y := audio.Resample(got[:len(ref)], audio.Rate, stoiRate)
	a, b := bands(spoken(x, y))
	if len(a) < stoiSpan {
		return 0
	}
	var sum float64
	for end := stoiSpan; end <= len(a); end++ {
		for band := range stoiBands {
			sum += alike(a[end-stoiSpan:end], b[end-stoiSpan:end], band)
		}
	}
	return sum / float64((len(a)-stoiSpan+1)*stoiBands)
}

// hann is the window of a frame.
func hann() []float64 {
	w := make([]float64, stoiFrame)
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i+1)/(stoiFrame+1))
	}
	return w
}

// spoken leaves out the frames in which x is silent, from both.
func spoken(x, y []float32) (a, b []float64) {
	w := hann()
	var level []float64
	loudest := math.Inf(-1)
	for at := 0; at+stoiFrame <= len(x); at += stoiHop {
		var e float64
		for i, g := range w {
			v := float64(x[at+i]) * g
			e += v * v
		}
		db := 10 * math.Log10(e+1e-20)
		level = append(level, db)
		loudest = max(loudest, db)
	}
	a, b = make([]float64, len(x)+stoiFrame), make([]float64, len(x)+stoiFrame)
	kept := 0
	for f, db := range level {
		if db < loudest-stoiFloor {
			continue
		}
		for i, g := range w {
			a[kept*stoiHop+i] += float64(x[f*stoiHop+i]) * g
			b[kept*stoiHop+i] += float64(y[f*stoiHop+i]) * g
		}
		kept++
	}
	if kept == 0 {
		return nil, nil
	}
	n := (kept-1)*stoiHop + stoiFrame
	return a[:n], b[:n]
}

// bands returns the levels of the third-octave bands of each frame.
func bands(x, y []float64) (a, b [][stoiBands]float64) {
	w := hann()
	spec := make([]complex128, stoiFFT)
	levels := func(s []float64) (out [stoiBands]float64) {
		clear(spec)
		for i, g := range w {
			spec[i] = complex(s[i]*g, 0)
		}
		fft(spec, false)
		for band := range out {
			centre := stoiLow * math.Pow(2, float64(band)/3)
			lo, hi := bin(centre*math.Pow(2, -1.0/6)), bin(centre*math.Pow(2, 1.0/6))
			var e float64
			for _, c := range spec[lo:hi] {
				e += real(c)*real(c) + imag(c)*imag(c)
			}
			out[band] = math.Sqrt(e)
		}
		return out
	}
	for at := 0; at+stoiFrame <= len(x); at += stoiHop {
		a, b = append(a, levels(x[at:])), append(b, levels(y[at:]))
	}
	return a, b
}

// bin is the bin of the transform that is nearest to a frequency.
func bin(freq float64) int { return int(math.Round(freq * stoiFFT / stoiRate)) }

// alike correlates one band of the spans x and y, after y was brought to x's
// level and clipped where it is far too loud.
func alike(x, y [][stoiBands]float64, band int) float64 {
	var xx, yy float64
	for i := range x {
		xx += x[i][band] * x[i][band]
		yy += y[i][band] * y[i][band]
	}
	gain := math.Sqrt(xx / (yy + 1e-20))
	most := 1 + math.Pow(10, stoiClip/20)
	var clipped [stoiSpan]float64
	var mx, my float64
	for i := range x {
		clipped[i] = min(y[i][band]*gain, x[i][band]*most)
		mx += x[i][band] / stoiSpan
		my += clipped[i] / stoiSpan
	}
	var xy float64
	xx, yy = 0, 0
	for i := range x {
		u, v := x[i][band]-mx, clipped[i]-my
		xy, xx, yy = xy+u*v, xx+u*u, yy+v*v
	}
	return xy / (math.Sqrt(xx*yy) + 1e-20)
}
