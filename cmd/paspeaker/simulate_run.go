package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/usage"
)

const (
	// onlineWithin is how long loudspeakers may take to join and come online,
	// and each that much more.
	onlineWithin  = 30 * time.Second
	onlineForEach = 100 * time.Millisecond
	lookEvery     = 500 * time.Millisecond
	tendEvery     = 50 * time.Millisecond
	// steady is how long the controller is looked at before the first call.
	steady = 3 * time.Second
	// verdictWithin is how long after its end a call's verdict is waited for.
	verdictWithin = 10 * time.Second
)

// callMade is one all-call and what became of it.
type callMade struct {
	Session     paspeaker.SessionID   `json:"session"`
	Asked       time.Time             `json:"asked"`
	Ended       time.Time             `json:"ended"`
	Verdict     float64               `json:"verdict_s"` // from its end to the last change of its verdict
	Tally       paspeaker.Tally       `json:"tally"`
	Down        int                   `json:"down"`        // loudspeakers that were down meanwhile, for however short
	Unexplained []paspeaker.SpeakerID `json:"unexplained"` // up, and yet silent or unknown
}

// usages are what a simulation's programs used while nothing was on air, and
// from a call to its verdict.
type usages struct{ idle, busy, fleet load }

// load is what a program uses.
type load struct {
	CPU float64 `json:"cpu_percent"` // of one core
	RSS float64 `json:"rss_mb"`      // the most
	n   int
}

// add takes in one reading since another.
func (l *load) add(now, before usage.Usage) {
	l.CPU = (l.CPU*float64(l.n) + now.Percent(before)) / float64(l.n+1)
	l.RSS = max(l.RSS, now.RSS)
	l.n++
}

// run does it all until ctx is done or the calls are made.
func (s *simulated) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	ctx, end := context.WithCancel(ctx)
	g.Go(func() error { return s.look(ctx) })
	g.Go(func() error {
		defer end()
		s.board.note("%d loudspeakers join", len(s.ids))
		began := time.Now()
		if err := s.joinAll(ctx); err != nil {
			return err
		}
		if err := s.awaitOnline(ctx); err != nil {
			return err
		}
		s.board.note("all are online after %.0f s", time.Since(began).Seconds())
		s.mu.Lock()
		s.joined = time.Since(began)
		s.lives = newLives(s.o, s.ids, time.Now())
		s.mu.Unlock()
		g.Go(func() error { return s.lead(ctx) })
		return s.makeCalls(ctx)
	})
	return g.Wait()
}

// awaitOnline returns when the controller has heard of every loudspeaker.
func (s *simulated) awaitOnline(ctx context.Context) error {
	by := time.Now().Add(onlineWithin + time.Duration(len(s.ids))*onlineForEach)
	for time.Now().Before(by) {
		now, _ := s.fleet.state()
		if now.Running == len(s.ids) && int(s.online.Load()) >= len(s.ids) {
			return nil
		}
		if len(now.Failed) > 0 {
			return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "simulated loudspeakers do not start:\n" + s.troubles()}
		}
		if err := pause(ctx, tendEvery); err != nil {
			return err
		}
	}
	return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: fmt.Sprintf("of %d loudspeakers %d came online\n%s", len(s.ids), s.online.Load(), s.troubles()),
		Hint: "is this computer too slow for so many? try fewer --speakers"}
}

