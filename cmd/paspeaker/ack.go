package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"pa/paspeaker/api/client"
)

func newAckCommand(g *globals) *cobra.Command {
	var note string
	cmd := &cobra.Command{Use: "ack FAULT...", Short: "Say that you have seen a fault and look after it", Args: minimumArgs(1),
		Long: `Say that you have seen a fault and look after it, so that others need not. It is
kept over restarts; when the fault ends and comes again, it wants to be seen
again. Those who are told of faults are told of this, too.`,
		Example: `  paspeaker ack offline/gate-1 --note "thợ điện đang đến"
  paspeaker ack offline/switch:sw-2 loss/truck-1`,
		RunE: func(cmd *cobra.Command, args []string) error { return g.ack(cmd.Context(), args, note) },
		ValidArgsFunction: words(g, func(ctx context.Context, c *client.Client) (out []string) {
			list, _ := c.Faults(ctx, false)
			for _, f := range list {
				out = append(out, f.ID+"\t"+f.What)
			}
			return out
		})}
	cmd.Flags().StringVarP(&note, "note", "n", "", "what is being done about it")
	return cmd
}

// minimumArgs takes n arguments or more.
func minimumArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MinimumNArgs(n)(cmd, args)) }
}

func (g *globals) ack(ctx context.Context, ids []string, note string) error {
	return g.withClient(func(c *client.Client) error {
		for _, id := range ids {
			f, err := c.AckFault(ctx, id, note)
			if err != nil {
				return err
			}
			if g.json {
				err = encode(g.out, f)
			} else {
				_, err = fmt.Fprintf(g.out, "%s: %s %s\n", f.ID, g.language().tr("seen by"), f.Ack.By)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
