package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// upgraded is one line of what came of it, for programs.
type upgraded struct {
	Speaker paspeaker.SpeakerID `json:"speaker"`
	Program string              `json:"sha256"`
	Version string              `json:"version"`
}

func newNodeUpgradeCommand(g *globals) *cobra.Command {
	var file string
	var all, yes bool
	cmd := &cobra.Command{Use: "upgrade SPEAKER…", Short: "Have loudspeakers run another paspeaker-node; one that does not work is taken back by itself",
		Long: `Have loudspeakers run another paspeaker-node, one after another. The program is
uploaded and signed by the site's root key; each node checks hash, signature
and architecture before it touches anything, never while it is on air, and
starts it for a trial. When its clock has not locked and it has not reported
within a minute, or when it crashes or the power fails, the node goes back to
the program before by itself. The first that does ends the work.

--all takes every loudspeaker that is online, runs something else, and has the
program's architecture.

Exit status: 3 a loudspeaker is on air, or went back to the program before;
4 one is offline; 2 the file is no paspeaker-node, or for another architecture.`,
		Example: "  paspeaker node upgrade gate-1 --file bin/arm64/paspeaker-node\n  paspeaker node upgrade --all --file bin/arm64/paspeaker-node --yes",
		Args: func(_ *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return usageError{errors.New("which loudspeakers? name some, or say --all")}
			}
			return nil
		}, ValidArgsFunction: speakerNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return usageError{errors.New("--file is missing: the paspeaker-node to run")}
			}
			return g.withClient(func(c *client.Client) error { return g.upgrade(cmd.Context(), c, args, all, yes, file) })
		}}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "the paspeaker-node to run (required)")
	f.BoolVar(&all, "all", false, "every loudspeaker that it is for")
	f.BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (g *globals) upgrade(ctx context.Context, c *client.Client, args []string, all, yes bool, file string) error {
	p, err := g.sendProgram(ctx, c, file)
	if err != nil {
		return err
	}
	ids := make([]paspeaker.SpeakerID, 0, len(args))
	for _, a := range args {
		ids = append(ids, paspeaker.SpeakerID(a))
	}
	if all {
		if ids, err = g.whoFits(ctx, c, p); err != nil {
			return err
		}
		if err := g.confirm(yes, fmt.Sprintf("%d loudspeakers are started anew, one after another; each is silent for some seconds", len(ids))); err != nil {
			return err
		}
	}
	done := []upgraded{}
	for i, id := range ids {
		if !g.json {
			fmt.Fprintf(g.errOut, "%d of %d: %s …\n", i+1, len(ids), id)
		}
		now, err := c.UpgradeNode(ctx, id, paspeaker.UpgradeTo{SHA256: p.SHA256})
		if err != nil {
			return errors.Join(g.printUpgraded(done), stoppedAt(err, len(ids)-i-1))
		}
		done = append(done, upgraded{Speaker: id, Program: p.SHA256, Version: now.Version})
	}
	return g.printUpgraded(done)
}

// stoppedAt says how many were not touched.
func stoppedAt(err error, left int) error {
	var e *paspeaker.Error
	if left > 0 && errors.As(err, &e) {
		return &paspeaker.Error{Code: e.Code, What: fmt.Sprintf("%s; %d further loudspeakers were not touched", e.What, left), Hint: e.Hint}
	}
	return err
}

func (g *globals) printUpgraded(done []upgraded) error {
	if g.json {
		return encode(g.out, done)
	}
	for _, d := range done {
		fmt.Fprintf(g.out, "%s runs %s (%s…)\n", d.Speaker, d.Version, d.Program[:min(12, len(d.Program))])
	}
	return nil
}

// sendProgram uploads the file.
func (g *globals) sendProgram(ctx context.Context, c *client.Client, file string) (paspeaker.Program, error) {
	f, err := os.Open(file)
	if err != nil {
		return paspeaker.Program{}, usageError{err}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return paspeaker.Program{}, usageError{fmt.Errorf("%s: not a file", file)}
	}
	return c.AddProgram(ctx, g.newProgress(f, info.Size()))
}

// whoFits are the loudspeakers that can run p and do not yet; who is left out is
// told.
func (g *globals) whoFits(ctx context.Context, c *client.Client, p paspeaker.Program) (ids []paspeaker.SpeakerID, err error) {
	all, err := c.Speakers(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		why := ""
		switch {
		case s.Kind == paspeaker.KindThirdParty, s.Online && s.Report != nil && s.Report.Program != nil && s.Report.Program.SHA256 == p.SHA256:
			continue
		case !s.Online || s.Report == nil:
			why = "is offline"
		case s.Report.Program == nil:
			why = "cannot be upgraded from here"
		case s.Report.Program.Arch != p.Arch:
			why = "is an " + s.Report.Program.Arch + ", and the program for " + p.Arch
		default:
			ids = append(ids, s.ID)
			continue
		}
		fmt.Fprintf(g.errOut, "left out: %s %s\n", s.ID, why)
	}
	return ids, nil
}
