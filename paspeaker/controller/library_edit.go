package controller

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"pa/audio/ingest"
	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/site"
)

// cents rounds to two decimals; −0 is 0.
func cents(v float64) float64 { return math.Round(v*100)/100 + 0 }

// EditMessage changes a message. What changes its sound makes it anew: another
// text or voice has it said again, another loudness levels it again.
func (c *Controller) EditMessage(ctx context.Context, by paspeaker.Caller, name string, e body.EditMessage) (paspeaker.Message, error) {
	m, err := c.Message(ctx, name, 0)
	if err != nil {
		return m, err
	}
	if e.Version != 0 && e.Version != m.Version {
		return m, &paspeaker.Error{Code: paspeaker.CodeConflict, What: fmt.Sprintf("message %s: version %d is the newest, not %d", quoted(m.Name), m.Version, e.Version),
			Hint: "look at it again, then edit"}
	}
	old := m
	m.By, m.At, m.Change = by.By, c.cfg.Now(), paspeaker.MessageEdited
	set(&m.Note, e.Note)
	set(&m.Text, e.Text)
	if e.Voice != nil {
		m.Voice = *e.Voice
	}
	switch {
	case e.Restore != 0:
		return c.restoreMessage(ctx, m, e.Restore)
	case e.Name != nil && norm.NFC.String(*e.Name) != m.Name:
		if m, err = c.renameMessage(ctx, m, norm.NFC.String(*e.Name)); err != nil {
			return m, err
		}
		m.Change = paspeaker.MessageEdited
	}
	switch {
	case m.Voice != "" && (m.Text != old.Text || m.Voice != old.Voice):
		return c.sayMessage(ctx, m, e.Loudness)
	case e.Loudness != nil && *e.Loudness != m.Level.Target:
		return c.relevelMessage(ctx, m, *e.Loudness)
	case m.Name != old.Name:
		return m, nil // the new name took the rest with it
	case m.Note == old.Note && m.Text == old.Text:
		return old, nil // nothing was changed
	}
	m, err = c.library.store.Put(ctx, m, old.Version)
	if err == nil {
		c.changed(m, "message edited", "")
	}
	return m, err
}

func set(field, value *string) {
	if value != nil {
		*field = norm.NFC.String(*value)
	}
}

// relevelMessage brings the sound that a message has to another loudness.
func (c *Controller) relevelMessage(ctx context.Context, m paspeaker.Message, lufs float64) (paspeaker.Message, error) {
	file, err := c.library.store.Sound(ctx, m.Hash)
	if err != nil {
		return m, err
	}
	t := c.treatment(&lufs)
	t.Trim = false
	facts := ingest.Facts{}
	file, facts, err = c.ingest.Prepare(ctx, bytes.NewReader(file), source.Limits{MaxBytes: int64(len(file)), MaxLength: c.site.Load().Messages.MaxLength}, t)
	if err != nil {
		return m, messageError(m, err)
	}
	cutHead, cutTail := m.CutHead, m.CutTail
	before, from := m.Level.Before, m.Level.PeakFrom
	describe(&m, facts, t)
	m.CutHead, m.CutTail, m.Level.Before, m.Level.PeakFrom = cutHead, cutTail, before, from
	m.Level.GainDB = cents(m.Level.After - before)
	return c.storeMessage(ctx, file, m)
}

// restoreMessage makes an old version the newest again; nothing is lost.
func (c *Controller) restoreMessage(ctx context.Context, m paspeaker.Message, version int) (paspeaker.Message, error) {
	old, err := c.Message(ctx, m.Name, version)
	if err != nil {
		return m, err
	}
	old.By, old.At, old.Change = m.By, m.At, paspeaker.MessageRestored
	old, err = c.library.store.Put(ctx, old, m.Version)
	if err == nil {
		c.changed(old, "message restored", fmt.Sprintf("version %d is version %d again", old.Version, version))
	}
	return old, err
}

// renameMessage gives a message another name, with all its versions. One that
// somebody means to play keeps its name.
func (c *Controller) renameMessage(ctx context.Context, m paspeaker.Message, name string) (paspeaker.Message, error) {
	if err := paspeaker.CheckMessageName(name); err != nil {
		return m, err
	}
	if err := c.inUse(m.Name, "rename"); err != nil {
		return m, err
	}
	from, newest := m.Name, m.Version
	versions, err := c.library.store.Versions(ctx, from)
	if err != nil {
		return m, err
	}
	number := 0
	for _, v := range slices.Backward(versions) {
		v.Name = name
		if v, err = c.library.store.Put(ctx, v, number); err != nil {
			return m, err
		}
		number = v.Version
	}
	m.Name, m.Change = name, paspeaker.MessageRenamed
	if m, err = c.library.store.Put(ctx, m, number); err != nil {
		return m, err
	}
	c.changed(m, "message renamed", "was "+quoted(from))
	if err := c.library.store.Remove(ctx, from, newest); err != nil {
		return m, err
	}
	c.library.told(from, nil)
	return m, nil
}

// RemoveMessage removes a message with all its versions.
func (c *Controller) RemoveMessage(ctx context.Context, by paspeaker.Caller, name string) error {
	m, err := c.Message(ctx, name, 0)
	if err != nil {
		return err
	}
	if err := c.inUse(m.Name, "remove"); err != nil {
		return err
	}
	if err := c.library.store.Remove(ctx, m.Name, m.Version); err != nil {
		return err
	}
	c.library.told(m.Name, nil)
	c.record(paspeaker.Entry{What: "message removed", Name: m.Name, Message: m.Name, By: by.By, From: by.From,
		Detail: fmt.Sprintf("version %d, sound %.12s", m.Version, m.Hash)})
	c.library.wantSweep()
	return nil
}

// inUse refuses to do something to a message that somebody means to play.
func (c *Controller) inUse(name, do string) error {
	var who []string
	for _, f := range c.library.users {
		who = append(who, f(name)...)
	}
	if len(who) == 0 {
		return nil
	}
	return &paspeaker.Error{Code: paspeaker.CodeConflict, What: fmt.Sprintf("%s message %s: it is used by %s", do, quoted(name), strings.Join(who, ", ")),
		Hint: "take it out of there first; a new version needs nothing of that: paspeaker message add --replace"}
}

// BuiltinSounds lists chimes, alert tones and shipped recordings.
func (c *Controller) BuiltinSounds() []paspeaker.BuiltinSound {
	var out []paspeaker.BuiltinSound
	for _, name := range source.Chimes() {
		b := paspeaker.BuiltinSound{Name: name, Kind: "chime", About: "struck bars; before an announcement with --chime, or alone"}
		if clip, err := source.Chime(name); err == nil {
			b.Length = paspeaker.Duration(clip.Len())
		}
		out = append(out, b)
	}
	for _, name := range source.Alerts() {
		about, cycle := source.AlertAbout(name)
		out = append(out, paspeaker.BuiltinSound{Name: name, Kind: "alert", About: about, Length: paspeaker.Duration(cycle)})
	}
	for _, name := range site.Builtins() {
		out = append(out, paspeaker.BuiltinSound{Name: name, Kind: "message", About: "shipped recording; paspeaker announce --builtin " + name})
	}
	return out
}
