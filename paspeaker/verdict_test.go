package paspeaker

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// done is a final receipt of ten seconds of speech, changed by f.
func done(f func(*Receipt)) Receipt {
	r := Receipt{Node: "gate-1", Session: 0x100, Done: true, Played: 1000, LevelDB: -20, First: time.Unix(1_800_000_000, 0)}
	f(&r)
	return r
}

func TestTheVerdictComesFromReceipts(t *testing.T) {
	whole := done(func(*Receipt) {})
	for name, c := range map[string]struct {
		share Share
		want  Verdict
		why   string
	}{
		"all of it":                  {Share{Sent: 10 * time.Second, Receipts: []Receipt{whole}}, VerdictSounded, ""},
		"a fade is missing":          {Share{Sent: 10200 * time.Millisecond, Receipts: []Receipt{whole}}, VerdictSounded, ""},
		"a second is missing":        {Share{Sent: 11 * time.Second, Receipts: []Receipt{whole}}, VerdictPartly, WhyCut},
		"an hour less half a minute": {Share{Sent: time.Hour, Receipts: []Receipt{done(func(r *Receipt) { r.Played = 357_000 })}}, VerdictSounded, ""},
		"one in a hundred made up":   {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Concealed = 10 })}}, VerdictSounded, ""},
		"more of it":                 {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Concealed = 11 })}}, VerdictPartly, WhyLost},
		"a live voice took over":     {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Played, r.Muted = 500, 500 })}}, VerdictPartly, WhyMasked},
		"late":                       {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Played, r.Late = 900, 100 })}}, VerdictPartly, WhyLate},
		"masked all the time":        {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Played, r.Muted = 0, 1000 })}}, VerdictSilent, WhyMasked},
		"nothing came":               {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Played = 0 })}}, VerdictSilent, WhyNothing},
		"a microphone that was off":  {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.LevelDB = -120 })}}, VerdictSilent, WhySilence},
		"no clock":                   {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Unlocked = true })}}, VerdictSounded, WhyUnlocked},
		"a node that died":           {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Done = false })}}, VerdictUnknown, WhyUnfinished},
		"a node that was dead":       {Share{Sent: 10 * time.Second}, VerdictUnknown, WhyNoReceipt},
		"a zone that was taken":      {Share{}, VerdictSilent, WhyNotSent},
		"somebody else's receiver":   {Share{Kind: KindThirdParty, Sent: 10 * time.Second}, VerdictUnknown, WhyThirdParty},
		"muted by somebody":          {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Played, r.Muted, r.MutedBy = 0, 1000, "Lan" })}}, VerdictSilent, WhyMuted},
		"muted in the middle":        {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Played, r.Muted, r.MutedBy = 500, 500, "Lan" })}}, VerdictPartly, WhyMuted},
		"trimmed to nothing":         {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Hushed, r.LevelDB, r.DueDB = 1000, -60, -20 })}}, VerdictSilent, WhyMuted},
		"output at nothing":          {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.LevelDB, r.DueDB = -120, -20 })}}, VerdictSilent, WhyMuted},
		"no card":                    {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Played, r.Due, r.Late, r.Skipped, r.Output = 0, 990, 1000, 1000, "no card DAC" })}}, VerdictSilent, WhyNoOutput},
		"the card died":              {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Played, r.Due, r.Late, r.Output = 400, 1000, 600, "no card DAC" })}}, VerdictPartly, WhyNoOutput},
		"a wrong key":                {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Played, r.Refused, r.Refusal = 0, 500, "unknown key" })}}, VerdictSilent, WhyRefused},
		"a stranger beside it":       {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Refused, r.Refusal = 500, "unknown key" })}}, VerdictSounded, ""},
		"an amplifier that is dead":  {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Monitor = &Monitored{Windows: 19} })}}, VerdictSilent, WhyAmplifier},
		"one that fails at times":    {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Monitor = &Monitored{Windows: 19, Like: 8} })}}, VerdictPartly, WhyUnheard},
		"one that is heard":          {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Monitor = &Monitored{Windows: 19, Like: 17} })}}, VerdictSounded, ""},
		"a monitor that is deaf":     {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Monitor = &Monitored{} })}}, VerdictSounded, ""},
		"a third of it lost":         {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Due, r.Played, r.Concealed = 1000, 700, 300 })}}, VerdictPartly, WhyLost},
		"and a word of it":           {Share{Sent: 10 * time.Second, Receipts: []Receipt{done(func(r *Receipt) { r.Due, r.Played, r.Concealed = 1000, 991, 9 })}}, VerdictSounded, ""},
		"gone meanwhile":             {Share{Sent: 10 * time.Second, Offline: true}, VerdictUnknown, WhyOffline},
		"gone in the middle":         {Share{Sent: 10 * time.Second, Offline: true, Receipts: []Receipt{done(func(r *Receipt) { r.Done = false })}}, VerdictUnknown, WhyOffline},
		"two parts":                  {Share{Sent: 20 * time.Second, Receipts: []Receipt{whole, whole}}, VerdictSounded, ""},
		"two parts, one open":        {Share{Sent: 20 * time.Second, Receipts: []Receipt{whole, done(func(r *Receipt) { r.Done = false })}}, VerdictUnknown, WhyUnfinished},
	} {
		c.share.Speaker = "gate-1"
		v := Judge(c.share)
		assert.Equal(t, c.want, v.Verdict, name)
		assert.Equal(t, c.why, v.Why, name)
		assert.Equal(t, SpeakerID("gate-1"), v.Speaker, name)
	}
}

