package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newIdentifyCommand(g *globals) *cobra.Command {
	var o paspeaker.Identify
	var length time.Duration
	cmd := &cobra.Command{Use: "identify SPEAKER", Short: "Have a loudspeaker chirp, or blink its light, so that you know which one it is",
		Long: `Have a loudspeaker chirp: two short rising tones a second, softly, beneath
everything that is on air. Where its paspeaker-node has a light (--led) it
blinks, too. The guard's quiet hours hold; --blink makes no sound and is
allowed at any hour.

Exit status 3: something else was on air all the time, or the loudspeaker is
muted; 6: the guard allows no sound there now.`,
		Example: "  paspeaker identify gate-1\n  paspeaker identify gate-1 --for 30s --level -35\n  paspeaker identify gate-1 --blink",
		Args:    exactArgs(1), ValidArgsFunction: speakerNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			id := paspeaker.SpeakerID(args[0])
			o.For = paspeaker.Duration(length)
			return ask(g, func(c *client.Client) (paspeaker.Identified, error) {
				out, err := c.Identify(cmd.Context(), id, o)
				if err == nil && !o.Blink && out.Sounded == 0 {
					err = &paspeaker.Error{Code: paspeaker.CodeBusy, What: args[0] + " could not be heard: something else was on air there",
						Hint: "try again when paspeaker status shows nothing there, or use --blink"}
				}
				return out, err
			}, func(w io.Writer, r paspeaker.Identified) { fmt.Fprintln(w, args[0], identified(r)) })
		}}
	f := cmd.Flags()
	f.DurationVar(&length, "for", paspeaker.IdentifyTime, "how long, up to 1m")
	f.Float64Var(&o.LevelDB, "level", paspeaker.IdentifyLevelDB, "how loud, dBFS RMS, -60 to -12")
	f.BoolVar(&o.Blink, "blink", false, "blink and make no sound")
	return cmd
}

// identified says what somebody should have seen and heard.
func identified(r paspeaker.Identified) string {
	switch {
	case r.Sounded > 0 && r.Blinked:
		return fmt.Sprintf("chirped for %s and blinked", time.Duration(r.Sounded).Round(100*time.Millisecond))
	case r.Sounded > 0:
		return fmt.Sprintf("chirped for %s", time.Duration(r.Sounded).Round(100*time.Millisecond))
	}
	return "blinked"
}
