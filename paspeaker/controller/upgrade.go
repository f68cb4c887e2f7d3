package controller

import (
	"context"
	"fmt"
	"time"

	"pa/paspeaker"
)

const (
	// A program of 20 MB over a mobile link takes a while.
	upgradeWait = 5 * time.Minute
	// The trial lasts 60 s; stopping and starting comes on top.
	trialWait = 100 * time.Second
	trialLook = 200 * time.Millisecond
)

// UpgradeNode has one node run another program, which AddProgram has taken in,
// and returns when the node has proved that it works, or has gone back to the
// one before by itself. CodeBusy: it is on air; CodeConflict: it went back;
// CodeUnsupported: the program is for another architecture.
func (c *Controller) UpgradeNode(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, u paspeaker.UpgradeTo) (paspeaker.RunningProgram, error) {
	p, signed, err := c.programs.signed(u.SHA256, c.cfg.Identity.Root)
	if err != nil {
		return paspeaker.RunningProgram{}, err
	}
	if err := c.reachable(id); err != nil {
		return paspeaker.RunningProgram{}, err
	}
	before, _, _ := c.nodes.get(id)
	if before != nil && before.Program != nil && before.Program.SHA256 == p.SHA256 && !before.Program.Trial {
		return runningOf(before), nil // it runs it already
	}
	ctx, cancel := context.WithTimeout(ctx, upgradeWait+trialWait)
	defer cancel()
	told, endTold := context.WithTimeout(ctx, upgradeWait)
	defer endTold()
	next, err := tell[paspeaker.Upgraded](told, c, by, id, paspeaker.VerbUpgrade, paspeaker.Upgrade{Program: signed})
	if err != nil {
		return paspeaker.RunningProgram{}, err
	}
	instance := ""
	if before != nil {
		instance = before.Instance
	}
	out, err := c.awaitTrial(ctx, id, p.SHA256, instance)
	e := paspeaker.Entry{What: paspeaker.WhatUpgrade, By: by.By, From: by.From, Speakers: []paspeaker.SpeakerID{id}, Name: next.Version,
		Outcome: "done", Detail: "sha256 " + p.SHA256}
	if err != nil {
		e.Outcome, e.Detail = string(paspeaker.CodeOf(err)), err.Error()
	}
	c.record(e)
	return out, err
}

// runningOf is what a node says of its program, its version included.
func runningOf(r *paspeaker.NodeReport) paspeaker.RunningProgram {
	p := *r.Program
	p.Version = r.Version
	return p
}

// awaitTrial waits until a node that was started anew says what came of it.
func (c *Controller) awaitTrial(ctx context.Context, id paspeaker.SpeakerID, sha, instance string) (paspeaker.RunningProgram, error) {
	over := time.NewTimer(trialWait)
	defer over.Stop()
	look := time.NewTicker(trialLook)
	defer look.Stop()
	for {
		if r, _, _ := c.nodes.get(id); r != nil && r.Instance != instance && r.Program != nil && !r.Program.Trial {
			if r.Program.SHA256 == sha {
				return runningOf(r), nil
			}
			why := "it was not started"
			if f := r.Program.Failed; f != nil && f.SHA256 == sha {
				why = f.Why
			}
			return runningOf(r), &paspeaker.Error{Code: paspeaker.CodeConflict, What: fmt.Sprintf("%s has gone back to the program before: %s", id, why),
				Hint: "it plays as before; paspeaker node logs " + string(id) + " shows what happened"}
		}
		select {
		case <-look.C:
		case <-over.C:
			return paspeaker.RunningProgram{}, &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: fmt.Sprintf("%s has not said what came of the new program", id),
				Hint: "it goes back to the one before by itself within a minute of its start; look at paspeaker status"}
		case <-ctx.Done():
			return paspeaker.RunningProgram{}, ctx.Err()
		}
	}
}
