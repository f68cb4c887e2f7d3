package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newCampaignExportCommand(g *globals) *cobra.Command {
	var out, from, to string
	cmd := &cobra.Command{
		Use: "export [ID...]", Short: "Save campaigns as YAML or JSON, or the plan as a calendar (iCalendar)",
		Long: `Save campaigns, all or those named. The ending of -o says how: .yaml for "apply",
.json, or .ics, which any calendar program shows: every run from --from to --to as
it will sound, and the campaigns themselves, so that "import" brings them back.`,
		Example: `  paspeaker campaign export -o campaigns.yaml
  paspeaker campaign export slogans -o slogans.ics --from 2026-12-01 --to 2026-12-31`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				list, err := c.Campaigns(cmd.Context())
				if err != nil {
					return err
				}
				campaigns, err := chosen(list, args)
				if err != nil {
					return err
				}
				switch strings.ToLower(filepath.Ext(out)) {
				case ".ics":
					st, err := c.Status(cmd.Context())
					if err != nil {
						return err
					}
					q := paspeaker.PlanQuery{Limit: 100_000}
					if q.From, q.To, err = span(from, to, st.Now); err != nil {
						return usageError{err}
					}
					if to == "" {
						q.To = q.From.AddDate(0, 0, 90)
					}
					plan, err := c.Plan(cmd.Context(), q)
					if err != nil {
						return err
					}
					text, err := writeCalendar(st, campaigns, plan.Occurrences)
					if err != nil {
						return err
					}
					return g.writeOut(out, text)
				case ".json":
					text, err := json.MarshalIndent(campaigns, "", "  ")
					if err != nil {
						return err
					}
					return g.writeOut(out, append(text, '\n'))
				}
				if g.json {
					return encode(g.out, campaigns)
				}
				text, err := writeCampaigns(campaigns)
				if err != nil {
					return err
				}
				return g.writeOut(out, text)
			})
		},
		ValidArgsFunction: campaignIDs(g),
	}
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", "", "file: .yaml, .json or .ics (default: YAML on the screen)")
	f.StringVar(&from, "from", "", "calendar: first day (default: now)")
	f.StringVar(&to, "to", "", "calendar: last day (default: 90 days later)")
	return cmd
}

// written is a campaign as a person wrote it, without what the controller adds.
func written(c paspeaker.Campaign) paspeaker.Campaign {
	c.Revision, c.Created, c.Changed, c.By = 0, time.Time{}, time.Time{}, ""
	return c
}

// chosen picks campaigns by their ids; all when none is named.
func chosen(list []paspeaker.CampaignInfo, ids []string) ([]paspeaker.Campaign, error) {
	byID := map[string]paspeaker.Campaign{}
	var all []paspeaker.Campaign
	for _, v := range list {
		v.Campaign = written(v.Campaign)
		byID[v.ID] = v.Campaign
		all = append(all, v.Campaign)
	}
	if len(ids) == 0 {
		return all, nil
	}
	var out []paspeaker.Campaign
	for _, id := range ids {
		c, ok := byID[id]
		if !ok {
			return nil, &paspeaker.Error{Code: paspeaker.CodeNotFound, What: fmt.Sprintf("campaign %q: there is none", id),
				Hint: "`paspeaker campaign list` shows them"}
		}
		out = append(out, c)
	}
	return out, nil
}

func newCampaignImportCommand(g *globals) *cobra.Command {
	var o applyFlags
	var t template
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Take campaigns over from YAML, JSON or a calendar (iCalendar)", Args: exactArgs(1),
		Long: `Take campaigns over, as "apply" does. Of a calendar that somebody else wrote each
event becomes a campaign with the event's recurrence: its message is the event's
title unless --message names one, its zones are the event's place or categories
unless --zones names them.`,
		Example: `  paspeaker campaign import slogans.ics
  paspeaker campaign import lich-cong-ty.ics --message "Giờ nghỉ" --zones offices --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				if !strings.EqualFold(filepath.Ext(args[0]), ".ics") {
					f, err := openCampaigns(args[0])
					if err != nil {
						return err
					}
					return g.apply(cmd.Context(), c, f, o)
				}
				st, err := c.Status(cmd.Context())
				if err != nil {
					return err
				}
				loc, err := time.LoadLocation(st.Zone)
				if err != nil {
					return fmt.Errorf("the site's time zone: %w", err)
				}
				text, err := openText(args[0])
				if err != nil {
					return usageError{err}
				}
				list, err := readCalendar(args[0], text, loc, t)
				if err != nil {
					return err
				}
				if len(list) == 0 {
					return usageError{errors.New(args[0] + ": no events")}
				}
				return g.apply(cmd.Context(), c, campaignFile{name: args[0], campaigns: list}, o)
			})
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVarP(&t.message, "message", "m", "", "calendar: the message that every event says")
	f.StringSliceVarP(&t.zones, "zones", "z", nil, "calendar: where every event sounds")
	f.StringVar(&t.chime, "chime", "", "calendar: a chime before")
	_ = cmd.RegisterFlagCompletionFunc("zones", zoneNames(g))
	_ = cmd.RegisterFlagCompletionFunc("message", messageNames(g))
	return cmd
}
