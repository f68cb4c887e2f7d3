package controller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"pa/audio/ingest"
	"pa/audio/loudness"
	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/site"
)

// AddMessage makes a recording ready in a child process and stores it.
func (c *Controller) AddMessage(ctx context.Context, by paspeaker.Caller, name string, n body.NewMessage, r io.Reader) (paspeaker.Message, error) {
	m, err := c.newVersion(by, name, n)
	if err != nil {
		return m, err
	}
	m.Files = n.Files
	t := c.treatment(n.Loudness)
	if n.AsItIs { // of an archive: what was spoken can be spoken anew
		t = ingest.Treatment{Long: t.Long}
	} else {
		m.Voice = ""
	}
	if m.Voice != "" && !site.ValidVoice(m.Voice) {
		return m, paspeaker.Errorf(paspeaker.CodeInvalid, "voice %q: not a voice's name", m.Voice)
	}
	t.Sizes, t.Gap = n.Sizes, time.Duration(n.Gap)
	return c.prepareMessage(ctx, m, r, t)
}

// SayMessage has a text said by the site's speech program and stores it.
func (c *Controller) SayMessage(ctx context.Context, by paspeaker.Caller, name string, n body.NewMessage) (paspeaker.Message, error) {
	m, err := c.newVersion(by, name, n)
	if err != nil {
		return m, err
	}
	return c.sayMessage(ctx, m, n.Loudness)
}

// newVersion begins the version of a message that comes after the newest.
func (c *Controller) newVersion(by paspeaker.Caller, name string, n body.NewMessage) (paspeaker.Message, error) {
	m := paspeaker.Message{
		Name: norm.NFC.String(name), Text: norm.NFC.String(n.Text), Voice: n.Voice, Note: norm.NFC.String(n.Note),
		Change: paspeaker.MessageAdded, By: by.By, At: c.cfg.Now(),
	}
	if err := paspeaker.CheckMessageName(m.Name); err != nil {
		return m, err
	}
	old, there := c.library.lookup(m.Name)
	if there && !n.Replace {
		return m, &paspeaker.Error{Code: paspeaker.CodeConflict, What: fmt.Sprintf("message %s: there is one already, version %d", quoted(m.Name), old.Version),
			Hint: "replace its sound with --replace, or choose another name"}
	}
	if there {
		m.Version, m.Change = old.Version, paspeaker.MessageSound
		if m.Note == "" {
			m.Note = old.Note
		}
	}
	return m, nil
}

// treatment is how the site wants messages.
func (c *Controller) treatment(lufs *float64) ingest.Treatment {
	s := c.site.Load().Messages
	if lufs == nil {
		lufs = &s.LUFS
	}
	return ingest.Treatment{Trim: true, Level: true, Long: s.Long,
		Aim: loudness.Aim{LUFS: *lufs, TruePeak: s.TruePeak, MaxLimit: s.MaxLimit}}
}

// sayMessage has m.Text said by m.Voice.
func (c *Controller) sayMessage(ctx context.Context, m paspeaker.Message, lufs *float64) (paspeaker.Message, error) {
	speech := c.site.Load().Messages.Speech
	if strings.TrimSpace(m.Text) == "" {
		return m, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "say: no text", Hint: `paspeaker message say NAME "…"`}
	}
	command, voice, ok := speech.With(m.Voice)
	if !ok {
		return m, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("voice %q: there is none", voice),
			Hint: "the voices are " + strings.Join(speech.Voices, ", ") + "; see messages.speech in zones.yaml"}
	}
	m.Voice, m.Files = voice, nil
	t := c.treatment(lufs)
	t.Speech = command
	ctx, cancel := context.WithTimeoutCause(ctx, speech.Limit, ingest.ErrOutOfTime)
	defer cancel()
	return c.prepareMessage(ctx, m, strings.NewReader(m.Text), t)
}

// prepareMessage makes a sound ready and stores it as the version after
// m.Version.
func (c *Controller) prepareMessage(ctx context.Context, m paspeaker.Message, r io.Reader, t ingest.Treatment) (paspeaker.Message, error) {
	st := c.site.Load()
	file, facts, err := c.ingest.Prepare(ctx, r, source.Limits{MaxBytes: st.Limits.MaxUpload, MaxLength: st.Messages.MaxLength}, t)
	if err != nil {
		if errors.Is(context.Cause(ctx), ingest.ErrOutOfTime) {
			err = ingest.ErrOutOfTime
		}
		return m, messageError(m, err)
	}
	describe(&m, facts, t)
	return c.storeMessage(ctx, file, m)
}

// describe writes what is known of a sound into a message.
func describe(m *paspeaker.Message, f ingest.Facts, t ingest.Treatment) {
	m.Length = paspeaker.Duration(f.Length.Round(time.Millisecond))
	m.Level = paspeaker.MessageLevel{
		Before: cents(f.Before.LUFS), After: cents(f.After.LUFS), PeakFrom: cents(f.Before.TruePeak), Peak: cents(f.After.TruePeak),
		GainDB: cents(f.GainDB), LimitedDB: cents(f.LimitedDB),
	}
	if t.Level {
		m.Level.Target = t.Aim.LUFS
	}
	m.SNR, m.Overview = cents(f.SignalToNoise), f.Overview
	m.CutHead, m.CutTail = paspeaker.Duration(f.CutHead.Round(time.Millisecond)), paspeaker.Duration(f.CutTail.Round(time.Millisecond))
	m.Warnings = nil
	for _, w := range f.Warnings {
		m.Warnings = append(m.Warnings, paspeaker.Warning{Kind: w.Kind, Value: w.Value, Text: w.Text()})
	}
}

// storeMessage stores a sound and a message, and says so in the journal.
func (c *Controller) storeMessage(ctx context.Context, file []byte, m paspeaker.Message) (paspeaker.Message, error) {
	m, err := c.library.store.Store(ctx, file, m, m.Version)
	if err != nil {
		return m, err
	}
	c.changed(m, "message "+string(m.Change), "")
	return m, nil
}

// changed takes in a new version and records who made it.
func (c *Controller) changed(m paspeaker.Message, what, detail string) {
	c.library.stored(m)
	if detail == "" {
		detail = fmt.Sprintf("version %d, %s, %.1f LUFS, sound %.12s", m.Version, m.Length, m.Level.After, m.Hash)
	}
	c.record(paspeaker.Entry{What: what, Name: m.Name, Message: m.Name, By: m.By, Detail: detail})
}

// messageError says what is wrong with a sound that did not become a message.
func messageError(m paspeaker.Message, err error) error {
	name := strings.Join(m.Files, ", ")
	if m.Voice != "" {
		name = "the text"
	}
	e, ok := fileError(name, err).(*paspeaker.Error)
	if !ok {
		return err
	}
	switch {
	case errors.Is(err, ingest.ErrSilent):
		e.What, e.Hint = "prepare "+first(name, "the file"), "record it again; --as-it-is keeps even silence"
	case errors.Is(err, ingest.ErrNoSpeech):
		e.Code, e.What, e.Hint = paspeaker.CodeUnavailable, "say "+quoted(m.Name), "install it on the controller, or name another in messages.speech.command of zones.yaml"
	case errors.Is(err, ingest.ErrSpeech):
		e.What, e.Hint = "say "+quoted(m.Name), "see messages.speech in zones.yaml"
	}
	return e
}

func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
