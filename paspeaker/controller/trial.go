package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"pa/paspeaker"
)

const (
	// mostRuns is how many tests are remembered, mostRunning how many may run at
	// once: they wait for each other at the loudspeakers anyway.
	mostRuns    = 50
	mostRunning = 4
)

// bench is the technician's: the tests that run and those that have. It may be
// used from any goroutine.
type bench struct {
	begin chan *testRun // taken by run
	jobs  sync.WaitGroup

	mu   sync.Mutex
	runs []*testRun // oldest first
}

// testRun is one test under way.
type testRun struct {
	run      paspeaker.TestRun // the bench's mu guards it
	speakers []paspeaker.Speaker
	stop     chan error // why it is to end before its end
}

// abort has a run end; it never waits.
func (r *testRun) abort(why error) {
	select {
	case r.stop <- why:
	default: // it ends already
	}
}

func newBench() *bench { return &bench{begin: make(chan *testRun)} }

// runTests runs what is begun until ctx is done, and waits for it.
func (c *Controller) runTests(ctx context.Context) error {
	defer c.bench.jobs.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-c.bench.begin:
			c.bench.jobs.Go(func() { c.runTest(ctx, r) })
		}
	}
}

// StartTest begins a test of loudspeakers and returns it; what comes of it is
// told by Test, and by events.
func (c *Controller) StartTest(ctx context.Context, by paspeaker.Caller, q paspeaker.TestRequest) (paspeaker.TestRun, error) {
	return c.startTest(ctx, by, q, "")
}

func (c *Controller) startTest(ctx context.Context, by paspeaker.Caller, q paspeaker.TestRequest, selfTest string) (paspeaker.TestRun, error) {
	r, err := c.newTest(by, q)
	if err != nil {
		return paspeaker.TestRun{}, err
	}
	r.run.SelfTest = selfTest
	if err := c.mayTest(r); err != nil {
		return paspeaker.TestRun{}, err
	}
	if err := c.bench.add(r); err != nil {
		return paspeaker.TestRun{}, err
	}
	begun := c.bench.copyOf(r, 0)
	c.recordTest(begun, "begun")
	select {
	case c.bench.begin <- r:
		return begun, nil
	case <-c.quit:
		return paspeaker.TestRun{}, errEnding()
	case <-ctx.Done():
		c.bench.drop(r)
		return paspeaker.TestRun{}, ctx.Err()
	}
}

// newTest checks what was asked for.
func (c *Controller) newTest(by paspeaker.Caller, q paspeaker.TestRequest) (*testRun, error) {
	st := c.site.Load()
	if q.Kind == "" {
		q.Kind = paspeaker.TestTone
	}
	switch {
	case !slices.Contains(paspeaker.TestKinds(), q.Kind):
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("test %q: there is none", q.Kind), Hint: "use tone, sweep, speech or stipa"}
	case q.Quiet && q.Kind != paspeaker.TestTone:
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("a quiet %s: there is none", q.Kind), Hint: "a quiet test is a tone that nobody hears"}
	case len(q.Zones)+len(q.Speakers) == 0:
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "test what?", Hint: "name zones or loudspeakers; all is the whole site"}
	}
	ids, err := st.Resolve(q.Zones, q.Speakers)
	if err != nil {
		return nil, err
	}
	r := &testRun{stop: make(chan error, 1), run: paspeaker.TestRun{ID: newSessionID().String(), TestRequest: q, By: first(by.By, "unknown"), From: by.From,
		Site: st.Name, TimeZone: st.Location.String(), State: paspeaker.TestRunning, Started: c.now(), Total: len(ids)}}
	for _, sp := range st.Speakers { // as the file has them: along the road
		if slices.Contains(ids, sp.ID) {
			r.speakers = append(r.speakers, sp)
		}
	}
	r.run.Length = paspeaker.Duration(lengthOf(q, len(ids)))
	return r, nil
}

