package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/state"
)

const rosterFile = "nodes.json"

// roster knows which loudspeakers have hardware, and which piece of hardware is
// the one: its number goes into the derivation of its keys, so that those of
// the one before are worth nothing. It lies in the state directory, for the
// NATS server asks before anything else of the house runs. It may be used from
// any goroutine.
type roster struct {
	dir *state.Dir

	mu       sync.Mutex
	writing  sync.Mutex // one at a time
	nodes    map[paspeaker.SpeakerID]enrolment
	closing  map[paspeaker.SpeakerID]bool // no key of it is good: it is being changed
	versions uint64                       // rises when keys change
	dirty    chan struct{}
}

type enrolment struct {
	Generation int       `json:"generation,omitempty"` // of its hardware: 0 is the first
	Since      time.Time `json:"since"`
}

func loadRoster(dir *state.Dir) (*roster, error) {
	r := &roster{dir: dir, nodes: make(map[paspeaker.SpeakerID]enrolment), closing: make(map[paspeaker.SpeakerID]bool), dirty: make(chan struct{}, 1)}
	b, err := dir.Read(rosterFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", dir.Path(rosterFile), err)
	}
	if err := json.Unmarshal(b, &r.nodes); err != nil {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInternal, What: dir.Path(rosterFile) + " is damaged", Err: err,
			Hint: "restore it from a backup; without it, nodes whose hardware was replaced must enrol again and the old hardware is let in"}
	}
	return r, nil
}

// keyName returns the name that a node's keys are derived from; not open: none
// of its keys is good now.
func (r *roster) keyName(id paspeaker.SpeakerID) (name paspeaker.SpeakerID, open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.nodes[id].Generation; n > 0 {
		// No id has such a sign in it.
		return id + paspeaker.SpeakerID("#"+strconv.Itoa(n)), !r.closing[id]
	}
	return id, !r.closing[id]
}

// version rises whenever keyName may answer otherwise.
func (r *roster) version() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.versions
}

// enrolled returns since when a loudspeaker has its hardware, zero for never.
func (r *roster) enrolled(id paspeaker.SpeakerID) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.nodes[id].Since
}

// note remembers that a loudspeaker has hardware; run writes it.
func (r *roster) note(id paspeaker.SpeakerID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.nodes[id]
	if !e.Since.IsZero() {
		return
	}
	e.Since = now
	r.nodes[id] = e
	select {
	case r.dirty <- struct{}{}:
	default:
	}
}

// close makes every key of a node worthless until open; it returns whether
// nobody else has done so.
func (r *roster) close(id paspeaker.SpeakerID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing[id] {
		return false
	}
	r.closing[id] = true
	r.versions++
	return true
}

// open gives a closed node the keys of its next hardware, and returns that
// one's number; when that cannot be kept on disk, those it had.
func (r *roster) open(id paspeaker.SpeakerID, now time.Time) (generation int, err error) {
	r.mu.Lock()
	old := r.nodes[id]
	r.nodes[id] = enrolment{Generation: old.Generation + 1, Since: now}
	r.mu.Unlock()
	err = r.write()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.nodes[id] = old
	}
	delete(r.closing, id)
	r.versions++
	return r.nodes[id].Generation, err
}

func (r *roster) write() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	b, err := json.Marshal(r.nodes)
	r.mu.Unlock()
	if err == nil {
		err = r.dir.Write(rosterFile, b)
	}
	return err
}

// run writes what was noted, at most once a second, until ctx is done.
func (r *roster) run(ctx context.Context, log *slog.Logger) error {
	for {
		select {
		case <-r.dirty:
		case <-ctx.Done():
			return nil
		}
		select {
		case <-time.After(time.Second): // a whole park may start at once
		case <-ctx.Done():
		}
		if err := r.write(); err != nil {
			log.Warn("keep the list of nodes", "err", err)
		}
	}
}
