package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheThrottle(t *testing.T) {
	now := time.Unix(1000, 0)
	th := newThrottle(func() time.Time { return now })
	for range peerBurst {
		assert.Zero(t, th.take("10.0.0.1"))
	}
	assert.Equal(t, peerEvery, th.take("10.0.0.1"))
	assert.Zero(t, th.take("10.0.0.2"), "another address is not slowed")
	now = now.Add(peerEvery)
	assert.Zero(t, th.take("10.0.0.1"))
	assert.Positive(t, th.take("10.0.0.1"))

	for i := range peerBurst {
		assert.Zero(t, th.take(fmt.Sprintf("2001:db8::%d", i)))
	}
	assert.Positive(t, th.take("2001:db8::ffff"), "a /64 is one address")

	for i := range 2 * maxPeers {
		th.take(fmt.Sprintf("10.1.%d.%d", i/256, i%256))
	}
	assert.LessOrEqual(t, len(th.peers), maxPeers, "memory is bounded")
	assert.Positive(t, th.take("10.9.9.9"), "and so is the sum of all attempts")
}

// A park's nodes that enrol at once, from behind one address, are not held up:
// none of them guesses.
func TestAnAttemptThatSucceedsDoesNotCount(t *testing.T) {
	now := time.Unix(1000, 0)
	th := newThrottle(func() time.Time { return now })
	for range 10 * totalBurst {
		assert.Zero(t, th.take("10.0.0.1"))
		th.giveBack("10.0.0.1")
	}
	for range peerBurst {
		assert.Zero(t, th.take("10.0.0.1"), "guesses are counted as before")
	}
	assert.Positive(t, th.take("10.0.0.1"))
	th.giveBack("10.9.9.9") // of one that was forgotten meanwhile
	assert.Positive(t, th.take("10.0.0.1"))
}
