package site

import (
	"slices"
	"strings"
)

// BuiltinPrefix marks a sound that the program carries, in a message's list.
const BuiltinPrefix = "builtin:"

// Builtins returns the names of the sounds that the program carries, sorted,
// without BuiltinPrefix.
func Builtins() []string { return slices.Clone(builtins) }

// Tones returns the names of the alert tones, sorted.
func Tones() []string { return slices.Clone(tones) }

var builtins = []string{
	"cancel-en", "cancel-vi", "chemical-en", "chemical-vi", "drill-en", "drill-vi", "evacuate-en", "evacuate-vi",
	"fire-en", "fire-vi", "slogan-1", "slogan-2", "storm-en", "storm-vi",
}

var tones = []string{"all-clear", "din-alarm", "evacuate", "nf-evacuate", "slow-whoop", "two-tone-alarm"}

// File returns where a sound of an Emergency is: a builtin's name without
// prefix, or the path of a file, which is relative to the site file's
// directory.
func (s *Site) File(sound string) (name string, builtin bool) {
	if name, ok := strings.CutPrefix(sound, BuiltinPrefix); ok {
		return name, true
	}
	return inDir(s.dir, sound), false
}
