package wire

import (
	"iter"
	"math"
	"time"
)

const (
	maxLive  = 256
	maxEnded = 4096
	// A session's last packets may overtake each other, and its codecs end at
	// different frames; so much later nothing of it is let in.
	endSlack = int64(time.Second)
)

// ended is the end of a session.
type ended struct {
	session uint64
	at      int64 // media ns
}

// sessions knows which sessions began when, and which are over.
type sessions struct {
	live   map[uint64]*liveSession
	done   map[uint64]doneSession
	order  []uint64 // of done, oldest first, a ring once it is full
	next   int
	before int64 // sound from before this media time was stopped
}

type liveSession struct {
	first int64 // media ns of its first sound heard
	used  int64 // local ns
}

type doneSession struct {
	at   int64 // media ns
	hard int64 // local ns from which nothing of it is accepted
}

func newSessions() sessions {
	return sessions{live: make(map[uint64]*liveSession), done: make(map[uint64]doneSession), before: math.MinInt64}
}

// over says that w's session has ended before w, or was stopped.
func (s *sessions) over(w *view, local int64, sameTerm bool) bool {
	if w.flags&FlagBeacon != 0 {
		return false
	}
	if sameTerm && w.tPlay < s.before {
		return true
	}
	d, ok := s.done[w.session]
	if !ok {
		return false
	}
	if local >= d.hard {
		return true
	}
	if w.flags&FlagEnd != 0 {
		return w.tPlay > d.at+endSlack
	}
	return w.tPlay > d.at
}

// play notes a packet of sound.
func (s *sessions) play(w *view, local int64, news []ended) []ended {
	if w.flags&FlagEnd != 0 {
		return s.end(w.session, w.tPlay, local+endSlack, news)
	}
	l := s.live[w.session]
	if l == nil {
		if _, done := s.done[w.session]; done {
			return news
		}
		l = s.room()
		*l = liveSession{first: w.tPlay}
		s.live[w.session] = l
	}
	l.first = min(l.first, w.tPlay)
	l.used = local
	return news
}

// stop carries out an order.
func (s *sessions) stop(o StopOrder, tPlay, local int64, news []ended) []ended {
	if o.Kind == StopSession {
		return s.end(o.Session, tPlay, local, news)
	}
	s.before = max(s.before, o.Before)
	for id, l := range s.live {
		if l.first < o.Before {
			news = s.end(id, tPlay, local, news)
		}
	}
	return news
}

// end makes a session over: its end is news the first time. A later word may
// move a soft end, and harden it.
func (s *sessions) end(id uint64, at, hard int64, news []ended) []ended {
	delete(s.live, id)
	if d, ok := s.done[id]; ok {
		s.done[id] = doneSession{at: max(d.at, at), hard: min(d.hard, hard)}
		return news
	}
	s.keep(id, doneSession{at: at, hard: hard})
	return append(news, ended{id, at})
}

// load takes an end from an earlier life of this node.
func (s *sessions) load(id uint64, at int64) {
	if _, ok := s.done[id]; ok {
		return
	}
	delete(s.live, id)
	s.keep(id, doneSession{at: at, hard: math.MinInt64})
}

func (s *sessions) keep(id uint64, d doneSession) {
	if len(s.order) < maxEnded {
		s.order = append(s.order, id)
	} else {
		delete(s.done, s.order[s.next])
		s.order[s.next] = id
		s.next = (s.next + 1) % maxEnded
	}
	s.done[id] = d
}

// newTerm forgets the stop of what was before: another controller speaks.
func (s *sessions) newTerm() { s.before = math.MinInt64 }

// room returns a live session to fill, the one unheard for longest when all
// are taken.
func (s *sessions) room() *liveSession {
	if len(s.live) < maxLive {
		return new(liveSession)
	}
	var oldest uint64
	var l *liveSession
	for id, c := range s.live {
		if l == nil || c.used < l.used {
			oldest, l = id, c
		}
	}
	delete(s.live, oldest)
	return l
}

func (s *sessions) ends() iter.Seq2[uint64, int64] {
	return func(yield func(uint64, int64) bool) {
		for id, d := range s.done {
			if !yield(id, d.at) {
				return
			}
		}
	}
}
