package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"pa/paspeaker"
)

func TestFaultsForPeople(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 30, 0, 0, time.FixedZone("", 7*3600))
	faults := []paspeaker.Fault{
		{ID: "loss/truck-1", Kind: paspeaker.FaultLoss, Urgency: paspeaker.UrgencyWarning, Since: now.Add(-48 * time.Hour), Ended: now.Add(-47 * time.Hour), What: "truck-1 lost 8.0 %"},
		{ID: "offline/switch:sw-1", Kind: paspeaker.FaultOffline, Urgency: paspeaker.UrgencyAlarm, Since: now.Add(-time.Minute).UTC(),
			What: "2 of 2 loudspeakers of switch sw-1 are not heard of", Cause: "no power", Remedy: "look at the power",
			Speakers: []paspeaker.SpeakerID{"gate-1", "gate-2"}, Ack: &paspeaker.Ack{By: "Anh Minh", Note: "đang đến"}},
	}
	var b bytes.Buffer
	printFaults(&b, english, faults, now)
	for _, want := range []string{"loss/truck-1", "2026-11-22 08:30", "2026-11-22 09:30", "08:29:00", "alarm", "Anh Minh: đang đến",
		"cause: no power", "do: look at the power", "loudspeakers: gate-1 gate-2"} {
		assert.Contains(t, b.String(), want)
	}
	b.Reset()
	printFaults(&b, vietnamese, faults, now)
	for _, want := range []string{"sự cố", "báo động", "nguyên nhân: no power", "đã biết", "loa: gate-1 gate-2"} {
		assert.Contains(t, b.String(), want)
	}
	b.Reset()
	printFaults(&b, english, nil, now)
	assert.Equal(t, "nothing is wrong\n", b.String())

	assert.Equal(t, "08:29:00  acked  alarm    offline/switch:sw-1  2 of 2 loudspeakers of switch sw-1 are not heard of",
		faultLine(english, paspeaker.Event{Fault: &paspeaker.Fault{ID: faults[1].ID, Urgency: faults[1].Urgency, What: faults[1].What,
			Ack: &paspeaker.Ack{At: faults[1].Since}}}, now.Location()))
	assert.Contains(t, faultLine(english, paspeaker.Event{Fault: &faults[0], Cleared: true}, now.Location()), "09:30:00  over   warning  loss/truck-1")
	b.Reset()
	printStatusFaults(&b, paspeaker.Status{Now: now, Faults: faults[1:]})
	assert.Equal(t, "FAULT offline/switch:sw-1 since 08:29:00: 2 of 2 loudspeakers of switch sw-1 are not heard of (seen by Anh Minh)\n", b.String())
}
