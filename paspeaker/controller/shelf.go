package controller

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/site"
)

// Shelf holds the shipped recordings. Each is decoded when it is first asked
// for and kept, so that reading the site again, which a running controller
// does while it speaks, costs no second decoding. It may be used from any
// goroutine.
type Shelf struct {
	files  fs.FS
	mu     sync.Mutex
	clips  map[string]*source.Clip
	alerts map[alertKey]*source.Clip
}

// alertKey is an alert signal and its length.
type alertKey struct {
	tone   string
	length time.Duration
}

// NewShelf makes a shelf of the recordings NAME.opus in files, which must not
// change.
func NewShelf(files fs.FS) *Shelf {
	return &Shelf{files: files, clips: make(map[string]*source.Clip), alerts: make(map[alertKey]*source.Clip)}
}

// clip returns a shipped recording by its name; CodeNotFound names those that
// there are.
func (s *Shelf) clip(ctx context.Context, name string) (*source.Clip, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if clip, ok := s.clips[name]; ok {
		return clip, nil
	}
	unknown := &paspeaker.Error{Code: paspeaker.CodeNotFound, What: fmt.Sprintf("builtin sound %q: there is none", name),
		Hint: "the builtin sounds are " + strings.Join(site.Builtins(), ", ")}
	if strings.ContainsAny(name, "/\\") {
		return nil, unknown
	}
	r, err := s.files.Open(name + ".opus")
	if err != nil {
		return nil, unknown
	}
	defer r.Close()
	clip, err := source.Decode(ctx, r, source.Limits{})
	if err == nil {
		s.clips[name] = clip
	}
	return clip, err
}

// alert returns an alert signal of that length.
func (s *Shelf) alert(tone string, length time.Duration) (*source.Clip, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := alertKey{tone, length}
	if clip, ok := s.alerts[key]; ok {
		return clip, nil
	}
	clip, err := source.Alert(tone, length)
	if err == nil {
		s.alerts[key] = clip
	}
	return clip, err
}
