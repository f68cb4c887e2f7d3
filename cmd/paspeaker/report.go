package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker/api/client"
	"pa/paspeaker/report"
)

// reportOptions are the flags of `paspeaker report`.
type reportOptions struct{ day, format, out string }

func newReportCommand(g *globals) *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{Use: "report", Short: "The day's report: what played, who spoke, what was broken, what was heard", Args: noArgs,
		Long: `The report of a day of the site, from the journal: emergencies and drills apart,
what was not played as asked, live calls, dead loudspeakers and faults with how
long, announcements by class, zone and hour, and a verdict for each loudspeaker.

csv is one sheet in UTF-8 that spreadsheet programs open; html is a page with
charts that needs nothing else, opens offline and prints on A4.`,
		Example: `  paspeaker report
  paspeaker report --day 2026-11-24
  paspeaker report --day yesterday --format html -o report.html
  paspeaker report --day 2026-11-24 --format csv -o report.csv
  LANG=vi paspeaker report`,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.report(cmd.Context(), o) }}
	f := cmd.Flags()
	f.StringVar(&o.day, "day", "today", "2026-11-24, today or yesterday, in the site's time zone")
	f.StringVar(&o.format, "format", "", "text, csv or html; by the file's name, or text")
	f.StringVarP(&o.out, "output", "o", "", "the file; the output when left out")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "csv", "html"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("day", cobra.FixedCompletions([]string{"today", "yesterday"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// check finds what is mistyped, and returns the format.
func (o reportOptions) check() (format string, err error) {
	switch o.day {
	case "today", "yesterday":
	default:
		if _, err := time.Parse(time.DateOnly, o.day); err != nil {
			return "", usageError{fmt.Errorf("--day %q: want a date like 2026-11-24, today or yesterday", o.day)}
		}
	}
	switch format = o.format; {
	case format == "" && strings.HasSuffix(o.out, ".csv"):
		format = "csv"
	case format == "" && (strings.HasSuffix(o.out, ".html") || strings.HasSuffix(o.out, ".htm")):
		format = "html"
	case format == "":
		format = "text"
	case format != "text" && format != "csv" && format != "html":
		return "", usageError{fmt.Errorf("--format %q: want text, csv or html", format)}
	}
	return format, nil
}

func (g *globals) report(ctx context.Context, o reportOptions) error {
	format, err := o.check()
	if err != nil {
		return err
	}
	var r report.Report
	err = g.withClient(func(c *client.Client) error {
		day := o.day
		if day == "today" || day == "yesterday" {
			place, err := siteTime(ctx, c)
			if err != nil {
				return err
			}
			at, err := parseWhen(day, time.Now().In(place))
			if err != nil {
				return usageError{err}
			}
			day = at.Format(time.DateOnly)
		}
		r, err = c.Report(ctx, day)
		return err
	})
	if err != nil {
		return err
	}
	text, err := g.writeReport(r, format)
	if err != nil || o.out == "" {
		if err == nil {
			_, err = g.out.Write(text)
		}
		return err
	}
	if err := os.WriteFile(o.out, text, 0o644); err != nil {
		return usageError{err}
	}
	fmt.Fprintln(g.errOut, filepath.Clean(o.out))
	return nil
}

func (g *globals) writeReport(r report.Report, format string) ([]byte, error) {
	l := g.language()
	var b bytes.Buffer
	var err error
	switch {
	case g.json:
		err = encode(&b, r)
	case format == "csv":
		err = r.CSV(&b, l.tr)
	case format == "html":
		err = r.HTML(&b, string(l), l.tr)
	default:
		err = r.Text(&b, l.tr, func(title string, head []string, rows [][]string) {
			fmt.Fprintln(&b, "\n"+title)
			t := newTable(&b, head...)
			for _, row := range rows {
				t.row(row...)
			}
			t.print()
		})
	}
	return b.Bytes(), err
}
