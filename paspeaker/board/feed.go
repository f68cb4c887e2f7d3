package board

import (
	"context"
	"sync"
	"time"

	"pa/paspeaker"
)

const (
	// lookEvery is how often everything is asked for, beside the events: a slow
	// reader loses some, and a connection may die without a word.
	lookEvery = 5 * time.Second
	// lookAgain is how often it is asked for when there are no events.
	lookAgain = time.Second
	// lookPatience is how long an answer may take.
	lookPatience = 4 * time.Second
	// breath is the least time between two batches of news: five pictures a
	// second are enough for an eye, and little for a slow line.
	breath = 200 * time.Millisecond
)

// news is what has happened since the last news. Of a loudspeaker or a session
// that changed several times the last word counts.
type news struct {
	whole  *whole // everything, when it was asked for
	events []paspeaker.Event
	err    error // the controller did not answer
}

// whole is the site at a moment.
type whole struct {
	status paspeaker.Status
	zones  []paspeaker.ZoneStatus
}

// feed follows a controller and keeps what happens until the board asks for it.
// What it keeps is bounded by the size of the site.
type feed struct {
	ctl Controller

	mu      sync.Mutex
	pending news
	at      map[string]int // where in pending.events something's last word stands
	deaf    bool           // there is no stream of events

	some chan struct{}    // something is pending
	look chan struct{}    // ask for everything now
	rest <-chan time.Time // next's: the breath since the last news
}

func newFeed(ctl Controller) *feed {
	return &feed{ctl: ctl, at: make(map[string]int), deaf: true, some: make(chan struct{}, 1), look: make(chan struct{}, 1)}
}

// run follows the controller until ctx ends.
func (f *feed) run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { f.listen(ctx) })
	both.Go(func() { f.poll(ctx) })
	both.Wait()
}

// listen takes events, and connects again whenever the stream breaks.
func (f *feed) listen(ctx context.Context) {
	for ctx.Err() == nil {
		_ = f.ctl.Events(ctx, f.take) // poll says why the controller does not answer
		f.mu.Lock()
		f.deaf = true
		f.mu.Unlock()
		wake(f.look)
		pause(ctx, lookAgain)
	}
}

// take keeps an event.
func (f *feed) take(ev paspeaker.Event) {
	f.mu.Lock()
	f.deaf = false
	if key := subject(ev); key == "" {
		f.mu.Unlock()
		return
	} else if i, known := f.at[key]; known {
		f.pending.events[i] = ev
	} else {
		f.at[key] = len(f.pending.events)
		f.pending.events = append(f.pending.events, ev)
	}
	f.mu.Unlock()
	wake(f.some)
}

// subject names what an event is about; "" when the board does not show it.
func subject(ev paspeaker.Event) string {
	switch {
	case ev.Speaker != nil:
		return "speaker/" + string(ev.Speaker.ID)
	case ev.Session != nil:
		return "session/" + ev.Session.ID.String()
	case ev.Fault != nil:
		return "fault/" + ev.Fault.ID
	}
	return ""
}

// poll asks for everything now and then.
func (f *feed) poll(ctx context.Context) {
	for ctx.Err() == nil {
		all, err := f.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		f.mu.Lock()
		if err == nil {
			// Events that are pending may be newer, and count after it.
			f.pending.whole, f.pending.err = all, nil
		} else {
			f.pending.err = err
		}
		wait := lookEvery
		if err != nil || f.deaf {
			wait = lookAgain
		}
		f.mu.Unlock()
		wake(f.some)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-f.look:
			pause(ctx, breath) // a controller that has just ended says so soon enough
		case <-ctx.Done():
		}
		t.Stop()
	}
}

func (f *feed) ask(ctx context.Context) (*whole, error) {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	st, err := f.ctl.Status(ctx)
	if err != nil {
		return nil, err
	}
	zones, err := f.ctl.Zones(ctx)
	if err != nil {
		return nil, err
	}
	return &whole{status: st, zones: zones}, nil
}

// next waits for news, and for a breath since the last ones; false when ctx has
// ended. One goroutine at a time may ask.
func (f *feed) next(ctx context.Context) (news, bool) {
	if f.rest != nil {
		select {
		case <-f.rest:
		case <-ctx.Done():
			return news{}, false
		}
	}
	select {
	case <-f.some:
	case <-ctx.Done():
		return news{}, false
	}
	if ctx.Err() != nil {
		return news{}, false
	}
	f.rest = time.After(breath)
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.pending
	f.pending, f.at = news{}, make(map[string]int)
	return out, true
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
