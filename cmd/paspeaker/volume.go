package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newVolumeCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "volume SPEAKER [DB]", Short: "Show or set a loudspeaker's trim in dB",
		Long: fmt.Sprintf(`Show or set a loudspeaker's trim: what is added on site to its gain_db in
zones.yaml, %d to +%d dB. The node keeps it over a restart, until it is set to
0; paspeaker status shows it.`, paspeaker.MinTrimDB, paspeaker.MaxTrimDB),
		Example: "  paspeaker volume gate-1        # show it\n  paspeaker volume gate-1 -6     # softer\n  paspeaker volume gate-1 0      # as zones.yaml says",
		Args:    func(cmd *cobra.Command, args []string) error { return asUsage(cobra.RangeArgs(1, 2)(cmd, args)) }, ValidArgsFunction: speakerNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			var v paspeaker.Volume
			if len(args) == 2 {
				db, err := parseDB(args[1])
				if err != nil {
					return usageError{err}
				}
				v.DB = &db
			}
			return ask(g, func(c *client.Client) (paspeaker.Trim, error) {
				return c.Volume(cmd.Context(), paspeaker.SpeakerID(args[0]), v)
			}, func(w io.Writer, t paspeaker.Trim) {
				fmt.Fprintf(w, "%s: trim %+g dB, with %+g dB of zones.yaml %+g dB\n", args[0], t.TrimDB, t.GainDB, t.TrimDB+t.GainDB)
			})
		}}
}

// minus stands for the sign of a number on the command line, where a hyphen
// begins a flag.
const minus = "−"

// parseDB reads "-6", "+3", "-6dB" or "−6".
func parseDB(s string) (float64, error) {
	n := strings.TrimSpace(strings.TrimSuffix(strings.Replace(strings.ToLower(s), minus, "-", 1), "db"))
	db, err := strconv.ParseFloat(n, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: want decibels, like -6 or 3", s)
	}
	return db, nil
}

// negatives lets `volume gate-1 -6` mean what it says: a word that is a
// negative number is no flag there.
func negatives(args []string) []string {
	if !slices.Contains(args, "volume") {
		return args
	}
	out := slices.Clone(args)
	for i, a := range out {
		if _, err := parseDB(a); err == nil && strings.HasPrefix(a, "-") {
			out[i] = minus + a[1:]
		}
	}
	return out
}
