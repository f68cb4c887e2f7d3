package controller

import (
	"context"
	"errors"
	"fmt"
	"os"

	"pa/audio"
	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/site"
)

// soundbook holds, decoded, every recording that an emergency needs: when one
// is triggered, nothing is read and nothing can be missing. It is read-only.
type soundbook struct {
	shelf   *Shelf
	clips   map[string]*source.Clip // by ref: "builtin:NAME" or a file
	alerts  map[string]*source.Clip // by emergency
	missing []error                 // a recording each that does not decode
}

// newSoundbook decodes what the site's emergencies name. What does not decode
// is missing, and said by name, so that it is found before it is needed.
func newSoundbook(s *site.Site, shelf *Shelf) (*soundbook, error) {
	b := &soundbook{shelf: shelf, clips: make(map[string]*source.Clip), alerts: make(map[string]*source.Clip)}
	for _, e := range s.Emergencies {
		for _, refs := range [][]string{e.Message, e.Drill, e.Cancel} {
			for _, ref := range refs {
				if err := b.load(s, ref); err != nil {
					b.missing = append(b.missing, fmt.Errorf("emergency %s: sound %s: %w", e.ID, ref, err))
				}
			}
		}
		alert, err := shelf.alert(e.Tone, e.ToneLength)
		if err != nil {
			return nil, fmt.Errorf("emergency %s: %w", e.ID, err)
		}
		b.alerts[e.ID] = alert
	}
	return b, nil
}

// fault says what is missing; nil when nothing is.
func (b *soundbook) fault() error {
	if len(b.missing) == 0 {
		return nil
	}
	return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: errors.Join(b.missing...).Error(),
		Hint: "convert it to WAV, FLAC or Ogg, or name another"}
}

func (b *soundbook) load(s *site.Site, ref string) error {
	if _, have := b.clips[ref]; have {
		return nil
	}
	name, shipped := s.File(ref)
	if shipped {
		clip, err := b.shelf.clip(context.Background(), name)
		if err == nil {
			b.clips[ref] = clip
		}
		return err
	}
	r, err := os.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	clip, err := source.Decode(context.Background(), r, source.Limits{MaxBytes: s.Limits.MaxUpload, MaxLength: s.Limits.MaxLength})
	if err == nil {
		b.clips[ref] = clip
	}
	return err
}

// sequence returns the recordings one after another; a missing one is left out.
func (b *soundbook) sequence(refs []string) []audio.Source {
	out := make([]audio.Source, 0, len(refs))
	for _, ref := range refs {
		if clip := b.clips[ref]; clip != nil {
			out = append(out, clip.Source())
		}
	}
	return out
}

// has says whether none of the recordings is missing.
func (b *soundbook) has(refs []string) bool { return len(b.sequence(refs)) == len(refs) }

// emergency returns what an emergency sounds like: alert tone, then the
// message, again and again with a pause between. A drill says so before and
// after every message, so that nobody who hears any part of it mistakes it.
// Where no message is left, the alert tone stands for it.
func (b *soundbook) emergency(e site.Emergency, drill bool) audio.Source {
	message := func() audio.Source {
		parts := b.sequence(e.Message)
		if len(parts) == 0 {
			parts = append(parts, b.alerts[e.ID].Source())
		}
		if drill {
			parts = append(b.sequence(e.Drill), parts...)
			parts = append(parts, b.sequence(e.Drill)...)
		}
		return source.Sequence(parts...)
	}
	first := []audio.Source{b.alerts[e.ID].Source()}
	if drill {
		first = append(b.sequence(e.Drill), first...)
	}
	return source.Sequence(append(first, source.Repeat(-1, e.Pause, message))...)
}
