package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
	"pa/paspeaker/report"
)

// testProgress shows how a test goes on: a line for each loudspeaker that has a
// result and, at a terminal, one for the loudspeaker whose turn it is.
type testProgress struct {
	g     *globals
	names map[paspeaker.SpeakerID]string
	live  bool // somebody looks
	shown string
}

func (g *globals) newTestProgress(run paspeaker.TestRun, meant []paspeaker.SpeakerStatus) *testProgress {
	p := &testProgress{g: g, names: make(map[paspeaker.SpeakerID]string), live: isTerminal(g.errOut) && !g.json}
	for _, sp := range meant {
		p.names[sp.ID] = sp.Name
	}
	if !g.json {
		fmt.Fprintln(g.errOut, g.language().trf("test %s: %d loudspeakers, about %s", run.ID, run.Total, time.Duration(run.Length).Round(time.Second)))
	}
	return p
}

// now shows whose turn it is.
func (p *testProgress) now(run paspeaker.TestRun) {
	if !p.live || len(run.Now) == 0 {
		return
	}
	line := fmt.Sprintf("▶ %d/%d %s %s", run.Done+1, run.Total, run.Now[0], p.names[run.Now[0]])
	if len(run.Now) > 1 {
		line = p.g.language().trf("▶ %d loudspeakers at once", len(run.Now))
	}
	if room := width(p.g.errOut); room > 0 {
		line = text.Trim(line, room-1)
	}
	if line != p.shown {
		fmt.Fprint(p.g.errOut, "\r\x1b[K"+line)
		p.shown = line
	}
}

// clear takes that line away.
func (p *testProgress) clear() {
	if p.shown != "" {
		fmt.Fprint(p.g.errOut, "\r\x1b[K")
		p.shown = ""
	}
}

// done shows one result.
func (p *testProgress) done(t paspeaker.SpeakerTest, n, total int) {
	if p.g.json {
		return
	}
	p.clear()
	line := fmt.Sprintf("%*d/%d %s %s: %s", len(fmt.Sprint(total)), n, total, t.Speaker, t.Name, p.g.language().tr(string(t.Result)))
	if t.Fault != "" {
		line += " (" + t.Fault + ")"
	}
	fmt.Fprintln(p.g.errOut, line)
}

// printTest prints the table of a test, and what is to be done.
func (g *globals) printTest(run paspeaker.TestRun) {
	l := g.language()
	head, rows := report.Bench{TestRun: run}.Table(l.tr)
	t := newTable(g.out, head...)
	t.without(l.trs("groups", "reachable", "jitter", "sound card", "clock", "packets")...)
	for _, row := range rows {
		t.row(row...)
	}
	t.print()
	for _, r := range run.Results {
		if r.Cause == "" || aborted(run) && r.Skipped != "" {
			continue // the end says why
		}
		fmt.Fprintf(g.out, "%s %s: %s\n  → %s\n", r.Speaker, r.Name, r.Cause, r.Remedy)
	}
	for _, line := range (report.Bench{TestRun: run}).Sums(l.tr) {
		fmt.Fprintln(g.out, line)
	}
}

// aborted says whether a test was ended early: then many had no turn.
func aborted(run paspeaker.TestRun) bool { return run.State == paspeaker.TestAborted }

// reportKind is the form of a report by its file's name.
func reportKind(file string) (string, error) {
	switch ext := strings.ToLower(filepath.Ext(file)); {
	case file == "":
		return "", nil
	case ext == ".html", ext == ".htm":
		return "html", nil
	case ext == ".csv":
		return "csv", nil
	}
	return "", usageError{fmt.Errorf("--report %s: name a file that ends in .html or .csv", file)}
}

// writeTest writes a test's report to a file.
func (g *globals) writeTest(run paspeaker.TestRun, file string) error {
	kind, err := reportKind(file)
	if err != nil {
		return err
	}
	l := g.language()
	r := report.Bench{TestRun: run, Made: time.Now()}
	var b bytes.Buffer
	if kind == "csv" {
		err = r.CSV(&b, l.tr)
	} else {
		err = r.HTML(&b, string(l), l.tr)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		return usageError{err}
	}
	return nil
}

func newTestListCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the newest tests, and the site's self-tests", Args: noArgs, Example: "  paspeaker test list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withClient(func(c *client.Client) error {
				list, err := c.Tests(cmd.Context())
				if err != nil {
					return err
				}
				if g.json {
					return encode(g.out, list)
				}
				g.printTests(list)
				return nil
			})
		}}
}

func (g *globals) printTests(list paspeaker.TestList) {
	l := g.language()
	if len(list.Runs) == 0 && len(list.SelfTests) == 0 {
		fmt.Fprintln(g.out, l.tr("nothing to show"))
		return
	}
	if len(list.Runs) > 0 {
		t := newTable(g.out, l.trs("id", "time", "where", "test", "by", "state", "result")...)
		for _, r := range list.Runs {
			by := r.By
			if r.SelfTest != "" {
				by += " " + r.SelfTest
			}
			t.row(r.ID, r.Started.Format("01-02 15:04"), inPlaces(r.Zones, r.Speakers), testWord(l, r.TestRequest), by, l.tr(string(r.State)),
				fmt.Sprintf("%d %s, %d %s, %d %s", r.Tally.Passed, l.tr("passed"), r.Tally.Failed, l.tr("failed"), r.Tally.Untested, l.tr("untested")))
		}
		t.print()
	}
	if len(list.SelfTests) > 0 {
		t := newTable(g.out, l.trs("self-test", "name", "where", "test", "next", "last")...)
		for _, s := range list.SelfTests {
			next := ""
			if !s.Next.IsZero() {
				next = s.Next.Format("2006-01-02 15:04")
			}
			t.row(s.ID, s.Name, inPlaces(s.Zones, s.Speakers), testWord(l, s.TestRequest), next, s.Last)
		}
		t.print()
	}
}

func testWord(l language, q paspeaker.TestRequest) string {
	word := string(q.Kind)
	if q.Quiet {
		word = l.tr("quiet")
	}
	if q.AtOnce {
		word += ", " + l.tr("all at once")
	}
	return word
}

func newTestShowCommand(g *globals) *cobra.Command {
	var file string
	cmd := &cobra.Command{Use: "show ID", Short: "Show what came of a test, and write its report", Args: exactArgs(1),
		Example: "  paspeaker test show 1c9f2ab004d0e100\n  paspeaker test show 1c9f2ab004d0e100 --report test.html",
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := reportKind(file); err != nil {
				return err
			}
			return g.withClient(func(c *client.Client) error {
				run, err := c.Test(cmd.Context(), args[0], 0)
				if err != nil {
					return err
				}
				return g.tested(run, file)
			})
		},
		ValidArgsFunction: words(g, func(ctx context.Context, c *client.Client) (out []string) {
			list, _ := c.Tests(ctx)
			for _, r := range list.Runs {
				out = append(out, r.ID+"\t"+inPlaces(r.Zones, r.Speakers))
			}
			return out
		})}
	cmd.Flags().StringVar(&file, "report", "", "write a report to this file, .html or .csv")
	return cmd
}
