package playout

import (
	"pa/audio"
	"pa/audio/codec"
)

// The times of a stream, ns.
const (
	tolerance   = 5_000_000     // TPlay may be off the line by this before it is another talkspurt
	starveAfter = 200_000_000   // concealment of what may never have been sent
	takeover    = 200_000_000   // silence after which another SSRC may speak for the session
	forgetAfter = 2_000_000_000 // silence after which a stream is finished
	unlockedLag = 60_000_000    // arrival → sound without a locked clock
)

// perSample turns ns into samples.
const perSample = audio.Rate / 1e9

// sampleNS is the time of n samples, ns.
func sampleNS(n int64) int64 { return n * 62500 / 3 }

// stream is one session's way from packets to samples.
type stream struct {
	session   uint64
	ssrc      uint32
	rank      uint32
	flags     Flags
	profile   codec.Profile
	dec       codec.Decoder
	ring      ring
	unlocked  bool
	timescale uint32 // that shift is against
	shift     int64  // media time − the stream's own, ns; 0 but for one that outlived its timescale
	offset    int64  // unlocked: local time of arrival − TPlay, smoothed
	began     int64  // lowest TPlay seen
	arrived   int64  // local ns of the newest packet
	endSeq    int64  // of the newest END, 0 when there is none
	stopping  bool
	refused   uint64       // packets that found no room
	status    StreamStatus // the counts, in packets
	level     meter
	sounding  bool // a talkspurt is being played, heard or mute
	everBegun bool

	// The talkspurt. Index 0 is the first sample that the decoder gives; the
	// original's first sample follows Lookahead later and is heard at origin.
	origin  int64
	decoded int64 // index of the next sample to be decoded
	tail    int   // frames concealed at the end that may never have been sent
	final   bool  // the talkspurt ends at decoded
	over    bool  // the session ends with it
	padded  bool
	win     window
	cur     cursor
	ratio   float64
	exact   bool // whole positions, ratio 1: bit for bit
	bad     int  // blocks in a row that were far off
	lead    int  // not sounding: frames until the next talkspurt, 0: none known

	role  role
	fresh bool // a talkspurt has just begun: takes its level at once
	gain  envelope
	entry envelope
}

func (s *stream) frameNS() int64 { return sampleNS(int64(s.profile.Frame)) }

// spanNS is how long after TPlay the last sample of a packet's decoded frame
// is needed: the frame less the codec's lookahead.
func (s *stream) spanNS() int64 { return sampleNS(int64(s.profile.Frame - s.profile.Lookahead)) }

// due is the TPlay that the next frame to be decoded must have.
func (s *stream) due() int64 { return s.origin + sampleNS(s.decoded) }

// position is where in the talkspurt the sound of a TPlay instant lies.
func (s *stream) position(t int64) float64 {
	return float64(s.profile.Lookahead) + float64(t-s.origin)*perSample
}

// reset makes s the stream of p's session and SSRC. Counters go on if the
// session is the same.
func (s *stream) reset(p *Packet, prof codec.Profile, dec codec.Decoder) {
	r, w, st := s.ring, s.win, s.status
	if s.session != p.Session || st.Session == 0 {
		st = StreamStatus{Session: p.Session}
		s.began = p.TPlay
		s.level = meter{}
	}
	*s = stream{session: p.Session, ssrc: p.SSRC, rank: p.Rank, profile: prof, dec: dec, timescale: s.timescale, shift: s.shift,
		ring: r, win: w, status: st, level: s.level, began: s.began, arrived: p.Arrived,
		unlocked: p.Unlocked, offset: p.Arrived - p.TPlay, everBegun: s.everBegun && st.Received > 0, fresh: true}
	s.ring.reset(p.Seq)
}

// accept takes a packet of this stream in. reached is the instant, as TPlay,
// up to which sound has been handed out already.
func (s *stream) accept(p *Packet, reached int64) PushResult {
	seq := s.ring.extend(p.Seq)
	if st := s.ring.state(seq); st == slotFull || st == slotPlayed || st == slotLate {
		return Duplicate
	}
	s.note(p, seq)
	switch {
	case seq < s.ring.next:
		if !s.rewind(p, seq) {
			return s.late(seq)
		}
	case seq >= s.ring.next+ringSlots:
		if s.ring.count > 0 {
			s.refused++
			return Ahead
		}
		s.commitTail(s.tail)
		s.passOver(seq, p.TPlay)
	default:
		s.commitTail(s.tail)
	}
	s.status.Received++
	if len(p.Payload) > 0 {
		s.status.Due++
	}
	if p.TPlay+s.spanNS() <= reached {
		if !s.sounding {
			s.status.Gaps.Add(p.TPlay, p.TPlay+s.frameNS(), Missing)
		}
		s.status.Late++
		s.ring.refuse(seq)
		return Late
	}
	s.ring.put(seq, p)
	return Accepted
}

