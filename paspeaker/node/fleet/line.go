package fleet

import (
	"time"

	"pa/audio"
	"pa/audio/codec"
	"pa/audio/playout"
)

// reach is how many packets a line knows of, those to come and those that are
// over. A power of two.
const reach = 512

// stale is what a TPlay may be off the one before it, in ns, before a pause lies
// between.
const stale = int64(5 * time.Millisecond)

// place is what is known of one sequence number.
type place struct {
	seq   int64
	due   int64 // TPlay
	state state
	sound bool // it carries some; else it is an end alone
}

type state uint8

const (
	unknown state = iota
	here          // it waits to be due
	past          // it was here, and is played
	hole          // it was not here when it was due
	late          // it came after that
)

// line is one session at one loudspeaker: which packets came, which are due.
// Counts are in packets, unit times 10 ms each.
type line struct {
	places   [reach]place
	next     int64 // sequence number that is due next
	high     int64 // highest seen
	end      int64 // of the last packet; 0: not known
	began    int64 // lowest TPlay seen
	until    int64 // TPlay up to which it has sounded
	arrived  int64 // local ns, of the newest packet
	frame    int64 // ns
	unit     uint64
	waiting  int   // packets that are here
	offset   int64 // of one without the time: arrival − TPlay
	stopping bool
	over     bool
	status   playout.StreamStatus
}

func newLine(p *playout.Packet, profile codec.Profile) *line {
	l := &line{frame: int64(profile.Duration()), unit: uint64(profile.Frame / audio.FrameLen), began: p.TPlay}
	l.unit = max(l.unit, 1)
	l.status.Session, l.status.Rank, l.status.PT, l.status.Unlocked = p.Session, p.Rank, p.PT, p.Unlocked
	l.offset = p.Arrived - p.TPlay
	l.restart(p)
	return l
}

// restart goes on with another SSRC of the session.
func (l *line) restart(p *playout.Packet) {
	l.places = [reach]place{}
	l.status.SSRC = p.SSRC
	l.next = 1<<32 + int64(p.Seq) // far above zero: packets from before have room
	l.high, l.end, l.waiting = l.next, 0, 0
}

func (l *line) at(seq int64) *place { return &l.places[seq&(reach-1)] }

// know returns what is known of a sequence number.
func (l *line) know(seq int64) state {
	if p := l.at(seq); p.seq == seq {
		return p.state
	}
	return unknown
}

// accept takes a packet in; reached is the instant, as TPlay, that sounds now.
func (l *line) accept(p *playout.Packet, reached int64) playout.PushResult {
	seq := l.high + int64(int16(p.Seq-uint16(l.high)))
	was := l.know(seq)
	switch {
	case was == here, was == past, was == late:
		return playout.Duplicate
	case seq >= l.next+reach:
		return playout.Ahead
	}
	l.arrived, l.began = max(l.arrived, p.Arrived), min(l.began, p.TPlay)
	if p.Flags&playout.End != 0 {
		l.end = max(l.end, seq)
	}
	if seq >= l.high {
		l.status.Rank, l.status.Flags = p.Rank, p.Flags
	}
	l.high = max(l.high, seq)
	l.status.Received++
	switch before := l.until == 0 && l.high-seq < reach; {
	case seq < l.next && before && p.TPlay+l.frame > reached:
		l.next = seq // the first packets overtook each other
	case seq < l.next, p.TPlay+l.frame <= reached:
		if was == hole {
			l.status.Lost--
		}
		l.status.Late++
		*l.at(seq) = place{seq: seq, due: p.TPlay, state: late}
		return playout.Late
	}
	*l.at(seq) = place{seq: seq, due: p.TPlay, state: here, sound: len(p.Payload) > 0}
	l.waiting++
	return playout.Accepted
}

// advance counts what has become due up to an instant, as TPlay, and says
// whether the session is over. masked says of a packet whether it is hushed.
func (l *line) advance(reached, delay int64, masked func(due int64) bool) (over bool) {
	for {
		switch l.know(l.next) {
		case here:
			p := l.at(l.next)
			if p.due > reached {
				return false
			}
			l.play(p, delay, masked)
			if l.next-1 == l.end {
				return true
			}
		default:
			// Whether it is lost shows when a later one is here, and its own time
			// is over.
			if l.waiting == 0 || l.holeDue() > reached {
				return false
			}
			l.miss()
		}
	}
}

// holeDue is when the missing packet should have sounded.
func (l *line) holeDue() int64 {
	for seq := l.next + 1; seq <= l.high; seq++ {
		if l.know(seq) == here {
			return l.at(seq).due - (seq-l.next)*l.frame
		}
	}
	return l.until
}

func (l *line) play(p *place, delay int64, masked func(int64) bool) {
	p.state = past
	l.waiting--
	l.next++
	if !p.sound {
		return
	}
	if p.due-l.until > stale && l.until != 0 {
		l.began = p.due // after a pause it masks nothing of what lies before
	}
	l.until = p.due + l.frame
	if masked(p.due) {
		l.status.Muted++
		return
	}
	l.status.Played++
	if l.status.FirstHeard == 0 {
		l.status.FirstHeard = p.due + delay
	}
	l.status.LastHeard = l.until + delay
}

// miss counts a packet that is not there when it is due.
func (l *line) miss() {
	l.status.Concealed++
	if l.know(l.next) != late {
		l.status.Lost++
		*l.at(l.next) = place{seq: l.next, state: hole}
	}
	l.next++
}
