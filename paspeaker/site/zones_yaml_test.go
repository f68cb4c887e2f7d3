package site

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

// The example that people copy loads, and shows what a park has.
func TestExamplePark(t *testing.T) {
	s, err := Load("../../zones.yaml")
	require.NoError(t, err)

	assert.Equal(t, "KCX Tân Phong", s.Name)
	assert.Equal(t, "Asia/Ho_Chi_Minh", s.Location.String())
	assert.Empty(t, s.Interface, "the routing table chooses")
	assert.Equal(t, 46, s.DSCP, "EF")
	assert.Equal(t, 500*time.Millisecond, s.Delays.Mobile)
	far, _ := s.Speaker("road-3")
	assert.Equal(t, paspeaker.Duration(343400*time.Microsecond), far.Delay, "120 m at 30 °C")

	kinds := map[paspeaker.SpeakerKind]int{}
	for _, sp := range s.Speakers {
		kinds[sp.Kind]++
	}
	assert.GreaterOrEqual(t, len(s.Zones), 6)
	assert.GreaterOrEqual(t, kinds[paspeaker.KindFixed], 10)
	assert.Equal(t, 2, kinds[paspeaker.KindMobile])
	assert.Equal(t, 1, kinds[paspeaker.KindThirdParty])

	gates, _ := s.Zone("gates")
	assert.Equal(t, "Các cổng", gates.Name)
	assert.Equal(t, "239.255.12.1:5004", gates.Group.String())
	assert.Equal(t, []paspeaker.SpeakerID{"gate-1", "gate-2", "gate-3", "gate-plaza-horn"}, gates.Members)

	require.NoError(t, AssignGroups(s, filepath.Join(t.TempDir(), "groups.json")))
	for _, z := range s.Zones {
		assert.True(t, z.Group.IsValid(), z.ID)
	}
	for _, e := range s.Emergencies {
		assert.NotEmpty(t, e.Message, e.ID)
		assert.NotEmpty(t, e.Drill, e.ID)
		assert.NotEmpty(t, e.Cancel, e.ID)
	}
}

// Whoever takes the explicit values out of the example gets the same: the file
// teaches the defaults as they are.
func TestExampleTellsTheDefaults(t *testing.T) {
	s, err := Load("../../zones.yaml")
	require.NoError(t, err)
	bare, err := Parse([]byte("site: {id: a, time_zone: UTC}"), "")
	require.NoError(t, err)

	assert.Equal(t, bare.Limits, s.Limits)
	assert.Equal(t, bare.Delays, s.Delays)
	assert.Equal(t, bare.Classes, s.Classes)
	assert.Equal(t, bare.GroupRange, s.GroupRange)
	assert.Equal(t, bare.TTL, s.TTL)
	for _, e := range bare.Emergencies {
		mine, ok := s.Emergency(e.ID)
		require.True(t, ok, e.ID)
		assert.Equal(t, e.Tone, mine.Tone, e.ID)
		assert.Equal(t, e.Message, mine.Message, e.ID)
		assert.Equal(t, e.MaxLength, mine.MaxLength, e.ID)
	}
}

// Who copies the example has a guard that lets no slogan sound at 03:15.
func TestExampleGuardKeepsTheNight(t *testing.T) {
	s, err := Load("../../zones.yaml")
	require.NoError(t, err)
	book := schedule.NewBook(s.Guard())
	at := func(hour, minute int, class paspeaker.Class) schedule.Verdict {
		return s.Guard().Judge(schedule.Ask{At: time.Date(2026, 11, 30, hour, minute, 0, 0, s.Location),
			Length: 10 * time.Second, Class: class, Zones: []paspeaker.ZoneID{"gates"}}, book)
	}
	for _, class := range []paspeaker.Class{paspeaker.ClassBackground, paspeaker.ClassRoutine} {
		night := at(3, 15, class)
		require.NotNil(t, night.Refusal, class)
		assert.Equal(t, paspeaker.GuardHours, night.Refusal.Rule)
		assert.Equal(t, "05:00:00", night.Refusal.Next.Format(time.TimeOnly))
		assert.Nil(t, at(6, 0, class).Refusal, class)
		assert.Equal(t, -6.0, at(20, 30, class).NightDB, class)
	}
	assert.Nil(t, at(3, 15, paspeaker.ClassLive).Refusal, "a chief may speak at any time")
}
