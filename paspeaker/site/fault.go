package site

import (
	"fmt"
	"strings"

	"pa/paspeaker"
)

// Fault is one thing that is wrong in a site file.
type Fault struct {
	File string `json:"file"` // as it was given to Load; "zones.yaml" from Parse
	Line int    `json:"line"` // from 1; 0 when it is about the whole file
	Path string `json:"path"` // "zones[3].group", counted from 0; "" is the whole file
	What string `json:"what"` // "10.0.0.1 is not a multicast address"
	Hint string `json:"hint"` // "use 239.x.y.z"
}

// String returns "zones.yaml:12: zones[3].group: what; hint".
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	b.WriteString(": ")
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.What)
	if f.Hint != "" {
		b.WriteString("; " + f.Hint)
	}
	return b.String()
}

// Faults are all that is wrong in a site file, by line.
type Faults []Fault

// Error returns one line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap makes paspeaker.CodeOf say that the file, not the program, is wrong.
func (f Faults) Unwrap() error {
	return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: f.Error()}
}
