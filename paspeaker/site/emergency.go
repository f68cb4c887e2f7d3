package site

import (
	"time"

	"pa/paspeaker"
)

// Emergency is one kind of emergency: what sounds, and how.
type Emergency struct {
	ID         string
	Name       string             // for people, NFC
	Tone       string             // name of the alert tone that sounds first; one of Tones
	ToneLength time.Duration      // 3–10 s (ISO 7240-16)
	Message    []string           // sounds in order, at least one: "builtin:evacuate-vi", or a file (Site.File)
	Drill      []string           // in a drill: said before and after each message
	Cancel     []string           // said when it is stopped; may be empty
	Pause      time.Duration      // silence between repeats, 0–10 s
	MaxLength  time.Duration      // > 0, at most Limits.MaxLength
	Priority   paspeaker.Priority // 224–254
}
