package ingest

import (
	"math"
	"slices"

	"pa/audio"
)

const (
	flatEdge   = 32766 // magnitude at which a sample touches the end of the scale
	flatFull   = 3     // samples there, in a row, make a flat top
	flatRun    = 5     // samples alike within one step, below the end of the scale
	flatBelow  = 16384 // magnitude from which those count, −6 dBFS
	flatMany   = 5     // flat tops that are heard
	noisySNR   = 20.0  // dB; below it a horn outdoors is hard to understand
	noisyLow   = -85.0 // dBFS, below which a frame is digital silence, not a room
	noisyFlat  = 0.1   // spectral flatness of noise; a voice or music has less
	noisyLeast = 20    // frames that a verdict needs
)

// flatTops counts the places where the wave was cut off: by the converter, or by
// an amplifier before it and softer since.
func flatTops(pcm []int16) int {
	var peak int
	for _, v := range pcm {
		peak = max(peak, magnitude(v))
	}
	count := 0
	for i := 0; i < len(pcm); {
		run := 1
		for i+run < len(pcm) && alike(pcm[i], pcm[i+run]) {
			run++
		}
		m := magnitude(pcm[i])
		if m >= flatEdge && run >= flatFull || m >= flatBelow && m >= peak-peak/100 && run >= flatRun {
			count++
		}
		i += run
	}
	return count
}

func magnitude(v int16) int { return max(int(v), -int(v)) }

func alike(a, b int16) bool {
	d := int(a) - int(b)
	return d >= -1 && d <= 1
}

// noise estimates how far the voice stands above the room's noise, dB, from the
// softest moments. It returns 0 when it cannot tell: the softest moments are
// no noise but a voice or music that never pauses, or the recording is too
// short.
func noise(pcm []int16) (snr float64) {
	levels := frameLevels(pcm)
	real := slices.DeleteFunc(slices.Clone(levels), func(l float64) bool { return l < noisyLow })
	if len(real) < noisyLeast {
		return 0
	}
	if len(real) < len(levels)*9/10 { // silence between the words is digital: there is no room
		return 0
	}
	floor := quantile(real, 0.1)
	if flatness(pcm, levels, floor) < noisyFlat {
		return 0
	}
	gate := max(quantile(real, 0.95)-20, floor)
	var sum float64
	n := 0
	for _, l := range real {
		if l >= gate {
			sum += math.Pow(10, l/10)
			n++
		}
	}
	return max(0.1, 10*math.Log10(sum/float64(max(n, 1)))-floor)
}

const (
	flatSize  = 1024 // of the transform: 47 Hz a line
	flatFirst = 6    // line of 280 Hz
	flatLast  = 72   // line of 3.4 kHz: a telephone's recording ends there
)

// flatness says how much the softest frames resemble noise, in the mean: the
// ratio of geometric and arithmetic mean of a frame's spectrum, which is lifted
// by 6 dB an octave first, for the noise of rooms falls. Noise has 0.2 and more;
// a tone, a sweep and a voice next to nothing.
func flatness(pcm []int16, levels []float64, floor float64) float64 {
	var sum float64
	n := 0
	for i, l := range levels {
		at := i*trimFrame - (flatSize-trimFrame)/2
		if l < noisyLow || l > floor+3 || at < 1 || at+flatSize > len(pcm) {
			continue
		}
		sum += flat(pcm[at-1 : at+flatSize])
		n++
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// flat is the flatness of the spectrum of one frame's differences, under a Hann
// window. pcm holds one sample more than the transform.
func flat(pcm []int16) float64 {
	var x [flatSize]complex128
	for i := range x {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/flatSize)
		x[i] = complex(w*float64(int(pcm[i+1])-int(pcm[i]))/(1<<15), 0)
	}
	fourier(x[:])
	var logs, sum float64
	for _, v := range x[flatFirst:flatLast] {
		p := real(v)*real(v) + imag(v)*imag(v) + 1e-12
		logs += math.Log(p)
		sum += p
	}
	lines := float64(flatLast - flatFirst)
	return math.Exp(logs/lines) / (sum / lines)
}

// fourier transforms x in place; its length is a power of two.
func fourier(x []complex128) {
	n := len(x)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		if j ^= bit; i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		sin, cos := math.Sincos(-2 * math.Pi / float64(size))
		step := complex(cos, sin)
		for at := 0; at < n; at += size {
			w := complex(1, 0)
			for k := at; k < at+size/2; k++ {
				a, b := x[k], x[k+size/2]*w
				x[k], x[k+size/2] = a+b, a-b
				w *= step
			}
		}
	}
}

// quantile returns the value below which a share q of values lies.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return audio.FloorDB
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
