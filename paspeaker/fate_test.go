package paspeaker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var dawn = time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)

// story makes entries of lines "what id outcome detail", a second apart.
func story(lines ...string) (out []Entry) {
	for i, l := range lines {
		w := strings.SplitN(l+"   ", " ", 4)
		e := Entry{Time: dawn.Add(time.Duration(i) * time.Second), What: strings.ReplaceAll(w[0], "~", " "), Outcome: w[2], Detail: strings.TrimSpace(w[3]), Name: "Khẩu hiệu", Kind: KindMessage}
		if id, isOccurrence := strings.CutPrefix(w[1], "@"); isOccurrence {
			e.Occurrence, e.Campaign = "slogans@"+id, "slogans"
		} else if w[1] != "" {
			_, _ = fmt.Sscanf(w[1], "%x", (*uint64)(&e.Session))
		}
		out = append(out, e)
	}
	return out
}

func TestWhatBecameOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  Became
		why   string
	}{
		"played":                     {[]string{"asked 100", "play 100", "end 100 done"}, BecamePlayed, ""},
		"resumed":                    {[]string{"asked 100", "play 100", "pause 100  an emergency", "play 100", "end 100 done"}, BecamePlayed, "an emergency"},
		"preempted for good":         {[]string{"asked 100", "play 100", "stop 100 preempted by a voice"}, BecameShortened, "by a voice"},
		"at its maximum length":      {[]string{"asked 100", "play 100", "stop 100 expired too long"}, BecameShortened, "too long"},
		"stopped by somebody":        {[]string{"asked 100", "play 100", "end 100 stopped"}, BecameShortened, ""},
		"busy":                       {[]string{"asked 100", "refuse 100 busy Lan speaks"}, BecameRefused, "Lan speaks"},
		"waited in vain":             {[]string{"asked 100", "wait 100", "stop 100 waited its zones were taken"}, BecameMissed, "its zones were taken"},
		"waits":                      {[]string{"asked 100", "wait 100"}, BecameWaiting, ""},
		"sounds":                     {[]string{"asked 100", "play 100"}, BecameOnAir, ""},
		"the power went":             {[]string{"asked 100", "play 100", "start"}, BecameCutOff, WhyCutOff},
		"it was over by then":        {[]string{"asked 100", "play 100", "end 100 done", "start"}, BecamePlayed, ""},
		"missed":                     {[]string{"missed @06:00  the controller was down"}, BecameMissed, "the controller was down"},
		"refused by the guard":       {[]string{"refuse @06:00 guard allowed from 06:30"}, BecameRefused, "allowed from 06:30"},
		"two parts, one of them cut": {[]string{"asked 100", "play 100", "play 101", "stop 101 preempted x", "end 100 done"}, BecameShortened, "x"},
	} {
		got := Fates(story(c.lines...))
		require.Len(t, got, 1, name)
		assert.Equal(t, c.want, got[0].Became, name)
		assert.Equal(t, c.why, got[0].Why, name)
		assert.Equal(t, dawn, got[0].Asked, name)
	}
}

func TestAVoiceAndAnEmergencyAreEndedBySomebody(t *testing.T) {
	for _, kind := range []Kind{KindLive, KindEmergency} {
		entries := story("asked 100", "play 100", "end 100 stopped", "stop~asked 100")
		for i := range entries {
			entries[i].Kind = kind
		}
		entries[3].By = "somebody else"
		got := Fates(entries)[0]
		assert.Equal(t, BecamePlayed, got.Became, kind)
		assert.Equal(t, time.Second, got.Sounded())
		assert.Empty(t, got.By, "who stops it did not ask for it")
	}
}

func TestAnOccurrenceAndItsAnnouncementAreOne(t *testing.T) {
	entries := story("asked 100", "play 100", "end 100 done", "missed @07:00  late", "missed @08:00  late")
	for i := range 3 {
		entries[i].Occurrence, entries[i].Campaign = "slogans@06:00", "slogans"
	}
	got := Fates(entries)
	require.Len(t, got, 3)
	assert.Equal(t, []string{"slogans@06:00", "slogans@07:00", "slogans@08:00"}, []string{got[0].Occurrence, got[1].Occurrence, got[2].Occurrence})
	assert.Equal(t, []Became{BecamePlayed, BecameMissed, BecameMissed}, []Became{got[0].Became, got[1].Became, got[2].Became})
}

func TestTheLastVerdictCountsAndALateReceiptMendsIt(t *testing.T) {
	entries := story("asked 100", "play 100", "end 100 done", "verdict 100", "receipt 100", "receipt 200")
	entries[3].Verdicts = []SpeakerVerdict{
		{Speaker: "gate-1", Verdict: VerdictSounded}, {Speaker: "gate-2", Verdict: VerdictUnknown, Why: WhyNoReceipt, Sent: Duration(10 * time.Second)},
		{Speaker: "horn", Verdict: VerdictUnknown, Why: WhyThirdParty}}
	entries[4].Receipts = []Receipt{done(func(r *Receipt) { r.Node = "gate-2" }), done(func(r *Receipt) { r.Node = "horn" })}
	got := Fates(entries)
	require.Len(t, got, 1, "a receipt alone is no announcement")
	assert.Equal(t, []Verdict{VerdictSounded, VerdictSounded, VerdictUnknown},
		[]Verdict{got[0].Verdicts[0].Verdict, got[0].Verdicts[1].Verdict, got[0].Verdicts[2].Verdict})
	assert.Equal(t, VerdictUnknown, entries[3].Verdicts[1].Verdict, "the entry is as it was")
}

// Whatever the journal says, every announcement has one fate, and one that
// ended is not on air.
func TestEveryAnnouncementHasOneFate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var entries []Entry
		ids := map[SessionID]bool{}
		for i := range rapid.IntRange(0, 40).Draw(t, "n") {
			e := Entry{Time: dawn.Add(time.Duration(i) * time.Second), Session: SessionID(rapid.IntRange(0, 4).Draw(t, "id"))<<8 | SessionID(rapid.IntRange(0, 1).Draw(t, "part")),
				What:    rapid.SampledFrom([]string{"asked", "play", "pause", "end", "stop", "refuse", "missed", "verdict", "receipt", "start", "fault"}).Draw(t, "what"),
				Outcome: rapid.SampledFrom([]string{"", "done", "stopped"}).Draw(t, "outcome"), Occurrence: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "occurrence")}
			if e.Session.Announcement() == 0 {
				e.Session = 0
			} else {
				ids[e.Session.Announcement()] = true
			}
			entries = append(entries, e)
		}
		seen := map[SessionID]bool{}
		for _, f := range Fates(entries) {
			if f.Session != 0 && seen[f.Session] {
				t.Fatalf("%v has two fates", f.Session)
			}
			seen[f.Session] = true
			if f.Became == "" || f.Session == 0 && f.Occurrence == "" {
				t.Fatalf("no fate: %+v", f)
			}
		}
		for id := range seen {
			if id != 0 && !ids[id] {
				t.Fatalf("%v was never heard of", id)
			}
		}
	})
}
