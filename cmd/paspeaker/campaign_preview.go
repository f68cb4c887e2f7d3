package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newCampaignPreviewCommand(g *globals) *cobra.Command {
	var from, to, zone, file string
	var week, heat, all bool
	cmd := &cobra.Command{
		Use: "preview [ID]", Short: "Show what will sound when, what collides, what the guard and the holidays take away",
		Long: `Show the plan, the whole or one campaign's: every run, what it collides with, what
the guard refuses, what a holiday removes. With --file it is the plan as the
campaigns of a file would make it, and what they change. --week draws a table of
the days, --heat a map of hours and days.`,
		Example: `  paspeaker campaign preview --from 2026-12-01 --to 2026-12-08 --zone gates
  paspeaker campaign preview slogans --week
  paspeaker campaign preview --file campaigns.yaml --heat`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MaximumNArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				st, err := c.Status(cmd.Context())
				if err != nil {
					return err
				}
				q := paspeaker.PlanQuery{Zone: paspeaker.ZoneID(zone)}
				if q.From, q.To, err = span(from, to, st.Now); err != nil {
					return usageError{err}
				}
				if all {
					q.Limit = 100_000
				}
				if len(args) == 1 {
					q.Campaign = args[0]
				}
				var f campaignFile
				if file != "" {
					if f, err = openCampaigns(file); err != nil {
						return err
					}
					q.Drafts = f.campaigns
				}
				plan, err := c.Plan(cmd.Context(), q)
				if err != nil {
					return f.locateAny(err)
				}
				return g.showPlan(plan, week, heat)
			})
		},
		ValidArgsFunction: campaignIDs(g),
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "first day or moment: 2026-12-01 or 2026-12-01T06:00 (default: now)")
	f.StringVar(&to, "to", "", "until: a day, included, or a moment (default: a week later)")
	f.StringVarP(&zone, "zone", "z", "", "only what sounds there")
	f.StringVarP(&file, "file", "f", "", "as this file of campaigns would make it")
	f.BoolVar(&week, "week", false, "a table of the days")
	f.BoolVar(&heat, "heat", false, "a map of hours and days")
	f.BoolVar(&all, "all", false, "every run, however many")
	_ = cmd.RegisterFlagCompletionFunc("zone", zoneNames(g))
	return cmd
}

// span reads --from and --to by the site's wall clock, which now carries.
func span(from, to string, now time.Time) (a, b time.Time, err error) {
	a = now
	if from != "" {
		if a, _, err = moment(from, now.Location()); err != nil {
			return a, b, fmt.Errorf("--from %w", err)
		}
	}
	b = a.AddDate(0, 0, 7)
	if to != "" {
		var day bool
		if b, day, err = moment(to, now.Location()); err != nil {
			return a, b, fmt.Errorf("--to %w", err)
		}
		if day {
			b = b.AddDate(0, 0, 1)
		}
	}
	if !b.After(a) {
		return a, b, errors.New("--to is not after --from")
	}
	return a, b, nil
}

// moment reads a day or a moment of the wall clock.
func moment(s string, loc *time.Location) (t time.Time, day bool, err error) {
	if t, err = time.ParseInLocation(time.DateOnly, s, loc); err == nil {
		return t, true, nil
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05"} {
		if t, err = time.ParseInLocation(form, s, loc); err == nil {
			return t, false, nil
		}
	}
	return t, false, fmt.Errorf("%q: want a form like 2026-12-01 or 2026-12-01T06:30", s)
}

// openCampaigns reads a file of campaigns; - is standard input.
func openCampaigns(name string) (campaignFile, error) {
	var text []byte
	var err error
	if name == "-" {
		text, err = readLimited(os.Stdin)
	} else {
		var f *os.File
		if f, err = os.Open(name); err == nil {
			defer f.Close()
			text, err = readLimited(f)
		}
	}
	if err != nil {
		return campaignFile{}, usageError{err}
	}
	return readCampaigns(name, text)
}

