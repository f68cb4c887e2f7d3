// Package board is the terminal board of a site: what is on air, the zones, the
// loudspeakers with their meters, the faults, and keys to stop, talk and test.
//
// It speaks the language of package paspeaker and knows a controller only as a
// Controller; the door in cmd gives it one. Everything that comes in is a
// message to a Model and everything that is seen is its View, so that all of
// it is tested without a terminal. Texts of others are never trusted with the
// terminal: control characters are taken out of whatever is shown.
package board

import (
	"context"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"

	"pa/paspeaker"
)

// Controller is what the board asks of a controller.
type Controller interface {
	Status(ctx context.Context) (paspeaker.Status, error)
	Zones(ctx context.Context) ([]paspeaker.ZoneStatus, error)
	// Events calls f with what changes, until ctx ends or the connection breaks.
	Events(ctx context.Context, f func(paspeaker.Event)) error
	// StopSession ends one announcement.
	StopSession(ctx context.Context, id paspeaker.SessionID) (paspeaker.Session, error)
	// StopAll silences everything, and returns what it ended.
	StopAll(ctx context.Context) ([]paspeaker.Session, error)
}

// Config says what a board shows and what its keys do.
type Config struct {
	Controller Controller
	By         string              // who looks, for the header
	Say        func(string) string // a text of Vietnamese in the reader's language; nil: as it is
	Now        func() time.Time    // nil: time.Now

	// Acknowledge says that somebody has seen a fault and looks after it; the note
	// may be empty. A board without it has no key for it.
	Acknowledge func(ctx context.Context, fault, note string) error

	// Talk is a live call to a zone, Test a test of a zone or a loudspeaker;
	// they have the terminal while they run. Their summary is what is left to
	// say when they are over. A board without one has no key for it.
	Talk func(paspeaker.ZoneID) Errand
	Test func(paspeaker.ZoneID, paspeaker.SpeakerID) Errand
}

// terminal is where a board is drawn and where its keys come from; nil is this
// process's own.
type terminal struct {
	in  io.Reader
	out io.Writer
}

// Errand is a program that has the terminal for itself while it runs.
type Errand interface {
	tea.ExecCommand
	Summary() string
}

// Run shows the board on the terminal until somebody leaves it or ctx ends.
func Run(ctx context.Context, cfg Config) error { return show(ctx, cfg, nil) }

func show(ctx context.Context, cfg Config, at *terminal) error {
	ctx, cancel := context.WithCancel(ctx)
	news := newFeed(cfg.Controller)
	done := make(chan struct{})
	go func() {
		defer close(done)
		news.run(ctx)
	}()
	m := New(cfg)
	m.serve(ctx, news.next)
	// The end of ctx is the end of the news, and that is a reason to quit: a
	// program that is killed by its context leaves its goroutines behind.
	options := []tea.ProgramOption{tea.WithFPS(20)}
	if at != nil {
		options = append(options, tea.WithInput(at.in), tea.WithOutput(at.out))
	}
	_, err := tea.NewProgram(m, options...).Run()
	cancel()
	<-done
	return err
}
