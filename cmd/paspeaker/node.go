package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newNodeCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{Use: "node", Short: "Look after the programs in the loudspeakers: their logs and versions",
		Example: "  paspeaker node logs gate-1 --follow"}
	cmd.AddCommand(newNodeLogsCommand(g), newNodeUpgradeCommand(g))
	return cmd
}

// logPatience is how long one look for further lines waits at the node.
const logPatience = 15 * time.Second

func newNodeLogsCommand(g *globals) *cobra.Command {
	var follow bool
	var since string
	cmd := &cobra.Command{Use: "logs SPEAKER", Short: "Print what a loudspeaker's program has logged: its last 256 KiB",
		Example: "  paspeaker node logs gate-1\n  paspeaker node logs gate-1 --since 10m --follow\n  paspeaker node logs gate-1 --json | jq -r '.lines[]'",
		Args:    exactArgs(1), ValidArgsFunction: speakerNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			var o paspeaker.Logs
			if since != "" {
				at, err := parseWhen(since, time.Now())
				if err != nil {
					return usageError{fmt.Errorf("--since %w", err)}
				}
				o.Since = at
			}
			return g.withClient(func(c *client.Client) error {
				return g.printLogs(cmd.Context(), c, paspeaker.SpeakerID(args[0]), o, follow)
			})
		}}
	f := cmd.Flags()
	f.BoolVarP(&follow, "follow", "f", false, "go on as lines come")
	f.StringVar(&since, "since", "", "from this time on: 10m, 09:30, 2026-11-24 09:30")
	return cmd
}

// printLogs prints a node's log to its end, or for as long as somebody follows.
// While the node is away a follower waits for it.
func (g *globals) printLogs(ctx context.Context, c *client.Client, id paspeaker.SpeakerID, o paspeaker.Logs, follow bool) error {
	said := false
	for first := true; ; first = false {
		p, err := c.NodeLogs(ctx, id, o)
		switch {
		case ctx.Err() != nil && follow:
			return nil // Ctrl-C is how it ends
		case err != nil && follow && !first && paspeaker.CodeOf(err) == paspeaker.CodeUnavailable:
			if !said {
				fmt.Fprintln(g.errOut, err)
			}
			said = true
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return nil
			}
			continue
		case err != nil:
			return err
		}
		said = false
		if p.Lost > 0 {
			fmt.Fprintf(g.errOut, "%d lines are gone\n", p.Lost)
		}
		if err := g.printPage(p); err != nil {
			return err
		}
		if !p.More && !follow {
			return nil
		}
		o.After = p.Next
		if follow && !p.More {
			o.Wait = paspeaker.Duration(logPatience)
		}
	}
}

func (g *globals) printPage(p paspeaker.LogPage) error {
	if g.json {
		if len(p.Lines) == 0 && p.Next > 0 {
			return nil
		}
		return encode(g.out, p)
	}
	for _, line := range p.Lines {
		if _, err := fmt.Fprintln(g.out, line); err != nil {
			return err
		}
	}
	return nil
}