func (g *globals) showPlan(plan paspeaker.Plan, week, heat bool) error {
	if g.json {
		return encode(g.out, plan)
	}
	l := g.language()
	switch {
	case heat:
		g.heatMap(plan.Days)
	case week:
		g.weekTable(plan)
	case plan.Diff == nil:
		if err := g.occurrenceTable(plan.Occurrences, 0); err != nil {
			return err
		}
	}
	if plan.Diff != nil {
		g.showDiff(plan.Diff)
	}
	n := plan.Counts
	fmt.Fprintln(g.out, l.trf("%d will sound, %d of them collide; the guard refuses %d, calendars and exceptions remove %d", n.Planned, n.Collides, n.Refused, n.Removed))
	if shown := len(plan.Occurrences); !week && !heat && plan.Diff == nil && shown < n.Planned+n.Refused+n.Removed {
		fmt.Fprintln(g.out, l.trf("(the first %d are shown; --all shows every one)", shown))
	}
	return nil
}

// occurrenceTable prints runs; at most so many, 0 for all.
func (g *globals) occurrenceTable(list []paspeaker.Occurrence, most int) error {
	l := g.language()
	if len(list) == 0 {
		fmt.Fprintln(g.out, l.tr("nothing to show"))
		return nil
	}
	t := newTable(g.out, l.trs("day", "time", "campaign", "message", "where", "length", "state", "notes")...)
	t.without(l.trs("length", "where")...)
	last := ""
	for i, o := range list {
		if most > 0 && i == most {
			break
		}
		day := dayText(l, o.At)
		if day == last {
			day = ""
		} else {
			last = day
		}
		t.row(day, o.At.Format("15:04:05"), first(o.Campaign, o.Name), o.Message, inPlaces(o.Zones, o.Speakers), lengthText(time.Duration(o.Length)),
			l.tr(string(o.State)), occurrenceNotes(l, o))
	}
	t.print()
	return nil
}

// dayText is a day as people say it, in the reader's language.
func dayText(l language, t time.Time) string {
	return l.tr(t.Format("Mon")) + " " + t.Format("2006-01-02")
}

// occurrenceNotes says what is to be known of a run.
func occurrenceNotes(l language, o paspeaker.Occurrence) string {
	var out []string
	if o.Removed != "" {
		out = append(out, l.trf("removed: %s", o.Removed))
	}
	if o.Refused != nil {
		out = append(out, l.refusal(o.Refused))
	}
	for _, c := range o.Collides {
		if c.Wins {
			out = append(out, l.trf("yields to %s", c.Name))
		} else {
			out = append(out, l.trf("collides with %s", c.Name))
		}
	}
	if o.Detail != "" {
		out = append(out, l.say(o.Detail))
	}
	return strings.Join(out, "\n")
}

// showDiff prints what drafts change.
func (g *globals) showDiff(d *paspeaker.PlanDiff) {
	l := g.language()
	if d.Counts.Added+d.Counts.Gone+d.Counts.Changed == 0 {
		fmt.Fprintln(g.out, l.tr("the plan stays as it is"))
		return
	}
	for _, part := range []struct {
		mark string
		list []paspeaker.Occurrence
	}{{"+", d.Added}, {"-", d.Gone}, {"~", d.Changed}} {
		for _, o := range part.list {
			line := fmt.Sprintf("%s %s %s  %s  %s", part.mark, dayText(l, o.At), o.At.Format("15:04"), o.Campaign, o.Message)
			if notes := occurrenceNotes(l, o); notes != "" {
				line += "  (" + strings.ReplaceAll(notes, "\n", "; ") + ")"
			}
			fmt.Fprintln(g.out, line)
		}
	}
	fmt.Fprintln(g.out, l.trf("%d runs more, %d fewer, %d changed", d.Counts.Added, d.Counts.Gone, d.Counts.Changed))
}
