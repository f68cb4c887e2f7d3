package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// lined is a table for people; it aligns Vietnamese.
type lined struct {
	out  io.Writer
	head []string
	rows [][]string
	less []string // columns that a narrow terminal does without, the first to go first
}

func newTable(out io.Writer, head ...string) *lined { return &lined{out: out, head: head} }

func (t *lined) row(values ...string) { t.rows = append(t.rows, values) }

// without names the columns that a narrow terminal does without, the first to
// go first.
func (t *lined) without(columns ...string) { t.less = columns }

func (t *lined) print() {
	gone := t.fit(width(t.out))
	w := table.NewWriter()
	w.SetStyle(table.StyleLight)
	w.Style().Options.SeparateRows = false
	w.Style().Format.Header = 0
	w.AppendHeader(cells(t.head))
	for _, r := range t.rows {
		w.AppendRow(cells(r))
	}
	fmt.Fprintln(t.out, w.Render())
	if len(gone) > 0 {
		fmt.Fprintf(t.out, "(no room for: %s; a wider window or --json shows them)\n", strings.Join(gone, ", "))
	}
}

// fit leaves out columns until the table has room in so many; 0 is room for
// all. It returns what it left out.
func (t *lined) fit(room int) (gone []string) {
	for _, name := range t.less {
		if room == 0 || t.width() <= room {
			break
		}
		at := slices.Index(t.head, name)
		if at < 0 {
			continue
		}
		gone = append(gone, name)
		t.head = slices.Delete(slices.Clone(t.head), at, at+1)
		for i, r := range t.rows {
			t.rows[i] = slices.Delete(r, at, at+1)
		}
	}
	return gone
}

// width is how many columns of a terminal the table takes, its lines included.
func (t *lined) width() int {
	sum := 1
	for i := range t.head {
		widest := 0
		for _, r := range append([][]string{t.head}, t.rows...) {
			for line := range strings.Lines(r[i]) {
				widest = max(widest, text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")))
			}
		}
		sum += widest + 3
	}
	return sum
}

func cells(values []string) table.Row {
	row := make(table.Row, len(values))
	for i, v := range values {
		row[i] = v
	}
	return row
}
