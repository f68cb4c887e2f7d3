package source

import (
	"io"
	"math"
	"time"

	"pa/audio"
)

// edge is the fade at both ends of a tone, samples: 5 ms.
const edge = audio.Rate / 200

// Tone is a sine of freq, Hz, with its peak at levelDB below full scale (0 is
// full scale), for d; without end when d is zero or less.
func Tone(freq, levelDB float64, d time.Duration) audio.Source {
	return Sweep(freq, freq, levelDB, d)
}

// Sweep is a sine that glides from one frequency to another, Hz, an octave
// always taking the same time, with its peak at levelDB, for d. Without a
// length (zero or less) it stays at from, without end. Frequencies are kept
// between 1 Hz and 23 kHz.
func Sweep(from, to, levelDB float64, d time.Duration) audio.Source {
	o := &oscillator{amp: float64(audio.DB(min(levelDB, 0))), total: samplesIn(max(d, 0)), growth: 1}
	from, to = audible(from), audible(to)
	o.step = 2 * math.Pi * from / audio.Rate
	if o.total > 0 {
		o.growth = math.Pow(to/from, 1/float64(o.total))
	}
	return o
}

func audible(freq float64) float64 {
	if math.IsNaN(freq) {
		return 1
	}
	return min(max(freq, 1), 23000)
}

type oscillator struct {
	amp    float64
	phase  float64 // radians
	step   float64 // radians a sample
	growth float64 // of step, a sample
	at     int64
	total  int64 // samples; 0 is without end
}

func (o *oscillator) Read(dst []float32) (int, error) {
	for i := range dst {
		if o.total > 0 && o.at >= o.total {
			return i, io.EOF
		}
		a := o.amp
		if o.at < edge {
			a *= float64(o.at) / edge
		}
		if left := o.total - 1 - o.at; o.total > 0 && left < edge {
			a *= float64(left) / edge
		}
		dst[i] = float32(a * math.Sin(o.phase))
		o.phase += o.step
		if o.phase > 2*math.Pi {
			o.phase -= 2 * math.Pi
		}
		o.step *= o.growth
		o.at++
	}
	return len(dst), nil
}
