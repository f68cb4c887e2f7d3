package schedule

import (
	"fmt"

	"pa/paspeaker"
)

// faults collects what is wrong in a text: everything at once, so that it is
// mended at once.
type faults struct{ all []paspeaker.PlanFault }

// maxFaults bounds what nonsense makes us say.
const maxFaults = 200

func (f *faults) add(path, what, hint string) {
	if len(f.all) < maxFaults {
		f.all = append(f.all, paspeaker.PlanFault{Path: path, What: what, Hint: hint})
	}
}

// err adds an error of a parser, which says itself what it wants.
func (f *faults) err(path string, err error) {
	if err != nil {
		f.add(path, err.Error(), "")
	}
}

func at(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
