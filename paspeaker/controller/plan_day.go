package controller

import (
	"context"
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

// dayRecord is what became of the occurrences of the last two days.
type dayRecord struct {
	mu   sync.Mutex
	all  map[string]paspeaker.Occurrence // only what became of them is filled in
	last map[string]paspeaker.Occurrence // of each campaign, the newest that is over
}

func newDayRecord() *dayRecord {
	return &dayRecord{all: make(map[string]paspeaker.Occurrence), last: make(map[string]paspeaker.Occurrence)}
}

// keepFor is how long what became of an occurrence is at hand.
const keepFor = 48 * time.Hour

func (d *dayRecord) note(id string, o paspeaker.Occurrence) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all[id] = o
	campaign, _, err := paspeaker.ParseOccurrenceID(id)
	if err == nil && o.State != paspeaker.OccurrencePlaying && !o.At.Before(d.last[campaign].At) {
		o.ID, o.Campaign = id, campaign
		d.last[campaign] = o
	}
}

// lastOf returns what became of a campaign's newest run in the last two days;
// nil when there was none.
func (d *dayRecord) lastOf(campaign string) *paspeaker.Occurrence {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, ok := d.last[campaign]
	if !ok {
		return nil
	}
	return &o
}

func (d *dayRecord) get(id string) (paspeaker.Occurrence, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, ok := d.all[id]
	return o, ok
}

// forget drops what is old.
func (d *dayRecord) forget(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, o := range d.all {
		if now.Sub(o.At) > keepFor {
			delete(d.all, id)
		}
	}
	for campaign, o := range d.last {
		if now.Sub(o.At) > keepFor {
			delete(d.last, campaign)
		}
	}
}

// became notes how the session of an occurrence stands. Loop only.
func (c *Controller) became(now time.Time, s *session) {
	o := paspeaker.Occurrence{At: s.Asked, State: paspeaker.OccurrencePlaying, Session: s.ID, Started: s.Started, Ended: s.Ended, Outcome: s.Outcome,
		Message: s.Message}
	switch {
	case s.State == paspeaker.StateRefused:
		o.State = paspeaker.OccurrenceRefused
	case s.ended() && !s.started:
		o.State = paspeaker.OccurrenceMissed
	case s.ended() && s.Outcome == paspeaker.OutcomeDone:
		o.State = paspeaker.OccurrencePlayed
	case s.ended():
		o.State = paspeaker.OccurrenceShortened
	}
	if o.At.IsZero() {
		o.At = now
	}
	c.campaigns.days.note(s.Occurrence, o)
}

// lostRun records a run that does not sound.
func (c *Controller) lostRun(e *schedule.Entrant, r schedule.Run, state paspeaker.OccurrenceState, why string) {
	id := e.ID(r)
	now := c.cfg.Now()
	if known, ok := c.campaigns.days.get(id); !ok || known.Session == 0 {
		c.campaigns.days.note(id, paspeaker.Occurrence{At: time.Unix(r.At, 0), State: state, Detail: why, Message: e.Message(r)})
	}
	c.log.Warn("a run of a campaign does not sound", "occurrence", id, "state", state, "why", why)
	if state != paspeaker.OccurrenceMissed {
		return // who refused it has recorded that
	}
	v := e.Campaign()
	c.record(paspeaker.Entry{Time: now, What: paspeaker.WhatMissed, Name: v.Title(), Kind: paspeaker.KindMessage, By: byCampaign, Priority: e.Priority,
		Zones: v.Zones, Detail: why, Campaign: v.ID, Occurrence: id, Message: e.Message(r)})
}

// recallDay reads from the journal what became of the last two days' runs, and
// what has sounded today, after a start.
func (c *Controller) recallDay(ctx context.Context) {
	now := c.now()
	entries, err := c.journal.Query(ctx, paspeaker.JournalQuery{Since: now.Add(-keepFor), Limit: 100_000,
		What: []string{paspeaker.WhatAsked, string(paspeaker.RulePlay), string(paspeaker.RuleStop), string(paspeaker.RuleEnd), paspeaker.WhatRefused, paspeaker.WhatMissed, paspeaker.WhatStart}})
	if err != nil {
		c.log.Warn("what has sounded before cannot be read", "err", err)
		return
	}
	for _, f := range paspeaker.Fates(entries) {
		if f.Occurrence != "" {
			if _, known := c.campaigns.days.get(f.Occurrence); !known {
				c.campaigns.days.note(f.Occurrence, occurrenceOf(f))
			}
		}
		if !f.Started.IsZero() && now.Sub(f.Started) < lookBack {
			c.recallSound(f)
		}
	}
}

// recallSound tells the guard of something that sounded before the start.
func (c *Controller) recallSound(f paspeaker.Fate) {
	st := c.site.Load()
	targets, err := st.Resolve(f.Zones, f.Speakers)
	if err != nil || f.Ended.IsZero() {
		return // of another site, or nobody knows for how long
	}
	class, d := st.Class(f.Priority)
	c.campaigns.guard.began(f.Session, schedule.Ask{At: f.Started, Length: f.Ended.Sub(f.Started), Class: class, Zones: soundsIn(st, targets), LevelDB: d.GainDB}, 0)
	c.campaigns.guard.ended(f.Session, f.Ended)
}

// occurrenceOf puts what the journal knows into the day's words.
func occurrenceOf(f paspeaker.Fate) paspeaker.Occurrence {
	o := paspeaker.Occurrence{At: f.Asked, Session: f.Session, Started: f.Started, Ended: f.Ended, Outcome: f.Outcome, Detail: f.Why, Message: f.Message}
	switch f.Became {
	case paspeaker.BecamePlayed:
		o.State = paspeaker.OccurrencePlayed
	case paspeaker.BecameShortened, paspeaker.BecameCutOff:
		o.State = paspeaker.OccurrenceShortened
	case paspeaker.BecameRefused:
		o.State = paspeaker.OccurrenceRefused
	case paspeaker.BecameMissed:
		o.State = paspeaker.OccurrenceMissed
	default:
		o.State = paspeaker.OccurrencePlaying
	}
	return o
}

// ids returns the occurrences that are at hand.
func (d *dayRecord) ids() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]string, 0, len(d.all))
	for id := range d.all {
		out = append(out, id)
	}
	return out
}