// mayTest asks before anything sounds whether the guard lets the whole of it,
// and whether an emergency is on air.
func (c *Controller) mayTest(r *testRun) error {
	for _, s := range c.onAir() {
		if s.Level >= paspeaker.PriorityEmergency {
			return &paspeaker.Error{Code: paspeaker.CodeBusy, What: "an emergency is on air: " + s.Name, Hint: "test when it is over"}
		}
	}
	return c.guardTest(r.run, r.speakers, c.now())
}

// add keeps a run, and forgets the oldest.
func (b *bench) add(r *testRun) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	running := 0
	for _, old := range b.runs {
		if old.run.State == paspeaker.TestRunning {
			running++
		}
	}
	if running >= mostRunning {
		return &paspeaker.Error{Code: paspeaker.CodeBusy, What: fmt.Sprintf("%d tests are running", running), Hint: "wait for one, or cancel it: paspeaker test list"}
	}
	b.runs = append(b.runs, r)
	for i := 0; len(b.runs) > mostRuns && i < len(b.runs); {
		if b.runs[i].run.State != paspeaker.TestRunning {
			b.runs = slices.Delete(b.runs, i, i+1)
		} else {
			i++
		}
	}
	return nil
}

func (b *bench) drop(r *testRun) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.runs = slices.DeleteFunc(b.runs, func(o *testRun) bool { return o == r })
}

// copyOf returns a run as it stands, without its first so many results.
func (b *bench) copyOf(r *testRun, from int) paspeaker.TestRun {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := r.run
	out.Now = slices.Clone(out.Now)
	out.Results = slices.Clone(out.Results[min(max(from, 0), len(out.Results)):])
	return out
}

// change changes a run under the lock.
func (b *bench) change(r *testRun, f func(*paspeaker.TestRun)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&r.run)
}

func (b *bench) find(id string) (*testRun, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.runs {
		if r.run.ID == id {
			return r, nil
		}
	}
	return nil, &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "test " + id + ": there is none, or no longer", Hint: "`paspeaker test list` shows what is remembered; the journal has them all"}
}

// Test returns a test as it stands, without its first so many results: who
// follows it has them.
func (c *Controller) Test(id string, from int) (paspeaker.TestRun, error) {
	r, err := c.bench.find(id)
	if err != nil {
		return paspeaker.TestRun{}, err
	}
	return c.bench.copyOf(r, from), nil
}

// Tests returns the tests that are remembered, without the single results, and
// the site's self-tests.
func (c *Controller) Tests() paspeaker.TestList {
	list := paspeaker.TestList{Runs: []paspeaker.TestRun{}, SelfTests: []paspeaker.SelfTestInfo{}}
	c.bench.mu.Lock()
	for _, r := range c.bench.runs {
		run := r.run
		run.Results, run.Now = nil, nil
		list.Runs = append(list.Runs, run)
	}
	c.bench.mu.Unlock()
	list.SelfTests = append(list.SelfTests, c.selfTests(list.Runs)...)
	return list
}

// CancelTest ends a test and stops what it sounds.
func (c *Controller) CancelTest(_ context.Context, by paspeaker.Caller, id string) (paspeaker.TestRun, error) {
	r, err := c.bench.find(id)
	if err != nil {
		return paspeaker.TestRun{}, err
	}
	r.abort(errors.New(first(by.By, "somebody") + " stopped it"))
	return c.bench.copyOf(r, 0), nil
}

// abortTests ends every test that runs: something real has come. It never
// waits.
func (c *Controller) abortTests(why string) {
	c.bench.mu.Lock()
	defer c.bench.mu.Unlock()
	for _, r := range c.bench.runs {
		if r.run.State == paspeaker.TestRunning {
			r.abort(errors.New(why))
		}
	}
}

// lengthOf is about how long a test takes.
func lengthOf(q paspeaker.TestRequest, speakers int) time.Duration {
	d := testSignal[q.Kind]
	if q.Quiet {
		d = quietLength
	}
	d += testOverhead
	if q.AtOnce {
		return d
	}
	if !q.Quiet && q.Kind != paspeaker.TestSpeech {
		d += nameLength
	}
	return d * time.Duration(speakers)
}
