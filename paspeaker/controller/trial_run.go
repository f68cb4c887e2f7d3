package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pa/audio"
	"pa/audio/source"
	"pa/paspeaker"
)

const (
	// A test has the lowest priority of all: nothing real waits for it.
	testPriority = paspeaker.Priority(0)
	// testWait is how long a test waits for loudspeakers that are taken.
	testWait = 30 * time.Second
	// testLook is how often a test looks how it stands.
	testLook = 50 * time.Millisecond
	// eventResults is how many results one event tells: clients bound a line.
	eventResults = 100
	// mendWait is how long receipts are waited for that are not there when the
	// verdict is given.
	mendWait = 3 * time.Second
	// Reports come once a second; the one that counts is from after the test.
	reportWait = 2500 * time.Millisecond
)

// errStopped is why a test ends whose sound somebody stopped.
var errStopped = errors.New("somebody stopped its sound")

// runTest is a test's life.
func (c *Controller) runTest(ctx context.Context, r *testRun) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.bench.jobs.Go(func() {
		select {
		case err := <-r.stop:
			cancel(err)
		case <-ctx.Done():
		}
	})
	v := c.newVoices(r.run.TestRequest)
	groups := [][]paspeaker.Speaker{r.speakers}
	if !r.run.AtOnce {
		groups = slices.Collect(slices.Chunk(r.speakers, 1))
	}
	for _, group := range groups {
		if ctx.Err() != nil {
			break
		}
		c.bench.change(r, func(run *paspeaker.TestRun) { run.Now = idsOf(group) })
		c.tellTest(r, nil)
		results, err := c.testThese(ctx, r, v, group)
		if err != nil {
			cancel(err)
			break
		}
		c.addResults(r, results)
	}
	c.endTest(r, context.Cause(ctx))
}

func idsOf(group []paspeaker.Speaker) []paspeaker.SpeakerID {
	var ids []paspeaker.SpeakerID
	for _, sp := range group {
		ids = append(ids, sp.ID)
	}
	return ids
}

// addResults keeps results and tells of them.
func (c *Controller) addResults(r *testRun, results []paspeaker.SpeakerTest) {
	c.bench.change(r, func(run *paspeaker.TestRun) {
		run.Results = append(run.Results, results...)
		run.Done, run.Now = len(run.Results), nil
		for _, t := range results {
			run.Tally.Add(t.Result)
		}
	})
	c.tellTest(r, results)
}

// tellTest tells those who watch how a test stands, with what is new alone.
func (c *Controller) tellTest(r *testRun, results []paspeaker.SpeakerTest) {
	send := func(some []paspeaker.SpeakerTest) {
		run := c.bench.copyOf(r, r.run.Total)
		run.Results = some
		c.events.send(paspeaker.Event{Kind: "test", Test: &run})
	}
	for some := range slices.Chunk(results, eventResults) {
		send(some)
	}
	if len(results) == 0 {
		send(nil)
	}
}

// endTest closes a run: who has no result had no turn.
func (c *Controller) endTest(r *testRun, why error) {
	run := c.bench.copyOf(r, 0)
	had := make(map[paspeaker.SpeakerID]bool)
	for _, t := range run.Results {
		had[t.Speaker] = true
	}
	var rest []paspeaker.SpeakerTest
	for _, sp := range r.speakers {
		if !had[sp.ID] {
			t := paspeaker.SpeakerTest{Speaker: sp.ID, Name: sp.Name, Kind: sp.Kind, Skipped: "the test ended before its turn"}
			if why != nil {
				t.Skipped = why.Error()
			}
			t.Conclude()
			rest = append(rest, t)
		}
	}
	if len(rest) > 0 {
		c.addResults(r, rest)
	}
	c.bench.change(r, func(run *paspeaker.TestRun) {
		run.Ended, run.State, run.Now = c.now(), paspeaker.TestDone, nil
		if len(rest) > 0 {
			run.State, run.Why = paspeaker.TestAborted, "it was ended early"
			if why != nil {
				run.Why = why.Error()
			}
		}
	})
	c.tellTest(r, nil)
	run = c.bench.copyOf(r, 0)
	c.recordTest(run, string(run.State))
	c.noteSelfTest(run)
}

