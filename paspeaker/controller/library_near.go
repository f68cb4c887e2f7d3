package controller

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"pa/paspeaker"
	"pa/paspeaker/site"
)

func quoted(name string) string { return "“" + name + "”" }
func itoa(n int) string         { return strconv.Itoa(n) }

// nearest returns the name that somebody who wrote name meant most likely: who
// leaves out the diacritics, writes a part of it, or mistypes a letter.
func nearest(name string, all map[string]paspeaker.Message) string {
	names := slices.Sorted(maps.Keys(all))
	plain := make([]string, len(names))
	for i, n := range names {
		plain[i] = bare(n)
	}
	want := bare(name)
	if want == "" {
		return ""
	}
	if i := slices.Index(plain, want); i >= 0 {
		return names[i]
	}
	if near, ok := site.Suggest(want, plain); ok {
		return names[slices.Index(plain, near)]
	}
	if len(want) >= 3 {
		if i := slices.IndexFunc(plain, func(p string) bool { return strings.Contains(p, want) }); i >= 0 {
			return names[i]
		}
	}
	return ""
}

// bare is a name without diacritics, in small letters.
func bare(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'đ':
			b.WriteByte('d')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
