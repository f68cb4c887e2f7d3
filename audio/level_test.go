package audio

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDecibels(t *testing.T) {
	assert.InDelta(t, 1, DB(0), 1e-6)
	assert.InDelta(t, 0.1, DB(-20), 1e-6)
	assert.InDelta(t, -6.02, ToDB(0.5), 0.01)
	assert.Equal(t, -120.0, ToDB(0))
}

func TestARampNeverSteps(t *testing.T) {
	r := NewRamp(0)
	r.To(1, 480)
	x := make([]float32, 960)
	for i := range x {
		x[i] = 1
	}
	r.Apply(x)
	for i := 1; i < len(x); i++ {
		assert.Less(t, math.Abs(float64(x[i]-x[i-1])), 0.01)
	}
	assert.InDelta(t, 1, x[959], 1e-6)
}

// TestTheLineFindsTheCardsRate pulls 10 ms blocks from a card 80 ppm fast,
// each pull late by a pseudo-random wake-up.
func TestTheLineFindsTheCardsRate(t *testing.T) {
	l := NewLine(Rate)
	rate := Rate * (1 + 80e-6)
	seed := uint32(1)
	for k := int64(0); k < 2000; k++ {
		seed = seed*1664525 + 1013904223
		late := int64(seed>>12) % 2_000_000 // up to 2 ms
		l.Add(k*480, int64(float64(k*480)/rate*1e9)+late)
	}
	assert.InDelta(t, 80, (l.Rate()/Rate-1)*1e6, 25, "ppm")
	due := int64(float64(2000*480) / rate * 1e9)
	assert.InDelta(t, due, l.At(2000*480), 500_000, "half a millisecond")
}

// A card that was stopped begins at a new time, and is as fast as it was.
func TestALineThatRestartsKeepsTheRate(t *testing.T) {
	l := NewLine(Rate)
	rate := Rate * (1 - 90e-6)
	for k := int64(0); k < 2000; k++ {
		l.Add(k*480, int64(float64(k*480)/rate*1e9))
	}
	want := l.Rate()
	l.Restart()
	const stop = 40_000_000
	for k := int64(2000); k < 2050; k++ {
		l.Add(k*480, int64(float64(k*480)/rate*1e9)+stop)
		assert.InDelta(t, want, l.Rate(), 0.01)
		assert.InDelta(t, int64(float64(k*480)/rate*1e9)+stop, l.At(k*480), 2000, "from the first point on")
	}
	l.Reset()
	assert.Equal(t, float64(Rate), l.Rate())
}
