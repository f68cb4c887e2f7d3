package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestTimesAsPeopleWriteThem(t *testing.T) {
	saigon, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	require.NoError(t, err)
	now := time.Date(2026, 11, 24, 9, 30, 0, 0, saigon)
	for text, want := range map[string]string{
		"":                          "0001-01-01T00:00:00Z",
		"2h":                        "2026-11-24T07:30:00+07:00",
		"90":                        "2026-11-24T09:28:30+07:00",
		"7d":                        "2026-11-17T09:30:00+07:00",
		"2026-11-23":                "2026-11-23T00:00:00+07:00",
		"2026-11-23T08:00":          "2026-11-23T08:00:00+07:00",
		"2026-11-23 08:00:30":       "2026-11-23T08:00:30+07:00",
		"2026-11-23T08:00:00+01:00": "2026-11-23T08:00:00+01:00",
		"08:15":                     "2026-11-24T08:15:00+07:00",
		"today":                     "2026-11-24T00:00:00+07:00",
		"yesterday":                 "2026-11-23T00:00:00+07:00",
		"never":                     "",
		"-2h":                       "",
		"7dd":                       "",
		"1.5d":                      "",
		"25:00":                     "",
		"2026-13-01":                "",
	} {
		got, err := parseWhen(text, now)
		if want == "" {
			assert.ErrorContains(t, err, "want a time", text)
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(t, want, got.Format(time.RFC3339), text)
	}
	for text, day := range map[string]bool{"": false, "2h": false, "7d": false, "08:15": true, "today": true, "2026-11-23": true, "2026-11-23T08:00:00Z": false, "never": false} {
		assert.Equal(t, day, saysDay(text), text)
	}
}

func FuzzWhen(f *testing.F) {
	f.Add("2026-11-23T08:00")
	f.Add("7d")
	f.Fuzz(func(t *testing.T, s string) {
		when, err := parseWhen(s, time.Unix(1_800_000_000, 0))
		if err != nil && !when.IsZero() {
			t.Fatal("a time and an error")
		}
	})
}

func TestAnEntryAsALine(t *testing.T) {
	e := paspeaker.Entry{Time: time.Date(2026, 11, 24, 7, 0, 0, 5e6, time.UTC), What: "asked", Session: 0x4df2059dbcfc0500, Name: "Sơ tán",
		By: "Anh Minh", Zones: []paspeaker.ZoneID{"gates", "roads"}, Drill: true}
	assert.Equal(t, "11-24 07:00:00.005  asked  4df2059dbcfc0500  DRILL · Sơ tán  by Anh Minh  gates,roads", logLine(english, e))
	assert.Contains(t, logLine(vietnamese, e), "yêu cầu")
	e.Zones, e.Speakers = nil, []paspeaker.SpeakerID{"gate-1"}
	assert.Contains(t, logLine(english, e), "gate-1")
}

func TestMistypedQuestionsAreToldBeforeAnybodyIsAsked(t *testing.T) {
	for _, o := range []logOptions{{limit: 0}, {limit: 10_001}, {limit: 1, since: "never"}, {limit: 1, until: "never"}, {limit: 1, session: "xyz"}} {
		assert.Equal(t, exitUsage, exitCode(o.check()), "%+v", o)
	}
	assert.NoError(t, logOptions{limit: 1, since: "2h", session: "abc"}.check())
}