// testThese tests some loudspeakers with one announcement. An error ends the
// whole test.
func (c *Controller) testThese(ctx context.Context, r *testRun, v *voices, group []paspeaker.Speaker) ([]paspeaker.SpeakerTest, error) {
	began := c.now()
	before := c.look(group)
	var there []paspeaker.Speaker
	for _, sp := range group {
		if sp.Kind == paspeaker.KindThirdParty || before[sp.ID].reachable || before[sp.ID].ticking {
			there = append(there, sp)
		}
	}
	var said sounded
	if len(there) > 0 {
		clip, err := v.of(ctx, r.run.TestRequest, there[0])
		if err == nil {
			// Those that are not there are asked, too: a whole zone is one target.
			said, err = c.soundTest(ctx, r, group, clip)
		}
		if err != nil {
			return nil, err
		}
		c.awaitReports(ctx, there)
	}
	after := c.look(group)
	out := make([]paspeaker.SpeakerTest, 0, len(group))
	for _, sp := range group {
		out = append(out, resultOf(c.site.Load(), sp, began, before[sp.ID], after[sp.ID], said))
	}
	return out, nil
}

// sounded is what became of a test's announcement.
type sounded struct {
	session  paspeaker.Session
	levelDB  float64 // of its loudest second as it is sent, dBFS
	quiet    bool
	skipped  string // it did not sound, or not to its end: why
	verdicts map[paspeaker.SpeakerID]paspeaker.SpeakerVerdict

	understood map[paspeaker.SpeakerID]understanding
}

// soundTest puts a test on air by the door of every announcement, and waits for
// its verdicts. It is an error when the whole test is to end.
func (c *Controller) soundTest(ctx context.Context, r *testRun, group []paspeaker.Speaker, clip *source.Clip) (sounded, error) {
	out := sounded{quiet: r.run.Quiet}
	s, err := c.newTestSession(c.bench.copyOf(r, r.run.Total), group, clip)
	if err == nil {
		err = c.passGuard(s, c.now())
	}
	if err != nil {
		return out, err
	}
	out.levelDB = loudestSecond(clip) + s.gainDB
	snap, err := c.admit(s)
	if err != nil {
		out.skipped = err.Error() // taken
		return out, nil
	}
	heard := c.listenAlong(ctx, r.run.Kind, snap.ID, group, clip.Len()-testSignal[r.run.Kind])
	out.session, err = c.awaitVerdict(ctx, snap.ID)
	out.understood = heard()
	if err != nil {
		return out, err
	}
	out.skipped, err = c.interrupted(out.session, group)
	out.verdicts = make(map[paspeaker.SpeakerID]paspeaker.SpeakerVerdict)
	for _, v := range out.session.Verdicts {
		out.verdicts[v.Speaker] = v
	}
	return out, err
}

// newTestSession makes the announcement of a test.
func (c *Controller) newTestSession(run paspeaker.TestRun, group []paspeaker.Speaker, clip *source.Clip) (*session, error) {
	level := testPriority
	names := make([]string, 0, 3)
	most := 0.0
	for i, sp := range group {
		if i < cap(names) {
			names = append(names, string(sp.ID))
		}
		report, _, _ := c.nodes.get(sp.ID)
		most = max(most, sp.GainDB+trimOf(report))
	}
	name := "Test · " + strings.Join(names, ", ")
	if more := len(group) - len(names); more > 0 {
		name += fmt.Sprintf(" and %d more", more)
	}
	a := paspeaker.Announcement{Name: name, Speakers: idsOf(group), Priority: &level, Routing: paspeaker.RoutingPartial, Preempted: paspeaker.ResumeDrop,
		MaxWait: paspeaker.Duration(testWait), MaxLength: paspeaker.Duration(clip.Len() + time.Minute), By: run.By, From: run.From}
	_, class := c.site.Load().Class(level)
	a.GainDB = -class.GainDB // what is measured is the loudspeaker, not the class
	if run.Quiet {
		a.GainDB -= most
	}
	s, err := c.prepare(a, paspeaker.KindTone)
	if err != nil {
		return nil, err
	}
	s.test, s.quiet, s.length = true, run.Quiet, clip.Len()
	s.Duck, s.req.Duck = false, false
	s.open = func() (audio.Source, error) { return clip.Source(), nil }
	return s, nil
}

