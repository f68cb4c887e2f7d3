package controller

import (
	"context"
	"fmt"
	"io"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/controller/tape"
)

// recordingsListed bounds how many entries about recordings are read at once.
const recordingsListed = 10_000

// recordings returns the store with the limits that the site sets now.
func (c *Controller) recordings() *bus.Recordings {
	r := c.site.Load().Recordings
	return c.cfg.Bus.Recordings(r.Keep, r.MaxBytes)
}

// limitRecordings has the store keep what the site says, and no more, until ctx
// is done or that is so.
func (c *Controller) limitRecordings(ctx context.Context) {
	again := time.NewTicker(5 * time.Second)
	defer again.Stop()
	// A request that is under way is waited for: a server that shuts down must
	// not be left in the middle of it.
	for c.recordings().Prepare(context.WithoutCancel(ctx)) != nil {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// giveTape makes the tape of a live call, when one is wanted. Without one the
// call goes on all the same.
func (c *Controller) giveTape(s *session) {
	if !c.site.Load().Recordings.Live {
		return
	}
	t, err := tape.New(s.ID, s.live.Format.Rate, c.recordings(), s.By+": "+s.Name)
	if err != nil {
		c.taped(entryOf(s, paspeaker.WhatRecording), tape.Result{Err: err})
		return
	}
	s.tape = t
}

// runTape keeps a call that has been let in. Loop only.
func (c *Controller) runTape(s *session) {
	if s.tape == nil {
		return
	}
	e := entryOf(s, paspeaker.WhatRecording)
	e.Outcome = paspeaker.RecordingBegun
	c.record(e)
	c.tapes.Go(func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		done := make(chan struct{})
		defer close(done)
		go func() {
			select {
			case <-c.quit:
				cancel()
			case <-done:
			}
		}()
		c.taped(e, s.tape.Run(ctx))
	})
}

// taped says what became of a recording.
func (c *Controller) taped(e paspeaker.Entry, r tape.Result) {
	e.Time, e.Outcome, e.Detail = time.Time{}, paspeaker.RecordingWhole, fmt.Sprintf("%.1f s", r.Kept.Seconds())
	if r.Missing > 0 || r.Err != nil {
		e.Outcome = paspeaker.RecordingPartial
		if r.Kept == 0 {
			e.Outcome = paspeaker.RecordingMissing
		}
		e.Detail = fmt.Sprintf("%.1f s kept, %.1f s missing", r.Kept.Seconds(), r.Missing.Seconds())
		if r.Err != nil {
			e.Detail += ": " + r.Err.Error()
		}
		c.faults.set("recording", "the call "+e.Session.String()+" of "+e.By+" is recorded in part or not at all: "+e.Detail,
			"look at the disk under the state directory, and at recordings in zones.yaml")
	} else {
		c.faults.clear("recording")
	}
	c.record(e)
}

// Recordings lists the live calls that q selects and that were recorded, oldest
// first.
func (c *Controller) Recordings(ctx context.Context, q paspeaker.JournalQuery) ([]paspeaker.Recording, error) {
	q.What, q.Limit = []string{paspeaker.WhatRecording}, recordingsListed
	entries, err := c.Journal(ctx, q)
	if err != nil {
		return nil, err
	}
	has, err := c.recordings().Has(ctx)
	if err != nil {
		return nil, err
	}
	live := make(map[paspeaker.SessionID]bool)
	for _, s := range c.Sessions() {
		live[s.ID] = s.Ended.IsZero() || c.cfg.Now().Sub(s.Ended) < time.Minute
	}
	return paspeaker.RecordingsOf(entries, has, func(id paspeaker.SessionID) bool { return live[id] }), nil
}

// RecordingSound writes the sound of a live call, Ogg Opus, to w. Who listens
// to what others said is recorded, too.
func (c *Controller) RecordingSound(ctx context.Context, by paspeaker.Caller, id paspeaker.SessionID, w io.Writer) error {
	err := c.recordings().Get(ctx, id.Announcement(), w)
	if err == nil {
		c.record(paspeaker.Entry{What: paspeaker.WhatListened, Session: id.Announcement(), By: by.By, From: by.From})
	}
	return err
}

// EraseRecording removes the sound of a live call. That there was one, and who
// erased it, stays in the journal.
func (c *Controller) EraseRecording(ctx context.Context, by paspeaker.Caller, id paspeaker.SessionID) error {
	id = id.Announcement()
	has, err := c.recordings().Has(ctx)
	if err != nil {
		return err
	}
	if has[id] == 0 {
		return &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "recording of " + id.String() + ": there is none",
			Hint: "`paspeaker recording list` shows what is kept"}
	}
	if err := c.recordings().Erase(ctx, id); err != nil {
		return err
	}
	c.record(paspeaker.Entry{What: paspeaker.WhatRecording, Session: id, By: by.By, From: by.From, Outcome: paspeaker.RecordingErased})
	return nil
}
