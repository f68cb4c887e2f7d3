package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
)

func newEmergencyCommand(g *globals) *cobra.Command {
	var zones, speakers []string
	var all, drill bool
	var maxLength, delay time.Duration
	cmd := &cobra.Command{
		Use:   "emergency ID",
		Short: "Raise an emergency that zones.yaml defines",
		Long: `Raise an emergency: its alert tone, then its message, again and again until
"paspeaker emergency stop" or its maximum length. --drill says on air and in
every record that it is an exercise, and never covers the real thing.`,
		Example: `  paspeaker emergency evacuate --zones gates,roads
  paspeaker emergency fire --all
  paspeaker emergency evacuate --zones gates --drill
  paspeaker emergency stop`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("which one? `paspeaker emergency list` shows what this site has; zones go behind --zones")}
			}
			a := paspeaker.Announcement{Emergency: args[0], Zones: splitIDs[paspeaker.ZoneID](zones),
				Speakers: splitIDs[paspeaker.SpeakerID](speakers), Drill: drill, MaxLength: paspeaker.Duration(maxLength), Delay: paspeaker.Duration(delay)}
			if all {
				a.Zones = []paspeaker.ZoneID{paspeaker.ZoneAll}
			}
			if len(a.Zones)+len(a.Speakers) == 0 {
				return usageError{errors.New("where? name --zones, or say --all")}
			}
			c, err := g.client()
			if err != nil {
				return err
			}
			defer c.Close()
			s, err := c.Emergency(cmd.Context(), a)
			if err != nil {
				return err
			}
			if g.json {
				return encode(g.out, s)
			}
			_, err = fmt.Fprintf(g.out, "%s %s: on air on %d loudspeakers; end it with: paspeaker emergency stop\n", s.ID, s.Name, len(s.Sounding))
			return err
		},
		ValidArgsFunction: completeEmergencies(g),
	}
	f := cmd.Flags()
	f.StringSliceVarP(&zones, "zones", "z", nil, "zones, comma separated")
	f.StringSliceVarP(&speakers, "speakers", "s", nil, "single loudspeakers")
	f.BoolVar(&all, "all", false, "every loudspeaker")
	f.BoolVar(&drill, "drill", false, "an exercise")
	f.DurationVar(&maxLength, "max-length", 0, "it ends by then (default: as zones.yaml says)")
	delayFlag(cmd, &delay)
	completeZones(cmd, g)
	cmd.AddCommand(newEmergencyStopCommand(g), newEmergencyListCommand(g))
	return cmd
}

func newEmergencyStopCommand(g *globals) *cobra.Command {
	var zones []string
	cmd := &cobra.Command{
		Use:   "stop [ID]",
		Short: "Stop an emergency, or every one; its cancel message follows",
		Example: `  paspeaker emergency stop
  paspeaker emergency stop evacuate --zones gates`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MaximumNArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.client()
			if err != nil {
				return err
			}
			defer c.Close()
			stopped, err := c.StopEmergency(cmd.Context(), first(args...), splitIDs[paspeaker.ZoneID](zones))
			if err != nil {
				return err
			}
			return g.stopped(stopped)
		},
		ValidArgsFunction: completeEmergencies(g),
	}
	cmd.Flags().StringSliceVarP(&zones, "zones", "z", nil, "only those that sound there; they end everywhere")
	completeZones(cmd, g)
	return cmd
}

func newEmergencyListCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the emergencies that the site defines", Args: noArgs,
		Example: "  paspeaker emergency list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.client()
			if err != nil {
				return err
			}
			defer c.Close()
			list, err := c.Emergencies(cmd.Context())
			if err != nil {
				return err
			}
			if g.json {
				return encode(g.out, list)
			}
			t := newTable(g.out, "id", "name", "priority", "maximum length", "running")
			for _, e := range list {
				t.row(e.ID, e.Name, fmt.Sprint(e.Priority), e.MaxLength.String(), fmt.Sprint(len(e.Running)))
			}
			t.print()
			return nil
		}}
}
