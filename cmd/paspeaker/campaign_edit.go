package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newCampaignEditCommand(g *globals) *cobra.Command {
	var yes, force bool
	cmd := &cobra.Command{
		Use: "edit ID", Short: "Change a campaign in $EDITOR; it is checked before it is taken over", Args: exactArgs(1),
		Long: `Change a campaign in $VISUAL or $EDITOR. What is wrong is written at the top of
the text, and the editor opens again; saving without a change gives up.`,
		Example: "  paspeaker campaign edit slogans\n  EDITOR=nano paspeaker campaign edit slogans",
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				info, err := c.Campaign(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				v, err := g.editCampaign(cmd.Context(), c, info.Campaign)
				if err != nil {
					return err
				}
				if err := g.confirmZones(yes, v); err != nil {
					return err
				}
				return g.putCampaign(cmd.Context(), c, v, force)
			})
		},
		ValidArgsFunction: campaignIDs(g),
	}
	cmd.Flags().BoolVar(&force, "force", false, "save it although the guard refuses some of its runs")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

// editCampaign has a person edit a campaign; the controller is asked whether it
// would do, so that a fault is seen while the editor is still at hand.
func (g *globals) editCampaign(ctx context.Context, c *client.Client, old paspeaker.Campaign) (paspeaker.Campaign, error) {
	text, err := writeCampaigns([]paspeaker.Campaign{old})
	if err != nil {
		return old, err
	}
	read := func(text []byte) (paspeaker.Campaign, error) {
		f, err := readCampaigns("campaign.yaml", text)
		if err != nil {
			return old, err
		}
		if len(f.campaigns) != 1 || f.campaigns[0].ID != old.ID {
			return old, fmt.Errorf("this is about campaign %s alone, whose id stays", old.ID)
		}
		v := f.campaigns[0]
		v.Revision = old.Revision
		_, err = c.Plan(ctx, paspeaker.PlanQuery{Drafts: []paspeaker.Campaign{v}, Campaign: v.ID, Limit: 1})
		return v, f.locate(v.ID, err)
	}
	saved, err := g.edit(ctx, "campaign.yaml", text, func(b []byte) error {
		_, err := read(b)
		return err
	})
	if err != nil {
		return old, err
	}
	if string(saved) == string(text) {
		return old, fmt.Errorf("%w", errNothingDone)
	}
	return read(saved)
}

func newCampaignPauseCommand(g *globals, pause bool) *cobra.Command {
	use, short := "resume", "Let campaigns play again"
	if pause {
		use, short = "pause", "Keep campaigns, but play nothing of them"
	}
	cmd := &cobra.Command{
		Use: use + " ID...", Short: short, Example: "  paspeaker campaign " + use + " slogans",
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MinimumNArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				for _, id := range args {
					info, err := c.Campaign(cmd.Context(), id)
					if err != nil {
						return err
					}
					info.Paused = pause
					if err := g.putCampaign(cmd.Context(), c, info.Campaign, true); err != nil {
						return err
					}
				}
				return nil
			})
		},
		ValidArgsFunction: campaignIDs(g),
	}
	return cmd
}

func newCampaignRmCommand(g *globals) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "rm ID...", Aliases: []string{"remove"}, Short: "Remove campaigns; what they played stays in the journal",
		Example: "  paspeaker campaign rm slogans\n  paspeaker campaign rm slogans --yes",
		Args:    func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MinimumNArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error {
				for _, id := range args { // all of them are there, before any goes
					if _, err := c.Campaign(cmd.Context(), id); err != nil {
						return err
					}
				}
				l := g.language()
				if err := g.confirm(yes, l.trf("remove from the plan: %s", strings.Join(args, ", "))); err != nil {
					return err
				}
				for _, id := range args {
					if err := c.RemoveCampaign(cmd.Context(), id, 0); err != nil {
						return err
					}
					if !g.json {
						fmt.Fprintln(g.out, l.trf("removed %s", id))
					}
				}
				if g.json {
					return encode(g.out, map[string][]string{"removed": args})
				}
				return nil
			})
		},
		ValidArgsFunction: campaignIDs(g),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}
