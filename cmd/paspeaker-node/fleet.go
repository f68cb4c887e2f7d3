package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"pa/audio"
	"pa/audio/output"
	"pa/paspeaker"
	"pa/paspeaker/node/fleet"
)

// fleetOptions are the flags of a fleet.
type fleetOptions struct {
	controller, iface, logLevel string
	loss                        float64
	seed                        uint64
}

// order is a line on a fleet's standard input.
type order struct {
	Join  *fleet.Member         `json:"join,omitempty"`
	Start []paspeaker.SpeakerID `json:"start,omitempty"`
	Stop  []paspeaker.SpeakerID `json:"stop,omitempty"`
}

// stateEvery is how often a fleet says how it is.
const stateEvery = 500 * time.Millisecond

// newFleetCommand is what `paspeaker simulate` starts: the CLI must not carry
// the node, and who joins a fleet must be told in a way that nobody else on the
// machine can read.
func newFleetCommand() *cobra.Command {
	var o fleetOptions
	cmd := &cobra.Command{
		Use: "fleet --controller HOST[:PORT]", Short: "Simulated loudspeakers, for paspeaker simulate", Hidden: true,
		Long: `Runs simulated loudspeakers in this process, for paspeaker simulate. A JSON object
a line on standard input says which: {"join":{"id":…,"token":…}}, {"stop":[id…]},
{"start":[id…]}; its end ends them all. Twice a second a line on standard output
says how they are.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.controller == "" {
				return usageError{errors.New("--controller is missing")}
			}
			return runFleet(cmd.Context(), o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.controller, "controller", "", "the controller's host and port (required)")
	f.StringVar(&o.iface, "interface", "", "network interface of the groups (default: what the site says)")
	f.StringVar(&o.logLevel, "log", "error", "debug, info, warn or error")
	f.Float64Var(&o.loss, "loss", 0, "share of the packets that each of them loses, 0 to 1")
	f.Uint64Var(&o.seed, "seed", 1, "of chance")
	return cmd
}

// runFleet obeys the orders on in until it ends or ctx is done.
func runFleet(ctx context.Context, o fleetOptions, in io.Reader, out, errOut io.Writer) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return usageError{fmt.Errorf("--log %q: want debug, info, warn or error", o.logLevel)}
	}
	log := slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: level}))
	f := fleet.New(fleet.Config{Controller: o.controller, Interface: o.iface, Loss: o.loss, Seed: o.seed, Version: version, Log: log,
		NewSink: func() (audio.Sink, error) { return output.Open("null", output.Options{Log: log}) }})
	ctx, end := context.WithCancel(ctx)
	defer end()
	failed := make(chan error, 1)
	go func() { failed <- obey(in, f); end() }()
	var telling sync.WaitGroup
	telling.Go(func() { tell(ctx, f, out) })
	err := f.Run(ctx)
	telling.Wait()
	select {
	case why := <-failed:
		return errors.Join(err, why)
	default:
		return err // a reader of standard input cannot be ended
	}
}

// maxOrder bounds a line of orders, bytes: all of a large fleet's ids.
const maxOrder = 4 << 20

// obey carries out orders until in ends.
func obey(in io.Reader, f *fleet.Fleet) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxOrder)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return fmt.Errorf("read order: %w", err)
		}
		if o.Join != nil {
			if !paspeaker.ValidID(string(o.Join.ID)) {
				return usageError{fmt.Errorf("read order: %q is not an id", o.Join.ID)}
			}
			f.Join(*o.Join)
		}
		f.Stop(o.Stop...)
		f.Start(o.Start...)
	}
	return lines.Err()
}

// tell says how the fleet is until ctx is done.
func tell(ctx context.Context, f *fleet.Fleet, out io.Writer) {
	every := time.NewTicker(stateEvery)
	defer every.Stop()
	enc := json.NewEncoder(out)
	for {
		select {
		case <-every.C:
			if enc.Encode(f.State()) != nil {
				return // nobody listens any more; the end of standard input says so, too
			}
		case <-ctx.Done():
			return
		}
	}
}
