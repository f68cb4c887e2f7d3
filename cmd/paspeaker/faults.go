package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// faultOptions are the flags of `paspeaker faults`.
type faultOptions struct{ all, watch bool }

func newFaultsCommand(g *globals) *cobra.Command {
	var o faultOptions
	cmd := &cobra.Command{Use: "faults", Short: "Show what is wrong: since when, why, what to do, who has seen it", Args: noArgs,
		Long: `Show what is wrong. What a switch, a zone or the site loses at once is one fault
with its loudspeakers under it; what comes and goes is one fault, flapping.
docs/operations.md has the table of all kinds.

--watch goes on with each beginning, end and acknowledgement until Ctrl-C, with
--json one event a line. Exit status 0, whatever is wrong.`,
		Example: `  paspeaker faults
  paspeaker faults --all
  paspeaker faults --watch
  paspeaker faults --json | jq -r '.[] | select(.urgency == "alarm") | .id'`,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.faults(cmd.Context(), o) }}
	cmd.Flags().BoolVarP(&o.all, "all", "a", false, "also what was wrong in the last days and is over")
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on with what changes")
	return cmd
}

func (g *globals) faults(ctx context.Context, o faultOptions) error {
	return g.withClient(func(c *client.Client) error {
		list, err := c.Faults(ctx, o.all)
		if err != nil {
			return err
		}
		st, err := c.Status(ctx)
		if err != nil {
			return err
		}
		l, place := g.language(), st.Now.Location()
		switch {
		case g.json && !o.watch:
			return encode(g.out, list)
		case !g.json:
			printFaults(g.out, l, list, st.Now)
		}
		if !o.watch {
			return nil
		}
		return g.watchFaults(ctx, c, l, place)
	})
}

// watchFaults prints each change of a fault, over restarts of the controller.
func (g *globals) watchFaults(ctx context.Context, c *client.Client, l language, place *time.Location) error {
	lines := json.NewEncoder(g.out)
	for {
		err := c.Events(ctx, func(ev paspeaker.Event) {
			switch {
			case ev.Fault == nil:
			case g.json:
				_ = lines.Encode(ev)
			default:
				fmt.Fprintln(g.out, faultLine(l, ev, place))
			}
		})
		if ctx.Err() != nil {
			return nil
		}
		fmt.Fprintln(g.errOut, l.tr("the controller does not answer; waiting for it")+":", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil
		}
	}
}

// faultLine is one change in a line.
func faultLine(l language, ev paspeaker.Event, place *time.Location) string {
	f, word, at := ev.Fault, "began", ev.Fault.Since
	switch {
	case ev.Cleared:
		word, at = "over", f.Ended
	case f.Ack != nil:
		word, at = "acked", f.Ack.At
	}
	return fmt.Sprintf("%s  %-6s %-8s %s  %s", at.In(place).Format("15:04:05"), l.tr(word), l.tr(string(f.Urgency)), f.ID, f.What)
}

// printFaults writes the faults for people, with what to do under each.
func printFaults(w io.Writer, l language, faults []paspeaker.Fault, now time.Time) {
	if len(faults) == 0 {
		fmt.Fprintln(w, l.tr("nothing is wrong"))
		return
	}
	t := newTable(w, l.trs("fault", "urgency", "since", "until", "what", "seen by")...)
	t.without(l.trs("urgency", "until")...)
	for _, f := range faults {
		until, seen := "", ""
		if !f.Ended.IsZero() {
			until = faultTime(f.Ended, now)
		}
		if f.Ack != nil {
			seen = strings.TrimSuffix(f.Ack.By+": "+f.Ack.Note, ": ")
		}
		t.row(f.ID, l.tr(string(f.Urgency)), faultTime(f.Since, now), until, f.What, seen)
	}
	t.print()
	for _, f := range faults {
		if f.Ended.IsZero() {
			printRemedy(w, l, f)
		}
	}
}

// printRemedy says why it may be so and what to do.
func printRemedy(w io.Writer, l language, f paspeaker.Fault) {
	fmt.Fprintf(w, "%s\n", f.ID)
	for _, line := range [][2]string{{"cause", f.Cause}, {"do", f.Remedy}, {"loudspeakers", joinSpeakers(f.Speakers)}} {
		if line[1] != "" {
			fmt.Fprintf(w, "  %s: %s\n", l.tr(line[0]), line[1])
		}
	}
}

func joinSpeakers(ids []paspeaker.SpeakerID) string {
	var words []string
	for _, id := range ids {
		words = append(words, string(id))
	}
	return strings.Join(words, " ")
}

// faultTime writes a time of today short.
func faultTime(t, now time.Time) string {
	t = t.In(now.Location())
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04")
}

// printStatusFaults writes the faults beneath a status, in few words.
func printStatusFaults(w io.Writer, s paspeaker.Status) {
	for _, f := range s.Faults {
		seen := ""
		if f.Ack != nil {
			seen = fmt.Sprintf(" (seen by %s)", f.Ack.By)
		}
		fmt.Fprintf(w, "FAULT %s since %s: %s%s\n", f.ID, faultTime(f.Since, s.Now), f.What, seen)
		if f.Ack == nil {
			fmt.Fprintf(w, "      %s\n", cmp.Or(f.Remedy, f.Cause))
		}
	}
}
