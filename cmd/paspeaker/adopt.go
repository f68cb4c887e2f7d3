package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newAdoptCommand(g *globals) *cobra.Command {
	var ttl time.Duration
	cmd := &cobra.Command{Use: "adopt [SPEAKER]", Short: "List the loudspeakers that have no hardware yet, or make the join token of one",
		Long: `Without a name: list the loudspeakers of the site that have never had a node.
With one: make the join token with which its node enrols, once. A loudspeaker
that has its hardware already is refused: see replace.`,
		Example: "  paspeaker adopt\n  paspeaker adopt gate-3 > token     # then: paspeaker-node ... --id gate-3 --token-file token",
		Args:    func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MaximumNArgs(1)(cmd, args)) }, ValidArgsFunction: orphanNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return ask(g, func(c *client.Client) ([]paspeaker.SpeakerStatus, error) { return orphans(cmd.Context(), c) }, printOrphans)
			}
			return ask(g, func(c *client.Client) (paspeaker.JoinToken, error) {
				return c.Adopt(cmd.Context(), paspeaker.SpeakerID(args[0]), ttl)
			}, g.printToken)
		}}
	cmd.Flags().DurationVar(&ttl, "ttl", time.Hour, "how long the token is good")
	return cmd
}

func newReplaceCommand(g *globals) *cobra.Command {
	var ttl time.Duration
	cmd := &cobra.Command{Use: "replace SPEAKER", Short: "Make a join token with which new hardware takes a loudspeaker's place",
		Long: `Make a join token with which new hardware takes over a loudspeaker's id, its
place in the zones, its gain and its delay. Nothing changes until the new node
enrols with it; in that moment the keys of the old one are revoked: NATS drops
its connection, and nobody tells it the time any more.

What a node holds and cannot forget: the site's shared tag key, which lets
nobody speak. See docs/operations.md.`,
		Example: "  paspeaker replace gate-1 > token     # at the new hardware: paspeaker-node ... --id gate-1 --token-file token",
		Args:    exactArgs(1), ValidArgsFunction: speakerNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(g, func(c *client.Client) (paspeaker.JoinToken, error) {
				return c.Replace(cmd.Context(), paspeaker.SpeakerID(args[0]), ttl)
			}, g.printToken)
		}}
	cmd.Flags().DurationVar(&ttl, "ttl", time.Hour, "how long the token is good")
	return cmd
}

// printToken prints a token alone, for a file, and what it is good for beside it.
func (g *globals) printToken(w io.Writer, t paspeaker.JoinToken) {
	fmt.Fprintln(w, t.Token)
	fmt.Fprintf(g.errOut, "good once, for %s, until %s\n", t.Node, t.Expires.Local().Format("2006-01-02 15:04:05"))
}

// orphans are the loudspeakers that never had a node.
func orphans(ctx context.Context, c *client.Client) ([]paspeaker.SpeakerStatus, error) {
	all, err := c.Speakers(ctx)
	return slices.DeleteFunc(all, func(s paspeaker.SpeakerStatus) bool {
		return s.Kind == paspeaker.KindThirdParty || !s.Enrolled.IsZero()
	}), err
}

func orphanNames(g *globals) completer {
	return words(g, func(ctx context.Context, c *client.Client) (out []string) {
		list, _ := orphans(ctx, c)
		for _, s := range list {
			out = append(out, string(s.ID)+"\t"+s.Name)
		}
		return out
	})
}

func printOrphans(w io.Writer, list []paspeaker.SpeakerStatus) {
	if len(list) == 0 {
		fmt.Fprintln(w, "every loudspeaker has its hardware")
		return
	}
	t := newTable(w, "id", "name", "kind", "zones")
	for _, s := range list {
		zones := ""
		for _, z := range s.Zones {
			if zones != "" {
				zones += ","
			}
			zones += string(z)
		}
		t.row(string(s.ID), s.Name, string(s.Kind), zones)
	}
	t.print()
	fmt.Fprintln(w, "paspeaker adopt SPEAKER makes the join token of one")
}
