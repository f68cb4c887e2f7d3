package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/integration/ears"
)

func TestWhatAToneDoesByItselfIsNotHeldAgainstASwitch(t *testing.T) {
	amp := 0.1 * math.Sqrt2 // −20 dBFS RMS
	assert.InDelta(t, amp*2*math.Pi*highTone/48000, ownStep, 1e-4)
	// One fades into the other along half a cosine, 10 ms long, with whatever phase.
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, 1440)
	for range 20_000 {
		a, b := 2*math.Pi*rng.Float64(), 2*math.Pi*rng.Float64()
		for i := range x {
			g := (1 - math.Cos(math.Pi*min(1, max(0, float64(i-480)/480)))) / 2
			t := float64(i) / 48000
			x[i] = float32(amp * ((1-g)*math.Sin(2*math.Pi*lowTone*t+a) + g*math.Sin(2*math.Pi*highTone*t+b)))
		}
		require.LessOrEqual(t, ears.Hole(x, toneHole), ownHole)
		require.Less(t, ears.Step(x), ownStep*1.001, "no step is larger than the tone's own")
	}
}
