package playout

import "pa/audio/codec"

// ringSlots bounds how far ahead of its playing a stream is kept: 5.12 s of
// 10 ms frames, 10.24 s of 20 ms ones. A power of two.
const ringSlots = 512

// slotState is what a sequence number's place in the ring knows of it.
type slotState uint8

const (
	slotEmpty  slotState = iota
	slotFull             // a packet waits
	slotPlayed           // it was here and went to the decoder, or was passed over
	slotHole             // it was not here when it was due
	slotLate             // it came, but too late
)

type slot struct {
	seq   int64
	tplay int64
	size  int
	flags Flags
	state slotState
}

// ring holds packets by sequence number until they are due.
type ring struct {
	slots []slot
	data  []byte
	next  int64 // sequence number that the decoder takes next
	high  int64 // highest seen
	count int   // packets waiting
	begun bool  // the decoder has taken one: next no longer moves back
}

func newRing() ring {
	return ring{slots: make([]slot, ringSlots), data: make([]byte, ringSlots*codec.MaxPayload)}
}

// reset empties the ring for a stream whose first packet is seq.
func (r *ring) reset(seq uint16) {
	clear(r.slots)
	// Far above zero, so that packets from before the first have room.
	r.next = 1<<32 + int64(seq)
	r.high = r.next
	r.count, r.begun = 0, false
}

// extend continues the 16 bit sequence number to the one nearest to the
// highest seen (RFC 3550 appendix A.1).
func (r *ring) extend(seq uint16) int64 {
	return r.high + int64(int16(seq-uint16(r.high)))
}

func (r *ring) at(seq int64) *slot { return &r.slots[seq&(ringSlots-1)] }

// state of a sequence number, slotEmpty when nothing is known.
func (r *ring) state(seq int64) slotState {
	if s := r.at(seq); s.seq == seq {
		return s.state
	}
	return slotEmpty
}

func (r *ring) payload(s *slot) []byte {
	at := int(s.seq&(ringSlots-1)) * codec.MaxPayload
	return r.data[at : at+s.size]
}

// put keeps a packet; its slot must be free and within reach of next.
func (r *ring) put(seq int64, p *Packet) {
	s := r.at(seq)
	*s = slot{seq: seq, tplay: p.TPlay, size: len(p.Payload), flags: p.Flags, state: slotFull}
	copy(r.payload(s), p.Payload)
	r.count++
	r.high = max(r.high, seq)
}

// first is the waiting packet with the lowest sequence number, or nil.
func (r *ring) first() *slot {
	if r.count == 0 {
		return nil
	}
	for seq := r.next; seq <= r.high; seq++ {
		if s := r.at(seq); s.seq == seq && s.state == slotFull {
			return s
		}
	}
	return nil
}

// take marks a waiting packet as gone; the decoder goes on behind it.
func (r *ring) take(s *slot) {
	s.state = slotPlayed
	r.count--
	r.next = s.seq + 1
	r.begun = true
}

// miss marks the next sequence number as a hole, goes on behind it, and tells
// whether the packet has never come.
func (r *ring) miss() bool {
	s := r.at(r.next)
	if s.seq == r.next && s.state == slotLate {
		r.next++
		return false
	}
	*s = slot{seq: r.next, state: slotHole}
	r.next++
	return true
}

// jump goes on at seq and returns how many packets before it never came.
func (r *ring) jump(seq int64) (lost uint64) {
	if seq-r.next > ringSlots {
		lost = uint64(seq - r.next)
		r.next = seq
		return lost
	}
	for r.next < seq {
		if r.miss() {
			lost++
		}
	}
	return lost
}

// refuse notes that a packet came too late to be kept.
func (r *ring) refuse(seq int64) {
	*r.at(seq) = slot{seq: seq, state: slotLate}
	r.high = max(r.high, seq)
}
