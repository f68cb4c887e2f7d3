package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// shownDay is an announcement of which the journal knows everything.
func shownDay() ([]paspeaker.Entry, time.Time) {
	hcm := time.FixedZone("+07", 7*3600)
	at := time.Date(2026, 11, 24, 9, 12, 0, 0, hcm)
	entry := func(after time.Duration, what string) paspeaker.Entry {
		return paspeaker.Entry{Seq: uint64(1 + after/time.Second), Time: at.Add(after), What: what, Session: 0x100, Name: "Giờ nghỉ", Kind: paspeaker.KindMessage, By: "Lan",
			From: "10.0.0.7", Priority: 60, Zones: []paspeaker.ZoneID{"gates"}}
	}
	ended, verdict := entry(12*time.Second, "end"), entry(15*time.Second, paspeaker.WhatVerdict)
	ended.Outcome = paspeaker.OutcomeDone
	verdict.Verdicts = []paspeaker.SpeakerVerdict{
		{Speaker: "gate-1", Verdict: paspeaker.VerdictSounded, Played: paspeaker.Duration(12 * time.Second), LevelDB: -20,
			Frames:  paspeaker.Frames{Due: 1200, Played: 1200},
			Monitor: &paspeaker.Monitored{Windows: 20, Like: 19, Likeness: 0.83, LevelDB: -41, Delay: paspeaker.Duration(12 * time.Millisecond)}},
		{Speaker: "gate-7", Verdict: paspeaker.VerdictUnknown, Why: paspeaker.WhyOffline, Since: at.Add(-time.Hour)},
		{Speaker: "truck-2", Verdict: paspeaker.VerdictPartly, Why: paspeaker.WhyLost, Played: paspeaker.Duration(9 * time.Second), Lost: paspeaker.Duration(3100 * time.Millisecond),
			Frames: paspeaker.Frames{Due: 1200, Played: 890, Concealed: 310},
			Gaps:   []paspeaker.Gap{{From: at.Add(2 * time.Second), To: at.Add(7 * time.Second), Lost: paspeaker.Duration(3100 * time.Millisecond), Why: paspeaker.WhyLost}}},
		{Speaker: "gate-3", Verdict: paspeaker.VerdictSilent, Why: paspeaker.WhyNoOutput, Detail: "no card DAC", Frames: paspeaker.Frames{Due: 1200, Late: 1200}},
	}
	return []paspeaker.Entry{entry(0, paspeaker.WhatAsked), entry(time.Second, string(paspeaker.RulePlay)), ended, entry(14*time.Second, paspeaker.WhatReceipts), verdict}, at
}

func TestOneAnnouncementIsShownWhole(t *testing.T) {
	entries, _ := shownDay()
	s := gather(paspeaker.Fates(entries)[0], entries)
	assert.Len(t, s.Rulings, 2, "asked, receipts and verdicts have places of their own")
	for lang, words := range map[string][]string{
		"C": {"0000000000000100 · Giờ nghỉ · message", "gates · Lan (10.0.0.7)", "asked 2026-11-24 09:12:00", "played",
			"1 of 4 sounded, gate-3 silent: no output, gate-7 offline since 08:12, truck-2 partly: 3.1 s lost",
			"83 % like, -41 dBFS, 12 ms", "no card DAC", "truck-2  09:12:02.00–09:12:07.00  3.10 s  lost packets"},
		"vi_VN.UTF-8": {"1 trên 4 loa đã phát, gate-3 im lặng: không có ngõ ra, gate-7 mất kết nối từ 08:12, truck-2 một phần: mất 3.1 s", "nghe một phần (mất gói)"},
	} {
		t.Setenv("LC_ALL", lang)
		var out bytes.Buffer
		require.NoError(t, (&globals{out: &out}).printShown(s, showOptions{}))
		for _, w := range words {
			assert.Contains(t, out.String(), w)
		}
	}
}

func TestAnAnnouncementThatIsNotJudgedSaysSo(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	entries, _ := shownDay()
	entries = entries[:2]
	var out bytes.Buffer
	require.NoError(t, (&globals{out: &out}).printShown(gather(paspeaker.Fates(entries)[0], entries), showOptions{verify: true}))
	assert.Contains(t, out.String(), "there is no verdict (yet)")
	assert.Contains(t, out.String(), "there are no signed receipts")
	out.Reset()
	require.NoError(t, (&globals{out: &out, json: true}).printShown(gather(paspeaker.Fates(entries)[0], entries), showOptions{}))
	assert.Contains(t, out.String(), `"became": "on air"`)
}

func TestWhatIsNotProvedIsSaid(t *testing.T) {
	var out bytes.Buffer
	proofs := []paspeaker.Proof{{Seq: 7, Session: 0x100, Speaker: "gate-1", Key: "00ff", How: "enrolled", Good: true}, {Seq: 8, Speaker: "gate-2", Why: "its signature is wrong"}}
	printProofs(&out, english, proofs)
	for _, w := range []string{"right, enrolled", "WRONG: its signature is wrong", "1 of 2 right"} {
		assert.Contains(t, out.String(), w)
	}
	assert.ErrorIs(t, proved(proofs), errNotProved)
	assert.Equal(t, exitFailed, exitCode(proved(proofs)))
	assert.NoError(t, proved(proofs[:1]))
}

func TestACalibrationIsPrintedForPeople(t *testing.T) {
	ms := func(n float64) paspeaker.Duration { return paspeaker.Duration(n * float64(time.Millisecond)) }
	ids := []paspeaker.SpeakerID{"gate-1", "gate-2"}
	measured := []paspeaker.Calibrated{{ResponseDB: -20, Delay: ms(5), Likeness: 0.98, NoiseDB: -70}, {ResponseDB: -40, Delay: ms(12), Likeness: 0.9, NoiseDB: -70, GainDB: -3}}
	before := paspeaker.Tune(ids, measured, paspeaker.TuneOptions{TargetDB: -42})
	var out bytes.Buffer
	g := &globals{out: &out}
	g.printTuning(calibrated{Before: before})
	for _, w := range []string{"gate-1", "-40.0 dB", "-2.0 dB", "7.0 ms", "(not enough)", "nothing was changed", "{id: gate-1, …, gain_db: -2, delay: 7ms}"} {
		assert.Contains(t, out.String(), w)
	}
	out.Reset()
	g.printTuning(calibrated{Before: before, After: before})
	assert.Contains(t, out.String(), "kept at the nodes")
	assert.Contains(t, out.String(), "heard then")

	for _, bad := range []calibrateOptions{{target: 3, level: -26}, {level: 0}, {level: -26, distance: -1}, {level: -26, temperature: 99}, {level: -26, delay: time.Hour}} {
		assert.Equal(t, exitUsage, exitCode(bad.check()), "%+v", bad)
	}
	assert.NoError(t, calibrateOptions{level: -26, temperature: 28}.check())
}

func TestShowAsksForAnId(t *testing.T) {
	_, code := run(t, "show", "not-an-id")
	assert.Equal(t, exitUsage, code)
	text, code := run(t, "show", "--help")
	assert.Equal(t, exitOK, code)
	assert.True(t, strings.Contains(text, "--verify"))
}
