package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
	"pa/paspeaker/site"
)

// testOptions are the flags of `paspeaker test`.
type testOptions struct {
	tone, sweep, speech, stipa bool
	quiet, each, all, yes      bool
	report                     string
}

func newTestCommand(g *globals) *cobra.Command {
	var o testOptions
	cmd := &cobra.Command{
		Use:   "test ZONE|SPEAKER...",
		Short: "Test loudspeakers: one after another or all at once, with a cause for each that fails",
		Long: `Test loudspeakers. One after another (--each, which is what happens when nothing
is said) every loudspeaker says its own name and then sounds the signal, for
whoever walks along; --all sounds the signal everywhere at once. "all" is the
whole site.

For each: does its node report, which groups has it joined, packets, loss,
jitter, the clock's error, the sound card's rate and stalls, its level against
what it should be, and the verdict; what fails has a cause and a remedy.

A test asks first, unless --quiet: that is a tone of 1 kHz at -50 dBFS, which
nobody hears and every codec carries, and which may run in the guard's quiet
hours. A test has the lowest priority: it covers nothing, and an emergency ends
it. Ctrl-C stops the sound.

  --tone     1 kHz at -20 dBFS, 3 s (when nothing is said)
  --sweep    100 Hz to 10 kHz, 5 s
  --speech   its own name, by the site's speech program
  --stipa    the STIPA signal (IEC 60268-16), 18 s, for an instrument or the monitor

Exit status: 7 when a loudspeaker of ours failed or could not be tested; 1 when
the test was ended early.`,
		Example: `  paspeaker test gates
  paspeaker test gate-1 road-7 --sweep --yes
  paspeaker test all --quiet --all --report test.html
  paspeaker test gates --speech --report gates.csv
  paspeaker test list
  paspeaker test show 1c9f2ab004d0e100 --report test.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("test what? name zones or loudspeakers; all is the whole site")}
			}
			q, err := o.request()
			if err != nil {
				return err
			}
			return g.withClient(func(c *client.Client) error { return g.test(cmd.Context(), c, o, q, args) })
		},
		ValidArgsFunction: testNames(g),
	}
	f := cmd.Flags()
	f.BoolVar(&o.tone, "tone", false, "a tone of 1 kHz (default)")
	f.BoolVar(&o.sweep, "sweep", false, "a sweep from 100 Hz to 10 kHz")
	f.BoolVar(&o.speech, "speech", false, "each says its own name")
	f.BoolVar(&o.stipa, "stipa", false, "the STIPA signal, for speech intelligibility")
	f.BoolVar(&o.quiet, "quiet", false, "a tone that nobody hears; at any hour")
	f.BoolVar(&o.each, "each", false, "one after another, each saying its name (default)")
	f.BoolVar(&o.all, "all", false, "all at once")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask before it is heard")
	f.StringVar(&o.report, "report", "", "write a report to this file, .html or .csv")
	cmd.AddCommand(newTestListCommand(g), newTestShowCommand(g))
	return cmd
}

// request translates the flags.
func (o testOptions) request() (paspeaker.TestRequest, error) {
	q := paspeaker.TestRequest{Quiet: o.quiet, AtOnce: o.all, Kind: paspeaker.TestTone}
	said := 0
	for _, k := range []struct {
		on   bool
		kind paspeaker.TestKind
	}{{o.tone, paspeaker.TestTone}, {o.sweep, paspeaker.TestSweep}, {o.speech, paspeaker.TestSpeech}, {o.stipa, paspeaker.TestSTIPA}} {
		if k.on {
			said++
			q.Kind = k.kind
		}
	}
	switch {
	case said > 1:
		return q, usageError{errors.New("test with what? one of --tone, --sweep, --speech, --stipa")}
	case o.each && o.all:
		return q, usageError{errors.New("--each or --all, not both")}
	case o.quiet && q.Kind != paspeaker.TestTone:
		return q, usageError{fmt.Errorf("--quiet with --%s: a quiet test is a tone that nobody hears", q.Kind)}
	}
	_, err := reportKind(o.report)
	return q, err
}

// testNames completes zones and loudspeakers.
func testNames(g *globals) completer {
	zones, speakers := zoneNames(g), speakerNames(g)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		names, directive := zones(cmd, args, typed)
		more, _ := speakers(cmd, args, typed)
		return append(names, more...), directive
	}
}

// aim tells zones from loudspeakers, and returns every loudspeaker that is
// meant.
func aim(ctx context.Context, c *client.Client, q *paspeaker.TestRequest, args []string) ([]paspeaker.SpeakerStatus, error) {
	zones, err := c.Zones(ctx)
	if err != nil {
		return nil, err
	}
	speakers, err := c.Speakers(ctx)
	if err != nil {
		return nil, err
	}
	meant := make(map[paspeaker.SpeakerID]bool)
	var known []string
	for _, z := range zones {
		known = append(known, string(z.ID))
	}
	for _, sp := range speakers {
		known = append(known, string(sp.ID))
	}
	for _, id := range splitIDs[string](args) {
		zone := slices.IndexFunc(zones, func(z paspeaker.ZoneStatus) bool { return string(z.ID) == id })
		switch {
		case zone >= 0:
			q.Zones = append(q.Zones, zones[zone].ID)
			for _, m := range zones[zone].Members {
				meant[m] = true
			}
		case slices.Contains(known, id):
			q.Speakers = append(q.Speakers, paspeaker.SpeakerID(id))
			meant[paspeaker.SpeakerID(id)] = true
		default:
			e := &paspeaker.Error{Code: paspeaker.CodeNotFound, What: id + ": no zone and no loudspeaker of this site", Hint: "`paspeaker zones` and `paspeaker speakers` list them"}
			if near, ok := site.Suggest(id, known); ok {
				e.Hint = "did you mean " + near + "?"
			}
			return nil, e
		}
	}
	return slices.DeleteFunc(speakers, func(sp paspeaker.SpeakerStatus) bool { return !meant[sp.ID] }), nil
}

// test runs a test from the question to the report.
func (g *globals) test(ctx context.Context, c *client.Client, o testOptions, q paspeaker.TestRequest, args []string) error {
	meant, err := aim(ctx, c, &q, args)
	if err != nil {
		return err
	}
	if !q.Quiet {
		l := g.language()
		how := l.tr("one after another")
		if q.AtOnce {
			how = l.tr("all at once")
		}
		if err := g.confirm(o.yes, l.trf("this is heard at %d loudspeakers, %s: %s", len(meant), how, strings.Join(args, ", "))); err != nil {
			return err
		}
	}
	run, err := c.StartTest(ctx, q)
	if err != nil {
		return err
	}
	run, err = g.followTest(ctx, c, run, meant)
	if err != nil {
		return err
	}
	return g.tested(run, o.report)
}

// testLook is how often a running test is looked at.
const testLook = 300 * time.Millisecond

// followTest shows how a test goes on until it is over. When ctx ends, the test
// does, and its sound.
func (g *globals) followTest(ctx context.Context, c *client.Client, run paspeaker.TestRun, meant []paspeaker.SpeakerStatus) (paspeaker.TestRun, error) {
	show := g.newTestProgress(run, meant)
	results := run.Results
	look := time.NewTicker(testLook)
	defer look.Stop()
	asked := ctx
	for stop := ctx.Done(); ; {
		show.now(run)
		if run.State != paspeaker.TestRunning {
			show.clear()
			run.Results = results
			return run, nil
		}
		select {
		case <-look.C:
		case <-stop:
			stop = nil
			var cancel context.CancelFunc
			asked, cancel = context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			if _, err := c.CancelTest(asked, run.ID); err != nil {
				return run, err
			}
			show.clear()
			fmt.Fprintln(g.errOut, "stopped")
		}
		next, err := c.Test(asked, run.ID, len(results))
		if err != nil && asked.Err() == nil {
			return run, err
		}
		if err != nil {
			continue
		}
		run = next
		for _, t := range run.Results {
			if results = append(results, t); !aborted(run) {
				show.done(t, len(results), run.Total)
			}
		}
	}
}

// tested prints what came of a test and writes its report.
func (g *globals) tested(run paspeaker.TestRun, file string) error {
	if g.json {
		if err := encode(g.out, run); err != nil {
			return err
		}
	} else {
		g.printTest(run)
	}
	if file != "" {
		if err := g.writeTest(run, file); err != nil {
			return err
		}
		fmt.Fprintln(g.errOut, file)
	}
	bad := func(t paspeaker.SpeakerTest) bool {
		return t.Result == paspeaker.TestFailed || t.Result == paspeaker.TestUntested && t.Kind != paspeaker.KindThirdParty
	}
	switch {
	case run.State == paspeaker.TestAborted:
		return fmt.Errorf("the test was ended early: %s", run.Why)
	case slices.ContainsFunc(run.Results, bad):
		return fmt.Errorf("%w: %w", errNotHeard, errSaid)
	}
	return nil
}
