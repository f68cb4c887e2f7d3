package paspeaker

import "slices"

// mergeGaps sorts gaps by their time, joins those of one reason that touch, and
// then those nearest to each other until there are at most so many. What was
// lost in all stays the same.
func mergeGaps(gaps []Gap, most int) []Gap {
	slices.SortStableFunc(gaps, func(a, b Gap) int { return a.From.Compare(b.From) })
	var out []Gap
	for _, g := range gaps {
		if last := len(out) - 1; last >= 0 && out[last].Why == g.Why && !g.From.After(out[last].To) {
			out[last] = out[last].join(g)
		} else {
			out = append(out, g)
		}
	}
	for len(out) > max(most, 1) {
		at := 1
		for i := 2; i < len(out); i++ {
			if out[i].From.Sub(out[i-1].To) < out[at].From.Sub(out[at-1].To) {
				at = i
			}
		}
		out[at-1] = out[at-1].join(out[at])
		out = slices.Delete(out, at, at+1)
	}
	return out
}

// join makes one gap of two; of two reasons that of the larger loss stays.
func (g Gap) join(o Gap) Gap {
	if o.Lost > g.Lost {
		g.Why = o.Why
	}
	g.Lost += o.Lost
	if o.From.Before(g.From) {
		g.From = o.From
	}
	if o.To.After(g.To) {
		g.To = o.To
	}
	return g
}

// Brief returns the verdicts with at most so many gaps each, for records of
// many loudspeakers; their receipts keep all.
func Brief(verdicts []SpeakerVerdict, gaps int) []SpeakerVerdict {
	out := slices.Clone(verdicts)
	for i := range out {
		if len(out[i].Gaps) > gaps {
			out[i].Gaps = mergeGaps(slices.Clone(out[i].Gaps), gaps)
		}
	}
	return out
}
