package controller

import (
	"strings"
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/supervise"
)

// faults is what is wrong now: the book of the supervision under a lock. It may
// be used from any goroutine. changed is called for each change, in their
// order and under the lock: it must not wait, nor come back here.
type faults struct {
	mu      sync.Mutex
	now     func() time.Time
	book    *supervise.Book
	nodes   *supervise.Nodes
	changed func(supervise.Change)
}

func newFaults(now func() time.Time, cfg supervise.Config, changed func(supervise.Change)) *faults {
	f := &faults{now: now, book: supervise.NewBook(cfg), changed: changed}
	f.nodes = supervise.NewNodes(f.book)
	return f
}

// do has f look at the book, and tells what has changed with it.
func (f *faults) do(look func(now time.Time) []supervise.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range look(f.now()) {
		f.changed(c)
	}
}

// set says that something is wrong; what is open already keeps its onset and
// says nothing again. An id is "kind" or "kind/subject".
func (f *faults) set(id, what, remedy string) {
	kind, subject, _ := strings.Cut(id, "/")
	f.see(supervise.Sight{Kind: paspeaker.FaultKind(kind), Subject: subject, Bad: true, What: what, Remedy: remedy})
}

// clear says that it is well.
func (f *faults) clear(id string) {
	kind, subject, _ := strings.Cut(id, "/")
	f.see(supervise.Sight{Kind: paspeaker.FaultKind(kind), Subject: subject})
}

// when sets the fault while bad holds and clears it otherwise.
func (f *faults) when(bad bool, id, what, remedy string) {
	if bad {
		f.set(id, what, remedy)
	} else {
		f.clear(id)
	}
}

// see takes in one observation.
func (f *faults) see(s supervise.Sight) {
	f.do(func(now time.Time) []supervise.Change { return f.book.See(now, s) })
}

// tick makes of the observations what time has made of them.
func (f *faults) tick() { f.do(f.book.Tick) }

// report looks at what a node says of itself.
func (f *faults) report(r *paspeaker.NodeReport, own supervise.Own) {
	f.do(func(now time.Time) []supervise.Change { return f.nodes.Report(now, r, own) })
}

// forget ends what is wrong with loudspeakers that are no more.
func (f *faults) forget(id paspeaker.SpeakerID) {
	f.do(func(now time.Time) []supervise.Change {
		f.nodes.Forget(id)
		return f.book.Forget(now, string(id))
	})
}

// restore takes over what an earlier life of the controller knew.
func (f *faults) restore(m supervise.Memory) {
	f.do(func(now time.Time) []supervise.Change { return f.book.Restore(now, m) })
}

// recall returns what the next life must know.
func (f *faults) recall() supervise.Memory {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.book.Recall()
}

// ack says that somebody looks after a fault.
func (f *faults) ack(id string, a paspeaker.Ack) (out paspeaker.Fault, err error) {
	f.do(func(time.Time) (changes []supervise.Change) {
		out, changes, err = f.book.Ack(id, a)
		return changes
	})
	return out, err
}

// list returns the open faults by their ids.
func (f *faults) list() []paspeaker.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.book.Open()
}

// ended returns the newest faults that are over, the newest last.
func (f *faults) ended() []paspeaker.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.book.Ended()
}
