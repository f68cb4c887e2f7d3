package report

import (
	"cmp"
	"slices"

	"pa/paspeaker"
)

// mostEars is how many loudspeakers a chart shows.
const mostEars = 40

// worstFirst returns the loudspeakers that were asked for and can tell, those
// first that sounded the least of it.
func worstFirst(in []Heard) []Heard {
	var out []Heard
	for _, h := range in {
		if h.Sounded+h.Partly+h.Silent+h.Unknown > 0 && h.Kind != paspeaker.KindThirdParty {
			out = append(out, h)
		}
	}
	share := func(h Heard) float64 {
		return (float64(h.Sounded) + float64(h.Partly)/2) / float64(h.Sounded+h.Partly+h.Silent+h.Unknown)
	}
	slices.SortStableFunc(out, func(a, b Heard) int { return cmp.Compare(share(a), share(b)) })
	return out[:min(len(out), mostEars)]
}
