package controller

import (
	"container/heap"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/schedule"
)

const (
	// A run is made ready so long before it is due …
	readyLead = mostLead + 2*time.Second
	// … and claimed so long before its first packet: from then on it is this
	// start's or nobody's.
	claimLead = 400 * time.Millisecond
	// Later than this it was missed, and the campaign's policy decides.
	punctual = 2 * time.Second
	// What is older is not looked at any more, whatever the policy.
	lookBack = 24 * time.Hour
	// The wall clock may be set at any time: it is looked at so often.
	clockLook = time.Second
	// Between attempts to claim while the store does not answer.
	claimRetry = 500 * time.Millisecond
)

// schedulerConfig is what a scheduler needs of the house.
type schedulerConfig struct {
	Now func() time.Time // the wall clock
	// Claim is true for the first who claims an occurrence, of all who ever do;
	// with an error nobody knows. Claimed tells who has.
	Claim   func(context.Context, bus.Claim) (bool, error)
	Claimed func(ctx context.Context, occurrence string) (bus.Claim, bool, error)
	// Ready makes a run ready, which is to be sent lead before it is heard; play
	// then puts it on air so that its first sample is heard when it is due, or now
	// when that is past.
	Ready func(context.Context, *schedule.Entrant, schedule.Run) (play func(ctx context.Context, due time.Time) error, lead time.Duration, err error)
	// Busy says whether a run of the campaign is still on air.
	Busy func(campaign string) bool
	// Lost is told of a run that this start claimed and that does not sound.
	Lost func(e *schedule.Entrant, r schedule.Run, state paspeaker.OccurrenceState, why string)
	Term uint32
	Log  *slog.Logger
}

// scheduler plays campaigns: each run at most once, over restarts, reloads and
// steps of the clock, whoever else runs. It keeps the campaigns' next runs in a
// heap, so that a look costs the same with ten campaigns and ten thousand.
type scheduler struct {
	cfg  schedulerConfig
	wake chan struct{}
	jobs sync.WaitGroup

	mu      sync.Mutex
	cursors map[string]*cursor
	queue   queue
	seen    time.Time // the wall clock at the last look
	lost    []job     // missed runs that are to be recorded
	lostNow chan struct{}
}

// cursor is where a campaign stands.
type cursor struct {
	e     *schedule.Entrant
	run   schedule.Run
	gen   uint64    // of the entry in the queue
	until time.Time // runs until then have been dealt with
}

// job is one run that is to be dealt with.
type job struct {
	e   *schedule.Entrant
	run schedule.Run
	why string // it was missed
}

func newScheduler(cfg schedulerConfig) *scheduler {
	return &scheduler{cfg: cfg, wake: make(chan struct{}, 1), cursors: make(map[string]*cursor), lostNow: make(chan struct{}, 1)}
}

// set puts a campaign into the schedule, in place of what it was; a nil entrant
// takes it out. since is when it became what it is: earlier runs are none.
func (s *scheduler) set(id string, e *schedule.Entrant, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.cursors[id]
	delete(s.cursors, id)
	if e == nil {
		return
	}
	c := &cursor{e: e, until: since}
	if old != nil {
		c.gen = old.gen
		// A run that is being made ready is dealt with anew, as it is now.
		dealt := old.until
		if now := s.cfg.Now(); dealt.After(now) {
			dealt = now
		}
		if dealt.After(since) {
			c.until = dealt
		}
	}
	if floor := s.cfg.Now().Add(-lookBack); c.until.Before(floor) {
		c.until = floor
	}
	s.cursors[id] = c
	s.push(id, c, c.until)
	s.poke()
}

// push queues a campaign's next run after a moment.
func (s *scheduler) push(id string, c *cursor, after time.Time) {
	c.gen++
	run, ok := c.e.Next(after)
	if !ok {
		return
	}
	c.run = run
	heap.Push(&s.queue, due{at: run.At, id: id, gen: c.gen})
}

func (s *scheduler) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// next returns the next run of a campaign; false when there is none.
func (s *scheduler) next(id string) (schedule.Run, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cursors[id]
	if c == nil || c.run.At <= s.cfg.Now().Unix() {
		return schedule.Run{}, false
	}
	return c.run, true
}

// Run plays what is due until ctx is done, and waits for what it began.
func (s *scheduler) Run(ctx context.Context) error {
	defer s.jobs.Wait()
	s.jobs.Go(func() { s.recordLost(ctx) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-timer.C:
		}
		jobs, wait := s.tick(s.cfg.Now())
		for _, j := range jobs {
			s.jobs.Go(func() { s.play(ctx, j) })
		}
		timer.Reset(wait)
	}
}

// tick looks at the clock: it returns the runs that are to be played, and for
// how long nothing is to be done.
func (s *scheduler) tick(now time.Time) (jobs []job, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.seen.Add(-punctual)) {
		s.rewind(now)
	}
	s.seen = now
	for len(s.queue) > 0 {
		d := s.queue[0]
		if wait = time.Unix(d.at, 0).Add(-readyLead).Sub(now); wait > 0 {
			break
		}
		heap.Pop(&s.queue)
		c := s.cursors[d.id]
		if c == nil || c.gen != d.gen {
			continue
		}
		if j, ok := s.take(c, now); ok {
			jobs = append(jobs, j)
		}
		s.push(d.id, c, c.until)
	}
	if len(s.queue) == 0 || wait > clockLook {
		wait = clockLook
	}
	return jobs, wait
}

