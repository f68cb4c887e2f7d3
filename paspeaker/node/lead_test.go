package node

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"pa/audio"
)

// A node needs its output's latency and period, and what packets wait here, in
// whole milliseconds.
func TestLead(t *testing.T) {
	n := &Node{}
	const ms = time.Millisecond
	assert.Equal(t, 17*ms, n.lead(audio.SinkState{Latency: 10 * ms, Period: 5 * ms}))
	assert.Equal(t, 18*ms, n.lead(audio.SinkState{Latency: 10*ms + 1, Period: 5 * ms}))
	n.slack.ns.Store(int64(700 * time.Microsecond))
	assert.Equal(t, 33*ms, n.lead(audio.SinkState{Latency: 20 * ms, Period: 10 * ms}))
}

// The slack is what one packet in a thousand exceeds: one hiccup does not move
// it much, a busy computer does, and it goes away.
func TestSlackFollowsWhatPacketsWait(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s slack
	run := func(packets int, wait func() time.Duration) time.Duration {
		for range packets {
			s.note(int64(wait()))
		}
		return time.Duration(s.ns.Load())
	}
	quiet := func() time.Duration {
		return 50*time.Microsecond + time.Duration(rng.ExpFloat64()*float64(50*time.Microsecond))
	}
	assert.Less(t, run(20_000, quiet), 2*time.Millisecond)
	before := run(1, func() time.Duration { return time.Second })
	assert.Less(t, before, 3*time.Millisecond, "one hiccup")
	busy := func() time.Duration { return time.Duration(rng.ExpFloat64() * float64(time.Millisecond)) }
	loaded := run(60_000, busy)
	assert.Greater(t, loaded, 4*time.Millisecond)
	assert.Less(t, loaded, 12*time.Millisecond)
	assert.Less(t, run(60_000, quiet), 2*time.Millisecond)
	assert.Equal(t, slackLimit, int64(run(1000, func() time.Duration { return time.Minute })))
	assert.Zero(t, testing.AllocsPerRun(100, func() { s.note(5) }))
}
