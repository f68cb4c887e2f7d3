package controller

import (
	"slices"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/controller/air"
)

// carryOut does what the Arbiter ruled, in its order: the newcomer's Play
// comes first and waits for nobody. Loop only.
func (c *Controller) carryOut(now time.Time, rulings []paspeaker.Ruling) {
	for _, r := range rulings {
		s := c.find(r.Session)
		if s == nil {
			c.log.Error("ruling about an unknown session", "session", r.Session, "ruling", r.Kind)
			continue
		}
		c.carryOutOne(now, s, r)
		s.settle()
		s.aired.at(now, s)
		if s.ended() {
			c.campaigns.guard.ended(s.ID, now)
		}
		if s.Occurrence != "" {
			c.became(now, s)
		}
		c.recordRuling(s, r)
		snap := s.snapshot()
		c.events.send(paspeaker.Event{Kind: "session", Session: &snap})
	}
}

func (c *Controller) carryOutOne(now time.Time, s *session, r paspeaker.Ruling) {
	part := r.Session.Part()
	switch r.Kind {
	case paspeaker.RulePlay:
		s.places[part] = placement{full: r.Full, ducked: r.Ducked, targets: r.Targets}
		if !s.started {
			s.started, s.Started = true, now
			if !s.test { // a test uses up nobody's minutes
				c.campaigns.guard.began(s.ID, c.asked(s, now), s.nightDB)
			}
			c.post(func(now time.Time) { c.noteExempt(s, now) })
		}
		c.play(now, s, r)
	case paspeaker.RuleChange:
		s.places[part] = placement{full: r.Full, ducked: r.Ducked, targets: r.Targets}
		if p := s.parts[part]; p != nil {
			p.aim(c.route(s, r), c.overlapWith(s, r.By).sent)
		}
	case paspeaker.RulePause:
		s.places[part] = placement{paused: true, targets: s.places[part].targets}
		if p := s.parts[part]; p != nil {
			p.pause(c.overlapWith(s, r.By))
		}
	case paspeaker.RuleStop, paspeaker.RuleEnd:
		s.places[part] = placement{done: true}
		if p := s.parts[part]; p != nil {
			p.stop(r.Kind == paspeaker.RuleStop || r.Outcome != paspeaker.OutcomeDone, c.overlapWith(s, r.By))
		}
		c.endIfOver(now, s, r.Outcome)
	case paspeaker.RuleRefuse:
		s.places[part] = placement{done: true}
		s.Outcome = r.Outcome
		if s.started {
			c.endIfOver(now, s, r.Outcome)
		} else {
			s.end(now, paspeaker.StateRefused, r.Outcome)
		}
	}
}

// endIfOver ends the session when the Arbiter knows nothing more of it.
func (c *Controller) endIfOver(now time.Time, s *session, outcome string) {
	if !c.known(s.ID) {
		s.end(now, paspeaker.StateEnded, outcome)
	}
}

// known says whether the Arbiter still has a part of the announcement.
func (c *Controller) known(id paspeaker.SessionID) bool {
	return slices.ContainsFunc(c.arbiter.Snapshot(), func(st paspeaker.Standing) bool {
		return st.Session.Announcement() == id
	})
}

// play puts a part on air: anew, from its start, or on from where it paused.
func (c *Controller) play(now time.Time, s *session, r paspeaker.Ruling) {
	part := r.Session.Part()
	p := s.parts[part]
	if p == nil || r.Restart {
		src, err := s.open()
		if err != nil {
			c.lose(s, err)
			return
		}
		if p == nil {
			p = c.newProgramme(s, r.Session)
			s.parts[part] = p
		}
		if err := p.load(src); err != nil {
			c.lose(s, err)
			return
		}
	}
	p.aim(c.route(s, r), 0)
	p.play(s.begin)
}

// lose ends a session whose sound cannot be had.
func (c *Controller) lose(s *session, err error) {
	c.log.Error("open source", "session", s.ID, "err", err)
	c.post(func(now time.Time) { c.carryOut(now, c.arbiter.Cancel(now, s.ID, paspeaker.OutcomeLost)) })
}

// finished is what the engine says when a programme's last sample has been
// heard. When it plays anew since, that is old news.
func (c *Controller) finished(f air.Finished) {
	c.post(func(now time.Time) {
		id := paspeaker.SessionID(f.ID)
		s := c.find(id)
		if s == nil || s.places[id.Part()].done {
			return
		}
		if p := s.parts[id.Part()]; p != nil && p.run == f.Run && p.playing.Load() {
			c.carryOut(now, c.arbiter.Release(now, id, paspeaker.OutcomeDone))
		}
	})
}
