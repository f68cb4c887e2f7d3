package sti

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/audio"
)

// length of the recordings here: as short as the measure allows.
const length = 12 * time.Second

func measured(t *testing.T, x []float32) Result {
	t.Helper()
	r, err := Measure(x)
	require.NoError(t, err)
	return r
}

func TestTheSignalItselfIsUnderstoodCompletely(t *testing.T) {
	x := Signal(length, -20)
	var energy float64
	for _, v := range x {
		energy += float64(v) * float64(v)
	}
	assert.InDelta(t, -20, 10*math.Log10(energy/float64(len(x))), 0.1)
	assert.Less(t, audio.Peak(x), 0.9, "nothing is cut off")
	r := measured(t, x)
	assert.Greater(t, r.STI, 0.96)
	for i, m := range r.Transfer {
		assert.Greater(t, m, 0.9, "octave %d", i/2)
	}
	for k, c := range carriers {
		assert.InDelta(t, c.levelDB-carriers[0].levelDB, r.Intensity[k], 1.5, "%g Hz has the level of speech", c.centre)
	}
}

// TestNoise: with noise as loud as the signal in every octave half of the
// modulation is left, and the index is in the middle (A.2.1: S/N 0 dB is 0.5).
func TestNoiseAsLoudAsSpeechLeavesHalf(t *testing.T) {
	x := Signal(length, -20)
	rng := rand.New(rand.NewPCG(7, 7))
	for _, c := range carriers {
		noise := c.noise(rng)
		gain := math.Sqrt(intensityOf(c)) * math.Pow(10, -20./20)
		for i := range x {
			x[i] += float32(gain * noise[i%len(noise)])
		}
	}
	r := measured(t, x)
	for i, m := range r.Transfer {
		assert.InDelta(t, 0.5, m, 0.12, "octave %d", i/2)
	}
	assert.InDelta(t, 0.5, r.STI, 0.04)
}

// intensityOf is a carrier's share of the signal's energy.
func intensityOf(c carrier) float64 {
	sum := 0.0
	for _, o := range carriers {
		sum += math.Pow(10, o.levelDB/10)
	}
	return math.Pow(10, c.levelDB/10) / sum
}

// TestReverberation: an exponential decay leaves m(f) = 1/√(1+(2πf·T/13.8)²)
// (Houtgast and Steeneken).
func TestReverberationTakesTheFastModulations(t *testing.T) {
	const t60 = 1.5
	x := Signal(length, -20)
	rng := rand.New(rand.NewPCG(3, 4))
	tail := make([]float64, int(t60*audio.Rate))
	for i := range tail {
		tail[i] = rng.NormFloat64() * math.Exp(-6.91*float64(i)/(t60*audio.Rate))
	}
	r := measured(t, convolved(x, tail))
	for i, m := range r.Transfer {
		f := carriers[i/2].f[i%2]
		want := 1 / math.Sqrt(1+math.Pow(2*math.Pi*f*t60/13.8, 2))
		assert.InDelta(t, want, m, 0.13, "%g Hz in the octave of %g Hz", f, carriers[i/2].centre)
	}
	assert.InDelta(t, 0.52, r.STI, 0.08, "a church is not a meeting room")
}

// convolved sends x through a room.
func convolved(x []float32, room []float64) []float32 {
	n := 1
	for n < len(x)+len(room) {
		n *= 2
	}
	a, b := make([]complex128, n), make([]complex128, n)
	for i, v := range x {
		a[i] = complex(float64(v), 0)
	}
	for i, v := range room {
		b[i] = complex(v, 0)
	}
	transform(a)
	transform(b)
	for i := range a {
		a[i] = cmplx.Conj(a[i] * b[i])
	}
	transform(a)
	out := make([]float32, len(x))
	for i := range out {
		out[i] = float32(real(a[i]) / float64(n) / 100)
	}
	return out
}

func TestWhatCannotBeMeasuredIsSaid(t *testing.T) {
	_, err := Measure(make([]float32, audio.Rate))
	require.ErrorIs(t, err, ErrShort)
	_, err = Measure(make([]float32, 11*audio.Rate))
	require.ErrorIs(t, err, ErrSilent)
}

func TestTheIndexOfAllAndOfNothing(t *testing.T) {
	var all, nothing [14]float64
	for i := range all {
		all[i] = 1
	}
	assert.InDelta(t, 1, index(all), 1e-9, "weights and redundancies belong together")
	assert.Zero(t, index(nothing))
}

func TestTheIndexRisesWithTheModulation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var low, high [14]float64
		for i := range low {
			low[i] = rapid.Float64Range(0, 1).Draw(t, "m")
		}
		gain := rapid.Float64Range(1, 2).Draw(t, "gain")
		for i := range low {
			high[i] = math.Min(1, low[i]*gain)
		}
		a, b := index(low), index(high)
		assert.True(t, a >= 0 && b <= 1)
		// The redundancy term of a single octave may outweigh it by a little.
		assert.GreaterOrEqual(t, b, a-0.05)
	})
}

func TestTransformIsTheSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := make([]complex128, 64)
	for i := range x {
		x[i] = complex(rng.NormFloat64(), rng.NormFloat64())
	}
	want := make([]complex128, len(x))
	for k := range want {
		for i, v := range x {
			want[k] += v * cmplx.Rect(1, -2*math.Pi*float64(i*k)/float64(len(x)))
		}
	}
	transform(x)
	for k := range x {
		assert.InDelta(t, 0, cmplx.Abs(x[k]-want[k]), 1e-9)
	}
	one := []complex128{3}
	transform(one)
	assert.Equal(t, complex128(3), one[0])
}
