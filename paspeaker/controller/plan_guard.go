package controller

import (
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

// doorkeeper asks the site's guard at the one door to the air, and remembers
// what has sounded. Its answers take microseconds; it may be asked from any
// goroutine, the loop too.
type doorkeeper struct {
	mu    sync.Mutex
	guard *schedule.Guard
	book  *schedule.Book
	past  []pastAsk // what has sounded lately, for a guard that is read anew
}

type pastAsk struct {
	id    paspeaker.SessionID
	ask   schedule.Ask
	night float64
	ended time.Time
}

func newDoorkeeper() *doorkeeper { return &doorkeeper{book: schedule.NewBook(nil)} }

// renew takes another guard; what has sounded in the last day counts by its
// rules.
func (d *doorkeeper) renew(g *schedule.Guard) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.guard, d.book = g, schedule.NewBook(g)
	for _, p := range d.past {
		d.enter(p)
	}
}

func (d *doorkeeper) enter(p pastAsk) {
	d.book.Begin(p.id, p.ask, p.night)
	if !p.ended.IsZero() {
		d.book.End(p.id, p.ended)
	}
}

// ask judges an announcement.
func (d *doorkeeper) ask(a schedule.Ask) schedule.Verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.book.Tick(a.At)
	return d.guard.Judge(a, d.book)
}

// began enters that something sounds from now on.
func (d *doorkeeper) began(id paspeaker.SessionID, a schedule.Ask, night float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := pastAsk{id: id, ask: a, night: night}
	d.past = append(d.past, p)
	d.enter(p)
	for len(d.past) > 0 && a.At.Sub(d.past[0].ask.At) > lookBack {
		d.past = d.past[1:]
	}
}

// ended enters that something is over.
func (d *doorkeeper) ended(id paspeaker.SessionID, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.book.End(id, now)
	for i := len(d.past) - 1; i >= 0; i-- {
		if d.past[i].id == id {
			d.past[i].ended = now
			return
		}
	}
}

// snapshot returns the guard and a copy of what it remembers.
func (d *doorkeeper) snapshot() (*schedule.Guard, *schedule.Book) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.guard, d.book.Clone()
}

// asked returns what the guard is asked about a session at a moment.
func (c *Controller) asked(s *session, at time.Time) schedule.Ask {
	st := c.site.Load()
	class, d := st.Class(s.Level)
	a := schedule.Ask{At: at, Length: s.length, Class: class, Zones: soundsIn(st, s.Targets), LevelDB: s.GainDB + d.GainDB}
	if s.test { // background to the Arbiter, and as loud as any announcement
		a.Class, a.Test, a.Quiet = paspeaker.ClassRoutine, true, s.quiet
	}
	if s.quiet {
		a.LevelDB = paspeaker.QuietLevelDB
	}
	return a
}

// guardTest asks the guard whether a whole test may sound, before it begins.
func (c *Controller) guardTest(run paspeaker.TestRun, speakers []paspeaker.Speaker, at time.Time) error {
	a := schedule.Ask{At: at, Length: time.Duration(run.Length), Class: paspeaker.ClassRoutine, Zones: soundsIn(c.site.Load(), idsOf(speakers)), Test: true, Quiet: run.Quiet}
	if run.Quiet {
		a.LevelDB = paspeaker.QuietLevelDB
	}
	if v := c.campaigns.guard.ask(a); v.Refusal != nil {
		return &paspeaker.Error{Code: paspeaker.CodeDenied, What: v.Refusal.String(), Hint: "a quiet test (--quiet) may run at any hour: nobody hears it"}
	}
	return nil
}

// passGuard asks the guard about a session that wants on air at a moment, and
// makes it keep what the guard says: softer at night, no later than it may
// begin, over when it must be. Emergencies are never asked.
func (c *Controller) passGuard(s *session, at time.Time) error {
	a := c.asked(s, at)
	if a.Class == paspeaker.ClassEmergency {
		return nil
	}
	v := c.campaigns.guard.ask(a)
	if v.Refusal != nil {
		e := entryOf(s, paspeaker.WhatRefused)
		e.From, e.Outcome, e.Detail = s.From, paspeaker.OutcomeGuard, v.Refusal.String()
		c.record(e)
		return &paspeaker.Error{Code: paspeaker.CodeDenied, What: v.Refusal.String(), Hint: "the rules are in the file that zones.yaml names as guard"}
	}
	s.nightDB = v.NightDB
	s.gainDB += v.NightDB
	s.until = v.Until
	if !v.Latest.IsZero() {
		if wait := v.Latest.Sub(at); wait < s.req.MaxWait {
			s.req.MaxWait = max(wait, 0)
			s.MaxWait = paspeaker.Duration(s.req.MaxWait)
		}
	}
	return nil
}

// noteExempt records that an emergency sounds where the guard would have
// refused anything else. It is called when it is on air already.
func (c *Controller) noteExempt(s *session, now time.Time) {
	a := c.asked(s, now)
	if a.Class != paspeaker.ClassEmergency {
		return
	}
	a.Class = paspeaker.ClassRoutine
	if v := c.campaigns.guard.ask(a); v.Refusal != nil {
		e := entryOf(s, "guard")
		e.Outcome, e.Detail = "exempt", "an emergency is exempt; anything else: "+v.Refusal.String()
		c.record(e)
	}
}
