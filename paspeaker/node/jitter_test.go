package node

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestJitterIsHowUnevenlyPacketsCome(t *testing.T) {
	const frame, lead = int64(10 * time.Millisecond), int64(100 * time.Millisecond)
	rng := rand.New(rand.NewPCG(1, 1))
	var j jitter
	feed := func(session uint64, uneven time.Duration) {
		for i := range int64(400) {
			at := i * frame
			if uneven > 0 {
				at += rng.Int64N(int64(uneven))
			}
			j.note(session, i*frame+lead, at)
		}
	}
	feed(1, 0)
	assert.Zero(t, j.nanoseconds.Load(), "a metronome has none")
	feed(2, 6*time.Millisecond)
	// Two uniform moments of 6 ms differ by 2 ms on average.
	assert.InDelta(t, 2e6, float64(j.nanoseconds.Load()), 1e6)
	feed(3, 0)
	assert.Zero(t, j.nanoseconds.Load(), "another session begins anew")
}

func TestJitterKnowsAPauseFromAnUnevenNetwork(t *testing.T) {
	var j jitter
	j.note(1, 0, 0)
	j.note(1, int64(10*time.Second), int64(10*time.Second)+5e6) // it spoke again
	j.note(1, int64(5*time.Second), int64(11*time.Second))      // an old packet
	assert.Zero(t, j.nanoseconds.Load())
	assert.Zero(t, testing.AllocsPerRun(100, func() { j.note(1, 1, 1) }))
}
