package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
	"pa/paspeaker/board"
)

// watchBoard shows the board. A controller that is not there may come; one that
// refuses us will go on refusing.
func (g *globals) watchBoard(cmd *cobra.Command, c *client.Client) error {
	if _, err := c.Status(cmd.Context()); err != nil && paspeaker.CodeOf(err) != paspeaker.CodeUnavailable {
		return err
	}
	l := g.language()
	by, err := g.who()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cfg := board.Config{Controller: boardClient{c}, By: by, Say: l.tr,
		Acknowledge: func(ctx context.Context, fault, note string) error {
			_, err := c.AckFault(ctx, fault, note)
			return err
		},
		Talk: func(z paspeaker.ZoneID) board.Errand {
			return &errand{program: self, args: g.again("live", string(z)), tail: true, language: l}
		}}
	if test, _, err := cmd.Root().Find([]string{"test"}); err == nil && test.Name() == "test" {
		cfg.Test = func(z paspeaker.ZoneID, sp paspeaker.SpeakerID) board.Errand {
			return &errand{program: self, args: g.again("test", first(string(sp), string(z))), stay: true, language: l}
		}
	}
	// Ctrl-C in a call or a test is meant for that: on the board it is a key.
	return board.Run(context.WithoutCancel(cmd.Context()), cfg)
}

// boardClient is a controller as the board wants it.
type boardClient struct{ *client.Client }

// StopAll implements board.Controller.
func (c boardClient) StopAll(ctx context.Context) ([]paspeaker.Session, error) {
	return c.Stop(ctx, body.Stop{All: true})
}

// again is a command line of ours with the same global flags.
func (g *globals) again(words ...string) []string {
	for _, f := range []struct{ name, value string }{
		{"--url", g.url}, {"--token-file", g.tokenFile}, {"--fingerprint", g.fingerprint}, {"--by", g.by},
	} {
		if f.value != "" {
			words = append(words, f.name, f.value)
		}
	}
	return words
}

// errand is one of our own commands that has the terminal while it runs.
type errand struct {
	program    string
	args       []string
	tail, stay bool // tail: its last line is told on the board; stay: what it printed stays until Enter
	language   language

	in       io.Reader
	out, err io.Writer
	printed  bytes.Buffer
}

// SetStdin implements tea.ExecCommand, as do the next two.
func (e *errand) SetStdin(r io.Reader)  { e.in = r }
func (e *errand) SetStdout(w io.Writer) { e.out = w }
func (e *errand) SetStderr(w io.Writer) { e.err = w }

// Run implements tea.ExecCommand.
func (e *errand) Run() error {
	c := exec.Command(e.program, e.args...)
	c.Stdin, c.Stdout, c.Stderr = e.in, e.out, e.err
	if e.tail {
		c.Stdout = io.MultiWriter(e.out, &e.printed)
	}
	fmt.Fprintf(e.out, "paspeaker %s\n", strings.Join(e.args[:2], " "))
	err := c.Run()
	if err != nil || e.stay { // what it said would be gone with the board's first picture
		fmt.Fprint(e.out, "\n"+e.language.tr("Enter returns to the board"))
		_, _ = bufio.NewReader(e.in).ReadString('\n')
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return errors.New(e.language.tr(exitWords(exit.ExitCode())))
	}
	return err
}

// Summary implements board.Errand.
func (e *errand) Summary() string {
	lines := strings.Split(strings.TrimSpace(e.printed.String()), "\n")
	return lines[len(lines)-1]
}

// exitWords says in words what an exit code of ours means.
func exitWords(code int) string {
	switch code {
	case exitUsage:
		return "wrong usage"
	case exitBusy:
		return "busy or refused"
	case exitUnreachable:
		return "the controller or the microphone cannot be reached"
	case exitNotFound:
		return "not found"
	case exitDenied:
		return "denied"
	case exitNotHeard:
		return "not heard everywhere"
	}
	return "it did not succeed"
}
