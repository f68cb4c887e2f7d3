package paspeaker

import (
	"fmt"
	"strconv"
)

// Priority orders announcements, 0 (lowest) to 255, in the ranges of the
// trade (Bosch PRAESENSA): 0–31 background, 32–127 routine, 128–223 live,
// 224–255 emergency. Equal priority: first come, first served; from
// PriorityEmergency up the latest wins, so that an open microphone never
// blocks an emergency.
type Priority uint8

// The named priorities. A class's name alone stands for its value here.
const (
	PriorityBackground    Priority = 16
	PriorityRoutine       Priority = 64
	PriorityLive          Priority = 160
	PriorityDrillMax      Priority = 223 // a drill never masks the real thing
	PriorityEmergency     Priority = 224 // from here up the latest wins
	PriorityRecorded      Priority = 240 // recorded emergencies
	PriorityLiveEmergency Priority = 255 // live --emergency
)

// Class is the name of a range of priorities.
type Class string

// The classes, lowest first.
const (
	ClassBackground Class = "background"
	ClassRoutine    Class = "routine"
	ClassLive       Class = "live"
	ClassEmergency  Class = "emergency"
)

// Class returns the range that p lies in.
func (p Priority) Class() Class {
	switch {
	case p < 32:
		return ClassBackground
	case p < 128:
		return ClassRoutine
	case p < PriorityEmergency:
		return ClassLive
	default:
		return ClassEmergency
	}
}

// LatestWins says whether, among equals of this priority, the newest sounds.
func (p Priority) LatestWins() bool { return p >= PriorityEmergency }

// ParsePriority reads a number 0–255 or a class's name; emergency stands for
// PriorityRecorded.
func ParsePriority(s string) (Priority, error) {
	switch Class(s) {
	case ClassBackground:
		return PriorityBackground, nil
	case ClassRoutine:
		return PriorityRoutine, nil
	case ClassLive:
		return PriorityLive, nil
	case ClassEmergency:
		return PriorityRecorded, nil
	}
	v, err := strconv.ParseUint(s, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("priority %q: want 0–255, background, routine, live or emergency", s)
	}
	return Priority(v), nil
}

// Rank is the order in which a loudspeaker's mixer prefers sessions: the
// higher wins. The Arbiter alone computes it, and it is signed into every
// packet, so that a lost stop or a hung session cannot cover an emergency.
// The high byte is the priority; the rest is the order of arrival, rising
// where the latest wins and falling where the first is served.
type Rank uint32

// maxRankCount is the highest n that a Rank can tell from its neighbours.
const maxRankCount = 1<<24 - 1

// MakeRank returns the rank of the n-th request of its priority in a term.
// From the 2²⁴-th on, requests of one priority share a rank.
func MakeRank(p Priority, n uint32) Rank {
	n = min(n, maxRankCount)
	if !p.LatestWins() {
		n = maxRankCount - n
	}
	return Rank(p)<<24 | Rank(n)
}

// Priority returns the priority that the rank was made of.
func (r Rank) Priority() Priority { return Priority(r >> 24) }
