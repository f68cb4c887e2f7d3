package audio

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// card asks for periods of 10 ms: rate and lateness as told, and a stall.
type card struct {
	ppm   float64
	stood int64 // ns that it stood still in all
	frame int64
}

func (c *card) due() int64 {
	return int64(math.Round(float64(c.frame)*1e9/(Rate*(1+c.ppm*1e-6)))) + c.stood
}

// busy is the lateness of a thread on a machine with more work than cores, as
// measured: most wake within 30 µs, one in a hundred some milliseconds late.
func busy(r *rand.Rand) int64 {
	late := 10_000 + int64(r.ExpFloat64()*20_000)
	if r.IntN(50) == 0 {
		late += r.Int64N(15_000_000)
	}
	return late
}

func TestALineFindsTheCardsClock(t *testing.T) {
	for _, ppm := range []float64{-200, 0, 200} {
		r := rand.New(rand.NewPCG(1, uint64(ppm+1000)))
		c, l := card{ppm: ppm}, NewLine(Rate)
		var first, worst, rate float64
		last := int64(0)
		for range 12000 {
			last = max(last, c.due()+busy(r))
			assert.False(t, l.Add(c.frame, last))
			first = max(first, math.Abs(float64(l.At(c.frame)-c.due())))
			if c.frame > 2*Rate {
				worst = max(worst, math.Abs(float64(l.At(c.frame)-c.due())))
				rate = max(rate, math.Abs(l.Rate()/Rate-1-ppm*1e-6))
			}
			c.frame += FrameLen
		}
		t.Logf("%+.0f ppm: worst %.1f µs, %.1f µs at the beginning, %.2f ppm", ppm, worst/1e3, first/1e3, rate*1e6)
		assert.Less(t, first, 100e3, "before anything is known of the card")
		assert.Less(t, worst, 40e3)
		assert.Less(t, rate, 30e-6)
	}
}

func TestAStallIsNoticed(t *testing.T) {
	for name, tt := range map[string]struct {
		depth, stall time.Duration
		within       int64 // frames
	}{
		"of the card's whole buffer":    {30 * time.Millisecond, 50 * time.Millisecond, 8 * FrameLen},
		"of 0.7 s":                      {30 * time.Millisecond, 700 * time.Millisecond, FrameLen},
		"of 0.7 s, depth unknown":       {0, 700 * time.Millisecond, FrameLen},
		"short, depth unknown":          {0, 50 * time.Millisecond, 52 * FrameLen},
		"shorter than the card's depth": {100 * time.Millisecond, 50 * time.Millisecond, 52 * FrameLen},
	} {
		c, l := card{ppm: 40}, NewLine(Rate)
		l.SetDepth(tt.depth)
		noticed := int64(-1)
		for i := range 1000 {
			if i == 500 {
				c.stood = int64(tt.stall)
			}
			if l.Add(c.frame, c.due()) && noticed < 0 {
				noticed = c.frame - 500*FrameLen
			}
			c.frame += FrameLen
		}
		assert.GreaterOrEqual(t, noticed, int64(0), name)
		assert.LessOrEqual(t, noticed, tt.within, name)
		assert.InDelta(t, c.due(), l.At(c.frame), 2e3, name)
		assert.InDelta(t, 40e-6, l.Rate()/Rate-1, 1e-6, "%s: the rate outlives it", name)
	}
}

// A program that is held up and then catches up has not lost the card.
func TestCatchingUpIsNoStall(t *testing.T) {
	c, l := card{}, NewLine(Rate)
	l.SetDepth(30 * time.Millisecond)
	held := int64(0)
	for i := range 1000 {
		at := c.due()
		if i == 500 {
			held = at + int64(300*time.Millisecond)
		}
		if at < held {
			held += 200_000 // so long does a period take to make
			at = held
		}
		assert.False(t, l.Add(c.frame, at), i)
		c.frame += FrameLen
	}
	assert.InDelta(t, c.due(), l.At(c.frame), 1e3)
}

// A card that jumps ahead, or counts anew, is followed at once.
func TestAJumpAhead(t *testing.T) {
	c, l := card{}, NewLine(Rate)
	for range 300 {
		assert.False(t, l.Add(c.frame, c.due()))
		c.frame += FrameLen
	}
	c.stood = -20_000_000
	assert.True(t, l.Add(c.frame, c.due()))
	assert.Equal(t, c.due(), l.At(c.frame))
	assert.True(t, l.Add(0, c.due()+10_000_000), "frames from zero again")
}
