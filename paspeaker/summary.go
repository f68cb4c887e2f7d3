package paspeaker

import (
	"fmt"
	"strings"
	"time"
)

// summaryNames bounds how many loudspeakers a summary names.
const summaryNames = 6

// Summary says in one line what became of an announcement: how many sounded,
// and what is wrong at the others, the worst first. Times are of the zone in.
//
//	46 of 48 sounded, gate-7 offline since 09:12, truck-2 partly: 3.1 s lost
//
// Third-party loudspeakers, of which nothing can be known, are counted apart.
func Summary(verdicts []SpeakerVerdict, in *time.Location) string {
	return SummaryIn(verdicts, in, func(english string) string { return english })
}

// SummaryIn is Summary in another language: tr translates words and formats.
func SummaryIn(verdicts []SpeakerVerdict, in *time.Location, tr func(string) string) string {
	var mute, all, sounded int
	var said [3][]string // by how bad it is
	for _, v := range verdicts {
		if v.Why == WhyThirdParty {
			mute++
			continue
		}
		all++
		switch v.Verdict {
		case VerdictSounded:
			sounded++
		case VerdictPartly:
			said[2] = append(said[2], strings.TrimSuffix(v.short(in, tr), ": "))
		case VerdictSilent:
			said[0] = append(said[0], v.short(in, tr))
		default:
			said[1] = append(said[1], v.short(in, tr))
		}
	}
	words := []string{}
	if all > 0 || mute == 0 {
		words = append(words, fmt.Sprintf(tr("%d of %d sounded"), sounded, all))
	}
	bad := append(append(said[0], said[1]...), said[2]...)
	more := len(bad) - summaryNames
	if more > 1 { // one more is named as well
		bad = bad[:summaryNames]
	}
	words = append(words, bad...)
	if more > 1 {
		words = append(words, fmt.Sprintf(tr("%d more"), more))
	}
	if mute > 0 {
		words = append(words, fmt.Sprintf(tr("%d third-party not known"), mute))
	}
	return strings.Join(words, ", ")
}

// short says what is wrong at one loudspeaker: "gate-7 offline since 09:12".
func (v SpeakerVerdict) short(in *time.Location, tr func(string) string) string {
	id := string(v.Speaker)
	switch {
	case v.Verdict == VerdictPartly && v.Why == WhyMasked:
		return fmt.Sprintf(tr("%s partly: %.1f s masked"), id, time.Duration(v.Muted).Seconds())
	case v.Verdict == VerdictPartly && v.Why == WhyTaken:
		return fmt.Sprintf(tr("%s partly: %.1f s taken away"), id, time.Duration(v.Away).Seconds())
	case v.Verdict == VerdictPartly && v.Lost > 0:
		return fmt.Sprintf(tr("%s partly: %.1f s lost"), id, time.Duration(v.Lost).Seconds())
	case v.Verdict == VerdictPartly:
		return fmt.Sprintf(tr("%s partly: %s"), id, tr(v.Why))
	case v.Verdict == VerdictSilent:
		return fmt.Sprintf(tr("%s silent: %s"), id, tr(v.Why))
	case !v.Since.IsZero():
		return fmt.Sprintf(tr("%s offline since %s"), id, v.Since.In(in).Format("15:04"))
	case v.Why == WhyOffline:
		return fmt.Sprintf(tr("%s offline"), id)
	}
	return fmt.Sprintf(tr("%s unknown: %s"), id, tr(v.Why))
}
