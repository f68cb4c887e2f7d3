package board

import (
	"slices"
	"strings"
)

// column is a column of a pane's list.
type column struct {
	head  string
	least int  // columns of the terminal without which it says nothing
	most  int  // what it takes at most; 0: as its texts want
	right bool // numbers
	meter bool // levels: it always takes all it may, so that nothing jumps when they come and go
	drop  int  // a narrow pane does without the highest first; 0: never
}

// cell is a text in a list and how it looks. Looks never say anything that the
// text does not.
type cell struct {
	text  string
	look  look
	meter bool    // db is drawn, as wide as the column is
	db    float64 // dBFS
}

func plain(text string) cell { return cell{text: text} }

func looking(text string, l look) cell { return cell{text: text, look: l} }

func meter(db float64, l look) cell { return cell{meter: true, db: db, look: l} }

// fit gives each column its width: what its texts want where there is room,
// else less, else none (0).
func fit(columns []column, rows [][]cell, room int) []int {
	wants := make([]int, len(columns))
	for i, c := range columns {
		for _, r := range rows {
			wants[i] = max(wants[i], width(r[i].text))
		}
		if c.meter {
			wants[i] = c.most
		}
		if c.most > 0 {
			wants[i] = min(wants[i], c.most)
		}
	}
	got := make([]int, len(columns))
	for i, c := range columns {
		got[i] = min(c.least, wants[i])
	}
	for taken(got) > room {
		worst := -1
		for i, c := range columns {
			if got[i] > 0 && c.drop > 0 && (worst < 0 || c.drop > columns[worst].drop) {
				worst = i
			}
		}
		if worst < 0 {
			break // the line is cut
		}
		got[worst], wants[worst] = 0, 0
	}
	grow(got, wants, room)
	return got
}

// grow gives room that is left to those that want more, evenly.
func grow(got, wants []int, room int) {
	for spare := room - taken(got); spare > 0; {
		before := spare
		for i := range got {
			if spare > 0 && got[i] > 0 && got[i] < wants[i] {
				got[i]++
				spare--
			}
		}
		if spare == before {
			return
		}
	}
}

// taken is what columns take with a space between them.
func taken(widths []int) int {
	sum := -1
	for _, w := range widths {
		if w > 0 {
			sum += w + 1
		}
	}
	return max(0, sum)
}

// line draws a row exactly so many columns wide.
func line(columns []column, widths []int, row []cell, room int, chosen bool) string {
	var out strings.Builder
	used := 0
	for i, c := range row {
		w := min(widths[i], room-used)
		if widths[i] == 0 || w <= 0 {
			continue
		}
		text := fill(c.text, w)
		switch {
		case c.meter:
			text = bar(c.db, w)
		case columns[i].right:
			text = fillLeft(c.text, w)
		}
		if chosen {
			c.look = none
		}
		out.WriteString(c.look.paint(text))
		used += w
		if used < room {
			out.WriteByte(' ')
			used++
		}
	}
	out.WriteString(strings.Repeat(" ", max(0, room-used)))
	if chosen {
		return reverse.paint(out.String())
	}
	return out.String()
}

// heads is the row of the columns' names.
func heads(columns []column) []cell {
	out := make([]cell, len(columns))
	for i, c := range columns {
		out[i] = cell{text: c.head, look: faint}
	}
	return out
}

// share divides the lines of the screen: everybody gets least, then usual, then
// the favourite what it wants, then the others in the order of turn; what
// nobody wants goes to the first of turn.
func share(lines int, least, usual, wants []int, favourite int, turn []int) []int {
	got := slices.Clone(least)
	left := lines
	for i := range got {
		got[i] = min(got[i], left)
		left -= got[i]
	}
	for again := true; again && left > 0; {
		again = false
		for i := range got {
			if left > 0 && got[i] < min(usual[i], wants[i]) {
				got[i]++
				left--
				again = true
			}
		}
	}
	for _, i := range append([]int{favourite}, turn...) {
		more := min(left, max(0, wants[i]-got[i]))
		got[i] += more
		left -= more
	}
	got[turn[0]] += left
	return got
}
