package wire

import (
	"crypto/ed25519"
	"encoding/binary"
	"maps"
	"sync"
	"time"
)

const (
	lateBy  = int64(300 * time.Millisecond) // a locked node refuses what should have sounded earlier
	earlyBy = int64(30 * time.Second)       // and what sounds later than this
)

// Instant is now on all three clocks.
type Instant struct {
	Local     int64     // local monotonic ns
	Media     int64     // media ns, meaningful when Locked
	Locked    bool      // the media clock is known
	Timescale uint32    // the term that Media belongs to; 0 = that of any packet
	Wall      time.Time // for the validity of certificates, looked at when Locked; zero = not looked at
}

// Packet is a sealed packet that passed. Payload is valid as long as the
// datagram, Stop until the next call of Verify.
type Packet struct {
	SSRC     uint32
	Seq      uint16
	TS       uint32
	PT       uint8
	Marker   bool
	Term     uint32
	Session  uint64
	Rank     uint32
	TPlay    int64 // media ns
	Flags    Flags
	Payload  []byte
	Stop     *StopOrder // of a stop packet, else nil
	Unlocked bool       // accepted without a clock: play on arrival
}

// VerifierConfig is what a node knows.
type VerifierConfig struct {
	Roots   []ed25519.PublicKey
	TagKeys map[uint8][32]byte // by id 0–15
	Tags    []uint32           // of this speaker and its zones; Everybody is always accepted
	Term    uint32             // highest seen, as persisted
	Ended   map[uint64]int64   // session → media ns of its end, as persisted

	OnTerm  func(term uint32)              // a higher term was heard; nil = ignore
	OnEnded func(session uint64, at int64) // a session is over; nil = ignore

	Witness *Witness // of the process, when it holds several verifiers; read by NewVerifier alone; nil = none
}

// Verifier decides which packets are played. One goroutine calls Verify; the
// other methods may be called from any. Callbacks run on the goroutine of
// Verify, after its decision, and may call the Verifier.
type Verifier struct {
	mu      sync.Mutex
	taggers [16]*tagger // nil = key not known
	tags    map[uint32]bool
	onTerm  func(uint32)
	onEnded func(uint64, int64)

	term     uint32
	trust    trust    // not used when there is a witness
	witness  *Witness // nil = none
	streams  streams
	sessions sessions
	floor    floor
	tagged   bucket // signature checks of packets with the right tag
	untagged bucket // and of the others
	news     []ended
	stop     StopOrder
	tally    tally
}

// NewVerifier returns a Verifier.
func NewVerifier(cfg VerifierConfig) *Verifier {
	v := &Verifier{
		trust:    newTrust(),
		streams:  newStreams(),
		sessions: newSessions(),
		witness:  cfg.Witness,
		tagged:   bucket{rate: 1000, burst: 300},
		untagged: bucket{rate: 50, burst: 20},
	}
	v.Update(cfg)
	return v
}

// Update changes roots, tag keys, tags and callbacks. Term and Ended are
// merged with what was learnt; nothing heard is forgotten.
func (v *Verifier) Update(cfg VerifierConfig) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.witness != nil {
		v.witness.setRoots(cfg.Roots)
	} else {
		v.trust.setRoots(cfg.Roots)
	}
	v.taggers = [16]*tagger{}
	for id, key := range cfg.TagKeys {
		if id < 16 {
			v.taggers[id] = newTagger(key)
		}
	}
	v.tags = make(map[uint32]bool, len(cfg.Tags)+1)
	v.tags[Everybody] = true
	for _, t := range cfg.Tags {
		v.tags[t] = true
	}
	v.onTerm, v.onEnded = cfg.OnTerm, cfg.OnEnded
	v.term = max(v.term, cfg.Term)
	for session, at := range cfg.Ended {
		v.sessions.load(session, at)
	}
}

// Verify decides about one datagram. The Packet is meaningful when the Refusal
// is OK; its packet is then marked as heard. In steady state it allocates
// nothing.
func (v *Verifier) Verify(b []byte, now Instant) (Packet, Refusal) {
	v.mu.Lock()
	before := v.term
	p, r := v.decide(b, now)
	v.tally[r].Add(1)
	if r != OK || (v.term == before && len(v.news) == 0) {
		v.mu.Unlock()
		return p, r
	}
	term, onTerm, onEnded := v.term, v.onTerm, v.onEnded
	news := append([]ended(nil), v.news...)
	v.news = v.news[:0]
	v.mu.Unlock()
	if term != before && onTerm != nil {
		onTerm(term)
	}
	for _, e := range news {
		if onEnded != nil {
			onEnded(e.session, e.at)
		}
	}
	return p, r
}