// note keeps what a packet says of its stream.
func (s *stream) note(p *Packet, seq int64) {
	s.arrived = max(s.arrived, p.Arrived)
	s.began = min(s.began, p.TPlay)
	if p.Flags&End != 0 {
		s.endSeq = max(s.endSeq, seq)
	}
	if seq < s.ring.high {
		return
	}
	s.rank, s.flags = p.Rank, p.Flags
	const second = 1_000_000_000
	if d := p.Arrived - p.TPlay - s.offset; d > second || d < -second {
		s.offset += d
	} else {
		s.offset += d * (s.frameNS() / 1000) / (4 * second / 1000)
	}
}

// rewind moves the decoder's next packet back to seq where that is right: in
// the beginning, when packets were reordered; and after a pause, which looked
// like a loss until its TPlay said otherwise.
func (s *stream) rewind(p *Packet, seq int64) bool {
	if !s.ring.begun {
		if s.ring.high-seq >= ringSlots {
			return false
		}
		s.ring.next = seq
		return true
	}
	first := s.ring.next - int64(s.tail)
	planned := s.due() - (s.ring.next-seq)*s.frameNS()
	if s.tail == 0 || seq < first || p.TPlay <= planned+tolerance {
		return false
	}
	s.commitTail(int(seq - first))
	s.tail = 0
	s.ring.next = seq
	return true
}

// late counts a packet whose turn has passed.
func (s *stream) late(seq int64) PushResult {
	s.status.Received++
	s.status.Late++
	if first := s.ring.next - int64(s.tail); seq >= first {
		s.commitTail(int(seq-first) + 1)
	}
	if s.ring.state(seq) == slotHole {
		s.ring.at(seq).state = slotLate
		s.status.Lost = max(s.status.Lost, 1) - 1
	}
	return Late
}

// commitTail counts n frames at the end as holes: later packets have shown
// that they were sent.
func (s *stream) commitTail(n int) {
	from := s.due() - int64(s.tail)*s.frameNS()
	s.status.Gaps.Add(from, from+int64(n)*s.frameNS(), Missing)
	s.status.Lost += uint64(n)
	s.status.Due += uint64(n)
	s.status.Concealed += uint64(n)
	s.tail -= n
}

// passOver goes on at seq, whose sound is due at tplay. What lies before it and
// never came is lost.
func (s *stream) passOver(seq, tplay int64) {
	lost := s.ring.jump(seq)
	s.status.Lost += lost
	s.status.Due += lost
	s.status.Gaps.Add(tplay-int64(lost)*s.frameNS(), tplay, Missing)
}

// hole notes that the next frame to be decoded is not there.
func (s *stream) hole() { s.status.Gaps.Add(s.due(), s.due()+s.frameNS(), Missing) }

// fill decodes until sample need is there or the talkspurt ends.
func (s *stream) fill(need int64) {
	for !s.final && s.decoded < need {
		s.decodeNext()
	}
	if s.final && !s.padded {
		s.win.pad(s.cur.idx)
		s.padded = true
	}
}

// decodeNext appends one frame to the window, or finds that the talkspurt ends.
func (s *stream) decodeNext() {
	next := s.ring.at(s.ring.next)
	switch {
	case s.ring.state(s.ring.next) == slotFull:
		s.decode(next)
	case s.ring.count > 0:
		s.hole()
		s.conceal()
		s.status.Concealed++
		if s.ring.miss() {
			s.status.Lost++
			s.status.Due++
		}
	case s.endSeq > 0 && s.ring.next > s.endSeq:
		s.final, s.over = true, true
	case int64(s.tail)*s.frameNS() >= starveAfter:
		s.final = true
	default:
		s.conceal()
		if s.ring.miss() {
			s.tail++
		} else {
			s.status.Gaps.Add(s.due()-s.frameNS(), s.due(), Missing)
			s.status.Concealed++
		}
	}
}

// decode takes the packet that waits in sl, unless it begins another talkspurt.
func (s *stream) decode(sl *slot) {
	if off := sl.tplay - s.due(); off > tolerance || off < -tolerance {
		s.final = true
		return
	}
	ends := sl.flags&End != 0 && s.ring.count == 1
	if sl.size > 0 {
		s.origin = sl.tplay - sampleNS(s.decoded)
		dst := s.win.room(s.profile.Frame, s.cur.idx)
		if n, err := s.dec.Decode(dst, s.ring.payload(sl)); err != nil || n != len(dst) {
			s.dec.Conceal(dst)
			s.hole()
			s.status.Concealed++
		} else if s.role == muted {
			s.status.Gaps.Add(s.due(), s.due()+s.frameNS(), Masked)
			s.status.Muted++
		} else {
			s.status.Played++
		}
		s.win.n += len(dst)
		s.decoded += int64(len(dst))
	}
	s.ring.take(sl)
	s.final, s.over = ends, ends
}

// conceal appends a frame in place of one that is not there.
func (s *stream) conceal() {
	dst := s.win.room(s.profile.Frame, s.cur.idx)
	r, ok := s.dec.(codec.Recoverer)
	if after := s.ring.next + 1; ok && s.ring.state(after) == slotFull && s.ring.at(after).size > 0 {
		r.Recover(dst, s.ring.payload(s.ring.at(after)))
	} else {
		s.dec.Conceal(dst)
	}
	s.win.n += len(dst)
	s.decoded += int64(len(dst))
}
