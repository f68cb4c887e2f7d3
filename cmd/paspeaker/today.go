package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newTodayCommand(g *globals) *cobra.Command {
	var day string
	var all bool
	cmd := &cobra.Command{
		Use: "today", Short: "The day at a glance: played, shortened, refused, missed, still to come", Args: noArgs,
		Example: "  paspeaker today\n  paspeaker today --day 2026-11-23\n  paspeaker today --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withClient(func(c *client.Client) error {
				t, err := c.Today(cmd.Context(), day)
				if err != nil {
					return err
				}
				return g.showToday(t, all)
			})
		},
	}
	cmd.Flags().StringVar(&day, "day", "", "another day: 2026-11-23")
	cmd.Flags().BoolVar(&all, "all", false, "every run that is still to come, however many")
	return cmd
}

// soonest is how many of the runs still to come a table has.
const soonest = 100

func (g *globals) showToday(t paspeaker.Today, all bool) error {
	if g.json {
		return encode(g.out, t)
	}
	l := g.language()
	head := planDay(l, t.Day)
	if t.Lunar != "" {
		head += " · " + l.tr("lunar") + " " + t.Lunar
	}
	if len(t.Calendars) > 0 {
		head += " · " + strings.Join(t.Calendars, ", ")
	}
	fmt.Fprintln(g.out, head)
	n := t.Counts
	fmt.Fprintln(g.out, l.trf("played %d · shortened %d · refused %d · missed %d · on air %d · still to come %d · removed by calendars %d",
		n.Played, n.Shortened, n.Refused, n.Missed, n.Playing, n.Upcoming, n.Removed))
	if len(t.Occurrences) == 0 {
		fmt.Fprintln(g.out, l.tr("nothing to show"))
		return nil
	}
	table := newTable(g.out, append([]string{""}, l.trs("time", "campaign", "message", "where", "state", "notes")...)...)
	table.without(l.trs("where")...)
	coming := 0
	for _, o := range t.Occurrences {
		if o.State == paspeaker.OccurrencePlanned {
			if coming++; coming > soonest && !all {
				continue
			}
		}
		at := o.At.Format("15:04")
		if o.At.Second() != 0 {
			at = o.At.Format("15:04:05")
		}
		notes := occurrenceNotes(l, o)
		if late := o.Started.Sub(o.At); !o.Started.IsZero() && late >= time.Second {
			notes = strings.TrimPrefix(notes+"\n"+l.trf("%s late", lengthText(late)), "\n")
		}
		table.row(stateMark(o.State), at, first(o.Campaign, o.Name), o.Message, inPlaces(o.Zones, o.Speakers), l.tr(string(o.State)), notes)
	}
	table.print()
	if coming > soonest && !all {
		fmt.Fprintln(g.out, l.trf("(%d more are still to come; --all shows them)", coming-soonest))
	}
	return nil
}

// stateMark is what became of a run, for who looks for what went wrong.
func stateMark(s paspeaker.OccurrenceState) string {
	switch s {
	case paspeaker.OccurrencePlayed:
		return "✓"
	case paspeaker.OccurrencePlaying:
		return "♪"
	case paspeaker.OccurrenceShortened:
		return "◐"
	case paspeaker.OccurrenceRefused, paspeaker.OccurrenceMissed:
		return "✗"
	case paspeaker.OccurrenceRemoved:
		return "-"
	}
	return "·"
}
