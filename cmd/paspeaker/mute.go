package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newMuteCommand(g *globals) *cobra.Command {
	var m paspeaker.Mute
	var length time.Duration
	var yes bool
	cmd := &cobra.Command{Use: "mute SPEAKER", Short: "Silence a loudspeaker for a time; emergencies sound all the same",
		Long: `Silence a loudspeaker for a time. It ends by itself, is kept over a restart of
the node, and shows in paspeaker status; announcements made meanwhile say that
it was silent, and why. Emergencies (priority 224 and up) sound all the same,
unless --emergencies-too is given and confirmed.`,
		Example: "  paspeaker mute gate-1\n  paspeaker mute gate-1 --for 2h\n  paspeaker mute gate-1 --for 20m --emergencies-too --yes",
		Args:    exactArgs(1), ValidArgsFunction: speakerNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			m.For = paspeaker.Duration(length)
			if m.EmergenciesToo {
				if err := g.confirm(yes, fmt.Sprintf("for %s NOTHING is heard at %s, a fire alarm neither", length, args[0])); err != nil {
					return err
				}
				m.Confirmed = true
			}
			return ask(g, func(c *client.Client) (paspeaker.Muting, error) {
				return c.Mute(cmd.Context(), paspeaker.SpeakerID(args[0]), m)
			}, func(w io.Writer, r paspeaker.Muting) {
				fmt.Fprintf(w, "%s is muted until %s%s\n", args[0], r.Until.Format("2006-01-02 15:04:05"), exceptEmergencies(r))
			})
		}}
	f := cmd.Flags()
	f.DurationVar(&length, "for", paspeaker.DefaultMute, "how long, up to 24h")
	f.BoolVar(&m.EmergenciesToo, "emergencies-too", false, "emergencies are not heard there either")
	f.BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func newUnmuteCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "unmute SPEAKER", Short: "End a mute", Example: "  paspeaker unmute gate-1",
		Args: exactArgs(1), ValidArgsFunction: speakerNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(g, func(c *client.Client) (paspeaker.Muting, error) {
				return c.Unmute(cmd.Context(), paspeaker.SpeakerID(args[0]))
			}, func(w io.Writer, r paspeaker.Muting) {
				if r.Until.IsZero() {
					fmt.Fprintln(w, args[0], "was not muted")
					return
				}
				fmt.Fprintf(w, "%s is heard again; %s had muted it\n", args[0], r.By)
			})
		}}
}

// exceptEmergencies says what a mute does not silence.
func exceptEmergencies(m paspeaker.Muting) string {
	if m.EmergenciesToo {
		return ", for emergencies too"
	}
	return ", but for emergencies"
}
