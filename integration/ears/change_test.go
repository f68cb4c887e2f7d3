package ears

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func tone(freq, amp float64, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(amp * math.Sin(2*math.Pi*freq*float64(i)/48000))
	}
	return out
}

func TestAHoleIsCounted(t *testing.T) {
	x := tone(500, 0.1, 48000)
	assert.LessOrEqual(t, Hole(x, 0.002), 2, "a sine crosses zero")
	clear(x[1000:1066])
	assert.InDelta(t, 66, Hole(x, 0.002), 2)
	assert.Zero(t, Hole(nil, 1))
}

func TestADepartureIsFound(t *testing.T) {
	x := tone(500, 0.1, 9600)
	assert.Equal(t, len(x), Departure(x, 500, 960, 0.003))
	other := tone(1300, 0.1, 9600)
	for i := 5000; i < len(x); i++ { // half a cosine over 10 ms
		g := (1 - math.Cos(math.Pi*math.Min(1, float64(i-5000)/480))) / 2
		x[i] = float32(1-g)*x[i] + float32(g)*other[i]
	}
	assert.InDelta(t, 5055, Departure(x, 500, 960, 0.003), 12, "the fade begins gently")
}

func TestASwitchIsFoundOnTheHostsTime(t *testing.T) {
	x := append(tone(500, 0.1, 48000), tone(1300, 0.1, 48000)...)
	s, err := OpenStamped(record(t, x, 100, 0))
	require.NoError(t, err)
	at, ok := s.Switch(500, 1300)
	require.True(t, ok)
	assert.InDelta(t, 6e9, at, 300e3)
	_, ok = s.Switch(500, 2000)
	assert.False(t, ok)
}
