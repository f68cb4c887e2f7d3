package main

import (
	"fmt"
	"os"
	"strings"

	"pa/paspeaker/board"
)

// The commands of the operator's day speak the operator's language. English is
// written where it is said; the catalogue in vietnamese*.go has the rest.

// language is what a person reads: "en" or "vi".
type language string

const (
	english    language = "en"
	vietnamese language = "vi"
)

// languageOf returns the language that the environment asks for, in the order
// of POSIX: LC_ALL, LC_MESSAGES, LANG; the first that is set decides.
func languageOf(getenv func(string) string) language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			if v, _, _ = strings.Cut(strings.ToLower(v), "."); v == "vi" || strings.HasPrefix(v, "vi_") {
				return vietnamese
			}
			return english
		}
	}
	return english
}

// language returns the language of this run.
func (g *globals) language() language { return languageOf(os.Getenv) }

// errorLanguage is the language of errors: a program that reads JSON reads
// English.
func (g *globals) errorLanguage() language {
	if g.json {
		return english
	}
	return g.language()
}

// tr returns a text in the reader's language. The text is the English one; one
// that the catalogue does not have stays English.
func (l language) tr(text string) string {
	if l == vietnamese {
		for _, part := range catalogue {
			if said, ok := part[text]; ok {
				return said
			}
		}
	}
	return text
}

// trf is tr for a format; its verbs stay in the order of the English one.
func (l language) trf(format string, args ...any) string { return fmt.Sprintf(l.tr(format), args...) }

// trs is tr for several texts, such as the head of a table.
func (l language) trs(texts ...string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = l.tr(t)
	}
	return out
}

// catalogue is everything that is said in Vietnamese, a part for each group of
// commands: English to Vietnamese, formats with the same verbs in the same
// order.
var catalogue = []map[string]string{vietnameseShared, vietnameseMessages, vietnameseCampaigns, vietnameseLog, vietnameseErrands, board.Vietnamese, board.VietnameseFaults, vietnameseTrial, vietnameseFaults}
