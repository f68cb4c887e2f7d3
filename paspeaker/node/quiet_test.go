package node

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"pa/audio"
	"pa/paspeaker"
)

// card asks a pull for blocks of 10 ms, which leave the output 20 ms later.
type card struct {
	pull  audio.Pull
	frame int64
}

func (c *card) play(blocks int) (now int64) {
	out := make([]float32, audio.FrameLen)
	for range blocks {
		at := c.frame * 1e9 / audio.Rate
		c.pull(out, audio.Beat{Frame: c.frame, Heard: at + 20e6, Rate: audio.Rate})
		c.frame += int64(len(out))
	}
	return c.frame * 1e9 / audio.Rate
}

func TestTheOutputIsSilentWhenTheLastOfItHasLeft(t *testing.T) {
	var q quiet
	amplitude := float32(0)
	c := &card{pull: q.pull(func(out []float32, _ audio.Beat) {
		for i := range out {
			out[i] = amplitude
		}
	})}
	now := c.play(20)
	assert.Equal(t, float64(silent), q.outputDB(now))
	assert.Positive(t, q.silentFor(now))

	amplitude = 0.1
	now = c.play(20)
	assert.InDelta(t, -20, q.outputDB(now), 0.1)
	assert.Zero(t, q.silentFor(now))
	q.stop(500)
	assert.False(t, q.fellSilent(now, true))
	assert.False(t, q.fellSilent(now, false), "it sounds still")

	amplitude = 0
	now = c.play(1)
	assert.Zero(t, q.silentFor(now), "what was pulled is still on its way")
	now = c.play(14)
	assert.InDelta(t, (130 * time.Millisecond).Seconds(), q.silentFor(now).Seconds(), 0.001)
	assert.False(t, q.fellSilent(now, true), "a session is there")
	assert.True(t, q.fellSilent(now, false))
	assert.False(t, q.fellSilent(now, false), "it is said once")
	q.stop(400)
	assert.False(t, q.fellSilent(now, false), "an older order is no news")
	q.stop(600)
	assert.True(t, q.fellSilent(now, false), "a newer one is, though all was silent")
	assert.Equal(t, int64(600), q.state(now).Stopped)
}

func TestWhatSoundsWithNothingOnAirIsStray(t *testing.T) {
	var q quiet
	c := &card{pull: q.pull(func(out []float32, _ audio.Beat) {
		for i := range out {
			out[i] = 0.01
		}
	})}
	var now int64
	for range 20 {
		now = c.play(10)
		q.watch(now, false)
	}
	assert.Zero(t, q.state(now).Stray, "it is on air")
	for range 10 {
		now = c.play(10)
		q.watch(now, true)
	}
	assert.Zero(t, q.state(now).Stray, "it may be the rest of it")
	for range 10 {
		now = c.play(10)
		q.watch(now, true)
	}
	assert.InDelta(t, 1.9, time.Duration(q.state(now).Stray).Seconds(), 0.01)
	q.watch(now, false)
	assert.Zero(t, q.state(now).Stray)
}

func TestNoiseBelowTheFloorIsSilence(t *testing.T) {
	var q quiet
	c := &card{pull: q.pull(func(out []float32, _ audio.Beat) {
		for i := range out {
			out[i] = float32(i%2) / (1 << 15)
		}
	})}
	now := c.play(20)
	assert.Less(t, q.outputDB(now), paspeaker.FloorDB)
	assert.Positive(t, q.silentFor(now))
}

func TestOverhearingAllocatesNothing(t *testing.T) {
	var q quiet
	out := make([]float32, 480)
	pull := q.pull(func([]float32, audio.Beat) {})
	assert.Zero(t, testing.AllocsPerRun(100, func() { pull(out, audio.Beat{Rate: audio.Rate}) }))
	assert.Equal(t, float64(silent), levelDB(0, 1))
	assert.InDelta(t, -20, levelDB(0.01*7, 7), 1e-9)
	assert.False(t, math.IsNaN(levelDB(0, 0)))
}

// hearFor has a monitor hear a level for so many seconds.
func (g *ghost) hearFor(now *int64, seconds int, idle bool, level float64) *paspeaker.Quiet {
	for range 10 * seconds {
		*now += 1e8
		g.watch(*now, idle, level)
	}
	var q paspeaker.Quiet
	g.tell(&q)
	return &q
}

func TestAMonitorThatHearsWithNothingOnAirIsAGhost(t *testing.T) {
	var g ghost
	now := int64(1)
	assert.Nil(t, g.hearFor(&now, 20, false, -20).MonitorDB, "something is on air")
	q := g.hearFor(&now, 2, true, -40)
	assert.Nil(t, q.MonitorDB, "its echo")
	q = g.hearFor(&now, 60, true, -62)
	assert.Equal(t, -62.0, *q.MonitorDB)
	assert.Zero(t, q.Ghost, "the place is as it is")
	assert.Zero(t, g.hearFor(&now, 8, true, -30).Ghost, "a truck passes")
	assert.Zero(t, g.hearFor(&now, 30, true, -60).Ghost)
	assert.Zero(t, g.hearFor(&now, 60, true, -48).Ghost, "rain")
	g.hearFor(&now, 6, true, -25)
	g.hearFor(&now, 1, true, -60) // it breathes
	q = g.hearFor(&now, 6, true, -25)
	assert.InDelta(t, 13, time.Duration(q.Ghost).Seconds(), 0.3, "somebody speaks")
	assert.Zero(t, g.hearFor(&now, 5, true, -60).Ghost)
	g.hearFor(&now, 12, true, -25)
	assert.Zero(t, g.hearFor(&now, 1, false, -25).Ghost, "an announcement begins")
}

func TestTheNoiseOfAPlaceMayRiseThroughTheDay(t *testing.T) {
	var g ghost
	now := int64(1)
	for level := -65.0; level < -30; level++ {
		assert.Zero(t, g.hearFor(&now, 60, true, level).Ghost, "%g", level)
	}
	q := g.hearFor(&now, 10, true, silent)
	assert.Nil(t, q.MonitorDB, "a monitor from which nothing comes knows nothing")
}
