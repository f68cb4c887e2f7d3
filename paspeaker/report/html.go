package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var pageText string

// page is what the template is given.
type page struct {
	Report
	Lang, Title string
	Sums        []string
	Sections    []painted
	Hours, Ears template.HTML
	Foot        string
}

// painted is a section with the class that paints it.
type painted struct {
	Title, Kind string
	Head        []string
	Rows        [][]string
}

// HTML writes the report as a page that opens offline and prints on A4: no
// script, no picture and no style from elsewhere. lang is the page's language,
// "en" or "vi".
func (r Report) HTML(out io.Writer, lang string, w Words) error {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return fmt.Errorf("read the report's page: %w", err)
	}
	p := page{Report: r, Lang: lang, Title: r.heading(w), Sums: r.sums(w), Hours: template.HTML(hourChart(r, w)), Ears: template.HTML(earChart(r, w)),
		Foot: fmt.Sprintf("paspeaker · %s %s", w("made"), r.Made.In(r.From.Location()).Format("2006-01-02 15:04:05 -07:00"))}
	for _, s := range r.sections(w) {
		kind := ""
		switch s.title {
		case w("EMERGENCIES (real)"):
			kind = "real"
		case w("DRILLS (exercises, not real)"):
			kind = "drill"
		}
		p.Sections = append(p.Sections, painted{s.title, kind, s.head, s.rows})
	}
	return t.Execute(out, p)
}

// stack is one part of a bar: how many, its colour, its word.
type stack struct {
	n     int
	color string
	word  string
}

func stacks(c Count) []stack {
	return []stack{{c.Played, "#2e7d32", "played"}, {c.Shortened, "#f9a825", "shortened"}, {c.Refused, "#6a1b9a", "refused"},
		{c.Missed, "#c62828", "missed"}, {c.CutOff, "#4e342e", "cut off"}, {c.Open, "#90a4ae", "open"}}
}

// hourChart draws a bar for each hour of the day.
func hourChart(r Report, w Words) string {
	most := 1
	for _, c := range r.ByHour {
		most = max(most, c.All())
	}
	const wide, high, base = 720, 170, 140
	step := float64(wide-30) / float64(max(1, len(r.ByHour)))
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s"><line x1="28" y1="%d" x2="%d" y2="%d" stroke="#555"/>`,
		wide, high+22, template.HTMLEscapeString(w("by hour")), base, wide, base)
	fmt.Fprintf(&b, `<text x="24" y="%d" text-anchor="end">0</text><text x="24" y="22" text-anchor="end">%d</text>`, base+4, most)
	for i, c := range r.ByHour {
		x, y := 30+float64(i)*step, float64(base)
		for _, s := range stacks(c) {
			if s.n == 0 {
				continue
			}
			h := float64(s.n) / float64(most) * (base - 14)
			y -= h
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"><title>%s: %d %s</title></rect>`,
				x+1, y, step-3, h, s.color, c.Key, s.n, template.HTMLEscapeString(w(s.word)))
		}
		if i%2 == 0 {
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x+step/2, base+16, c.Key[:2])
		}
	}
	legend(&b, stacks(Count{}), w, high)
	b.WriteString("</svg>")
	return b.String()
}

func legend(b *strings.Builder, parts []stack, w Words, y int) {
	x := 30
	for _, s := range parts {
		word := w(s.word)
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="10" height="10" fill="%s"/><text x="%d" y="%d">%s</text>`,
			x, y, s.color, x+14, y+9, template.HTMLEscapeString(word))
		x += 30 + 7*len([]rune(word))
	}
}

// earChart draws a bar of verdicts for each loudspeaker that was asked for, at
// most the worst forty.
func earChart(r Report, w Words) string {
	rows := worstFirst(r.Heard)
	const label, wide, line = 190, 720, 17
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, wide, len(rows)*line+26, template.HTMLEscapeString(w("loudspeakers")))
	for i, h := range rows {
		parts := verdictStacks(h)
		all := h.Sounded + h.Partly + h.Silent + h.Unknown
		y, x := i*line, float64(label)
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, label-6, y+12, template.HTMLEscapeString(string(h.Speaker)))
		for _, s := range parts {
			if s.n == 0 {
				continue
			}
			width := float64(s.n) / float64(all) * (wide - label)
			fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="13" fill="%s"><title>%s: %d %s</title></rect>`,
				x, y+1, width, s.color, template.HTMLEscapeString(string(h.Speaker)), s.n, template.HTMLEscapeString(w(s.word)))
			x += width
		}
	}
	legend(&b, verdictStacks(Heard{}), w, len(rows)*line+8)
	b.WriteString("</svg>")
	return b.String()
}

func verdictStacks(h Heard) []stack {
	return []stack{{h.Sounded, "#2e7d32", "sounded"}, {h.Partly, "#f9a825", "partly"}, {h.Silent, "#c62828", "silent"}, {h.Unknown, "#90a4ae", "unknown"}}
}
