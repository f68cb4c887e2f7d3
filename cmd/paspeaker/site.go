package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

func newReloadCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "reload", Short: "Have the controller read its site file again; a bad one changes nothing", Args: noArgs,
		Example: "  paspeaker reload\n  paspeaker check /etc/paspeaker/zones.yaml && paspeaker reload",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(g, func(c *client.Client) (paspeaker.ReloadResult, error) { return c.Reload(cmd.Context()) },
				func(w io.Writer, r paspeaker.ReloadResult) {
					if !r.Changed {
						fmt.Fprintln(w, "nothing has changed; the sounds were read again")
						return
					}
					fmt.Fprintln(w, "reloaded, digest", r.Digest)
				})
		}}
}

func newSDPCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "sdp ZONE", Short: "Print the SDP of a zone's plain group, for other makers' receivers",
		Example: "  paspeaker sdp gate-plaza > plaza.sdp && ffplay -protocol_whitelist file,udp,rtp plaza.sdp",
		Args:    exactArgs(1), ValidArgsFunction: zoneNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(g, func(c *client.Client) (string, error) { return c.SDP(cmd.Context(), paspeaker.ZoneID(args[0])) },
				func(w io.Writer, s string) { fmt.Fprint(w, s) })
		}}
}

func newJoinTokenCommand(g *globals) *cobra.Command {
	var ttl time.Duration
	cmd := &cobra.Command{Use: "join-token SPEAKER", Short: "Make a token with which one node enrols once",
		Example: "  paspeaker join-token gate-1 > token     # then: paspeaker-node ... --id gate-1 --token-file token",
		Args:    exactArgs(1), ValidArgsFunction: speakerNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(g, func(c *client.Client) (paspeaker.JoinToken, error) {
				return c.JoinToken(cmd.Context(), paspeaker.SpeakerID(args[0]), ttl)
			}, g.printToken)
		}}
	cmd.Flags().DurationVar(&ttl, "ttl", time.Hour, "how long it is good")
	return cmd
}
