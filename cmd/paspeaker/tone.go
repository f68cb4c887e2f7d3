package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
)

func newToneCommand(g *globals) *cobra.Command {
	var o options
	var sound body.Sound
	var length time.Duration
	var wait bool
	cmd := &cobra.Command{
		Use:   "tone ZONE...",
		Short: "Play a test tone, a sweep or a chime",
		Example: `  paspeaker tone gates --freq 1000 --length 3s --wait
  paspeaker tone --speakers gate-1 --freq 100 --to 10000
  paspeaker tone roads --until-stopped --pause 5s -p background
  paspeaker tone all --sound gong`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := o.announcement(args)
			if err != nil {
				return err
			}
			sound.Source, sound.Length = "tone", paspeaker.Duration(length)
			switch {
			case sound.Sound != "":
				sound.Source = "chime"
			case sound.To != 0:
				sound.Source = "sweep"
			}
			return g.announce(cmd.Context(), a, wait, func(ctx context.Context, c *client.Client) (paspeaker.Session, error) {
				return c.Announce(ctx, a, sound)
			})
		},
	}
	o.flags(cmd, g)
	o.repeatFlags(cmd)
	f := cmd.Flags()
	f.Float64Var(&sound.Freq, "freq", 1000, "Hz")
	f.Float64Var(&sound.To, "to", 0, "sweep to this frequency, Hz")
	f.Float64Var(&sound.LevelDB, "level", -20, "RMS, dBFS")
	f.DurationVar(&length, "length", 3*time.Second, "how long")
	f.StringVar(&sound.Sound, "sound", "", "a chime instead: gong, two-tone, three-tone, four-tone")
	f.BoolVarP(&wait, "wait", "w", false, "return when it has sounded")
	completeOptions(cmd)
	return cmd
}
