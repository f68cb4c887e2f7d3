package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/api"
	"pa/paspeaker/schedule"
)

// byCampaign is who asks for a run, for lists and journal.
const byCampaign = "schedule"

// readyRun makes a run ready: decoded, and checked against the site. play puts
// it on air through the same door as everyone.
func (c *Controller) readyRun(ctx context.Context, e *schedule.Entrant, r schedule.Run) (func(context.Context, time.Time) error, time.Duration, error) {
	v := e.Campaign()
	a := paspeaker.Announcement{
		Name: v.Title(), Zones: v.Zones, Speakers: v.Speakers, Priority: &e.Priority, Routing: v.Routing, Preempted: v.Preempted,
		Chime: v.Chime, Repeat: v.Repeat, Pause: v.Pause, GainDB: v.GainDB, MaxWait: v.MaxWait,
		Message: e.Message(r), By: byCampaign, Campaign: v.ID, Occurrence: e.ID(r),
	}
	src := api.Source{Kind: api.SourceMessage, Name: a.Message}
	if _, ok := c.library.lookup(a.Message); !ok {
		src.Kind = api.SourceBuiltin
	}
	s, err := c.prepare(a, paspeaker.KindMessage)
	if err != nil {
		return nil, 0, err
	}
	s.ID = paspeaker.SessionOfOccurrence(a.Occurrence)
	s.req.ID = s.ID
	if err := c.giveSource(ctx, s, src); err != nil {
		return nil, 0, err
	}
	return func(_ context.Context, due time.Time) error {
		at := due
		if now := c.cfg.Now(); now.After(due) {
			at = now
		}
		if err := c.passGuard(s, at); err != nil {
			return err
		}
		s.begin = c.mediaAt(due) - int64(s.leads.longest)
		_, err := c.admit(s)
		return err
	}, s.leads.longest, nil
}

// mediaAt returns the media time of a moment of the wall clock, ns.
func (c *Controller) mediaAt(t time.Time) int64 {
	return c.media() + int64(t.Sub(c.cfg.Now()))
}

// campaignOnAir says whether a run of a campaign sounds or waits.
func (c *Controller) campaignOnAir(id string) bool {
	on := false
	_ = c.call(func(time.Time) {
		on = slices.ContainsFunc(c.order, func(sid paspeaker.SessionID) bool {
			s := c.sessions[sid]
			return s.Campaign == id && !s.ended()
		})
	})
	return on
}

// cutLate ends what the guard lets sound no longer. Loop only.
func (c *Controller) cutLate(now time.Time, s *session) {
	if s.until.IsZero() || s.ended() || now.Before(s.until) {
		return
	}
	s.Outcome = paspeaker.OutcomeGuard
	e := entryOf(s, "guard")
	e.Outcome, e.Detail = "cut", fmt.Sprintf("the guard's hours or minutes ended at %s", s.until.In(c.site.Load().Location).Format("15:04:05"))
	c.record(e)
	c.carryOut(now, c.arbiter.Cancel(now, s.ID, paspeaker.OutcomeGuard))
}
