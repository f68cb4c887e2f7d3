package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/controller/air"
)

// Stop ends sessions by id, those that touch the zones, or all. With all it
// also sends an order that silences whatever began before now, known here or
// not: signed, on the voice path, repeated. It needs neither bus nor disk.
// The journal says afterwards whether all is silent; Silence waits for that.
func (c *Controller) Stop(_ context.Context, by paspeaker.Caller, ids []paspeaker.SessionID, zones []paspeaker.ZoneID, all bool) ([]paspeaker.Session, error) {
	if all {
		stopped, _, err := c.stopAll(by)
		return stopped, err
	}
	if len(ids) == 0 && len(zones) == 0 {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "stop what?", Hint: "name sessions or zones, or say --all"}
	}
	within, err := c.within(zones)
	if err != nil {
		return nil, err
	}
	stopped, err := c.stopWhere(by, func(s *session) bool {
		return slices.Contains(ids, s.ID) || len(zones) > 0 && within(s)
	})
	if err == nil && len(stopped) == 0 && len(ids) > 0 {
		err = &paspeaker.Error{Code: paspeaker.CodeNotFound, What: fmt.Sprintf("session %s is not on air", ids[0]),
			Hint: "`paspeaker status` shows what is"}
	}
	return stopped, err
}

// silence sends a stop order to every group and every mobile unit, five times
// over 100 ms. It returns the media time, ns, before which all ends.
func (c *Controller) silence(kind wire.StopKind) int64 {
	st := c.site.Load()
	before := c.media()
	o := &air.Silence{Kind: kind, Before: before, Targets: []uint32{wire.Everybody}, Units: c.units()}
	for _, z := range st.Zones {
		o.Groups = append(o.Groups, z.Group)
	}
	c.air.do(air.Order{Silence: o})
	return before
}

// goodbye ends everything on air and says so. Loop only.
func (c *Controller) goodbye(now time.Time) {
	c.saying = true
	c.gone.Store(true)
	c.silence(wire.StopGoodbye)
	c.carryOut(now, c.arbiter.CancelAll(now, paspeaker.OutcomeShutdown, nil))
	// The pacer says it five times over 100 ms; then it may go. Receipts that
	// come meanwhile still count.
	for gone := time.After(250 * time.Millisecond); ; {
		select {
		case f := <-c.do:
			f(c.cfg.Now())
			continue
		case <-gone:
		}
		break
	}
	for _, id := range c.order {
		if s := c.sessions[id]; s.started && s.Verdicts == nil {
			c.giveVerdict(s)
		}
	}
	c.record(paspeaker.Entry{What: paspeaker.WhatGoodbye})
}