// awaitVerdict waits until a session has been judged. When ctx ends first it is
// stopped, and the error is why.
func (c *Controller) awaitVerdict(ctx context.Context, id paspeaker.SessionID) (paspeaker.Session, error) {
	look := time.NewTicker(testLook)
	defer look.Stop()
	for left := int(mendWait / testLook); ; {
		s, ok := c.Session(id)
		if !ok || s.State == paspeaker.StateRefused || s.State == paspeaker.StateEnded && s.Started.IsZero() {
			return s, nil
		}
		if s.State == paspeaker.StateEnded && s.Verdicts != nil {
			if left--; left <= 0 || !slices.ContainsFunc(s.Verdicts, mayBeMended) {
				return s, nil
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			c.post(func(now time.Time) { c.carryOut(now, c.arbiter.Cancel(now, id, paspeaker.OutcomeStopped)) })
			return s, context.Cause(ctx)
		}
	}
}

// mayBeMended says that a receipt may still come: where the end of the sound
// was lost on the way, a node takes a while to find out.
func mayBeMended(v paspeaker.SpeakerVerdict) bool {
	return v.Why == paspeaker.WhyUnfinished || v.Why == paspeaker.WhyNoReceipt
}

// interrupted says why a test's announcement did not sound to its end; it is an
// error when somebody stopped it.
func (c *Controller) interrupted(s paspeaker.Session, group []paspeaker.Speaker) (string, error) {
	switch s.Outcome {
	case paspeaker.OutcomeDone:
		return "", nil
	case paspeaker.OutcomeStopped:
		return "", errStopped
	case paspeaker.OutcomePreempted:
		return c.tookOver(group) + " took over", nil
	case paspeaker.OutcomeWaited, paspeaker.OutcomeBusy:
		return fmt.Sprintf("%s sounded there for %s", c.tookOver(group), testWait), nil
	}
	return "its sound ended early (" + s.Outcome + ")", nil
}

// tookOver names what sounds at these loudspeakers now.
func (c *Controller) tookOver(group []paspeaker.Speaker) string {
	for _, s := range c.onAir() {
		if s.Level > testPriority && slices.ContainsFunc(group, func(sp paspeaker.Speaker) bool { return slices.Contains(s.Sounding, sp.ID) }) {
			return s.Name
		}
	}
	return "something else"
}

// awaitReports waits until each node has said how it is since now.
func (c *Controller) awaitReports(ctx context.Context, group []paspeaker.Speaker) {
	since := c.cfg.Now()
	limit := time.NewTimer(reportWait)
	defer limit.Stop()
	look := time.NewTicker(testLook)
	defer look.Stop()
	for {
		if !slices.ContainsFunc(group, func(sp paspeaker.Speaker) bool {
			_, last, _ := c.nodes.get(sp.ID)
			return sp.Kind != paspeaker.KindThirdParty && !last.After(since)
		}) {
			return
		}
		select {
		case <-look.C:
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// recordTest writes into the journal how a test stands.
func (c *Controller) recordTest(run paspeaker.TestRun, outcome string) {
	e := paspeaker.Entry{What: paspeaker.WhatTest, Name: run.ID, Kind: paspeaker.KindTone, By: run.By, From: run.From, Priority: testPriority,
		Zones: run.Zones, Speakers: run.Speakers, Outcome: outcome, Detail: describeTest(run)}
	if run.State != paspeaker.TestRunning {
		e.Detail += ": " + run.Tally.String()
		if run.Why != "" {
			e.Detail += "; " + run.Why
		}
		e.Detail += failures(run)
	}
	c.record(e)
}

// describeTest says which test it is.
func describeTest(run paspeaker.TestRun) string {
	words := []string{string(run.Kind)}
	if run.Quiet {
		words = []string{"quiet"}
	}
	if run.AtOnce {
		words = append(words, "all at once")
	}
	if run.SelfTest != "" {
		words = append(words, "self-test "+run.SelfTest)
	}
	return strings.Join(words, ", ")
}

// mostFailures is how many failures an entry or a fault names.
const mostFailures = 10

// failures names the loudspeakers that failed, and why.
func failures(run paspeaker.TestRun) string {
	var out strings.Builder
	n := 0
	for _, t := range run.Results {
		if t.Result != paspeaker.TestFailed {
			continue
		}
		if n++; n <= mostFailures {
			fmt.Fprintf(&out, "; %s: %s", t.Speaker, t.Fault)
		}
	}
	if n > mostFailures {
		fmt.Fprintf(&out, "; and %d more", n-mostFailures)
	}
	return out.String()
}