// take deals with a campaign's run that is near or past.
func (s *scheduler) take(c *cursor, now time.Time) (job, bool) {
	run := c.run
	due := time.Unix(run.At, 0)
	late := now.Sub(due)
	c.until = due
	if late > lookBack { // the clock was far off: go on from here
		c.until = now.Add(-lookBack)
		return job{}, false
	}
	j := job{e: c.e, run: run}
	if late <= punctual {
		return j, true
	}
	within := time.Duration(c.e.Campaign().MissedWithin)
	switch next, more := c.e.Next(due); {
	case late > within:
		j.why = "it was due while nobody was there to play it"
	case more && !time.Unix(next.At, 0).After(now):
		j.why = "a later run of the campaign takes its place" // never two at once
	default:
		return j, true
	}
	s.lost = append(s.lost, j)
	select {
	case s.lostNow <- struct{}{}:
	default:
	}
	return job{}, false
}

// rewind goes back with the wall clock. What was claimed stays claimed.
func (s *scheduler) rewind(now time.Time) {
	s.cfg.Log.Warn("the wall clock was set back", "from", s.seen, "to", now)
	s.queue = s.queue[:0]
	for id, c := range s.cursors {
		if c.until.After(now) {
			c.until = now
		}
		s.push(id, c, c.until)
	}
}

// current says whether a job's campaign is still what it was. When it is not,
// another job deals with what is still to come.
func (s *scheduler) current(j job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cursors[j.e.Campaign().ID]
	return c != nil && (c.e == j.e || j.run.At <= s.cfg.Now().Unix())
}

// play deals with one run: ready, claim, on air.
func (s *scheduler) play(ctx context.Context, j job) {
	due := time.Unix(j.run.At, 0)
	play, lead, readyErr := s.cfg.Ready(ctx, j.e, j.run)
	if !s.until(ctx, due.Add(-lead-claimLead)) || !s.current(j) {
		return
	}
	why := ""
	if readyErr == nil && s.cfg.Busy(j.e.Campaign().ID) {
		why = "the campaign's last run is still on air" // never two at once
	}
	mine, err := s.claim(ctx, j, why)
	switch {
	case ctx.Err() != nil || err == nil && !mine:
		return
	case err != nil:
		s.cfg.Lost(j.e, j.run, paspeaker.OccurrenceMissed, "it could not be claimed: "+err.Error())
	case why != "":
		s.cfg.Lost(j.e, j.run, paspeaker.OccurrenceMissed, why)
	case readyErr != nil:
		s.cfg.Lost(j.e, j.run, paspeaker.OccurrenceMissed, readyErr.Error())
	default:
		if err := play(ctx, due); err != nil {
			s.cfg.Lost(j.e, j.run, paspeaker.OccurrenceRefused, err.Error())
		}
	}
}

// until waits for a moment of the wall clock, whatever is done to the clock; it
// returns false when ctx ended first.
func (s *scheduler) until(ctx context.Context, t time.Time) bool {
	for {
		wait := t.Sub(s.cfg.Now())
		if wait <= 0 {
			return ctx.Err() == nil
		}
		timer := time.NewTimer(min(wait, clockLook))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}

// claim claims a run, again and again for as long as it may still be played.
// With an error nobody knows whether it was claimed, and it must not be.
func (s *scheduler) claim(ctx context.Context, j job, why string) (mine bool, err error) {
	v := bus.Claim{Occurrence: j.e.ID(j.run), Session: paspeaker.SessionOfOccurrence(j.e.ID(j.run)), Term: s.cfg.Term, At: s.cfg.Now().Round(0), Why: why}
	last := time.Unix(j.run.At, 0).Add(max(punctual, time.Duration(j.e.Campaign().MissedWithin)))
	for unsure := false; ; {
		mine, err = s.cfg.Claim(ctx, v)
		if err == nil && !mine && unsure {
			// An attempt whose answer was lost may have been the first.
			var by bus.Claim
			var known bool
			by, known, err = s.cfg.Claimed(ctx, v.Occurrence)
			mine = known && by.Term == v.Term && by.At.Equal(v.At)
		}
		if err == nil {
			return mine, nil
		}
		unsure = true
		if now := s.cfg.Now(); now.After(last) || !s.until(ctx, now.Add(claimRetry)) {
			return false, err
		}
	}
}

// recordLost claims what was missed, one after another, and says so.
func (s *scheduler) recordLost(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.lostNow:
		}
		for {
			s.mu.Lock()
			list := s.lost
			s.lost = nil
			s.mu.Unlock()
			if len(list) == 0 {
				break
			}
			for _, j := range list {
				v := bus.Claim{Occurrence: j.e.ID(j.run), Term: s.cfg.Term, At: s.cfg.Now().Round(0), Why: j.why}
				mine, err := s.cfg.Claim(ctx, v)
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					s.cfg.Log.Warn("a missed run could not be recorded", "occurrence", v.Occurrence, "err", err)
				}
				if mine {
					s.cfg.Lost(j.e, j.run, paspeaker.OccurrenceMissed, fmt.Sprintf("%s (due %s)", j.why, j.run.Due))
				}
			}
		}
	}
}

// due is a campaign's next run in the queue.
type due struct {
	at  int64 // Unix seconds
	id  string
	gen uint64
}

// queue is a heap of what is due, soonest first.
type queue []due

// Len implements heap.Interface.
func (q queue) Len() int { return len(q) }

// Less implements heap.Interface.
func (q queue) Less(i, j int) bool { return q[i].at < q[j].at }

// Swap implements heap.Interface.
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(due)) }

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}
