package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pa/audio/wire"
	"pa/paspeaker"
)

const (
	// proofWithin is how long nodes are given to say that they are silent.
	proofWithin = 2 * time.Second
	proofLook   = 20 * time.Millisecond
	// A report that does not name the order may have been on its way when it was
	// given; what comes so much later was written after it.
	proofSettled = 500 * time.Millisecond
)

// Silence stops everything, as Stop does, and waits for the proof, two seconds
// at most: every node says, by the order's own time, that it has obeyed, that
// nothing plays, and that nothing leaves its output. What it returns is in the
// journal too. It needs neither bus nor disk to stop; without the bus nothing
// can be proven, and it says so.
func (c *Controller) Silence(ctx context.Context, by paspeaker.Caller) (paspeaker.Silence, error) {
	stopped, proof, err := c.stopAll(by)
	if err != nil {
		return paspeaker.Silence{}, err
	}
	select {
	case s := <-proof:
		s.Stopped = stopped
		return s, nil
	case <-ctx.Done():
		return paspeaker.Silence{Stopped: stopped}, ctx.Err()
	}
}

// stopAll gives the order and starts to look for its proof.
func (c *Controller) stopAll(by paspeaker.Caller) ([]paspeaker.Session, <-chan paspeaker.Silence, error) {
	asked, before := c.cfg.Now(), c.silence(wire.StopBefore)
	c.abortTests("everything was stopped")
	c.record(paspeaker.Entry{What: paspeaker.WhatStopAll, By: by.By, From: by.From, Priority: paspeaker.PriorityLiveEmergency})
	stopped, err := c.stopWhere(by, func(*session) bool { return true })
	if err != nil {
		return nil, nil, err
	}
	proof := make(chan paspeaker.Silence, 1)
	err = c.call(func(time.Time) { // so that it has begun before the loop ends, or not at all
		c.proofs.Go(func() { proof <- c.prove(by, asked, before) })
	})
	return stopped, proof, err
}

// prove waits until every node that is there is known to be silent, but not for
// long, and says what it knows.
func (c *Controller) prove(by paspeaker.Caller, asked time.Time, before int64) paspeaker.Silence {
	over := time.NewTimer(proofWithin)
	defer over.Stop()
	look := time.NewTicker(proofLook)
	defer look.Stop()
	for waiting := true; waiting && !c.hushed(asked, before); {
		select {
		case <-look.C:
		case <-over.C:
			waiting = false
		case <-c.quit:
			waiting = false
		}
	}
	s := c.silenceNow(asked, before)
	e := paspeaker.Entry{What: paspeaker.WhatSilence, By: by.By, From: by.From, Priority: paspeaker.PriorityLiveEmergency, Detail: s.String()}
	switch {
	case s.Whole():
		e.Outcome, e.Detail = string(paspeaker.IsSilent), fmt.Sprintf("%s, after %s", s, time.Duration(s.Took).Round(time.Millisecond))
	case s.Proven():
		e.Outcome = string(paspeaker.SilenceUnsure)
	default:
		e.Outcome = string(paspeaker.IsSounding)
	}
	for _, sp := range s.Speakers {
		if sp.State != paspeaker.IsSilent {
			e.Speakers = append(e.Speakers, sp.Speaker)
		}
	}
	c.record(e)
	c.events.send(paspeaker.Event{Kind: "silence", Silence: &s})
	return s
}

// hushed says whether nobody is left to wait for.
func (c *Controller) hushed(asked time.Time, before int64) bool {
	for _, sp := range c.site.Load().Speakers {
		report, last, online := c.nodes.get(sp.ID)
		if sp.Kind != paspeaker.KindThirdParty && online && isSilent(report, last, asked, before) != paspeaker.IsSilent {
			return false
		}
	}
	return true
}

// isSilent is what a node's last report says about an order to stop
// everything.
func isSilent(r *paspeaker.NodeReport, last, asked time.Time, before int64) paspeaker.SilenceState {
	obeyed := r != nil && r.Quiet != nil && r.Quiet.Stopped >= before
	switch {
	case r == nil, !obeyed && last.Sub(asked) < proofSettled:
		return paspeaker.SilenceUnsure // it has said nothing since
	case r.Silent():
		return paspeaker.IsSilent
	}
	return paspeaker.IsSounding
}

// silenceNow is the proof as far as it goes.
func (c *Controller) silenceNow(asked time.Time, before int64) paspeaker.Silence {
	s := paspeaker.Silence{Asked: asked}
	anew := c.begunAfter(asked)
	for _, sp := range c.site.Load().Speakers {
		one := paspeaker.SpeakerSilence{Speaker: sp.ID, State: paspeaker.SilenceUnsure}
		report, last, online := c.nodes.get(sp.ID)
		switch {
		case sp.Kind == paspeaker.KindThirdParty:
			one.Why = "third-party"
		case !online:
			one.Why = "offline"
		default:
			if one.State = isSilent(report, last, asked, before); one.State == paspeaker.SilenceUnsure {
				one.Why = "no report since"
			}
		}
		switch {
		case one.State == paspeaker.IsSilent:
			one.After = paspeaker.Duration(max(0, last.Sub(asked)))
			s.Took = max(s.Took, one.After)
		case one.State == paspeaker.IsSounding && playsOnly(report, anew):
			one.State, one.Why = paspeaker.SilenceUnsure, "something new is on air"
		case one.State == paspeaker.IsSounding:
			one.LevelDB = outputLevel(report)
		}
		s.Speakers = append(s.Speakers, one)
	}
	return s
}

// begunAfter returns what was asked for after then.
func (c *Controller) begunAfter(then time.Time) (out []paspeaker.SessionID) {
	for _, s := range c.onAir() {
		if s.Asked.After(then) {
			out = append(out, s.ID)
		}
	}
	return out
}

// playsOnly says whether a node holds nothing but these sessions.
func playsOnly(r *paspeaker.NodeReport, sessions []paspeaker.SessionID) bool {
	return len(r.Playing) > 0 && !slices.ContainsFunc(r.Playing, func(p paspeaker.Playing) bool {
		return !slices.Contains(sessions, p.Session.Announcement())
	})
}

func outputLevel(r *paspeaker.NodeReport) float64 {
	if r.Quiet == nil {
		return r.LevelDB
	}
	return r.Quiet.OutputDB
}
