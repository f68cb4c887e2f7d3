// Paspeakerd is the controller of a public-address site: it reads zones.yaml,
// serves the HTTP API, carries the NATS server, and puts voice on the air.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"pa/audio/ingest"
	"pa/paspeaker"
	"pa/paspeaker/controller/air"
)

// version is set by the build.
var version = "dev"

// Exit codes, documented in --help.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitConflict = 3
)

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case ingest.Mode:
			os.Exit(ingest.Main(os.Args[2:], os.Stdin, os.Stdout))
		case air.Mode:
			os.Exit(air.Main(os.Stderr))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd := newCommand()
	cmd.SetContext(ctx)
	err := cmd.Execute()
	if err != nil {
		fmt.Fprintln(os.Stderr, "paspeakerd:", err)
	}
	os.Exit(exitCode(err))
}

// exitCode is the one table of errors and exit codes.
func exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage), paspeaker.CodeOf(err) == paspeaker.CodeInvalid,
		paspeaker.CodeOf(err) == paspeaker.CodeNotFound: // a site file that is not there
		return exitUsage
	case paspeaker.CodeOf(err) == paspeaker.CodeConflict:
		return exitConflict
	}
	return exitFailed
}

type usageError struct{ error }

func newCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "paspeakerd --config zones.yaml --state DIR",
		Short: "The controller of a public-address site",
		Long: `The controller of a public-address site: reads zones.yaml, serves the HTTP API,
carries the NATS server, and puts voice on the air.

SIGHUP reloads the site file; SIGINT and SIGTERM say goodbye on air and end.

Exit status: 0 ended as asked; 1 failed; 2 wrong usage or a bad site file;
3 the state directory or a port is in use.`,
		Example: `  paspeakerd --config zones.yaml --state /var/lib/paspeaker
  paspeakerd --config zones.yaml --state ./state --http 0.0.0.0:7080 --nats 0.0.0.0:4222 --clock 0.0.0.0:7081`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("%s: what is this? paspeakerd takes flags alone", args[0])}
			}
			return nil
		},
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.state == "" {
				return usageError{errors.New("--state is missing: name a directory for keys, journal and the last good site file")}
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f := cmd.Flags()
	f.StringVar(&o.config, "config", "zones.yaml", "the site file")
	f.StringVar(&o.state, "state", "", "directory for keys, journal and the last good site file (required)")
	f.StringVar(&o.http, "http", "127.0.0.1:7080", "address of the API, HTTP on loopback and TLS everywhere")
	f.StringVar(&o.nats, "nats", "127.0.0.1:4222", "address of the NATS server that the controller carries")
	f.StringVar(&o.natsURL, "nats-url", "", "use this NATS server or cluster instead")
	f.StringVar(&o.natsSeed, "nats-seed-file", "", "file with the nkey seed for --nats-url")
	f.StringVar(&o.clock, "clock", "", "UDP address of the clock exchange and of mobile units' voice (default: the API's address, port + 1)")
	f.BoolVar(&o.oneProcess, "one-process", false, "send the voice from this process: less memory, packets late when the machine is busy")
	f.StringVar(&o.logLevel, "log", "info", "debug, info, warn or error")
	return cmd
}
