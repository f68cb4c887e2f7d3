package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
)

// simulation is what paspeaker simulate is asked for.
type simulation struct {
	speakers           int
	zonesFile          string
	join               bool
	loss               float64
	dead, flapping     int
	restartEvery       time.Duration
	rolling            bool
	sample, calls      int
	length, rest, last time.Duration
	seed               uint64
}

// Bounds of a simulation.
const (
	maxSimulated = 5000
	callsUnsaid  = -1 // three on a controller of our own, none on somebody else's
	ownCalls     = 3
)

func newSimulateCommand(g *globals) *cobra.Command {
	var o simulation
	cmd := &cobra.Command{Use: "simulate", Short: "Run loudspeakers by the thousand against a controller, and see what it makes of them", Args: noArgs,
		Example: `  paspeaker simulate --speakers 1000
  paspeaker simulate --speakers 200 --loss 0.005 --dead 5 --flapping 3 --calls 10
  paspeaker simulate --zones-file zones.yaml --rolling
  paspeaker simulate --speakers 300 --calls 0             (until Ctrl-C, for you to try things on)
  paspeaker simulate --join --url https://10.1.0.2:7080   (on a controller that runs)`,
		Long: `Starts a controller on loopback, with its state in a temporary directory, and
simulated loudspeakers for a whole site in one process: each enrols, connects,
keeps time, reports and gives receipts as a real one does. It makes all-calls
and says how long the verdict took and what the controller used.

A loudspeaker's sound is counted rather than mixed, except at the samples. The
groups are joined on loopback, also those of --zones-file. With --join the
loudspeakers join a controller that runs, at those of its places where nobody is
online; it makes no calls there unless --calls says so.

Exit status 7: a loudspeaker that was up did not say what it played.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return g.simulate(cmd.Context(), o)
		}}
	f := cmd.Flags()
	f.IntVar(&o.speakers, "speakers", 1000, "how many loudspeakers (with --zones-file or --join: at most so many)")
	f.StringVar(&o.zonesFile, "zones-file", "", "a site file to simulate (default: one is made)")
	f.BoolVar(&o.join, "join", false, "join the controller that --url and the other usual flags name")
	f.Float64Var(&o.loss, "loss", 0, "share of the packets that each loudspeaker loses, such as 0.02")
	f.IntVar(&o.dead, "dead", 0, "so many die once all are online")
	f.IntVar(&o.flapping, "flapping", 0, "so many go off for 5 s every 15 s")
	f.DurationVar(&o.restartEvery, "restart-every", 0, "restart one after another, one each time")
	f.BoolVar(&o.rolling, "rolling", false, "restart all in groups, a twentieth every 2 s, while calls are made")
	f.IntVar(&o.sample, "sample", 3, "so many decode and mix for real")
	f.IntVar(&o.calls, "calls", callsUnsaid, "all-calls to make; 0: none, until Ctrl-C (default: 3, with --join 0)")
	f.DurationVar(&o.length, "length", 3*time.Second, "how long each call is")
	f.DurationVar(&o.rest, "pause", 2*time.Second, "between a call's verdict and the next call")
	f.DurationVar(&o.last, "for", 0, "end after so long (default: after the calls)")
	f.Uint64Var(&o.seed, "seed", 1, "of chance: who dies, flaps, and loses what")
	return cmd
}

// check refuses what cannot be simulated, and settles what was left out.
func (o *simulation) check() error {
	wrong := func(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }
	switch {
	case o.speakers < 1 || o.speakers > maxSimulated:
		return wrong("--speakers %d: want 1 to %d", o.speakers, maxSimulated)
	case o.loss < 0 || o.loss >= 1:
		return wrong("--loss %g: want a share from 0 to less than 1", o.loss)
	case o.join && o.zonesFile != "":
		return wrong("--join and --zones-file: the controller has its own site")
	case o.dead < 0, o.flapping < 0, o.sample < 0, o.calls < callsUnsaid:
		return wrong("--dead, --flapping, --sample and --calls are not negative")
	case o.restartEvery < 0 || o.restartEvery > 0 && o.restartEvery < restartsApart:
		return wrong("--restart-every %s: want %s or more", o.restartEvery, restartsApart)
	case o.length < time.Second || o.length > time.Hour:
		return wrong("--length %s: want 1s to 1h", o.length)
	case o.rest < 0, o.last < 0:
		return wrong("--pause and --for are not negative")
	}
	if o.calls == callsUnsaid {
		o.calls = ownCalls
		if o.join {
			o.calls = 0
		}
	}
	return nil
}

// simulate runs it from the first process to the table at the end.
func (g *globals) simulate(ctx context.Context, o simulation) error {
	s, err := g.newSimulated(ctx, o)
	if err != nil {
		return err
	}
	defer s.close()
	if o.last > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, o.last)
		defer end()
	}
	err = s.run(ctx)
	if err != nil && ctx.Err() != nil {
		err = nil // Ctrl-C, or --for is over: what there is, is told
	}
	if err != nil {
		return err
	}
	out := s.summary()
	if g.json {
		err = encode(g.out, out)
	} else {
		s.board.clear()
		out.print(g)
	}
	if err == nil && out.Unexplained > 0 {
		err = fmt.Errorf("%w: %w", errNotHeard, &paspeaker.Error{Code: paspeaker.CodeInternal,
			What: fmt.Sprintf("%d verdicts are missing of loudspeakers that were up", out.Unexplained),
			Hint: "is this computer too slow for so many? try fewer --speakers"})
	}
	return err
}
