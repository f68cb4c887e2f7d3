package board

import (
	"regexp"
	"strings"

	"pa/paspeaker"
)

// number is what differs from one fault to the next: counts, shares, times.
var number = regexp.MustCompile(`[0-9]+(?:[.:][0-9]+)*(?: %)?`)

// told is a text of the controller about a fault in the reader's language. The
// catalogue has it with {} for the fault's subject and # for each number, in
// the order in which they come; what it does not have stays as it was said.
func (m *Model) told(f paspeaker.Fault, text string) string {
	subject := f.Subject
	if kind, id, ok := strings.Cut(subject, ":"); ok && !strings.Contains(text, subject) {
		subject = kind + " " + id // "switch:sw-2" is said as "switch sw-2"
	}
	pattern := text
	if subject != "" && subject != "site" {
		pattern = strings.ReplaceAll(text, subject, "{}")
	}
	numbers := number.FindAllString(pattern, -1)
	pattern = number.ReplaceAllLiteralString(pattern, "#")
	said := m.tr(pattern)
	if said == pattern {
		return clean(m.tr(text))
	}
	for _, n := range numbers {
		said = strings.Replace(said, "#", n, 1)
	}
	return clean(strings.ReplaceAll(said, "{}", subject))
}
