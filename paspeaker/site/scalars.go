package site

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"gopkg.in/yaml.v3"

	"pa/paspeaker"
)

// name reads what people are to read, at most 200 characters, made NFC so that
// the same words are the same bytes everywhere. Absent: otherwise.
func (v value) name(otherwise string) string {
	s, ok := v.scalar()
	if !ok {
		return otherwise
	}
	s = norm.NFC.String(strings.TrimSpace(s))
	switch {
	case s == "":
		v.fault("is empty", "give it a name, or delete the line")
		return otherwise
	case utf8.RuneCountInString(s) > 200:
		v.fault("is longer than 200 characters", "shorten it")
	case strings.ContainsFunc(s, unicode.IsControl):
		v.fault("has a line break or another control character", "write it in one line")
	}
	return s
}

// id reads an id and reports a bad form; "" when there is none to go on with.
func (v value) id() string {
	v.missing("give it an id, such as gate-1")
	s, ok := v.scalar()
	if !ok {
		return ""
	}
	if !paspeaker.ValidID(s) {
		v.fault(clip(strconv.Quote(s))+" is not an id", "use 1–32 of a–z, 0–9 and hyphens, such as gate-1; the name may be anything")
		return ""
	}
	return s
}

// word reads one of some words. Absent or wrong: otherwise.
func (v value) word(otherwise string, words ...string) string {
	s, ok := v.scalar()
	if !ok {
		return otherwise
	}
	if !slices.Contains(words, s) {
		v.fault(clip(s)+" is not known", didYouMean(s, words))
		return otherwise
	}
	return s
}

// number reads a number within low…high in that unit. Absent or wrong:
// otherwise.
func (v value) number(otherwise, low, high float64, unit string) float64 {
	s, ok := v.scalar()
	if !ok {
		return otherwise
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) {
		v.fault(clip(s)+" is not a number", fmt.Sprintf("use a number from %g to %g%s", low, high, unit))
		return otherwise
	}
	if f < low || f > high {
		v.fault(clip(s)+" is out of range", fmt.Sprintf("use a number from %g to %g%s", low, high, unit))
		return otherwise
	}
	return f
}

// integer reads a whole number within low…high. Absent or wrong: otherwise.
func (v value) integer(otherwise, low, high int) int {
	s, ok := v.scalar()
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		v.fault(clip(s)+" is not a whole number in range", fmt.Sprintf("use %d to %d", low, high))
		return otherwise
	}
	return n
}

// truth reads true or false. Absent or wrong: false.
func (v value) truth() bool { return v.word("false", "true", "false") == "true" }

// duration reads a length of time within low…high. Absent or wrong: otherwise.
func (v value) duration(otherwise, low, high time.Duration) time.Duration {
	s, ok := v.scalar()
	if !ok {
		return otherwise
	}
	d, err := paspeaker.ParseDuration(s)
	switch {
	case err != nil && !strings.HasPrefix(s, "-"):
		v.fault(clip(s)+" is not a length of time", "write it like 90s, 1m30s or 250ms; a bare number is seconds")
		return otherwise
	case err != nil || d < low || d > high:
		v.fault(clip(s)+" is out of range", "use "+short(low)+" to "+short(high))
		return otherwise
	}
	return d
}

// length reads a maximum length: nothing may be endless. Absent: otherwise, or
// most if that is shorter.
func (v value) length(otherwise, most time.Duration) time.Duration {
	otherwise = min(otherwise, most)
	s, ok := v.scalar()
	if !ok {
		return otherwise
	}
	d, err := paspeaker.ParseDuration(s)
	switch {
	case err != nil:
		v.fault(clip(s)+" is not a length of time", "write it like 90s or 1h30m; everything ends, "+short(most)+" at most")
	case d <= 0:
		v.fault("0 would be endless", "use 1s to "+short(most)+": a forgotten microphone must end by itself")
	case d > most:
		v.fault(clip(s)+" is too long", "use at most "+short(most)+", or raise limits.max_length")
	default:
		return d
	}
	return otherwise
}

// bytes reads an amount of bytes within low…high: 500kB, 64MiB, or a bare
// number. Absent or wrong: otherwise.
func (v value) bytes(otherwise, low, high int64) int64 {
	s, ok := v.scalar()
	if !ok {
		return otherwise
	}
	digits := strings.TrimRightFunc(s, func(c rune) bool { return c < '0' || c > '9' })
	unit, known := byteUnits[strings.TrimSpace(s[len(digits):])]
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err != nil || !known:
		v.fault(clip(s)+" is not an amount of bytes", "write it like 64MiB")
		return otherwise
	case n < 0 || n > high/unit || n*unit < low:
		v.fault(clip(s)+" is out of range", fmt.Sprintf("use %dkB to %dMiB", low/1000, high>>20))
		return otherwise
	}
	return n * unit
}

var byteUnits = map[string]int64{
	"": 1, "B": 1, "kB": 1000, "KiB": 1 << 10, "MB": 1000_000, "MiB": 1 << 20, "GB": 1000_000_000, "GiB": 1 << 30,
}

// short writes a duration without the zeros that it ends in: 10m, not 10m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// ref is an id that the file mentions somewhere.
type ref struct {
	value
	id string
}

// refs reads a list of ids.
func (v value) refs() []ref {
	var all []ref
	for _, e := range v.list() {
		if id := e.id(); id != "" {
			all = append(all, ref{value: e, id: id})
		}
	}
	return all
}

// single returns the value itself when it is written as a single word.
func (v value) single() (value, bool) {
	return v, v.present() && v.node.Kind == yaml.ScalarNode
}
