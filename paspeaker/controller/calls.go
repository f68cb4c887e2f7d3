package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/site"
	"pa/paspeaker/supervise"
	"pa/paspeaker/webhook"
)

const (
	maxCalls    = 4096 // changes that wait for NATS; who has more to say has another problem
	againFirst  = time.Second
	againMost   = 5 * time.Minute
	complainAt  = 3 // failures in a row
	readBookFor = 2 * time.Second
	settleFor   = 3 * time.Second
)

// calls tells people outside of faults, and keeps the book of them for the next
// life. What has changed goes first into an outbox on the disk, for each
// receiver, and only then into the book: a fault that is in the book has been
// handed on, and one that is not will be found again. So each is told at least
// once, whenever the program dies.
type calls struct {
	c     *Controller
	wake  chan struct{}
	known bool // the book of the life before has been read; of run alone

	mu      sync.Mutex
	waiting []supervise.Change
	put     uint64        // changes so far
	kept    uint64        // of them, those that are in the book
	moved   chan struct{} // closed when kept moves
}

func newCalls(c *Controller) *calls {
	return &calls{c: c, wake: make(chan struct{}, 1), moved: make(chan struct{})}
}

// add takes in a change; it never waits.
func (k *calls) add(ch supervise.Change) {
	k.mu.Lock()
	k.put++
	k.waiting = append(k.waiting, ch)
	k.waiting = k.waiting[max(0, len(k.waiting)-maxCalls):]
	k.mu.Unlock()
	k.look()
}

// look has run look again: something changed, or the site did.
func (k *calls) look() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// settled waits until all changes so far are kept on the disk.
func (k *calls) settled(ctx context.Context) error {
	k.mu.Lock()
	want := k.put
	for k.kept < want {
		moved := k.moved
		k.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "it is noted, but cannot be kept over a restart now",
				Hint: "NATS is down or its disk is full: mend that, then say it again"}
		}
		k.mu.Lock()
	}
	k.mu.Unlock()
	return nil
}

// readBook takes over what the life before knew; it is tried until NATS
// answers.
func (k *calls) readBook(ctx context.Context) {
	if k.known || k.c.cfg.Bus == nil || !k.c.cfg.Bus.Connected() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readBookFor)
	defer cancel()
	text, err := k.c.cfg.Bus.ReadBook(ctx)
	if err != nil {
		k.c.log.Warn("the faults of the last run are not known yet", "err", err)
		return
	}
	k.known = true
	var m supervise.Memory
	if err := json.Unmarshal(text, &m); len(text) > 0 && err != nil {
		k.c.log.Error("the faults of the last run cannot be read", "err", err)
		return
	}
	k.c.faults.restore(m)
}

// run hands on what changes until ctx is done.
func (k *calls) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	running := make(map[string]context.CancelFunc)
	retry := time.NewTicker(time.Second)
	defer retry.Stop()
	for {
		k.attend(ctx, g, running)
		k.readBook(ctx)
		if k.known {
			k.handOn(ctx)
		}
		select {
		case <-k.wake:
		case <-retry.C:
		case <-ctx.Done():
			for _, stop := range running {
				stop()
			}
			return g.Wait()
		}
	}
}

// attend starts to deliver to receivers that are new, and stops with those
// that the site has no more.
func (k *calls) attend(ctx context.Context, g *errgroup.Group, running map[string]context.CancelFunc) {
	wanted := k.receivers()
	for name, stop := range running {
		if !slices.ContainsFunc(wanted, func(r receiver) bool { return r.name == name }) {
			stop()
			delete(running, name)
		}
	}
	for _, r := range wanted {
		if running[r.name] != nil {
			continue
		}
		one, stop := context.WithCancel(ctx)
		running[r.name] = stop
		g.Go(func() error { k.deliver(one, r); return nil })
	}
}

// handOn puts what waits into the outboxes, then keeps the book.
func (k *calls) handOn(ctx context.Context) {
	k.mu.Lock()
	batch, upTo := slices.Clone(k.waiting), k.put
	k.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	receivers := k.receivers()
	for _, ch := range batch {
		if !k.post(ctx, receivers, ch) {
			return // NATS is not there: all of it again; the outbox knows what it has
		}
	}
	book, err := json.Marshal(k.c.faults.recall())
	if err == nil {
		err = k.c.cfg.Bus.KeepBook(ctx, book)
	}
	if err != nil {
		k.c.log.Debug("faults not kept", "err", err)
		return
	}
	k.mu.Lock()
	k.waiting = k.waiting[min(len(batch), len(k.waiting)):]
	k.kept = upTo
	close(k.moved)
	k.moved = make(chan struct{})
	k.mu.Unlock()
}

