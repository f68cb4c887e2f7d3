package node

import (
	"sync/atomic"
	"time"

	"pa/audio"
)

// What a packet needs beside the output's own time: the network's and the
// controller's unpunctuality on a wire, and the mixer's look ahead.
const leadMargin = 2 * time.Millisecond

// The slack follows the waiting time that one packet in a thousand exceeds: up
// by slackUp for each that does, down by a thousandth of that for each other.
const (
	slackUp    = int64(500 * time.Microsecond)
	slackDown  = slackUp / 1000
	slackLimit = int64(20 * time.Millisecond)
)

// slack is how long packets wait from the kernel's stamp to the mixer: for the
// thread to run, and for the signature to be checked.
type slack struct{ ns atomic.Int64 }

// note takes in one packet's wait, ns. One goroutine at a time calls it.
func (s *slack) note(wait int64) {
	now := s.ns.Load()
	if wait > now {
		now += slackUp
	} else {
		now -= slackDown
	}
	s.ns.Store(min(max(now, 0), slackLimit))
}

// lead is how far ahead of its sounding a packet must arrive here, in whole
// milliseconds: the sound card asks for a period at once, and plays it its
// latency later.
func (n *Node) lead(sink audio.SinkState) time.Duration {
	d := sink.Latency + sink.Period + leadMargin + time.Duration(n.slack.ns.Load())
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}
