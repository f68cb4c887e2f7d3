package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"pa/paspeaker"
)

func TestGroupsAreWrittenShort(t *testing.T) {
	assert.Equal(t, "239.255.12.1 .2 .8", groups([]string{"239.255.12.1:5004", "239.255.12.2:5004", "239.255.12.8:5004"}))
	assert.Equal(t, "239.255.12.1 239.1.1.1 .2", groups([]string{"239.255.12.1:5004", "239.1.1.1:5004", "239.1.1.2:5004"}))
	assert.Empty(t, groups(nil))
}

// Status shows each node: online, groups, what it plays, packets, lost, late,
// concealed, refused by kind, level out; and what is on air, where, since when,
// by whom.
func TestStatusShowsEverythingOfANode(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 30, 0, 0, time.FixedZone("", 7*3600))
	live := paspeaker.Session{ID: 0xabc00, State: paspeaker.StatePlaying, Level: 160, Asked: now.Add(-time.Hour), Started: now.Add(-time.Minute),
		Targets: []paspeaker.SpeakerID{"gate-1", "gate-2"}, Sounding: []paspeaker.SpeakerID{"gate-1"}}
	live.Name, live.By, live.Zones, live.Drill = "Diễn tập", "Anh Minh", []paspeaker.ZoneID{"gates"}, true
	node := func(id paspeaker.SpeakerID, online bool, r *paspeaker.NodeReport) paspeaker.SpeakerStatus {
		return paspeaker.SpeakerStatus{Speaker: paspeaker.Speaker{ID: id, Name: "Cổng", Kind: paspeaker.KindFixed}, Online: online, Report: r}
	}
	report := &paspeaker.NodeReport{Groups: []string{"239.255.12.1:5004", "239.255.12.8:5004"}, LevelDB: -23.4,
		Playing:  []paspeaker.Playing{{Session: 0xabc00, Full: true}},
		Counters: paspeaker.Counters{Packets: 1111, Lost: 22, Late: 33, Concealed: 44, Refused: map[string]uint64{"stale": 5, "signature": 6}},
		Clock:    paspeaker.ClockState{State: "locked"}}
	horn := node("horn", false, nil)
	horn.Kind, horn.Session = paspeaker.KindThirdParty, 0xabc00
	var b bytes.Buffer
	printStatus(&b, paspeaker.Status{Site: "KCX Tân Phong", Version: "1", Now: now, Started: now.Add(-time.Hour), OnAir: []paspeaker.Session{live},
		Speakers: []paspeaker.SpeakerStatus{node("gate-1", true, report), node("gate-2", false, report), horn},
		Faults:   []paspeaker.Fault{{ID: "offline/gate-2", Since: now, What: "gate-2 has said nothing", Remedy: "is it powered?"}}})
	for _, want := range []string{"KCX Tân Phong", "08:30:00", "up 1h0m0s", "DRILL · Diễn tập", "gates (1/2)", "160 live", "playing", "08:29:00", "Anh Minh",
		"1111", "22", "33", "44", "signature 6", "stale 5", "-23 dB", "locked", "239.255.12.1 .8", "00000000000abc00?",
		"FAULT offline/gate-2 since 08:30:00: gate-2 has said nothing", "is it powered?"} {
		assert.Contains(t, b.String(), want)
	}
	assert.Equal(t, 1, bytes.Count(b.Bytes(), []byte("-23 dB")), "a node that is gone has no level")
}
