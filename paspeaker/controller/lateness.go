package controller

import (
	"fmt"
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/controller/air"
	"pa/paspeaker/site"
)

// A loudspeaker is late when more than one frame in a thousand came too late,
// and more than a hiccup of two. It is then given more at once, and less again
// only after minutes of sound without a late frame.
const (
	lateShare  = 1000
	lateHiccup = 2
	raiseFirst = 10 * time.Millisecond
	lowerBy    = 5 * time.Millisecond
	lowerAfter = 5 * 60 * 100 // frames of 10 ms: five minutes
)

// lateness is how much more lead each loudspeaker should have than it had, from
// what its receipts say. It may be used from any goroutine.
type lateness struct {
	mu sync.Mutex
	of map[paspeaker.SpeakerID]*late
}

type late struct {
	extra time.Duration // on top of what zones.yaml gives
	clean uint64        // frames in a row that were in time
	way   string        // the key of zones.yaml that was too short
	had   time.Duration // what it had then
}

func newLateness() *lateness { return &lateness{of: make(map[paspeaker.SpeakerID]*late)} }

// note takes in what became of one session's frames at a loudspeaker, and says
// whether what it should have has changed. most bounds it.
func (l *lateness) note(id paspeaker.SpeakerID, way string, had, most time.Duration, sounded, tooLate uint64) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.of[id]
	switch {
	case tooLate > lateHiccup && tooLate*lateShare > sounded+tooLate:
		if n == nil {
			n = &late{}
			l.of[id] = n
		}
		before := n.extra
		n.extra = max(min(max(raiseFirst, n.extra*3/2), most), 0).Round(time.Millisecond)
		n.clean, n.way, n.had = 0, way, had
		return n.extra != before
	case n == nil:
		return false
	case tooLate > 0:
		n.clean = 0
		return false
	}
	if n.clean += sounded; n.clean < lowerAfter {
		return false
	}
	n.clean = 0
	if n.extra -= max(lowerBy, n.extra/8).Round(time.Millisecond); n.extra <= 0 {
		delete(l.of, id)
	}
	return true
}

// most is the largest extra of these.
func (l *lateness) most(ids []paspeaker.SpeakerID) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var most time.Duration
	for _, id := range ids {
		if n := l.of[id]; n != nil {
			most = max(most, n.extra)
		}
	}
	return most
}

// get returns what is known of a loudspeaker that was late.
func (l *lateness) get(id paspeaker.SpeakerID) (late, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.of[id]; n != nil {
		return *n, true
	}
	return late{}, false
}

// noteLate learns from a receipt whether the loudspeaker should be sent to
// further ahead, and tells the journal when that changes. Loop only.
func (c *Controller) noteLate(s *session, r paspeaker.Receipt) {
	if !r.Done || r.Unlocked {
		return
	}
	st := c.site.Load()
	sp, ok := st.Speaker(r.Node)
	if !ok {
		return
	}
	way, _ := reached(st, sp, s.Kind)
	if s.Delay != 0 {
		way = "the call's delay"
	}
	had := s.leads.of[r.Node]
	tooLate := r.Late - min(r.Late, r.Skipped)
	if !c.lateness.note(r.Node, way, had, max(st.Delays.Most-had, raiseFirst), r.Played+r.Muted, tooLate) {
		return
	}
	detail := c.advice(st, sp)
	if detail == "" {
		detail = "packets come in time again"
	}
	e := entryOf(s, paspeaker.WhatDelay)
	e.Speakers, e.Detail = []paspeaker.SpeakerID{r.Node}, detail
	c.record(e)
}

// advice is what people should know or do about a loudspeaker's delay, "" when
// all is well.
func (c *Controller) advice(st *site.Site, sp paspeaker.Speaker) string {
	if n, late := c.lateness.get(sp.ID); late {
		if st.Delays.Raise {
			return fmt.Sprintf("packets came late: from the next announcement on %s more than %s says", n.extra, n.way)
		}
		return fmt.Sprintf("packets came late: raise %s to %s, or write when_late: raise", n.way, max(n.had, raiseFirst)+n.extra)
	}
	_, known := c.nodes.lead(sp.ID)
	need := c.need(st, []paspeaker.SpeakerID{sp.ID}, air.LiveFrame)
	if way, _ := reached(st, sp, paspeaker.KindLive); known && way == wayLive && need > st.Delays.LiveMost {
		return fmt.Sprintf("its output needs %s: raise delays.live, now %s at most, or a live voice comes late", need, st.Delays.LiveMost)
	}
	return ""
}
