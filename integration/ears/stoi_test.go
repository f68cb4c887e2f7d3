package ears

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"pa/audio"
)

// syllables is sound with the rhythm of speech: noise that comes and goes four
// times a second, in bands that change.
func syllables(n int) []float32 {
	rnd := rand.New(rand.NewPCG(1, 2))
	out := make([]float32, n)
	for i := range out {
		t := float64(i) / audio.Rate
		env := math.Pow(math.Sin(2*math.Pi*2*t), 2)
		f := 400 + 1200*math.Mod(math.Floor(t*4)*0.37, 1)
		out[i] = float32(env * (0.2*math.Sin(2*math.Pi*f*t) + 0.05*(rnd.Float64()*2-1)))
	}
	return out
}

func withNoise(x []float32, level float64) []float32 {
	rnd := rand.New(rand.NewPCG(3, 4))
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = v + float32(level*(rnd.Float64()*2-1))
	}
	return out
}

func TestSpeechIsAsIntelligibleAsItIsClean(t *testing.T) {
	x := syllables(3 * audio.Rate)
	assert.InDelta(t, 1, STOI(x, x), 1e-9)
	quiet := make([]float32, len(x))
	for i, v := range x {
		quiet[i] = v / 8
	}
	assert.InDelta(t, 1, STOI(x, quiet), 1e-3, "a level is no loss")
	last := 1.0
	for _, noise := range []float64{0.003, 0.03, 0.3} {
		v := STOI(x, withNoise(x, noise))
		assert.Less(t, v, last)
		last = v
	}
	assert.Less(t, last, 0.75)
	assert.Less(t, STOI(x, withNoise(make([]float32, len(x)), 0.1)), 0.4, "noise says nothing")
	assert.Zero(t, STOI(x, make([]float32, len(x))), "nor does silence")
	assert.Zero(t, STOI(x[:4800], x[:4800]), "too short to tell")
}