// post puts one change into the outboxes of those who want it.
func (k *calls) post(ctx context.Context, receivers []receiver, ch supervise.Change) bool {
	for _, r := range receivers {
		if !r.wants(ch) {
			continue
		}
		v, err := k.alert(ch)
		if err == nil {
			err = k.c.cfg.Bus.Alerts().Put(ctx, r.name, v)
		}
		if paspeaker.CodeOf(err) == paspeaker.CodeUnavailable {
			return false
		}
		if err != nil {
			k.c.log.Error("a fault is not told", "fault", ch.Fault.ID, "to", r.what, "err", err)
		}
	}
	return true
}

// call is what a receiver gets, as JSON.
type call struct {
	Type string    `json:"type"`      // fault.began, fault.acked, fault.ended
	Time time.Time `json:"timestamp"` // of the change
	Data struct {
		Site  string          `json:"site"`
		Name  string          `json:"site_name"`
		Fault paspeaker.Fault `json:"fault"`
		Into  string          `json:"into,omitempty"` // of an ended one: the fault that it is part of now
	} `json:"data"`
}

// alert draws up a change. Its id is that of the change, in every life.
func (k *calls) alert(ch supervise.Change) (bus.Alert, error) {
	f, st := ch.Fault, k.c.site.Load()
	out := call{Type: "fault." + string(ch.What), Time: f.Since}
	switch ch.What {
	case paspeaker.FaultEnded:
		out.Time = f.Ended
	case paspeaker.FaultAcked:
		out.Time = f.Ack.At
	}
	out.Data.Site, out.Data.Name, out.Data.Fault, out.Data.Into = st.ID, st.Name, f, ch.Into
	body, err := json.Marshal(out)
	if err != nil {
		return bus.Alert{}, fmt.Errorf("encode fault: %w", err)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d", f.ID, ch.What, f.Since.UnixNano(), out.Time.UnixNano()))
	return bus.Alert{ID: "flt_" + hex.EncodeToString(sum[:12]), Body: body}, nil
}

// receiver is somebody who wants to be told.
type receiver struct {
	name string // of its outbox
	what string // for people
	site.AlertFilter
	send func(ctx context.Context, v bus.Alert) error
}

// wants says whether a change is one to tell this receiver.
func (r receiver) wants(ch supervise.Change) bool {
	switch ch.What {
	case paspeaker.FaultBegan, paspeaker.FaultEnded, paspeaker.FaultAcked:
		return r.Wants(ch.Fault)
	}
	return false
}

// receivers are those of the site of now.
func (k *calls) receivers() (out []receiver) {
	st := k.c.site.Load()
	for _, w := range st.Alerts.Webhooks {
		out = append(out, receiver{outboxName("w", w.URL, w.SecretFile), w.URL, w.AlertFilter, func(ctx context.Context, v bus.Alert) error {
			secret, err := webhook.ReadSecret(w.SecretFile)
			if err != nil {
				return err
			}
			return k.c.hooks.Post(ctx, w.URL, secret, webhook.Message{ID: v.ID, Body: v.Body})
		}})
	}
	for _, cmd := range st.Alerts.Commands {
		out = append(out, receiver{outboxName("c", append([]string{cmd.Timeout.String()}, cmd.Run...)...), cmd.Run[0], cmd.AlertFilter, func(ctx context.Context, v bus.Alert) error {
			return runCommand(ctx, cmd, v)
		}})
	}
	return out
}

func outboxName(kind string, words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return kind + hex.EncodeToString(sum[:8])
}

// deliver hands a receiver what waits for it, until ctx is done.
func (k *calls) deliver(ctx context.Context, r receiver) {
	failed := 0
	for ctx.Err() == nil {
		err := k.c.cfg.Bus.Alerts().Deliver(ctx, r.name, func(v bus.Alert) (time.Duration, error) {
			err := r.send(ctx, v)
			if err == nil {
				failed = 0
				k.c.faults.clear("alerts/" + r.name)
				return 0, nil
			}
			failed++
			k.c.log.Warn("a fault could not be told", "to", r.what, "err", err)
			if failed >= complainAt && ctx.Err() == nil {
				k.c.faults.set("alerts/"+r.name, fmt.Sprintf("%s cannot be told of faults: %v", r.what, err), "")
			}
			return min(againFirst<<min(failed-1, 20), againMost), err
		})
		if err != nil {
			k.c.log.Debug("alerts", "to", r.what, "err", err)
		}
		select {
		case <-time.After(againFirst):
		case <-ctx.Done():
		}
	}
	k.c.faults.clear("alerts/" + r.name)
}
