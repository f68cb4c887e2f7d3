package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// calibrateOptions are the flags of `paspeaker calibrate`.
type calibrateOptions struct {
	target, level, distance, temperature float64
	delay                                time.Duration
	apply                                bool
}

// calibrated is what `paspeaker calibrate` prints as JSON.
type calibrated struct {
	Before []paspeaker.Tuning `json:"before"`
	After  []paspeaker.Tuning `json:"after,omitempty"` // measured again, with --apply
}

func newCalibrateCommand(g *globals) *cobra.Command {
	var o calibrateOptions
	cmd := &cobra.Command{Use: "calibrate SPEAKER|ZONE...", Short: "Measure loudspeakers by their monitors, and tune level and delay alike",
		Long: `Measure loudspeakers by their monitors (paspeaker-node --monitor): each plays
four short sweeps through its mixer, one loudspeaker after the other, and listens.
From the level at its monitor comes a gain with which all are heard alike, from
the delay a correction with which all leave their loudspeakers together: the
slowest sets the time. The way through the air from loudspeaker to monitor is
taken off by --distance and --temperature.

Several should have the same kind of monitor at the same distance: what is
measured is the loudspeaker and its microphone. The sweeps keep the guard's
hours and are loud; nothing else may sound meanwhile.

Nothing is changed without --apply; the lines for zones.yaml are printed. With
--apply the nodes keep the correction themselves (like paspeaker volume), over
restarts, and are measured once more. Put it into zones.yaml or leave it at the
node, not both.`,
		Example: `  paspeaker calibrate gates --distance 2 --temperature 31
  paspeaker calibrate gate-1 gate-2 --target -30 --apply
  paspeaker calibrate roads --json`,
		Args:              func(cmd *cobra.Command, args []string) error { return asUsage(cobra.MinimumNArgs(1)(cmd, args)) },
		ValidArgsFunction: speakerNames(g),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withClient(func(c *client.Client) error { return g.calibrate(cmd.Context(), c, args, o) })
		}}
	f := cmd.Flags()
	f.Float64Var(&o.target, "target", 0, "level of a programme at the monitors, dBFS (default: the middle of what is measured)")
	f.Float64Var(&o.level, "level", paspeaker.CalibrateLevelDB, "RMS of the sweeps before the loudspeaker's gain, -60 to -12 dBFS")
	f.DurationVar(&o.delay, "delay", 0, "of the path that all are brought to (default: the longest that is measured)")
	f.Float64Var(&o.distance, "distance", 0, "from the loudspeaker to its monitor, metres")
	f.Float64Var(&o.temperature, "temperature", 28, "of the air, degrees Celsius")
	f.BoolVar(&o.apply, "apply", false, "have the nodes keep it, and measure again")
	return cmd
}

func (o calibrateOptions) check() error {
	for _, f := range []struct {
		name               string
		value, least, most float64
	}{{"target", o.target, -100, 0}, {"level", o.level, -60, -12}, {"distance", o.distance, 0, 200}, {"temperature", o.temperature, -40, 60}, {"delay", o.delay.Seconds(), 0, 2}} {
		if !(f.value >= f.least && f.value <= f.most) { // NaN too
			return usageError{fmt.Errorf("--%s %g: want %g to %g", f.name, f.value, f.least, f.most)}
		}
	}
	return nil
}

func (g *globals) calibrate(ctx context.Context, c *client.Client, args []string, o calibrateOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	ids, err := membersOf(ctx, c, args)
	if err != nil {
		return err
	}
	tune := paspeaker.TuneOptions{TargetDB: o.target, Delay: o.delay, Distance: o.distance, Temperature: o.temperature}
	measured, err := g.measure(ctx, c, ids, o.level)
	if err != nil {
		return err
	}
	out := calibrated{Before: paspeaker.Tune(ids, measured, tune)}
	if o.apply {
		for _, t := range out.Before {
			if _, err := c.Adjust(ctx, t.Speaker, paspeaker.Adjust{TrimDB: t.TrimDB, DelayTrim: t.DelayTrim}); err != nil {
				return err
			}
		}
		if measured, err = g.measure(ctx, c, ids, o.level); err != nil {
			return err
		}
		out.After = paspeaker.Tune(ids, measured, tune)
	}
	if g.json {
		return encode(g.out, out)
	}
	g.printTuning(out)
	return nil
}

// membersOf returns the loudspeakers that are named, those of zones too, each
// once.
func membersOf(ctx context.Context, c *client.Client, args []string) (ids []paspeaker.SpeakerID, err error) {
	zones, err := c.Zones(ctx)
	if err != nil {
		return nil, err
	}
	add := func(id paspeaker.SpeakerID) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, word := range splitIDs[paspeaker.SpeakerID](args) {
		at := slices.IndexFunc(zones, func(z paspeaker.ZoneStatus) bool { return string(z.ID) == string(word) })
		if at < 0 {
			add(word)
			continue
		}
		for _, id := range zones[at].Members {
			add(id)
		}
	}
	return ids, nil
}

// measure has one loudspeaker after the other play and listen.
func (g *globals) measure(ctx context.Context, c *client.Client, ids []paspeaker.SpeakerID, level float64) ([]paspeaker.Calibrated, error) {
	out := make([]paspeaker.Calibrated, len(ids))
	for i, id := range ids {
		if isTerminal(g.errOut) {
			fmt.Fprintf(g.errOut, "%s plays …\n", id)
		}
		var err error
		if out[i], err = c.Calibrate(ctx, id, paspeaker.Calibrate{LevelDB: level}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (g *globals) printTuning(out calibrated) {
	head := []string{"loudspeaker", "heard", "path", "like", "noise", "trim", "→", "delay", "→"}
	if out.After != nil {
		head = append(head, "heard then", "path then")
	}
	t := newTable(g.out, head...)
	for i, p := range out.Before {
		m := p.Measured
		row := []string{string(p.Speaker), decibels(p.HeardDB), milliseconds(p.Path), fmt.Sprintf("%.0f %%", 100*m.Likeness), decibels(m.NoiseDB),
			decibels(m.TrimDB), decibels(p.TrimDB), milliseconds(m.SiteDelay + m.DelayTrim), milliseconds(p.Delay)}
		if p.Short {
			row[6] += " (not enough)"
		}
		if out.After != nil {
			row = append(row, decibels(out.After[i].HeardDB), milliseconds(out.After[i].Path))
		}
		t.row(row...)
	}
	t.print()
	if out.After != nil {
		fmt.Fprintln(g.out, "kept at the nodes; to have it in zones.yaml instead, set gain_db and delay there, and paspeaker volume SPEAKER 0")
		return
	}
	fmt.Fprintln(g.out, "nothing was changed. --apply has the nodes keep it; or, in zones.yaml:")
	for _, p := range out.Before {
		fmt.Fprintf(g.out, "  - {id: %s, …, gain_db: %g, delay: %s}\n", p.Speaker, p.GainDB, time.Duration(p.Delay))
	}
}

func decibels(db float64) string { return fmt.Sprintf("%.1f dB", db) }

func milliseconds(d paspeaker.Duration) string {
	return fmt.Sprintf("%.1f ms", time.Duration(d).Seconds()*1000)
}
