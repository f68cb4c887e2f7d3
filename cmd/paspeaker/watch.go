package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newWatchCommand(g *globals) *cobra.Command {
	var plain bool
	cmd := &cobra.Command{Use: "watch", Short: "Watch the site on a board: what is on air, loudspeakers, meters, faults", Args: noArgs,
		Long: `Shows the site on a board that follows what happens: what is on air, the zones,
the loudspeakers with their meters, and the faults. Its keys stop announcements,
talk and test; ? lists them. It works over ssh and in a window of 80 columns by
24 lines; a wide one shows more.

Where the output is no terminal, or with --plain, the status is printed once a
second; --json prints every event on a line.`,
		Example: "  paspeaker watch\n  LANG=vi_VN.UTF-8 paspeaker watch\n  paspeaker watch --json | jq 'select(.kind == \"fault\") | .fault.what'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.client()
			if err != nil {
				return err
			}
			defer c.Close()
			switch {
			case g.json:
				enc := json.NewEncoder(g.out)
				return c.Events(cmd.Context(), func(ev paspeaker.Event) { _ = enc.Encode(ev) })
			case plain || !g.atTerminal():
				return g.watchPlainly(cmd.Context(), c)
			}
			return g.watchBoard(cmd, c)
		}}
	cmd.Flags().BoolVar(&plain, "plain", false, "print the status once a second instead of a board")
	return cmd
}

// atTerminal says whether a person looks at a terminal that can be drawn on.
func (g *globals) atTerminal() bool {
	return isTerminal(g.out) && g.in == os.Stdin && isTerminal(os.Stdin) && os.Getenv("TERM") != "dumb"
}

func (g *globals) watchPlainly(ctx context.Context, c *client.Client) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		st, err := c.Status(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if isTerminal(g.out) && os.Getenv("TERM") != "dumb" {
			fmt.Fprint(g.out, "\x1b[H\x1b[2J")
		}
		if err != nil {
			fmt.Fprintln(g.out, "the controller does not answer:", err)
		} else {
			printStatus(g.out, st)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
