package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
)

func newStopCommand(g *globals) *cobra.Command {
	var zones []string
	var all bool
	cmd := &cobra.Command{
		Use:   "stop [SESSION...]",
		Short: "Stop announcements, or silence everything with --all",
		Long: `Stop announcements by their ids, everything in some zones, or everything.
--all sends a signed order on the voice path itself, again and again: it works
with NATS down and a stream hung. It then waits, two seconds at most, until every
loudspeaker has said that nothing leaves its output any more, and says which are
silent, which still sound (exit status 8), and of which nothing can be known.`,
		Example: `  paspeaker stop --all
  paspeaker stop --zones gates
  paspeaker stop 4df2059dbcfc0500`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s := body.Stop{All: all, Zones: splitIDs[paspeaker.ZoneID](zones)}
			for _, arg := range args {
				id, err := paspeaker.ParseSessionID(arg)
				if err != nil {
					return usageError{err}
				}
				s.Sessions = append(s.Sessions, id)
			}
			if !all && len(s.Zones)+len(s.Sessions) == 0 {
				return usageError{errors.New("stop what? name sessions or --zones, or say --all")}
			}
			c, err := g.client()
			if err != nil {
				return err
			}
			defer c.Close()
			if all {
				return g.silence(cmd.Context(), c)
			}
			stopped, err := c.Stop(cmd.Context(), s)
			if err != nil {
				return err
			}
			return g.stopped(stopped)
		},
		ValidArgsFunction: completeSessions(g),
	}
	cmd.Flags().StringSliceVarP(&zones, "zones", "z", nil, "everything that sounds there; it ends everywhere")
	cmd.Flags().BoolVar(&all, "all", false, "silence everything")
	completeZones(cmd, g)
	return cmd
}

// silence stops everything, and says whether it is silent.
func (g *globals) silence(ctx context.Context, c *client.Client) error {
	s, err := c.Silence(ctx)
	if err != nil {
		return err
	}
	if g.json {
		err = encode(g.out, s)
	} else {
		err = g.stopped(s.Stopped)
		fmt.Fprintf(g.out, "%s\n", s)
		if s.Whole() && len(s.Speakers) > 0 {
			fmt.Fprintf(g.out, "every one has said so within %s\n", time.Duration(s.Took).Round(time.Millisecond))
		}
	}
	if err == nil && !s.Proven() {
		err = fmt.Errorf("%w: %w", errNotSilent, errSaid)
	}
	return err
}

// stopped says what was stopped.
func (g *globals) stopped(list []paspeaker.Session) error {
	if g.json {
		return encode(g.out, list)
	}
	for _, s := range list {
		fmt.Fprintf(g.out, "stopped %s %s (%s)\n", s.ID, s.Name, s.By)
	}
	if len(list) == 0 {
		fmt.Fprintln(g.out, "nothing was on air")
	}
	return nil
}
