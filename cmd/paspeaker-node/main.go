// Paspeaker-node is the program in a loudspeaker: it receives what is sealed
// for it and plays it in time.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"pa/audio/output"
	"pa/paspeaker"
)

// version is set by the build.
var version = "dev"

// Exit codes, documented in --help.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitConflict = 3
	exitNoDevice = 4
)

func main() {
	runtime.GOMAXPROCS(max(4, runtime.NumCPU()+2)) // a thread back from a system call must find a free P
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd := newCommand()
	cmd.SetContext(ctx)
	err := cmd.Execute()
	var child exitStatus
	if err != nil && !errors.As(err, &child) { // a child has said it itself
		fmt.Fprintln(os.Stderr, "paspeaker-node:", err)
	}
	os.Exit(exitCode(err))
}

// exitCode is the one table of errors and exit codes.
func exitCode(err error) int {
	var usage usageError
	var child exitStatus
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &child):
		return int(child)
	case errors.Is(err, output.ErrNoDevice), errors.Is(err, output.ErrDeviceLost):
		return exitNoDevice
	case errors.As(err, &usage), errors.Is(err, output.ErrSpec), paspeaker.CodeOf(err) == paspeaker.CodeInvalid:
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
		Use:   "paspeaker-node --controller HOST[:PORT] --id ID --state DIR",
		Short: "The program in a loudspeaker",
		Long: `The program in a loudspeaker: enrols once, joins its groups, and plays what is
sealed for it, in time.

A node enrols at its first start with a join token, which is good for once:
  paspeaker join-token gate-1 > token     (at the controller)
  paspeaker-node ... --token-file token   (at the node)
After that it needs neither token, API nor NATS to play.

Outputs: ` + output.Forms + `

Monitors: ` + monitorForms + `

Exit status: 0 ended as asked; 1 failed; 2 wrong usage; 3 the state directory
is in use or belongs to another node; 4 the sound card is missing or was lost
(let the supervisor start it again; an alsa: output waits for its card instead,
and shows the fault in paspeaker status).`,
		Example: `  paspeaker-node --controller 10.1.0.2 --id gate-1 --state /var/lib/paspeaker-node
  paspeaker-node --controller 127.0.0.1 --id gate-1 --state ./gate-1 --output wav:gate-1.wav`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("%s: what is this? paspeaker-node takes flags alone", args[0])}
			}
			return nil
		},
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, f := range []struct{ name, value string }{{"controller", o.controller}, {"id", o.id}, {"state", o.state}} {
				if f.value == "" {
					return usageError{fmt.Errorf("--%s is missing; it is needed at every start", f.name)}
				}
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f := cmd.Flags()
	f.StringVar(&o.controller, "controller", "", "the controller's host and, unless it is 7080, the API's port (required)")
	f.StringVar(&o.id, "id", "", "this loudspeaker's id in zones.yaml (required)")
	f.StringVar(&o.state, "state", "", "directory for the enrolment and what must not be forgotten (required)")
	f.StringVar(&o.output, "output", "oto", "where the sound goes: oto, alsa:hw:CARD, null, wav:FILE, virtual:…")
	f.StringVar(&o.monitor, "monitor", "", "a microphone before the loudspeaker, or a line behind its amplifier: pulse:NAME, file:PIPE, virtual:…")
	f.StringVar(&o.tokenFile, "token-file", "", "file with the join token; - is standard input")
	f.StringVar(&o.iface, "interface", "", "network interface of the groups (default: what the site says, else by route)")
	f.StringVar(&o.led, "led", "", "a light at the loudspeaker for paspeaker identify: /sys/class/leds/NAME/brightness")
	f.StringVar(&o.warp, "warp", "", "for tests: bend this node's clocks: "+warpForms)
	f.StringVar(&o.logLevel, "log", "info", "debug, info, warn or error")
	f.DurationVar(&o.trial, "upgrade-trial", time.Minute, "for tests: how long a new program may take to prove itself")
	_ = f.MarkHidden("warp")
	_ = f.MarkHidden("upgrade-trial")
	f.StringVar(&o.sys, "sys", "/sys", "for tests: where the machine tells of its heat and supply")
	_ = f.MarkHidden("warp")
	_ = f.MarkHidden("sys")
	cmd.AddCommand(newFleetCommand())
	cmd.CompletionOptions.HiddenDefaultCmd = true
	return cmd
}