func TestAVerdictShowsItsFigures(t *testing.T) {
	v := Judge(Share{Speaker: "gate-1", Kind: KindFixed, Sent: 13 * time.Second,
		Receipts: []Receipt{done(func(r *Receipt) { r.Muted, r.Late, r.Concealed = 200, 100, 50 })}})
	assert.Equal(t, Duration(10*time.Second), v.Played)
	assert.Equal(t, Duration(2*time.Second), v.Muted)
	assert.Equal(t, Duration(1500*time.Millisecond), v.Lost)
	b, err := json.Marshal(v)
	require.NoError(t, err)
	assert.JSONEq(t, `{"speaker":"gate-1","verdict":"partly","why":"masked","sent":"13s","played":"10s","lost":"1.5s","muted":"2s",
		"frames":{"due":1350,"played":1000,"concealed":50,"late":100,"refused":0},
		"level_db":-20,"first":"`+v.First.Format(time.RFC3339)+`"}`, string(b))
}

// Whatever a node says, a verdict claims no more than was said.
func TestAVerdictNeverHopes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.Uint64Range(0, 5000)
		s := Share{Speaker: "x", Kind: rapid.SampledFrom([]SpeakerKind{KindFixed, KindMobile, KindThirdParty}).Draw(t, "kind"),
			Sent: time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "sent"))}
		for range rapid.IntRange(0, 3).Draw(t, "parts") {
			s.Receipts = append(s.Receipts, Receipt{Done: rapid.Bool().Draw(t, "done"), Played: count.Draw(t, "played"), Muted: count.Draw(t, "muted"),
				Concealed: count.Draw(t, "concealed"), Late: count.Draw(t, "late"), LevelDB: rapid.Float64Range(-120, 0).Draw(t, "level"), Due: count.Draw(t, "due"), Hushed: count.Draw(t, "hushed"), Refused: count.Draw(t, "refused"),
				Unlocked: rapid.Bool().Draw(t, "unlocked")})
		}
		v, sum := Judge(s), total(s.Receipts)
		switch v.Verdict {
		case VerdictSounded:
			if !sum.Done || sum.Played == 0 || s.Kind == KindThirdParty {
				t.Fatalf("hope: %+v of %+v", v, s)
			}
			if good := FrameTime * time.Duration(sum.Played-min(sum.Played, sum.Hushed)); good < s.Sent*98/100-2*hearSlack || good < time.Duration(frames(sum.Due))*98/100 {
				t.Fatalf("%v good of %v sent and %d due is not all of it", good, s.Sent, sum.Due)
			}
		case VerdictSilent:
			if sum.Played > sum.Hushed && sum.LevelDB > inaudibleDB && (sum.Monitor == nil || sum.Monitor.Like > 0) {
				t.Fatalf("it sounded: %+v", s)
			}
		case VerdictPartly:
			if sum.Played == 0 {
				t.Fatalf("nothing of it sounded: %+v", s)
			}
		}
		if v.Verdict != VerdictSounded && v.Why == "" {
			t.Fatalf("no reason: %+v", v)
		}
	})
}

func TestTallies(t *testing.T) {
	of := func(words ...Verdict) Tally {
		var lines []SpeakerVerdict
		for _, w := range words {
			lines = append(lines, SpeakerVerdict{Verdict: w})
		}
		return TallyOf(lines)
	}
	assert.Equal(t, "2 sounded, 1 partly, 1 silent, 1 unknown", of("unknown", "sounded", "silent", "partly", "sounded").String())
	assert.Equal(t, "", Tally{}.String())
	assert.Equal(t, VerdictSounded, of("sounded", "unknown").Worst())
	assert.Equal(t, VerdictPartly, of("sounded", "silent").Worst())
	assert.Equal(t, VerdictPartly, of("partly", "sounded").Worst())
	assert.Equal(t, VerdictSilent, of("silent", "unknown").Worst())
	assert.Equal(t, VerdictUnknown, of("unknown").Worst())
	assert.Equal(t, VerdictUnknown, Tally{}.Worst())
}

