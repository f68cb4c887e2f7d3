package paspeaker

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"time"
)

// What a thousand loudspeakers have to say at one moment, each says in its
// turn: the id alone tells when, so that nobody has to hand out numbers and a
// restart changes nothing.

// tellEvery and tellWithin bound how long a site's loudspeakers take to say
// what they played: the verdict waits for the last of them.
const (
	tellEvery  = 1500 * time.Microsecond
	tellWithin = 2 * time.Second
)

// SpreadOf returns over how long the loudspeakers of a site, so many, spread
// what all of them have to say at once: nothing to speak of at a small site,
// 2 s at most.
func SpreadOf(speakers int) time.Duration {
	return min(time.Duration(speakers)*tellEvery, tellWithin)
}

// Turn returns when within a span it is a loudspeaker's turn: 0 ≤ turn < within,
// alike for every call, and even over many ids.
func Turn(id SpeakerID, within time.Duration) time.Duration {
	if within <= 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(id))
	turn, _ := bits.Mul64(binary.BigEndian.Uint64(sum[:]), uint64(within))
	return time.Duration(turn)
}

// UntilTurn returns how long it is until a loudspeaker's next turn in a period,
// when a clock that all of them share shows now, ns. It is longer than a tenth
// of the period: who has just had its turn waits for the next one, though its
// clock be corrected meanwhile.
func UntilTurn(id SpeakerID, now int64, period time.Duration) time.Duration {
	wait := (int64(Turn(id, period)) - now) % int64(period)
	if wait < 0 {
		wait += int64(period)
	}
	if wait <= int64(period)/10 {
		wait += int64(period)
	}
	return time.Duration(wait)
}
