package site

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

const selfTestSite = `site: {id: park, name: Khu thử, time_zone: Asia/Ho_Chi_Minh}
zones: [{id: gates, name: Các cổng}]
speakers: [{id: gate-1, name: Cổng 1, zones: [gates]}]
`

func TestSelfTestsAreRead(t *testing.T) {
	s, err := Parse([]byte(selfTestSite+`self_tests:
  - {id: night, name: Kiểm tra đêm, zones: [all], daily: 03:30}
  - id: weekly
    speakers: [gate-1]
    kind: speech
    quiet: false
    at_once: true
    skip: [holidays]
    rules:
      - {at: [09:00], weekdays: [mon]}
      - {every: 1h, from: 10:00, to: 12:00}
`), "")
	require.NoError(t, err)
	require.Len(t, s.SelfTests, 2)
	night, ok := s.SelfTest("night")
	require.True(t, ok)
	assert.Equal(t, paspeaker.TestRequest{Zones: []paspeaker.ZoneID{"all"}, Kind: paspeaker.TestTone, Quiet: true}, night.Request)
	evening := time.Date(2026, 11, 24, 20, 0, 0, 0, s.Location)
	next, ok := night.When.Next(evening)
	require.True(t, ok)
	assert.Equal(t, "2026-11-25 03:30", time.Unix(next.At, 0).In(s.Location).Format("2006-01-02 15:04"))
	weekly, _ := s.SelfTest("weekly")
	assert.Equal(t, paspeaker.TestRequest{Speakers: []paspeaker.SpeakerID{"gate-1"}, Kind: paspeaker.TestSpeech, AtOnce: true}, weekly.Request)
	next, _ = weekly.When.Next(evening)
	assert.Equal(t, "2026-11-25 10:00", time.Unix(next.At, 0).In(s.Location).Format("2006-01-02 15:04"))
	_, ok = s.SelfTest("nosuch")
	assert.False(t, ok)
}

func TestEveryFaultOfASelfTestIsToldWithItsLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no id":         {"{zones: [gates], daily: 03:30}", "self_tests[0].id: is missing"},
		"long id":       {"{id: a-name-that-is-much-too-long, zones: [gates], daily: 03:30}", "longer than 22 characters"},
		"twice":         {"{id: a, zones: [gates], daily: 03:30}\n  - {id: a, zones: [gates], daily: 03:30}", "stands here twice"},
		"nowhere":       {"{id: a, daily: 03:30}", "self_tests[0].zones: is missing"},
		"no such zone":  {"{id: a, zones: [gaets], daily: 03:30}", "did you mean gates"},
		"no speaker":    {"{id: a, speakers: [gate-9], daily: 03:30}", "self_tests[0].speakers: "},
		"never":         {"{id: a, zones: [gates]}", "self_tests[0].daily: is missing"},
		"both":          {"{id: a, zones: [gates], daily: 03:30, rules: [{at: [03:30]}]}", "stands beside rules"},
		"no time":       {"{id: a, zones: [gates], daily: tomorrow}", "self_tests[0].daily"},
		"bad rule":      {"{id: a, zones: [gates], rules: [{cron: \"99 * * * *\"}]}", "rules[0].cron"},
		"no calendar":   {"{id: a, zones: [gates], daily: 03:30, skip: [nosuch]}", ""},
		"unknown word":  {"{id: a, zones: [gates], daily: 03:30, silent: true}", "no such key"},
		"unknown rule":  {"{id: a, zones: [gates], rules: [{att: [03:30]}]}", "did you mean at"},
		"heard quietly": {"{id: a, zones: [gates], daily: 03:30, kind: sweep}", "quiet: false"},
		"no kind":       {"{id: a, zones: [gates], daily: 03:30, kind: noise}", "noise is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(selfTestSite+"self_tests:\n  - "+c.text+"\n"), "")
			if c.want == "" { // the calendars were not looked for
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
			assert.Regexp(t, `zones.yaml:[56]: `, err.Error())
		})
	}
}

func TestASelfTestKeepsTheSitesCalendars(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "zones.yaml")
	text := selfTestSite + "self_tests:\n  - {id: a, zones: [gates], daily: 03:30, skip: [nosuch]}\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	_, err := Load(file)
	require.ErrorContains(t, err, "nosuch")
	require.ErrorContains(t, err, "zones.yaml:5")
}
