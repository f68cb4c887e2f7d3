package wire

import "sync/atomic"

// Refusal says why a packet is not played.
type Refusal uint8

// The refusals, in the order in which Verify looks for them.
const (
	OK           Refusal = iota
	Malformed            // not a packet of this format
	Unsealed             // RTP without our seal
	NotForUs             // no target is ours
	OldTerm              // from a controller that has been replaced
	Stale                // its time has passed: late, or replayed
	Early                // its time is more than 30 s away
	Ended                // its session is over
	Duplicate            // heard already, or older than the window
	Flood                // too many packets that need a costly look
	UnknownKey           // no valid certificate for its key
	BadSignature         // forged or altered
	refusals
)

var refusalWords = [refusals]string{"ok", "malformed", "unsealed", "not for us", "old term", "stale", "early",
	"ended", "duplicate", "flood", "unknown key", "signature"}

// String returns the word for metrics and people: "ok", "malformed",
// "unsealed", "not for us", "old term", "stale", "early", "ended",
// "duplicate", "flood", "unknown key" or "signature".
func (r Refusal) String() string {
	if r < refusals {
		return refusalWords[r]
	}
	return "unknown refusal"
}

// Refusals lists every outcome, OK first, for those who draw up metrics.
func Refusals() []Refusal {
	out := make([]Refusal, refusals)
	for i := range out {
		out[i] = Refusal(i)
	}
	return out
}

type tally [refusals]atomic.Uint64

func (t *tally) counts() map[Refusal]uint64 {
	out := make(map[Refusal]uint64, refusals)
	for i := range t {
		out[Refusal(i)] = t[i].Load()
	}
	return out
}
