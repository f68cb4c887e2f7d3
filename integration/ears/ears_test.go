package ears

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"pa/audio"
)

func noise(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * 0.1)
	}
	return x
}

func TestAToneIsFoundAtItsFrequencyAndLevel(t *testing.T) {
	x := make([]float32, audio.Rate)
	for i := range x {
		x[i] = float32(0.1 * math.Sqrt2 * math.Sin(2*math.Pi*1000*float64(i)/audio.Rate))
	}
	assert.InDelta(t, -20, Tone(x, 1000), 0.01)
	assert.InDelta(t, -20, DB(x), 0.01)
	assert.Less(t, Tone(x, 1500), -60.0)
}

func TestSilenceIsSilence(t *testing.T) {
	assert.Equal(t, Silence, DB(make([]float32, 100)))
	first, end := Span(make([]float32, 100), 0)
	assert.Zero(t, first+end)
}

func TestADelayIsFoundToAFractionOfASample(t *testing.T) {
	ref := noise(8000)
	x := make([]float32, 20000)
	for i, v := range ref {
		x[5000+i] = v / 2
	}
	at, likeness := Find(ref, x)
	assert.InDelta(t, 5000, at, 0.01)
	assert.Greater(t, likeness, 0.999)
	snr, gain := SNR(ref, x, math.Round(at))
	assert.Greater(t, snr, 100.0)
	assert.InDelta(t, -6.02, gain, 0.01)
}

func TestWhatIsWrongIsHeard(t *testing.T) {
	ref := noise(8000)
	x := append([]float32(nil), ref...)
	for i := 4000; i < 4480; i++ {
		x[i] = 0 // 10 ms lost
	}
	snr, _ := SNR(ref, x, 0)
	assert.InDelta(t, 12, snr, 1)
	assert.Greater(t, Step(x), 0.0)
	_, likeness := Find(noise(8000)[4000:], make([]float32, 9000))
	assert.Zero(t, likeness)
}
