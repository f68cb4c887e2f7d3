package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newRoot returns the whole command line.
func newRoot(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "paspeaker",
		Short: "Speak to a public-address site",
		Long: `Speak to a public-address site: announce, stop, and see what is on air.

Flags win over PASPEAKER_URL, PASPEAKER_TOKEN_FILE, PASPEAKER_FINGERPRINT and
PASPEAKER_BY, and those over ~/.config/paspeaker/config.yaml.

Exit status: 0 done; 1 failed; 2 wrong usage, a bad site file or a bad recording; 3 busy or
refused; 4 the controller cannot be reached; 5 not found; 6 denied; 7 a
loudspeaker of ours did not sound it whole, or did not say (--wait, test);
8 something sounds still after stop --all.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownVerb(cmd, args[0])
		},
		SuggestionsMinimumDistance: 2,
		Version:                    version,
		SilenceUsage:               true,
		SilenceErrors:              true,
	}
	cmd.SetOut(g.out)
	cmd.SetErr(g.errOut)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f := cmd.PersistentFlags()
	f.StringVarP(&g.url, "url", "u", "", "the controller (default http://127.0.0.1:7080)")
	f.StringVar(&g.tokenFile, "token-file", "", "file with the controller's token")
	f.StringVar(&g.fingerprint, "fingerprint", "", "SHA-256 of the controller's certificate")
	f.StringVar(&g.by, "by", "", "who asks, for lists and journal (default: your login)")
	f.BoolVar(&g.json, "json", false, "print JSON for programs")
	cmd.AddCommand(commands(g)...)
	return cmd
}

func unknownVerb(cmd *cobra.Command, verb string) error {
	hint := "see paspeaker --help"
	if near := cmd.SuggestionsFor(verb); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError{fmt.Errorf("%s: no such command; %s", verb, hint)}
}
