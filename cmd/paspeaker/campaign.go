package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newCampaignCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "campaign",
		Aliases: []string{"campaigns"},
		Short:   "Schedule campaigns: which messages, where, on which days and at which times",
		Long: `Schedule campaigns. A campaign says messages of the library in rotation, in some
zones, by its rules and the site's calendars; the site's guard has the last word,
when a campaign is saved and again when a run is due.`,
		Example: `  paspeaker campaign add slogans -m slogan-1 -m slogan-2 -z gates,roads --every 30m --from 06:00 --to 18:00 \
      --keep working-days --chime gong
  paspeaker campaign preview --from 2026-12-01 --to 2026-12-08
  paspeaker campaign list
  paspeaker apply campaigns.yaml --dry-run`,
	}
	cmd.AddCommand(newCampaignAddCommand(g), newCampaignListCommand(g), newCampaignShowCommand(g), newCampaignEditCommand(g),
		newCampaignPauseCommand(g, true), newCampaignPauseCommand(g, false), newCampaignRmCommand(g),
		newCampaignPreviewCommand(g), newCampaignExportCommand(g), newCampaignImportCommand(g))
	return cmd
}

// campaignIDs completes ids of campaigns.
func campaignIDs(g *globals) completer {
	return words(g, func(ctx context.Context, c *client.Client) (out []string) {
		list, _ := c.Campaigns(ctx)
		for _, v := range list {
			out = append(out, v.ID+"\t"+v.Title())
		}
		return out
	})
}

func newCampaignListCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the campaigns and when each sounds next", Args: noArgs,
		Example: "  paspeaker campaign list\n  paspeaker campaign list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withClient(func(c *client.Client) error {
				list, err := c.Campaigns(cmd.Context())
				if err != nil {
					return err
				}
				return g.campaignTable(list)
			})
		},
	}
}

func (g *globals) campaignTable(list []paspeaker.CampaignInfo) error {
	if g.json {
		return encode(g.out, list)
	}
	l := g.language()
	if len(list) == 0 {
		fmt.Fprintln(g.out, l.tr("nothing to show"))
		return nil
	}
	t := newTable(g.out, l.trs("id", "name", "state", "when", "where", "messages", "next", "last")...)
	t.without(l.trs("last", "messages", "name")...)
	for _, v := range list {
		t.row(v.ID, v.Name, l.tr(v.State), rulesText(l, v.Campaign), inPlaces(v.Zones, v.Speakers), messagesText(v.Campaign), occurrenceText(v.Next), lastText(l, v.Last))
	}
	t.print()
	for _, v := range list {
		if v.Fault != "" {
			fmt.Fprintf(g.out, "! %s: %s\n", v.ID, l.say(v.Fault))
		}
	}
	return nil
}

// inPlaces says zones and single loudspeakers in a few words.
func inPlaces(zones []paspeaker.ZoneID, speakers []paspeaker.SpeakerID) string {
	var out []string
	for _, z := range zones {
		out = append(out, string(z))
	}
	for _, s := range speakers {
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}

func messagesText(c paspeaker.Campaign) string {
	var out []string
	for _, m := range c.Messages {
		if m.Weight > 1 {
			out = append(out, fmt.Sprintf("%s ×%d", m.Name, m.Weight))
			continue
		}
		out = append(out, m.Name)
	}
	return strings.Join(out, ", ")
}

func occurrenceText(o *paspeaker.Occurrence) string {
	if o == nil {
		return ""
	}
	return o.At.Format("2006-01-02 15:04")
}

func lastText(l language, o *paspeaker.Occurrence) string {
	if o == nil {
		return ""
	}
	return occurrenceText(o) + " " + l.tr(string(o.State))
}

// rulesText says when a campaign sounds, in a few words.
func rulesText(l language, c paspeaker.Campaign) string {
	var out []string
	for _, r := range c.Rules {
		out = append(out, ruleText(l, r))
	}
	return strings.Join(out, "; ")
}

func ruleText(l language, r paspeaker.Rule) string {
	var s string
	switch {
	case len(r.At) > 0:
		s = strings.Join(r.At, " ")
	case r.Every != 0:
		s = l.trf("every %s", shortDuration(r.Every))
		if r.From != "" || r.To != "" {
			s += " " + first(r.From, "00:00") + "–" + first(r.To, "24:00")
		}
	case r.Cron != "":
		s = "cron " + r.Cron
	case r.RRule != "":
		s = strings.TrimPrefix(r.RRule, "RRULE:")
	case len(r.Shifts) > 0:
		s = l.trf("shift %s", strings.Join(r.Shifts, " "))
		switch {
		case r.Before != 0:
			s += " −" + shortDuration(r.Before)
		case r.After != 0:
			s += " +" + shortDuration(r.After)
		}
	}
	if len(r.Weekdays) > 0 {
		s += " " + strings.Join(r.Weekdays, " ")
	}
	return s
}

// shortDuration writes 30m0s as 30m and 1h0m0s as 1h.
func shortDuration(d paspeaker.Duration) string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func newCampaignShowCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a campaign as a file, and its next runs", Args: exactArgs(1),
		Example: "  paspeaker campaign show slogans\n  paspeaker campaign show slogans --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				v, err := c.Campaign(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if g.json {
					return encode(g.out, v)
				}
				text, err := writeCampaigns([]paspeaker.Campaign{v.Campaign})
				if err != nil {
					return err
				}
				l := g.language()
				fmt.Fprintf(g.out, "# %s: %s\n", l.tr("state"), l.tr(v.State))
				if v.Fault != "" {
					fmt.Fprintf(g.out, "# ! %s\n", l.say(v.Fault))
				}
				if _, err := g.out.Write(text); err != nil {
					return err
				}
				if v.Paused {
					return nil
				}
				plan, err := c.Plan(cmd.Context(), paspeaker.PlanQuery{Campaign: v.ID, To: time.Now().AddDate(0, 0, 8), Limit: 12})
				if err != nil {
					return err
				}
				return g.occurrenceTable(plan.Occurrences, 8)
			})
		},
		ValidArgsFunction: campaignIDs(g),
	}
}
