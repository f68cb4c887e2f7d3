package site

import "strings"

// Suggest returns the word among known that somebody who wrote got most likely
// meant: few letters differ, or one begins with the other. ok is false when
// none is near.
func Suggest(got string, known []string) (word string, ok bool) {
	got = strings.ToLower(got)
	if got == "" || len(got) > longest {
		return "", false
	}
	most := max(1, len(got)/3)
	best := most + 1
	for _, k := range known {
		d := distance(got, strings.ToLower(k), best)
		if d > most && len(got) >= 3 && len(k) >= 3 && (strings.HasPrefix(k, got) || strings.HasPrefix(got, k)) {
			d = most
		}
		if d < best {
			best, word, ok = d, k, true
		}
	}
	return word, ok
}

// didYouMean returns a hint: the likely word, or all when they are few.
func didYouMean(got string, known []string) string {
	if w, ok := Suggest(got, known); ok {
		return "did you mean " + w + "?"
	}
	if len(known) == 0 || len(known) > 16 {
		return "delete it, or see the example zones.yaml"
	}
	return "use one of " + strings.Join(known, ", ")
}

// longest is the length in bytes of words that distance compares.
const longest = 64

// distance counts the letters to insert, delete, change or swap with their
// neighbour to get from a to b (optimal string alignment). From most up it
// stops counting and returns most.
func distance(a, b string, most int) int {
	if len(a) > longest || len(b) > longest || max(len(a)-len(b), len(b)-len(a)) >= most {
		return most
	}
	var rows [3][longest + 1]int // before, last, this
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most { // a swap may gain one back
			return most
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], most)
}
