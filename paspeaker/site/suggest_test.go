package site

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestSuggest(t *testing.T) {
	zones := []string{"gates", "gate-plaza", "roads", "offices", "block-a", "mobile", "all"}
	for got, want := range map[string]string{
		"gtaes": "gates", "gate": "gates", "Gates": "gates", "road": "roads", "ofices": "offices", "blok-a": "block-a",
		"al": "all", "gate-plaza-north": "gate-plaza", "kitchen": "", "": "", "x": "", strings.Repeat("gates", 20): "",
	} {
		word, ok := Suggest(got, zones)
		assert.Equal(t, want, word, got)
		assert.Equal(t, want != "", ok, got)
	}
}

// One slip of the finger is always understood.
func TestSuggestMendsOneSlip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z]{5,12}`).Draw(t, "word")
		at := rapid.IntRange(0, len(word)-2).Draw(t, "at")
		slip := rapid.SampledFrom([]string{
			word[:at] + word[at+1:],
			word[:at] + "0" + word[at:],
			word[:at] + "0" + word[at+1:],
			word[:at] + word[at+1:at+2] + word[at:at+1] + word[at+2:],
		}).Draw(t, "slip")
		got, ok := Suggest(slip, []string{"0123456789012345", word})
		if !ok || got != word {
			t.Fatalf("%s: got %q", slip, got)
		}
	})
}
