package audio

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestADriftStaysWithinItsWander(t *testing.T) {
	d := Drift{PPM: 40, Wander: 2, Period: time.Minute, Seed: 7}
	low, high := math.Inf(1), math.Inf(-1)
	for at := int64(0); at < int64(time.Hour); at += int64(time.Second) {
		ppm := (d.Gain(at+int64(time.Second)) - d.Gain(at)) / 1e3
		low, high = min(low, ppm), max(high, ppm)
	}
	assert.GreaterOrEqual(t, low, 38.0)
	assert.LessOrEqual(t, high, 42.0)
	assert.Greater(t, high-low, 2.0, "it does wander")
	assert.Zero(t, d.Gain(0))
	assert.Zero(t, Drift{}.Gain(int64(time.Hour)))
	other := d
	other.Seed = 8
	assert.NotEqual(t, d.Gain(1e10), other.Gain(1e10), "seeds differ")
}

func TestADriftIsItsOwnInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Drift{
			PPM:    rapid.Float64Range(-1000, 1000).Draw(t, "ppm"),
			Wander: rapid.Float64Range(0, 100).Draw(t, "wander"),
			Period: time.Duration(rapid.Int64Range(1e9, 1e13).Draw(t, "period")),
			Seed:   rapid.Uint64().Draw(t, "seed"),
		}
		n := rapid.Int64Range(0, 10*int64(24*time.Hour)).Draw(t, "n")
		at := d.When(n)
		assert.InDelta(t, n, at+int64(math.Round(d.Gain(at))), 2)
	})
}

func TestADriftIsSpelled(t *testing.T) {
	var d Drift
	for _, part := range [][2]string{{"ppm", "+80"}, {"wander", "2.5:90s"}, {"seed", "9"}} {
		known, err := d.Set(part[0], part[1])
		require.NoError(t, err)
		assert.True(t, known)
	}
	assert.Equal(t, Drift{PPM: 80, Wander: 2.5, Period: 90 * time.Second, Seed: 9}, d)
	known, err := d.Set("colour", "red")
	assert.False(t, known)
	assert.NoError(t, err)
	for _, part := range [][2]string{{"ppm", "fast"}, {"ppm", "NaN"}, {"ppm", "1001"}, {"wander", "-1"}, {"wander", "2:1ms"}, {"wander", "2:x"}, {"seed", "-1"}} {
		_, err := d.Set(part[0], part[1])
		assert.Error(t, err, part)
	}
}