func TestWhoFailed(t *testing.T) {
	assert.True(t, SpeakerVerdict{Verdict: VerdictUnknown, Why: WhyNoReceipt}.Failed())
	assert.True(t, SpeakerVerdict{Verdict: VerdictPartly}.Failed())
	assert.False(t, SpeakerVerdict{Verdict: VerdictUnknown, Why: WhyThirdParty}.Failed())
	assert.False(t, SpeakerVerdict{Verdict: VerdictSounded, Why: WhyUnlocked}.Failed())
}

// What a node cannot know, because it came too late or went too early, is lost
// all the same, and when is known.
func TestWhatANodeMissedAtTheEndsIsDated(t *testing.T) {
	from := time.Unix(1_800_000_000, 0)
	r := done(func(r *Receipt) {
		r.Due, r.Played, r.First, r.Last = 600, 600, from.Add(3*time.Second), from.Add(9*time.Second)
		r.Gaps = []Gap{{From: from.Add(5 * time.Second), To: from.Add(6 * time.Second), Lost: Duration(time.Second), Why: WhyMasked}}
	})
	v := Judge(Share{Speaker: "gate-1", Sent: 10 * time.Second, From: from, Receipts: []Receipt{r}})
	assert.Equal(t, VerdictPartly, v.Verdict)
	assert.Equal(t, WhyCut, v.Why)
	assert.Equal(t, Duration(4*time.Second), v.Lost)
	assert.EqualValues(t, 1000, v.Frames.Due)
	require.Len(t, v.Gaps, 3)
	assert.Equal(t, Gap{From: from, To: from.Add(3 * time.Second), Lost: Duration(3 * time.Second), Why: WhyCut}, v.Gaps[0])
	assert.Equal(t, Gap{From: from.Add(9 * time.Second), To: from.Add(10 * time.Second), Lost: Duration(time.Second), Why: WhyCut}, v.Gaps[2])
}

// A loudspeaker whose zone was taken away has not heard all of it, however well
// it played what it was sent.
func TestWhatWasTakenAwayWasNotHeard(t *testing.T) {
	from := time.Unix(1_800_000_000, 0)
	away := []Gap{{From: from.Add(2 * time.Second), To: from.Add(8 * time.Second), Lost: Duration(6 * time.Second), Why: WhyTaken}}
	receipt := done(func(r *Receipt) { r.Due, r.Played, r.First, r.Last = 200, 200, from, from.Add(2*time.Second) })
	v := Judge(Share{Speaker: "gate-1", Sent: 2 * time.Second, From: from, Away: away, Receipts: []Receipt{receipt}})
	assert.Equal(t, [2]string{"partly", WhyTaken}, [2]string{string(v.Verdict), v.Why})
	assert.Equal(t, Duration(6*time.Second), v.Away)
	assert.Zero(t, v.Lost)
	assert.EqualValues(t, 800, v.Frames.Due)
	assert.Equal(t, away, v.Gaps)
	assert.Equal(t, "0 of 1 sounded, gate-1 partly: 6.0 s taken away", Summary([]SpeakerVerdict{v}, time.UTC))
	again := Prove([]Entry{{Seq: 1, What: WhatReceipts, Session: 0x100, Signed: []SignedReceipt{sign(t, keyOf(1), receipt)}},
		{Seq: 2, What: WhatVerdict, Session: 0x100, Verdicts: []SpeakerVerdict{v}}}, []NodeKey{pinned("gate-1", keyOf(1), time.Time{}, time.Time{})})
	require.Len(t, again, 1)
	assert.True(t, again[0].Good)

	v = Judge(Share{Speaker: "gate-1", Sent: 8 * time.Second, Away: []Gap{{Lost: Duration(100 * time.Millisecond)}}, Receipts: []Receipt{done(func(r *Receipt) { r.Due, r.Played = 800, 800 })}})
	assert.Equal(t, VerdictSounded, v.Verdict, "a moment is nothing")
}

func TestTwoPartsAreHeardTogether(t *testing.T) {
	a, b := Monitored{Windows: 10, Like: 10, Likeness: 0.9, LevelDB: -30, Delay: Duration(time.Millisecond)}, Monitored{Windows: 30, Like: 15, Likeness: 0.5, LevelDB: -40}
	got := a.plus(&b)
	assert.EqualValues(t, 40, got.Windows)
	assert.EqualValues(t, 25, got.Like)
	assert.InDelta(t, 0.6, got.Likeness, 1e-9)
	assert.InDelta(t, -37.5, got.LevelDB, 1e-9)
	assert.Equal(t, Duration(time.Millisecond), got.Delay)
	assert.Equal(t, &b, (*Monitored)(nil).plus(&b))
	assert.Equal(t, &a, a.plus(nil))
}
