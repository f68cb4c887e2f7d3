package site

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

func TestDelayFaults(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"times", "delays: {live: 5, recorded: soon, wifi: 1us, mobile: -1s}\n",
			"zones.yaml:2: delays.live: 5 is out of range; use 5ms to 4s\n" +
				"zones.yaml:2: delays.recorded: soon is not a length of time; write it like 90s, 1m30s or 250ms; a bare number is seconds\n" +
				"zones.yaml:2: delays.wifi: 1us is out of range; use 5ms to 4s\n" +
				"zones.yaml:2: delays.mobile: -1s is out of range; use 5ms to 4s"},
		{"bounds", "delays: {live: {least: 90ms, most: 80ms}}\n", "zones.yaml:2: delays.live.least: is more than most; swap them"},
		{"words", "delays: {when_late: rise, earshot: far, fast: 1ms}\n",
			"zones.yaml:2: delays.fast: no such key; use one of live, recorded, wifi, mobile, when_late, most, earshot\n" +
				"zones.yaml:2: delays.when_late: rise is not known; did you mean raise?\n" +
				"zones.yaml:2: delays.earshot: far is not a distance; write it in metres, 0m to 10000m"},
		{"air", "zones: [{id: a, delay: 1h, wifi: maybe}]\nspeakers: [{id: b, delay: 900m}, {id: c, delay: -2m}, {id: d, delay: 10.05ms}, {id: e, delay: x}]\n",
			"zones.yaml:2: zones[0].delay: 1h is out of range; use 5ms to 4s\n" +
				"zones.yaml:2: zones[0].wifi: maybe is not known; use one of true, false\n" +
				"zones.yaml:3: speakers[0].delay: 900m is out of range; write it like 175ms (0 to 2s) or 60m (0 to 686m)\n" +
				"zones.yaml:3: speakers[1].delay: -2m is out of range; write it like 175ms (0 to 2s) or 60m (0 to 686m)\n" +
				"zones.yaml:3: speakers[2].delay: 10.05ms is finer than 0.1ms; write 10.1ms\n" +
				"zones.yaml:3: speakers[3].delay: x is not an acoustic delay; write it like 175ms (0 to 2s) or 60m (0 to 686m)"},
	})
}

func TestDelaysAccepted(t *testing.T) {
	const ms = time.Millisecond
	s := mustParse(t, head+"delays: {live: 40ms, recorded: 80ms, wifi: 120ms, mobile: 1, when_late: raise, most: 900ms, earshot: 80}\n")
	assert.Equal(t, Delays{LiveLeast: 40 * ms, LiveMost: 40 * ms, Recorded: 80 * ms, WiFi: 120 * ms, Mobile: time.Second,
		Raise: true, Most: 900 * ms, Earshot: 80}, s.Delays)
	s = mustParse(t, head+"delays: {live: {least: 15ms}, earshot: 12.5m}\n")
	assert.Equal(t, 15*ms, s.Delays.LiveLeast)
	assert.Equal(t, 200*ms, s.Delays.LiveMost)
	assert.Equal(t, 12.5, s.Delays.Earshot)
	s = mustParse(t, head+"delays: {live: {least: 300ms}}\n")
	assert.Equal(t, 300*ms, s.Delays.LiveMost, "no less than the least")
}

// An acoustic delay is a time, or metres of the site's air.
func TestAcousticDelay(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"175ms": 175 * time.Millisecond, "0.3ms": 300 * time.Microsecond, "2": 2 * time.Second, "0": 0, "100us": 100 * time.Microsecond,
		"60m": 174700 * time.Microsecond, "60 m": 174700 * time.Microsecond, "0m": 0, "0.5m": 1500 * time.Microsecond,
	} {
		s := mustParse(t, head+"speakers: [{id: a, delay: "+text+"}]\n")
		assert.Equal(t, want, time.Duration(s.Speakers[0].Delay), text)
	}
	cold := mustParse(t, "site: {id: a, time_zone: UTC, temperature: -10}\nspeakers: [{id: a, delay: 500m}]")
	hot := mustParse(t, "site: {id: a, time_zone: UTC, temperature: 40}\nspeakers: [{id: a, delay: 500m}]")
	assert.InDelta(t, 1537.3, float64(cold.Speakers[0].Delay)/1e6, 0.1)
	assert.InDelta(t, 1406.3, float64(hot.Speakers[0].Delay)/1e6, 0.1)
}

// Metres become a time in whole tenths of a millisecond, no further than half
// a tenth from the truth, and never more than two seconds.
func TestMetresAreNearTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		metres := rapid.Float64Range(0, 600).Draw(t, "metres")
		celsius := rapid.Float64Range(-30, 50).Draw(t, "celsius")
		s, err := Parse(fmt.Appendf(nil, "site: {id: a, time_zone: UTC, temperature: %.3f}\nspeakers: [{id: a, delay: %.3fm}]\n", celsius, metres), "")
		if err != nil {
			t.Fatal(err)
		}
		got := time.Duration(s.Speakers[0].Delay)
		if got%acousticStep != 0 || got > acousticMost || math.Abs(got.Seconds()-metres/(331.3+0.606*celsius)) > 52e-6 {
			t.Fatalf("%v m at %v °C are %v", metres, celsius, got)
		}
	})
}

// What a zone says holds for everybody in it, nested zones' too; of several the
// longest.
func TestZonesSayHowTheyAreReached(t *testing.T) {
	s := mustParse(t, head+`
zones:
  - {id: wide, nested: [yard], delay: 70ms}
  - {id: yard, delay: 90ms}
  - {id: tower, wifi: true}
  - {id: all, delay: 60ms}
speakers:
  - {id: a, zones: [yard]}
  - {id: b, zones: [wide]}
  - {id: c, zones: [tower]}
  - {id: d, wifi: true}
`)
	for id, want := range map[paspeaker.SpeakerID]struct {
		lead time.Duration
		wifi bool
	}{"a": {90 * time.Millisecond, false}, "b": {70 * time.Millisecond, false}, "c": {60 * time.Millisecond, true}, "d": {60 * time.Millisecond, true}} {
		sp, ok := s.Speaker(id)
		assert.True(t, ok)
		assert.Equal(t, paspeaker.Duration(want.lead), sp.Lead, id)
		assert.Equal(t, want.wifi, sp.WiFi, id)
	}
}
