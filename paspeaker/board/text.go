package board

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/unicode/norm"
)

// silent is the level of nothing at all, dBFS.
const silent = -120

// clean makes somebody else's text harmless to a terminal: one line, no control
// characters, nothing that turns the direction of writing or joins what stands
// before it. Letters are composed, so that every terminal gives a Vietnamese one
// its one column.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Zl, unicode.Zp), r == '\n', r == '\t', r == '\r':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return norm.NFC.String(strings.TrimLeftFunc(s, unicode.IsMark))
}

// exact mends a line of several texts that a terminal takes for wider or
// narrower than each alone.
func exact(s string, columns int) string {
	switch w := width(s); {
	case w > columns:
		return fill(ansi.Truncate(s, columns, ""), columns)
	case w < columns:
		return s + strings.Repeat(" ", columns-w)
	}
	return s
}

// width is how many columns of the terminal a text takes.
func width(s string) int { return ansi.StringWidth(s) }

// cut shortens a text to so many columns.
func cut(s string, columns int) string {
	if columns <= 0 {
		return ""
	}
	if width(s) <= columns {
		return s
	}
	return ansi.Truncate(s, columns, "…")
}

// fill makes a text exactly so many columns wide.
func fill(s string, columns int) string {
	s = cut(s, columns)
	return s + strings.Repeat(" ", max(0, columns-width(s)))
}

// fillLeft is fill for numbers: to the right.
func fillLeft(s string, columns int) string {
	s = cut(s, columns)
	return strings.Repeat(" ", max(0, columns-width(s))) + s
}

// ends writes one text at each end of a line; the left one gives way.
func ends(left, right string, columns int) string {
	right = cut(right, columns)
	room := columns - width(right)
	if right != "" {
		room = max(0, room-1)
	}
	return fill(fill(left, room)+strings.Repeat(" ", min(1, columns-room-width(right)))+right, columns)
}

// fold writes a text as somebody types it who has no Vietnamese keyboard.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case r == 'đ':
			b.WriteByte('d')
		case !unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// matches says whether every word of what somebody typed is in one of the
// texts, marks and case aside.
func matches(typed string, texts ...string) bool {
	all := fold(strings.Join(texts, " "))
	for word := range strings.FieldsSeq(fold(typed)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

// bar draws a level of -60 to 0 dBFS.
func bar(db float64, columns int) string {
	if math.IsNaN(db) {
		db = silent
	}
	full := int(math.Round(max(0, min(1, (db+60)/60)) * float64(columns)))
	return strings.Repeat("█", full) + strings.Repeat("·", columns-full)
}

// decibels writes a level for people; silence is a word.
func decibels(db float64) string {
	if math.IsNaN(db) || db <= silent {
		return "-∞ dB"
	}
	return fmt.Sprintf("%.0f dB", max(-999, min(999, db)))
}

// clock writes a length of time as a player does: 0:07, 12:34, 1:02:03.
func clock(d time.Duration) string {
	s := int64(max(0, d) / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// lasted writes a length of time in its largest unit, for what need not be
// exact: 7 s, 12 min, 3 h, 5 d.
func lasted(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(max(0, d)/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h", int(d/time.Hour))
	}
	return fmt.Sprintf("%d d", int(d/(24*time.Hour)))
}