// lead has loudspeakers come and go as planned until ctx is done.
func (s *simulated) lead(ctx context.Context) error {
	began := time.Now()
	for pause(ctx, tendEvery) == nil {
		s.mu.Lock()
		stop, start := s.lives.tend(time.Now())
		if s.o.rolling && s.roll == 0 && s.lives.rolled(time.Now()) {
			s.roll = time.Since(began)
		}
		s.mu.Unlock()
		if len(stop)+len(start) == 0 {
			continue
		}
		if err := s.fleet.order(fleetOrder{Stop: stop, Start: start}); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// makeCalls makes the all-calls one after another; when there are none to make,
// or --for says so, it waits for ctx.
func (s *simulated) makeCalls(ctx context.Context) error {
	s.fleet.anew()
	if s.o.calls > 0 {
		if err := pause(ctx, steady); err != nil {
			return err
		}
		if err := s.awaitDead(ctx); err != nil {
			return err
		}
	}
	for made := 0; made < s.o.calls || s.o.rolling && s.o.calls > 0 && !s.rolled(); made++ {
		if made > 0 {
			if err := pause(ctx, s.o.rest); err != nil {
				return err
			}
		}
		if err := s.call(ctx, made+1); err != nil {
			return err
		}
	}
	if s.o.calls == 0 || s.o.last > 0 {
		s.board.note("%s", s.invitation())
		<-ctx.Done()
	}
	return nil
}

// awaitDead returns when those who were to die have.
func (s *simulated) awaitDead(ctx context.Context) error {
	for by := time.Now().Add(verdictWithin); time.Now().Before(by); {
		if now, _ := s.fleet.state(); now.Stopped >= min(s.o.dead, len(s.ids)) {
			return nil
		}
		if err := pause(ctx, tendEvery); err != nil {
			return err
		}
	}
	return nil
}

func (s *simulated) rolled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lives.rolled(time.Now())
}

// call makes one all-call and waits for its verdict.
func (s *simulated) call(ctx context.Context, n int) error {
	s.setOnAir(true)
	defer s.setOnAir(false)
	asked, err := s.c.Announce(ctx, paspeaker.Announcement{Name: fmt.Sprintf("simulated all-call %d", n), Zones: []paspeaker.ZoneID{paspeaker.ZoneAll}, By: "simulate"},
		body.Sound{Source: "tone", Length: paspeaker.Duration(s.o.length)})
	if err != nil {
		return err
	}
	if err := pause(ctx, s.o.length); err != nil {
		return err
	}
	for by := time.Now().Add(verdictWithin); time.Now().Before(by); {
		if err := pause(ctx, lookEvery/2); err != nil {
			return err
		}
		log, err := s.c.Log(ctx, paspeaker.JournalQuery{Session: asked.ID, What: []string{paspeaker.WhatVerdict}, Limit: 1000})
		if err != nil {
			return err
		}
		if len(log) > 0 {
			return s.judge(ctx, asked)
		}
	}
	return &paspeaker.Error{Code: paspeaker.CodeInternal, What: "there is no verdict on " + asked.ID.String()}
}

// amendsWithin is how long a verdict that misses somebody may still change, by
// receipts that come late.
const amendsWithin = 10 * time.Second

// judge reads a call's verdict when it misses nobody, or does not change any
// more.
func (s *simulated) judge(ctx context.Context, asked paspeaker.Session) error {
	s.setOnAir(false)
	over, err := s.c.Session(ctx, asked.ID)
	if err != nil {
		return err
	}
	var made callMade
	for by := time.Now().Add(amendsWithin); ; {
		log, err := s.c.Log(ctx, paspeaker.JournalQuery{Session: asked.ID, What: []string{paspeaker.WhatVerdict}, Limit: 1000})
		if err != nil {
			return err
		}
		made = s.explain(asked, over, log[len(log)-1])
		if len(made.Unexplained) == 0 || time.Now().After(by) {
			break
		}
		if err := pause(ctx, lookEvery); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, made)
	s.board.note("call %d: verdict complete %.2f s after its end: %s", len(s.calls), made.Verdict, made.Tally)
	return nil
}

// explain says of a verdict whom it misses, and who was down.
func (s *simulated) explain(asked, over paspeaker.Session, last paspeaker.Entry) callMade {
	made := callMade{Session: asked.ID, Asked: asked.Asked, Ended: over.Ended, Verdict: last.Time.Sub(over.Ended).Seconds(), Tally: paspeaker.TallyOf(last.Verdicts)}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range last.Verdicts {
		if !slices.Contains(s.ids, v.Speaker) {
			continue
		}
		switch {
		case s.lives.wasDown(v.Speaker, made.Asked, made.Ended.Add(paspeaker.SpreadOf(len(s.ids)))):
			made.Down++
		case v.Verdict == paspeaker.VerdictUnknown, v.Verdict == paspeaker.VerdictSilent:
			made.Unexplained = append(made.Unexplained, v.Speaker)
		}
	}
	return made
}

func (s *simulated) setOnAir(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAir = on
}

// look reads twice a second how controller and loudspeakers are, and shows it.
func (s *simulated) look(ctx context.Context) error {
	ctl, fl := usage.Of(s.pid), usage.Of(s.fleet.cmd.Process.Pid)
	wasOn, wasReady := false, false
	for pause(ctx, lookEvery) == nil {
		zones, err := s.c.Zones(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		onAir := 0
		for _, z := range zones {
			if z.ID == paspeaker.ZoneAll {
				s.online.Store(int64(z.Online))
				onAir = len(z.OnAir)
			}
		}
		nowCtl, nowFl := usage.Of(s.pid), usage.Of(s.fleet.cmd.Process.Pid)
		s.mu.Lock()
		on, ready := s.onAir, s.lives != nil
		// A reading across the beginning or end of a call is neither.
		if ready && wasReady && on == wasOn {
			l := &s.usage.idle
			if on {
				l = &s.usage.busy
			}
			l.add(nowCtl, ctl)
			s.usage.fleet.add(nowFl, fl)
		}
		s.mu.Unlock()
		s.board.show(s, onAir, nowCtl, ctl, nowFl, fl)
		ctl, fl, wasOn, wasReady = nowCtl, nowFl, on, ready
	}
	return nil
}

// enoughFiles refuses more loudspeakers than this computer lets a process open
// files for: each needs two.
func enoughFiles(speakers int) error {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return nil // whoever needs them will say so
	}
	if need := uint64(2*speakers + 256); r.Max < need {
		return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("%d loudspeakers need %d open files; %d are allowed", speakers, need, r.Max),
			Hint: fmt.Sprintf("raise the limit (ulimit -Hn %d, as root), or simulate fewer", need)}
	}
	return nil
}