// decide asks the cheap questions first: nothing before authentic costs more
// than a microsecond, and nothing is remembered before it has passed.
func (v *Verifier) decide(b []byte, now Instant) (Packet, Refusal) {
	w, r := parse(b)
	if r != OK {
		return Packet{}, r
	}
	if !v.forUs(w.targets) {
		return Packet{}, NotForUs
	}
	if w.term < v.term {
		return Packet{}, OldTerm
	}
	locked := now.Locked && (now.Timescale == 0 || now.Timescale == w.term)
	if r := v.timely(&w, now, locked); r != OK {
		return Packet{}, r
	}
	if w.flags&FlagStop == 0 && v.sessions.over(&w, now.Local, w.term == v.term) {
		return Packet{}, Ended
	}
	key := streamKey{w.session, binary.BigEndian.Uint32(b[8:])}
	seq := binary.BigEndian.Uint16(b[2:])
	if v.streams.heard(key, seq, w.tPlay) {
		return Packet{}, Duplicate
	}
	if r := v.authentic(b, &w, now); r != OK {
		return Packet{}, r
	}
	return v.accept(b, &w, now, locked, key)
}

// SoundTerm looks at a packet without judging it: whether it carries sound for
// us under the right tag, and of which term. Who does not know the time of that
// term asks for it before he calls Verify.
func (v *Verifier) SoundTerm(b []byte) (term uint32, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	w, r := parse(b)
	if r != OK || w.flags&(FlagStop|FlagBeacon) != 0 || !v.forUs(w.targets) {
		return 0, false
	}
	t := v.taggers[w.tagKeyID]
	return w.term, t != nil && equalTag(t.tag(b), b[offTag:])
}

func (v *Verifier) forUs(targets []byte) bool {
	for ; len(targets) >= 4; targets = targets[4:] {
		if v.tags[binary.BigEndian.Uint32(targets)] {
			return true
		}
	}
	return false
}

// timely compares with the media clock, or without one with the latest packet
// that was accepted: media time cannot be before that.
func (v *Verifier) timely(w *view, now Instant, locked bool) Refusal {
	if locked {
		if w.tPlay < now.Media-lateBy {
			return Stale
		}
		if w.tPlay-earlyBy > now.Media {
			return Early
		}
		return OK
	}
	if w.term == v.term && v.floor.below(w.tPlay, now.Local) {
		return Stale
	}
	return OK
}

// authentic checks a packet, or asks the witness who may have done so.
func (v *Verifier) authentic(b []byte, w *view, now Instant) Refusal {
	if v.witness != nil {
		return v.witness.authentic(v, b, w, now)
	}
	return v.examine(&v.trust, b, w, now)
}

// examine checks the tag and always the signature. A wrong tag is not the
// end: a node that missed a change of tag key still plays, at the pace of the
// bucket.
func (v *Verifier) examine(by *trust, b []byte, w *view, now Instant) Refusal {
	purse := &v.untagged
	if t := v.taggers[w.tagKeyID]; t != nil && equalTag(t.tag(b), b[offTag:]) {
		purse = &v.tagged
	}
	if !purse.take(now.Local) {
		return Flood
	}
	wall := now.Wall
	if !now.Locked {
		wall = time.Time{}
	}
	return by.check(b, w, wall)
}

// accept remembers an authentic packet and hands it out.
func (v *Verifier) accept(b []byte, w *view, now Instant, locked bool, key streamKey) (Packet, Refusal) {
	p := Packet{
		SSRC: key.ssrc, Seq: binary.BigEndian.Uint16(b[2:]), TS: binary.BigEndian.Uint32(b[4:]),
		PT: b[1] & 0x7f, Marker: b[1]&0x80 != 0,
		Term: w.term, Session: w.session, Rank: w.rank, TPlay: w.tPlay, Flags: w.flags,
		Payload: w.payload, Unlocked: !locked,
	}
	if w.flags&FlagStop != 0 {
		o, ok := parseStop(w.session, w.payload)
		if !ok {
			return Packet{}, Malformed
		}
		v.stop = o
		p.Stop, p.Payload = &v.stop, nil
	}
	if w.term > v.term {
		v.term = w.term
		v.floor = floor{}
		v.sessions.newTerm()
	}
	v.floor.raise(w.tPlay, now.Local)
	v.streams.mark(key, p.Seq, w.tPlay, now.Local)
	switch {
	case p.Stop != nil:
		v.news = v.sessions.stop(*p.Stop, w.tPlay, now.Local, v.news)
	case w.flags&FlagBeacon == 0:
		v.news = v.sessions.play(w, now.Local, v.news)
	}
	return p, OK
}

// Counts returns how many packets had each outcome, OK included.
func (v *Verifier) Counts() map[Refusal]uint64 { return v.tally.counts() }

// Term is the highest term heard.
func (v *Verifier) Term() uint32 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.term
}

// Ended returns the sessions that are over, at most 4,096, with the media ns
// of their ends: what VerifierConfig.Ended wants after a restart.
func (v *Verifier) Ended() map[uint64]int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Collect(v.sessions.ends())
}
