package report

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"pa/paspeaker"
)

//go:embed bench.html
var benchText string

// Bench is the report of a test of loudspeakers, for the technician's file.
type Bench struct {
	paspeaker.TestRun
	Made time.Time
}

// place is the site's time zone; where this machine does not know it, UTC.
func (b Bench) place() *time.Location {
	if loc, err := time.LoadLocation(b.TimeZone); err == nil {
		return loc
	}
	return time.UTC
}

// heading is the line above everything.
func (b Bench) heading(w Words) string {
	return fmt.Sprintf("%s · %s %s (%s)", b.Site, w("loudspeaker test of"), b.Started.In(b.place()).Format("2006-01-02 15:04"), b.TimeZone)
}

// Sums says in a few lines what was tested and what came of it.
func (b Bench) Sums(w Words) []string {
	kind := w("quiet tone, 1 kHz at −50 dBFS")
	if !b.Quiet {
		kind = w(map[paspeaker.TestKind]string{paspeaker.TestTone: "tone, 1 kHz at −20 dBFS", paspeaker.TestSweep: "sweep, 100 Hz to 10 kHz",
			paspeaker.TestSpeech: "speech: its own name", paspeaker.TestSTIPA: "STIPA signal (IEC 60268-16)"}[b.Kind])
	}
	how := w("one after another")
	if b.AtOnce {
		how = w("all at once")
	}
	asked := w("asked by") + " " + b.By
	if b.SelfTest != "" {
		asked = w("self-test") + " " + b.SelfTest
	}
	out := []string{fmt.Sprintf("%d %s: %d %s, %d %s, %d %s", b.Total, w("loudspeakers"), b.Tally.Passed, w("passed"),
		b.Tally.Failed, w("failed"), b.Tally.Untested, w("untested")),
		strings.Join([]string{kind, how, asked}, " · ")}
	if b.State == paspeaker.TestAborted {
		out = append(out, w("ended early")+": "+b.Why)
	}
	return out
}

// benchHead is the head of the table of measurements; the monitor's column is
// there when a loudspeaker has one.
var benchHead = []string{"loudspeaker", "result", "verdict", "reachable", "groups", "packets", "jitter", "clock", "sound card", "level", "monitor"}

// Table is the table of measurements, a row for each loudspeaker in the order
// of the results; a cell has up to three lines.
func (b Bench) Table(w Words) (head []string, rows [][]string) {
	columns := len(benchHead) - 1
	for _, t := range b.Results {
		if t.Monitor != "" || t.Verdict.Monitor != nil {
			columns = len(benchHead)
		}
	}
	for _, h := range benchHead[:columns] {
		head = append(head, w(h))
	}
	for _, t := range b.Results {
		rows = append(rows, benchCells(t, w)[:columns])
	}
	return head, rows
}

// benchCells is one loudspeaker's row beneath benchHead.
func benchCells(t paspeaker.SpeakerTest, w Words) []string {
	row := []string{string(t.Speaker), w(string(t.Result)), verdictCell(t, w), reachCell(t, w)}
	if t.Clock == "" { // no report ever came
		return append(row, "", "", "", "", "", "", "")
	}
	groups := fmt.Sprint(len(t.Groups))
	if len(t.Missing) > 0 {
		groups = fmt.Sprintf("%d/%d", len(t.Groups), len(t.Groups)+len(t.Missing))
	}
	packets := fmt.Sprint(t.Packets)
	if t.LossShare > 0 || t.Late > 0 {
		packets += fmt.Sprintf("\n%s %.1f %%", w("lost"), t.LossShare)
	}
	if t.Late > 0 {
		packets += fmt.Sprintf("\n%s %d", w("late"), t.Late)
	}
	card := fmt.Sprintf("%+.0f ppm", t.CardPPM)
	if t.Xruns > 0 {
		card += fmt.Sprintf("\n%d %s", t.Xruns, w("stalls"))
	}
	level := ""
	if t.ExpectedDB != 0 {
		level = fmt.Sprintf("%.1f dBFS\n(%.1f)", t.LevelDB, t.ExpectedDB)
	}
	return append(row, groups, packets, millis(t.Jitter), w(t.Clock)+"\n±"+millis(t.ClockError), card, level, monitorCell(t, w))
}

