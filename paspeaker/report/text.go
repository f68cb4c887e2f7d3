package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"pa/paspeaker"
)

// Words translates what a report says; it is given English and returns the
// reader's language.
type Words func(english string) string

// section is a table of a report: what text and CSV have in common.
type section struct {
	title string
	head  []string
	rows  [][]string
}

// countHead is the head of the tables of counts.
var countHead = []string{"all", "played", "shortened", "refused", "missed", "cut off", "open"}

func countCells(c Count) []string {
	out := make([]string, 0, 7)
	for _, n := range []int{c.All(), c.Played, c.Shortened, c.Refused, c.Missed, c.CutOff, c.Open} {
		out = append(out, strconv.Itoa(n))
	}
	return out
}

// sections returns the report as tables, in the order in which they are read:
// what is not as it should be comes first.
func (r Report) sections(w Words) []section {
	var out []section
	add := func(title string, head []string, rows [][]string) {
		if len(rows) == 0 {
			return
		}
		said := make([]string, len(head))
		for i, h := range head {
			said[i] = w(h)
		}
		out = append(out, section{w(title), said, rows})
	}
	add("EMERGENCIES (real)", fateHead, r.fates(w, r.Alarms))
	add("DRILLS (exercises, not real)", fateHead, r.fates(w, r.Drills))
	add("not played as asked", fateHead, r.fates(w, r.Wrong))
	add("live calls", fateHead, r.fates(w, r.Live))
	add("dead loudspeakers", []string{"loudspeaker", "name", "since", "until", "length"}, r.outageRows(w, r.Dead, false))
	add("faults", []string{"fault", "what", "since", "until", "length"}, r.outageRows(w, r.Faults, true))
	add("by class", append([]string{"class"}, countHead...), counts(r.ByClass, w))
	add("by zone", append([]string{"zone", "name"}, countHead...), zoneCounts(r.ByZone))
	add("by hour", append([]string{"hour"}, countHead...), busyHours(r.ByHour))
	add("loudspeakers", []string{"loudspeaker", "name", "sounded", "partly", "silent", "unknown", "played", "dead"}, r.heardRows(w))
	return out
}

func counts(in []Count, w Words) (rows [][]string) {
	for _, c := range in {
		rows = append(rows, append([]string{w(c.Key)}, countCells(c)...))
	}
	return rows
}

func zoneCounts(in []Count) (rows [][]string) {
	for _, c := range in {
		rows = append(rows, append([]string{c.Key, c.Name}, countCells(c)...))
	}
	return rows
}

func busyHours(in []Count) (rows [][]string) {
	for _, c := range in {
		if c.All() > 0 {
			rows = append(rows, append([]string{c.Key}, countCells(c)...))
		}
	}
	return rows
}

var fateHead = []string{"time", "name", "by", "where", "length", "became", "why", "heard", "recording", "session"}

func (r Report) fates(w Words, in []Fate) (rows [][]string) {
	for _, f := range in {
		name, length := f.Name, ""
		if f.Drill && !strings.HasPrefix(name, "DRILL") {
			name = "DRILL · " + name
		}
		if d := f.Sounded(); d > 0 {
			length = clock(d)
		}
		by := f.By
		if f.From != "" {
			by += " (" + f.From + ")"
		}
		rows = append(rows, []string{r.at(f.Asked), name, by, where(f), length, w(string(f.Became)), w(f.Why), r.heard(f.Verdicts, w), w(f.Recording), id(f.Session)})
	}
	return rows
}

func (r Report) outageRows(w Words, in []Outage, what bool) (rows [][]string) {
	for _, o := range in {
		since, until := r.at(o.Since), r.at(o.Until)
		if o.Earlier {
			since = w("before")
		}
		if o.Open {
			until = w("it lasts")
		}
		name := o.Name
		if what {
			name = o.What
		}
		rows = append(rows, []string{o.ID, name, since, until, clock(time.Duration(o.Length))})
	}
	return rows
}

func (r Report) heardRows(w Words) (rows [][]string) {
	for _, h := range r.Heard {
		name := h.Name
		if h.Kind == paspeaker.KindThirdParty {
			name += " (" + w(paspeaker.WhyThirdParty) + ")"
		}
		dead := ""
		if h.Dead > 0 {
			dead = clock(time.Duration(h.Dead))
		}
		rows = append(rows, []string{string(h.Speaker), name, strconv.Itoa(h.Sounded), strconv.Itoa(h.Partly), strconv.Itoa(h.Silent),
			strconv.Itoa(h.Unknown), clock(time.Duration(h.Played)), dead})
	}
	return rows
}

// at writes a time of the day in the site's zone.
func (r Report) at(t time.Time) string { return t.In(r.From.Location()).Format("15:04:05") }

// clock writes a length as 1:02:03 or 2:03.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func where(f Fate) string {
	var out []string
	for _, z := range f.Zones {
		out = append(out, string(z))
	}
	for _, s := range f.Speakers {
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}

// heard says what became of an announcement at its loudspeakers, in one line.
func (r Report) heard(v []paspeaker.SpeakerVerdict, w Words) string {
	if len(v) == 0 {
		return ""
	}
	return paspeaker.SummaryIn(v, r.From.Location(), w)
}

func id(s paspeaker.SessionID) string {
	if s == 0 {
		return ""
	}
	return s.String()
}

// heading is the line above everything.
func (r Report) heading(w Words) string {
	return fmt.Sprintf("%s · %s %s (%s)", r.Site, w("report of"), r.Day, r.TimeZone)
}

// sums says the day in one line, and what must be known before reading on.
func (r Report) sums(w Words) []string {
	t := r.Total
	out := []string{fmt.Sprintf("%d %s: %d %s, %d %s, %d %s, %d %s, %d %s", t.All(), w("announcements"), t.Played, w("played"),
		t.Shortened, w("shortened"), t.Refused, w("refused"), t.Missed, w("missed"), t.CutOff, w("cut off"))}
	if r.Partial {
		out = append(out, fmt.Sprintf("%s %s", w("the day is not over; this is how it stood at"), r.at(r.Made)))
	}
	if r.Starts > 0 {
		out = append(out, fmt.Sprintf("%s: %d", w("starts of the controller"), r.Starts))
	}
	if r.Lost > 0 {
		out = append(out, fmt.Sprintf("%s: %d", w("the journal has gaps"), r.Lost))
	}
	return out
}

// Text writes the report for a terminal; table prints one table.
func (r Report) Text(out io.Writer, w Words, table func(title string, head []string, rows [][]string)) error {
	if _, err := fmt.Fprintln(out, r.heading(w)); err != nil {
		return err
	}
	for _, line := range r.sums(w) {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	for _, s := range r.sections(w) {
		table(s.title, s.head, s.rows)
	}
	return nil
}

// CSV writes the report as one sheet, UTF-8 with a byte order mark, by which
// spreadsheet programs know it; each table begins with a line of its title.
func (r Report) CSV(out io.Writer, w Words) error {
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(out)
	c.UseCRLF = true
	rows := [][]string{{r.heading(w)}}
	for _, line := range r.sums(w) {
		rows = append(rows, []string{line})
	}
	for _, s := range r.sections(w) {
		rows = append(rows, []string{}, []string{s.title}, s.head)
		rows = append(rows, s.rows...)
	}
	for _, row := range rows {
		for i, cell := range row {
			row[i] = inert(cell)
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// inert keeps a spreadsheet from taking words for a formula: names and reasons
// were typed by people.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
