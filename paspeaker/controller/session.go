package controller

import (
	"io"
	"reflect"
	"slices"
	"time"

	"pa/audio"
	"pa/paspeaker"
	"pa/paspeaker/controller/air"
	"pa/paspeaker/controller/tape"
)

// A session is forgotten this long after its end; the journal remembers.
const remembered = 10 * time.Minute

// A live voice whose client has sent nothing for so long is lost.
const starvation = time.Second

// session is an announcement in the controller: what was asked, what the
// Arbiter ruled, and its parts on air. The loop owns it.
type session struct {
	paspeaker.Session
	req     paspeaker.Request
	open    func() (audio.Source, error) // the whole of it from its start; of a voice what comes before, or nil
	live    *air.Voice                   // nil unless it is a voice
	tape    *tape.Tape                   // nil unless it is a voice that is kept
	body    io.Reader                    // where a voice comes from
	leads   leads
	gainDB  float64
	parts   map[int]*programme
	places  map[int]placement         // where each part sounds now
	over    chan struct{}             // closed when it has ended
	aired   airtime                   // what was sent to each loudspeaker
	signed  []paspeaker.SignedReceipt // final ones that the journal does not have yet
	started bool

	judgedAt time.Time // when its verdict was given last
	amended  bool      // receipts have come since

	length  time.Duration // planned; 0: nobody knows
	begin   int64         // media ns of its first frame on the way; 0: at once
	nightDB float64       // what the guard has taken off
	until   time.Time     // the guard has it over by then; zero: no bound

	test, quiet bool // it tests loudspeakers, and so that nobody hears it
}

// placement is where the Arbiter has put one part of a session.
type placement struct {
	full, ducked, targets []paspeaker.SpeakerID
	paused, done          bool
}

// starved says that the session is a voice whose client is dead.
func (s *session) starved() bool {
	return s.live != nil && s.live.Quiet() > starvation
}

// ended says whether nothing of it will sound any more.
func (s *session) ended() bool {
	return s.State == paspeaker.StateEnded || s.State == paspeaker.StateRefused
}

// settle works out the session's state from its parts' placements.
func (s *session) settle() {
	s.Sounding, s.Ducked = nil, nil
	state := paspeaker.StateWaiting
	for _, p := range s.places {
		switch {
		case p.done:
		case p.paused:
			if state == paspeaker.StateWaiting {
				state = paspeaker.StatePaused
			}
		default:
			state = paspeaker.StatePlaying
			s.Sounding = append(s.Sounding, p.full...)
			s.Ducked = append(s.Ducked, p.ducked...)
		}
	}
	slices.Sort(s.Sounding)
	slices.Sort(s.Ducked)
	if !s.ended() {
		s.State = state
	}
}

// end closes the session's record.
func (s *session) end(now time.Time, state paspeaker.SessionState, outcome string) {
	if s.ended() {
		return
	}
	s.settle()
	s.State, s.Outcome, s.Ended = state, outcome, now
	s.Sounding, s.Ducked = nil, nil
	s.open = nil // it holds the recording, which is larger than all the rest
	close(s.over)
}

// snapshot returns a copy that other goroutines may keep.
func (s *session) snapshot() paspeaker.Session {
	out := s.Session
	out.Length = paspeaker.Duration(s.length)
	out.Sounding = slices.Clone(s.Sounding)
	out.Ducked = slices.Clone(s.Ducked)
	out.Targets = slices.Clone(s.Targets)
	out.Receipts = slices.Clone(s.Receipts)
	out.Verdicts = slices.Clone(s.Verdicts)
	return out
}

// receipt keeps what a node says about this session: the newest of each node,
// parts added up. It returns false when that is nothing new.
func (s *session) receipt(r paspeaker.Receipt) bool {
	for i, old := range s.Receipts {
		if old.Node == r.Node && old.Session == r.Session {
			s.Receipts[i] = r
			return !reflect.DeepEqual(old, r)
		}
	}
	s.Receipts = append(s.Receipts, r)
	return true
}

// find returns the session that a part belongs to. Loop only.
func (c *Controller) find(id paspeaker.SessionID) *session { return c.sessions[id.Announcement()] }

// forget drops sessions that ended long ago. Loop only.
func (c *Controller) forget(now time.Time) {
	c.order = slices.DeleteFunc(c.order, func(id paspeaker.SessionID) bool {
		s := c.sessions[id]
		old := s.ended() && now.Sub(s.Ended) > remembered
		if old {
			delete(c.sessions, id)
		}
		return old
	})
}
