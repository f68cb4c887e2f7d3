package site

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// yard is a small park: two gates that overlap, a road, two horns that are not
// ours on one plain group, and a car.
const yard = head + `
zones:
  - {id: gates, group: 239.1.1.1, members: [gate-1, gate-2]}
  - {id: north, group: 239.1.1.2, nested: [gates], members: [road-1]}
  - {id: bus, group: 239.1.1.3, plain: pcmu, members: [gate-2]}
  - {id: cars, group: 239.1.1.4}
  - {id: empty}
  - {id: all, group: 239.1.1.9}
speakers:
  - {id: road-1}
  - {id: gate-2}
  - {id: gate-1}
  - {id: alone}
  - {id: horn-2, kind: third-party, home: bus}
  - {id: horn-1, kind: third-party, zones: [bus, north], home: bus}
  - {id: car, kind: mobile, zones: [cars]}
`

type (
	zids = []paspeaker.ZoneID
	sids = []paspeaker.SpeakerID
)

func TestResolve(t *testing.T) {
	s := mustParse(t, yard)
	for _, c := range []struct {
		asked    string
		zones    zids
		speakers sids
		sound    sids
	}{
		{"a zone", zids{"gates"}, nil, sids{"gate-1", "gate-2"}},
		{"a loudspeaker", nil, sids{"alone"}, sids{"alone"}},
		{"both, overlapping", zids{"gates", "gates"}, sids{"gate-1", "alone", "alone"}, sids{"alone", "gate-1", "gate-2"}},
		{"a horn brings the other", nil, sids{"horn-2"}, sids{"horn-1", "horn-2"}},
		{"a zone with a horn of another", zids{"north"}, nil, sids{"gate-1", "gate-2", "horn-1", "horn-2", "road-1"}},
		{"an empty zone beside a full one", zids{"empty", "cars"}, nil, sids{"car"}},
		{"all", zids{"all"}, nil, sids{"alone", "car", "gate-1", "gate-2", "horn-1", "horn-2", "road-1"}},
	} {
		t.Run(c.asked, func(t *testing.T) {
			got, err := s.Resolve(c.zones, c.speakers)
			require.NoError(t, err)
			assert.Equal(t, c.sound, got)
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	s := mustParse(t, yard)
	for _, c := range []struct {
		zones    zids
		speakers sids
		code     paspeaker.Code
		told     string
	}{
		{zids{"gtaes"}, nil, paspeaker.CodeNotFound, "zone gtaes: no such zone; did you mean gates?"},
		{zids{"gate-1"}, nil, paspeaker.CodeNotFound, "zone gate-1: no such zone; that is a loudspeaker, not a zone"},
		{nil, sids{"gate1"}, paspeaker.CodeNotFound, "loudspeaker gate1: no such loudspeaker; did you mean gate-1?"},
		{nil, sids{"gates"}, paspeaker.CodeNotFound, "loudspeaker gates: no such loudspeaker; that is a zone, not a loudspeaker"},
		{zids{"empty"}, nil, paspeaker.CodeInvalid, "there is no loudspeaker in zone empty; put one into it in zones.yaml"},
		{nil, nil, paspeaker.CodeInvalid, "no zone and no loudspeaker is named; name at least one; the zone all is every loudspeaker"},
	} {
		got, err := s.Resolve(c.zones, c.speakers)
		assert.Nil(t, got)
		assert.EqualError(t, err, c.told)
		assert.Equal(t, c.code, paspeaker.CodeOf(err))
	}
}

// Stacked routing plays to each loudspeaker once.
func TestGroups(t *testing.T) {
	s := mustParse(t, yard)
	assert.Equal(t, []sids{{"gate-1", "gate-2"}, {"horn-1", "horn-2", "road-1"}, {"car"}},
		s.Groups(zids{"gates", "north", "bus", "nowhere", "empty", "cars"}))
	assert.Nil(t, s.Groups(nil))
}

func TestSpeakerGroups(t *testing.T) {
	s := mustParse(t, yard)
	groups := func(id paspeaker.SpeakerID) (all []string) {
		for _, g := range s.SpeakerGroups(id) {
			all = append(all, g.String())
		}
		return all
	}
	assert.Equal(t, []string{"239.1.1.1:5004", "239.1.1.2:5004", "239.1.1.3:5004", "239.1.1.9:5004"}, groups("gate-2"))
	assert.Equal(t, []string{"239.1.1.9:5004"}, groups("alone"))
	assert.Nil(t, groups("car"), "reached by unicast")
	assert.Nil(t, groups("horn-1"), "hears plain RTP only")
	assert.Nil(t, groups("nobody"))
}

func TestDigest(t *testing.T) {
	one := mustParse(t, yard)
	assert.Len(t, one.Digest(), 16)
	assert.Equal(t, one.Digest(), mustParse(t, "# a comment\n"+yard).Digest())
	for _, change := range []string{"limits: {sessions: 3}", "delays: {live: 41ms}", "emergencies: []"} {
		assert.NotEqual(t, one.Digest(), mustParse(t, yard+change).Digest(), change)
	}
	elsewhere := mustParse(t, "site: {id: park, time_zone: Asia/Bangkok}\n")
	assert.NotEqual(t, mustParse(t, head).Digest(), elsewhere.Digest(), "the time zone counts")
}

// What Resolve returns is sorted and holds every zone's members.
func TestResolveEveryZoneOfTheExample(t *testing.T) {
	s, err := Load("../../zones.yaml")
	require.NoError(t, err)
	for _, z := range s.Zones {
		got, err := s.Resolve(zids{z.ID}, nil)
		require.NoError(t, err)
		assert.True(t, slices.IsSorted(got))
		assert.Subset(t, got, z.Members)
	}
}