// monitorCell says what a monitor heard: how alike to what was sent, how loud.
func monitorCell(t paspeaker.SpeakerTest, w Words) string {
	if i := t.Intelligibility; i != nil {
		return fmt.Sprintf("STI %.2f\n%s", i.STI, w(i.Rating()))
	}
	switch m := t.Verdict.Monitor; {
	case m != nil:
		return fmt.Sprintf("%s %.0f %%\n%.1f dBFS", w("alike"), 100*m.Likeness, m.LevelDB)
	case t.MonitorFault != "":
		return w("deaf")
	case t.Monitor != "":
		return "–"
	}
	return ""
}

func verdictCell(t paspeaker.SpeakerTest, w Words) string {
	s := w(string(t.Verdict.Verdict))
	if t.Verdict.Why != "" {
		s += "\n(" + w(t.Verdict.Why) + ")"
	}
	return s
}

func reachCell(t paspeaker.SpeakerTest, w Words) string {
	switch {
	case t.Kind == paspeaker.KindThirdParty:
		return "–"
	case t.Began.IsZero(): // it had no turn
		return ""
	case t.Reachable:
		return w("yes") + "\n" + millis(t.RTT)
	case t.Ticking:
		return w("clock only")
	}
	return w("no")
}

// millis writes a short length in milliseconds or, below one, microseconds.
func millis(d paspeaker.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 1:
		return fmt.Sprintf("%.0f µs", 1000*ms)
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// benchPage is what the template is given.
type benchPage struct {
	Lang, Title   string
	Sums          []string
	Bar           template.HTML
	Trouble, Note []trouble
	Heads         map[string]string
	Head          []string
	Rows          []benchRow
	Foot          string
}

// trouble is one thing to be mended, or looked at.
type trouble struct{ Speaker, Name, Cause, Remedy, Remember string }

// benchRow is one loudspeaker in the page: its name across the page, its
// measurements beneath.
type benchRow struct {
	Result        string // untranslated: it paints the row
	Speaker, Name string
	Columns       int
	Cells         [][]string // the lines of each
}

// HTML writes the report as a page that opens offline and prints on A4, in the
// manner of the day's report.
func (b Bench) HTML(out io.Writer, lang string, w Words) error {
	t, err := template.New("bench").Parse(benchText)
	if err == nil {
		_, err = t.Parse(`{{define "style"}}` + styleOf(pageText) + `{{end}}`)
	}
	if err != nil {
		return fmt.Errorf("read the report's page: %w", err)
	}
	head, table := b.Table(w)
	p := benchPage{Lang: lang, Title: b.heading(w), Sums: b.Sums(w), Bar: template.HTML(b.bar(w)), Head: head[1:],
		Heads: map[string]string{"trouble": w("to be mended"), "note": w("worth a look"), "all": w("every loudspeaker"), "sign": w("tested by"), "date": w("date"),
			"cause": w("cause"), "remedy": w("remedy"), "where": w("loudspeaker")},
		Foot: fmt.Sprintf("paspeaker · %s %s · %s %s", w("made"), b.Made.In(b.place()).Format("2006-01-02 15:04:05 -07:00"), w("test"), b.ID)}
	for i, s := range b.Results {
		row := benchRow{Result: string(s.Result), Speaker: string(s.Speaker), Name: s.Name, Columns: len(head) - 1}
		for column, c := range table[i][1:] {
			if column > 1 { // a number keeps its unit
				c = strings.ReplaceAll(c, " ", "\u00a0")
			}
			row.Cells = append(row.Cells, strings.Split(c, "\n"))
		}
		p.Rows = append(p.Rows, row)
		told := trouble{Speaker: string(s.Speaker), Name: s.Name, Cause: s.Cause, Remedy: s.Remedy}
		switch {
		case s.Result == paspeaker.TestFailed:
			p.Trouble = append(p.Trouble, told)
		case s.Cause != "":
			p.Note = append(p.Note, told)
		}
	}
	return t.Execute(out, p)
}

// styleOf is the style of the day's page: both look alike.
func styleOf(page string) string {
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	return style
}

// bar draws how many passed, failed and were not tested.
func (b Bench) bar(w Words) string {
	parts := []stack{{b.Tally.Passed, "#2e7d32", "passed"}, {b.Tally.Failed, "#c62828", "failed"}, {b.Tally.Untested, "#90a4ae", "untested"}}
	const wide = 720
	var s strings.Builder
	fmt.Fprintf(&s, `<svg viewBox="0 0 %d 46" role="img" aria-label="%s">`, wide, template.HTMLEscapeString(w("result")))
	x, all := 0.0, b.Tally.Passed+b.Tally.Failed+b.Tally.Untested
	for _, part := range parts {
		if part.n == 0 {
			continue
		}
		width := float64(part.n) / float64(all) * wide
		fmt.Fprintf(&s, `<rect x="%.1f" y="2" width="%.1f" height="18" fill="%s"><title>%d %s</title></rect>`, x, width, part.color, part.n, template.HTMLEscapeString(w(part.word)))
		x += width
	}
	legend(&s, parts, w, 30)
	s.WriteString("</svg>")
	return s.String()
}

// CSV writes the report as one sheet, as the day's report is written.
func (b Bench) CSV(out io.Writer, w Words) error {
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(out)
	c.UseCRLF = true
	rows := [][]string{{b.heading(w)}}
	for _, line := range b.Sums(w) {
		rows = append(rows, []string{line})
	}
	head := []string{"loudspeaker", "name", "result", "fault", "cause", "remedy", "verdict", "why", "began", "reachable", "round trip, ms", "groups", "groups missing",
		"packets", "lost, 10 ms", "late, 10 ms", "lost, %", "jitter, ms", "clock", "clock error, ms", "sound card", "card, ppm", "stalls", "level, dBFS", "expected, dBFS", "monitor"}
	for i, h := range head {
		head[i] = w(h)
	}
	rows = append(rows, []string{}, head)
	for _, t := range b.Results {
		rows = append(rows, b.csvRow(t, w))
	}
	for _, row := range rows {
		for i, cell := range row {
			if _, err := strconv.ParseFloat(cell, 64); err != nil { // a number stays one
				row[i] = inert(cell)
			}
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func (b Bench) csvRow(t paspeaker.SpeakerTest, w Words) []string {
	ms := func(d paspeaker.Duration) string { return fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond)) }
	began := ""
	if !t.Began.IsZero() {
		began = t.Began.In(b.place()).Format("2006-01-02 15:04:05")
	}
	reach := strings.ReplaceAll(reachCell(t, w), "\n", " ")
	if t.Reachable {
		reach = w("yes")
	}
	row := []string{string(t.Speaker), t.Name, w(string(t.Result)), t.Fault, t.Cause, t.Remedy, w(string(t.Verdict.Verdict)), w(t.Verdict.Why), began, reach}
	if t.Clock == "" { // no report ever came: there are no numbers
		return append(row, make([]string, 16)...)
	}
	level, due := "", ""
	if t.ExpectedDB != 0 {
		level, due = fmt.Sprintf("%.1f", t.LevelDB), fmt.Sprintf("%.1f", t.ExpectedDB)
	}
	return append(row, ms(t.RTT), strings.Join(t.Groups, " "), strings.Join(t.Missing, " "), fmt.Sprint(t.Packets), fmt.Sprint(t.Lost), fmt.Sprint(t.Late), fmt.Sprintf("%.2f", t.LossShare), ms(t.Jitter),
		w(t.Clock), ms(t.ClockError), t.Card, fmt.Sprintf("%.1f", t.CardPPM), fmt.Sprint(t.Xruns), level, due, strings.ReplaceAll(monitorCell(t, w), "\n", ", "))
}
