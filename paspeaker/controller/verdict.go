package controller

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/controller/air"
)

// A node looks for finished sessions ten times a second, and its receipt leaves
// in its turn, within two seconds; who has said nothing by then has nothing to
// say for now. The verdict is there within three seconds, its writing included.
const verdictWait = 2800 * time.Millisecond

// Bounds of one entry of the journal, which has room for a megabyte.
const (
	receiptsInEntry = 200
	gapsInEntry     = 4000
)

// amendEvery is how often a verdict changes by receipts that come after it: of a
// thousand loudspeakers hundreds may be late, and each verdict is an entry of a
// thousand lines.
const amendEvery = 300 * time.Millisecond

// airtime counts how long a session was sent to each loudspeaker.
type airtime struct {
	sent  map[paspeaker.SpeakerID]time.Duration // less what was under way each time it ended
	since map[paspeaker.SpeakerID]time.Time     // of those that it is sent to now
	first map[paspeaker.SpeakerID]time.Time     // when each was first sent to
	left  map[paspeaker.SpeakerID]time.Time     // when each was sent to last
	whole map[paspeaker.SpeakerID]time.Duration // all that was sent to each
}

// at takes in where the session sounds from now on.
func (a *airtime) at(now time.Time, s *session) {
	if a.sent == nil {
		a.sent = make(map[paspeaker.SpeakerID]time.Duration)
		a.first = make(map[paspeaker.SpeakerID]time.Time)
		a.left, a.whole = make(map[paspeaker.SpeakerID]time.Time), make(map[paspeaker.SpeakerID]time.Duration)
	}
	on := make(map[paspeaker.SpeakerID]time.Time, len(a.since))
	for _, ids := range [2][]paspeaker.SpeakerID{s.Sounding, s.Ducked} {
		for _, id := range ids {
			on[id] = now
			if began, already := a.since[id]; already {
				on[id] = began
			}
			if _, known := a.first[id]; !known {
				a.first[id] = now
			}
		}
	}
	// What is under way when it ends is not heard: cut off by a stop, and
	// silence at a natural end.
	under := max(air.TailTime, s.leads.longest)
	for id, began := range a.since {
		if _, still := on[id]; !still {
			a.sent[id] += max(now.Sub(began)-under, time.Millisecond)
			a.whole[id] += now.Sub(began)
			a.left[id] = now
		}
	}
	a.since = on
}

// away is what a loudspeaker was not sent of what others were: its zone was
// taken from it and not given back in time. One that comes back goes on where
// it was, or from the start, and misses nothing.
func (a *airtime) away(id paspeaker.SpeakerID, lead time.Duration) []paspeaker.Gap {
	var most time.Duration
	for _, d := range a.whole {
		most = max(most, d)
	}
	short, at := most-a.whole[id], a.left[id].Add(lead).UTC()
	if a.whole[id] == 0 || short <= 0 {
		return nil
	}
	return []paspeaker.Gap{{From: at, To: at.Add(short), Lost: paspeaker.Duration(short), Why: paspeaker.WhyTaken}}
}

// judge gives the verdict on a session that has ended, when every loudspeaker
// has said what it played, or has had the time to say it. Loop only.
func (c *Controller) judge(now time.Time, s *session) {
	switch {
	case s.State != paspeaker.StateEnded || !s.started:
	case s.Verdicts == nil && (now.Sub(s.Ended) >= c.patience || s.allSaid(c.willSay)):
		s.judgedAt = now
		c.giveVerdict(s)
	case s.Verdicts != nil && s.amended && now.Sub(s.judgedAt) >= amendEvery:
		s.judgedAt, s.amended = now, false
		if !reflect.DeepEqual(s.Verdicts, c.judged(s)) {
			c.giveVerdict(s)
		}
	}
}

