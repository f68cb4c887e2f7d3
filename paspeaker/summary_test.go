package paspeaker

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestTheSummaryIsOneLine(t *testing.T) {
	hcm := time.FixedZone("+07", 7*3600)
	well := func(n int) (out []SpeakerVerdict) {
		for i := range n {
			out = append(out, SpeakerVerdict{Speaker: SpeakerID(fmt.Sprintf("gate-%d", 10+i)), Verdict: VerdictSounded})
		}
		return out
	}
	gone := SpeakerVerdict{Speaker: "gate-7", Verdict: VerdictUnknown, Why: WhyOffline, Since: time.Date(2026, 11, 24, 2, 12, 0, 0, time.UTC)}
	lossy := SpeakerVerdict{Speaker: "truck-2", Verdict: VerdictPartly, Why: WhyLost, Lost: Duration(3100 * time.Millisecond)}
	for want, verdicts := range map[string][]SpeakerVerdict{
		"46 of 48 sounded, gate-7 offline since 09:12, truck-2 partly: 3.1 s lost": append(append(well(20), lossy), append(well(26), gone)...),
		"2 of 2 sounded": well(2),
		"0 of 0 sounded": nil,
		"1 of 2 sounded, gate-1 silent: amplifier fault": append(well(1), SpeakerVerdict{Speaker: "gate-1", Verdict: VerdictSilent, Why: WhyAmplifier}),
		"0 of 1 sounded, gate-1 partly: 2.0 s masked":    {{Speaker: "gate-1", Verdict: VerdictPartly, Why: WhyMasked, Muted: Duration(2 * time.Second)}},
		"0 of 1 sounded, gate-1 partly: not always heard, 1 third-party not known": {
			{Speaker: "horn", Verdict: VerdictUnknown, Why: WhyThirdParty}, {Speaker: "gate-1", Verdict: VerdictPartly, Why: WhyUnheard}},
		"0 of 2 sounded, a offline, b unknown: no final receipt": {
			{Speaker: "a", Verdict: VerdictUnknown, Why: WhyOffline}, {Speaker: "b", Verdict: VerdictUnknown, Why: WhyUnfinished}},
		"1 third-party not known": {{Speaker: "horn", Verdict: VerdictUnknown, Why: WhyThirdParty}},
	} {
		assert.Equal(t, want, Summary(verdicts, hcm))
	}
	var many []SpeakerVerdict
	for range 900 {
		many = append(many, gone)
	}
	assert.Contains(t, Summary(many, hcm), ", 894 more")
	assert.Less(t, len(Summary(many, hcm)), 300)
}

// However gaps are joined, nothing of the loss is forgotten, and they are in
// order.
func TestGapsAreJoinedWithoutLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var gaps []Gap
		var lost Duration
		for range rapid.IntRange(0, 40).Draw(t, "n") {
			from := dawn.Add(time.Duration(rapid.IntRange(0, 60_000).Draw(t, "from")) * time.Millisecond)
			g := Gap{From: from, To: from.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "span")) * time.Millisecond),
				Why: rapid.SampledFrom([]string{WhyLost, WhyMasked}).Draw(t, "why")}
			g.Lost = Duration(g.To.Sub(g.From))
			lost += g.Lost
			gaps = append(gaps, g)
		}
		most := rapid.IntRange(1, 16).Draw(t, "most")
		out := mergeGaps(gaps, most)
		if len(out) > most {
			t.Fatalf("%d gaps, at most %d", len(out), most)
		}
		var sum Duration
		for i, g := range out {
			sum += g.Lost
			if g.Why == "" || g.To.Before(g.From) || i > 0 && g.From.Before(out[i-1].From) {
				t.Fatalf("%+v", out)
			}
		}
		if sum != lost {
			t.Fatalf("%v of %v", sum, lost)
		}
	})
}

func TestABriefRecordKeepsTheVerdictsWhole(t *testing.T) {
	v := SpeakerVerdict{Speaker: "a", Verdict: VerdictPartly}
	for i := range 9 {
		at := dawn.Add(time.Duration(i) * time.Minute)
		v.Gaps = append(v.Gaps, Gap{From: at, To: at.Add(time.Second), Lost: Duration(time.Second), Why: WhyLost})
	}
	got := Brief([]SpeakerVerdict{v}, 2)
	assert.Len(t, got[0].Gaps, 2)
	assert.Len(t, v.Gaps, 9)
	assert.Equal(t, Duration(9*time.Second), got[0].Gaps[0].Lost+got[0].Gaps[1].Lost)
}
