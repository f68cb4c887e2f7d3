package controller

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
	"pa/paspeaker/site"
)

// bySelfTest is who asks for a self-test, for lists and journal.
const bySelfTest = "self-test"

// newSelfTests makes what runs the site's self-tests: the campaigns' clock with
// a run of a test in the place of an announcement, so that each takes place at
// most once, whatever restarts or is set.
func (c *Controller) newSelfTests(st *site.Site) {
	claims := c.cfg.Bus.Claims()
	c.selfSched = newScheduler(schedulerConfig{
		Now: c.cfg.Now, Claim: claims.Claim, Claimed: claims.Get, Term: c.cfg.Identity.Term, Log: c.log,
		Ready: c.readySelfTest, Busy: c.selfTestRuns, Lost: c.lostSelfTest,
	})
	c.planSelfTests(nil, st)
}

// planSelfTests takes over a site's self-tests. What one missed while the
// controller was away is not made up for: the next one says as much.
func (c *Controller) planSelfTests(old, st *site.Site) {
	if old != nil {
		for _, t := range old.SelfTests {
			c.selfSched.set(site.SelfTestRun(t.ID), nil, time.Time{})
			if _, stays := st.SelfTest(t.ID); !stays {
				c.faults.clear(selfTestFault(t.ID))
			}
		}
	}
	for _, t := range st.SelfTests {
		e := schedule.NewEntrant(t.When, func(string) time.Duration { return 0 }, 0)
		c.selfSched.set(site.SelfTestRun(t.ID), e, c.cfg.Now())
	}
}

// readySelfTest finds what is to be tested; play begins it.
func (c *Controller) readySelfTest(_ context.Context, e *schedule.Entrant, _ schedule.Run) (func(context.Context, time.Time) error, time.Duration, error) {
	id := selfTestOf(e)
	if _, ok := c.site.Load().SelfTest(id); !ok {
		return nil, 0, fmt.Errorf("self-test %s is no longer there", id)
	}
	return func(ctx context.Context, due time.Time) error {
		if !c.selfSched.until(ctx, due) { // it was claimed a little before
			return ctx.Err()
		}
		t, ok := c.site.Load().SelfTest(id)
		if !ok {
			return fmt.Errorf("self-test %s is no longer there", id)
		}
		_, err := c.startTest(ctx, paspeaker.Caller{By: bySelfTest}, t.Request, id)
		return err
	}, 0, nil
}

func selfTestOf(e *schedule.Entrant) string {
	return strings.TrimPrefix(e.Campaign().ID, site.SelfTestRun(""))
}

// selfTestRuns says whether a run of a self-test goes on.
func (c *Controller) selfTestRuns(campaign string) bool {
	c.bench.mu.Lock()
	defer c.bench.mu.Unlock()
	for _, r := range c.bench.runs {
		if r.run.State == paspeaker.TestRunning && r.run.SelfTest != "" && site.SelfTestRun(r.run.SelfTest) == campaign {
			return true
		}
	}
	return false
}

// lostSelfTest records a self-test that did not take place.
func (c *Controller) lostSelfTest(e *schedule.Entrant, r schedule.Run, _ paspeaker.OccurrenceState, why string) {
	c.log.Warn("a self-test does not take place", "self-test", selfTestOf(e), "due", r.Due, "why", why)
	c.record(paspeaker.Entry{What: paspeaker.WhatTest, Name: selfTestOf(e), By: bySelfTest, Outcome: "missed", Detail: why, Zones: e.Campaign().Zones,
		Speakers: e.Campaign().Speakers})
}

func selfTestFault(id string) string { return "self-test/" + id }

// noteSelfTest makes a fault of a self-test that found something, until one
// finds nothing.
func (c *Controller) noteSelfTest(run paspeaker.TestRun) {
	if run.SelfTest == "" || run.State != paspeaker.TestDone {
		return
	}
	c.faults.when(run.Tally.Failed > 0, selfTestFault(run.SelfTest),
		fmt.Sprintf("self-test %s at %s: %s%s", run.SelfTest, run.Started.Format("15:04"), run.Tally, failures(run)),
		"paspeaker test show "+run.ID+" says the causes; test again when they are mended")
}

// selfTests says of each self-test when it is next, and which run was its last.
func (c *Controller) selfTests(runs []paspeaker.TestRun) []paspeaker.SelfTestInfo {
	st := c.site.Load()
	var out []paspeaker.SelfTestInfo
	for _, t := range st.SelfTests {
		info := paspeaker.SelfTestInfo{ID: t.ID, Name: t.Name, TestRequest: t.Request}
		if next, ok := c.selfSched.next(site.SelfTestRun(t.ID)); ok {
			info.Next = time.Unix(next.At, 0).In(st.Location)
		}
		for _, r := range runs {
			if r.SelfTest == t.ID {
				info.Last = r.ID
			}
		}
		out = append(out, info)
	}
	return out
}
