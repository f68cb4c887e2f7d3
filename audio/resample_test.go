package audio

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// sine is n samples of freq Hz at rate, −6 dBFS.
func sine(freq float64, rate, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(0.5 * math.Sin(2*math.Pi*freq*float64(i)/float64(rate)))
	}
	return x
}

// purity returns how far everything but a sine of freq lies below it, dB.
func purity(x []float32, freq float64, rate int) float64 {
	var re, im, all float64
	for i, v := range x {
		w := 2 * math.Pi * freq * float64(i) / float64(rate)
		re += float64(v) * math.Cos(w)
		im += float64(v) * math.Sin(w)
	}
	n := float64(len(x))
	a, b := 2*re/n, 2*im/n
	for i, v := range x {
		w := 2 * math.Pi * freq * float64(i) / float64(rate)
		d := float64(v) - a*math.Cos(w) - b*math.Sin(w)
		all += d * d
	}
	return 10 * math.Log10((a*a+b*b)/2/(all/n+1e-30))
}

func TestAResampledToneStaysPure(t *testing.T) {
	for _, c := range []struct {
		from, to int
		freq     float64
	}{{44100, 48000, 1000}, {44100, 48000, 10000}, {8000, 48000, 1000}, {48000, 8000, 1000}} {
		y := Resample(sine(c.freq, c.from, c.from), c.from, c.to)
		assert.InDelta(t, c.to, len(y), 2)
		mid := y[c.to/4 : c.to*3/4]
		assert.Greater(t, purity(mid, c.freq, c.to), 85.0, "%d → %d Hz, %v Hz", c.from, c.to, c.freq)
	}
}

func TestSampleZeroStaysAtSampleZero(t *testing.T) {
	x := make([]float32, 4000)
	x[800] = 1
	y := Resample(x, 8000, 48000)
	best := 0
	for i := range y {
		if y[i] > y[best] {
			best = i
		}
	}
	assert.InDelta(t, 4800, best, 1)
}

func TestResamplingInPiecesIsResamplingWhole(t *testing.T) {
	x := sine(440, 44100, 20000)
	run := func(step int) []float32 {
		r := NewResampler(44100, 48000)
		var out []float32
		buf := make([]float32, 512)
		for in := x; len(in) > 0; {
			n, used := r.Process(buf, in[:min(step, len(in))])
			out = append(out, buf[:n]...)
			in = in[used:]
			if n == 0 && used == 0 {
				break
			}
		}
		return out
	}
	whole, pieces := run(20000), run(37)
	n := min(len(whole), len(pieces))
	assert.Greater(t, n, 20000)
	assert.Equal(t, whole[:n], pieces[:n])
}

func TestProcessDoesNotAllocate(t *testing.T) {
	r := NewResampler(48000, 48000)
	r.SetRatio(1.0001)
	in, out := sine(440, 48000, 480), make([]float32, 480)
	assert.Zero(t, testing.AllocsPerRun(100, func() { r.Process(out, in) }))
}