// giveVerdict judges, and tells the journal and those who watch. Loop only.
func (c *Controller) giveVerdict(s *session) {
	s.Verdicts = c.judged(s)
	s.Summary = paspeaker.Summary(s.Verdicts, c.site.Load().Location)
	c.recordReceipts(s)
	e := entryOf(s, paspeaker.WhatVerdict)
	e.Outcome, e.Detail = string(paspeaker.TallyOf(s.Verdicts).Worst()), s.Summary
	e.Verdicts = paspeaker.Brief(s.Verdicts, max(2, gapsInEntry/max(len(s.Verdicts), 1)))
	c.record(e)
	snap := s.snapshot()
	c.events.send(paspeaker.Event{Kind: "session", Session: &snap})
}

func (c *Controller) kind(id paspeaker.SpeakerID) paspeaker.SpeakerKind {
	sp, _ := c.site.Load().Speaker(id)
	return sp.Kind
}

// recordReceipts keeps what the verdict is made of, as the nodes signed it: what
// was not kept before. Loop only.
func (c *Controller) recordReceipts(s *session) {
	for part := range slices.Chunk(s.signed, receiptsInEntry) {
		e := entryOf(s, paspeaker.WhatReceipts)
		e.Signed, e.Detail = slices.Clone(part), fmt.Sprintf("%d signed receipts", len(part))
		c.record(e)
	}
	s.signed = nil
}

// judged returns a line for each loudspeaker asked for. Loop only.
func (c *Controller) judged(s *session) []paspeaker.SpeakerVerdict {
	said := make(map[paspeaker.SpeakerID][]paspeaker.Receipt)
	for _, r := range s.Receipts {
		said[r.Node] = append(said[r.Node], r)
	}
	out := make([]paspeaker.SpeakerVerdict, 0, len(s.Targets))
	for _, id := range s.Targets {
		share := paspeaker.Share{Speaker: id, Kind: c.kind(id), Sent: s.aired.sent[id], Receipts: said[id]}
		share.Away = s.aired.away(id, s.leads.lead(id))
		if began, ok := s.aired.first[id]; ok {
			share.From = began.Add(s.leads.lead(id))
		}
		_, last, online := c.nodes.get(id)
		if !online {
			share.Offline, share.Since = true, last
		}
		out = append(out, paspeaker.Judge(share))
	}
	return out
}

// willSay says whether a loudspeaker's word is worth waiting for: of one that is
// known to be gone nothing comes now. Loop only.
func (c *Controller) willSay(id paspeaker.SpeakerID) bool {
	if c.kind(id) == paspeaker.KindThirdParty {
		return false
	}
	_, last, online := c.nodes.get(id)
	return online || last.IsZero()
}

// allSaid says whether every loudspeaker that can tell has told the end.
func (s *session) allSaid(willSay func(paspeaker.SpeakerID) bool) bool {
	said := make(map[paspeaker.SpeakerID]bool, len(s.Receipts))
	for _, r := range s.Receipts {
		before, heard := said[r.Node]
		said[r.Node] = r.Done && (before || !heard)
	}
	for id := range s.aired.sent {
		if !said[id] && willSay(id) {
			return false
		}
	}
	return true
}

// onReceipt keeps a receipt with its session. One that comes after the verdict
// changes it; one about a session of long ago is recorded as it is. Loop only.
func (c *Controller) onReceipt(r paspeaker.Receipt, signed paspeaker.SignedReceipt) {
	c.events.send(paspeaker.Event{Kind: "receipt", Receipt: &r})
	s := c.find(r.Session)
	if s == nil {
		// What was refused is in nobody's name for sure: a flood must not fill the journal.
		if r.Done && (r.Refused == 0 || r.Due > 0) {
			c.record(paspeaker.Entry{What: paspeaker.WhatReceipt, Session: r.Session.Announcement(),
				Speakers: []paspeaker.SpeakerID{r.Node}, Receipts: []paspeaker.Receipt{r}, Signed: []paspeaker.SignedReceipt{signed}})
		}
		return
	}
	if !s.receipt(r) {
		return // it came twice
	}
	if r.Done {
		s.signed = append(s.signed, signed)
	}
	c.noteLate(s, r)
	s.amended = s.Verdicts != nil
}
