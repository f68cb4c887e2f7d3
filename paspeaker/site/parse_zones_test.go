package site

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"pa/paspeaker"
)

func TestIDs(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"zone without id", "zones:\n  - name: Cổng\n", "zones.yaml:3: zones[0].id: is missing; give it an id, such as gate-1"},
		{"bad form", "zones:\n  - id: Cổng 1\n",
			"zones.yaml:3: zones[0].id: \"Cổng 1\" is not an id; use 1–32 of a–z, 0–9 and hyphens, such as gate-1; the name may be anything"},
		{"zone twice", "zones:\n  - id: gates\n  - id: roads\n  - id: gates\n",
			"zones.yaml:5: zones[2].id: there is a gates already, in line 3; give one of them another id; zones and loudspeakers share them"},
		{"zone and loudspeaker", "zones:\n  - id: yard\nspeakers:\n  - id: yard\n",
			"zones.yaml:5: speakers[0].id: there is a yard already, in line 3; give one of them another id; zones and loudspeakers share them"},
		{"one tag for two ids", "speakers:\n  - id: gate-918082\n  - id: gate-1306040\n",
			"zones.yaml:4: speakers[1].id: gate-1306040 and gate-918082 are the same on the wire (tag da1d721d); change a letter of one of them"},
		{"the tag of everybody", "speakers:\n  - id: zone-94ascb2\n",
			"zones.yaml:3: speakers[0].id: zone-94ascb2 and all are the same on the wire (tag 00000000); change a letter of one of them"},
		{"loudspeaker named all", "speakers:\n  - id: all\n",
			"zones.yaml:3: speakers[0].id: all is the zone of every loudspeaker; give the loudspeaker another id"},
	})
}

func TestMentions(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"member unknown", "zones:\n  - {id: gates, members: [gate-1, gaet-2]}\nspeakers:\n  - id: gate-1\n  - id: gate-2\n",
			"zones.yaml:3: zones[0].members[1]: no loudspeaker gaet-2; did you mean gate-2?"},
		{"zone among the members", "zones:\n  - {id: gates, members: [roads]}\n  - id: roads\n",
			"zones.yaml:3: zones[0].members[0]: no loudspeaker roads; that is a zone: put it under nested"},
		{"loudspeaker among the nested", "zones:\n  - {id: gates, nested: [gate-1]}\nspeakers:\n  - id: gate-1\n",
			"zones.yaml:3: zones[0].nested[0]: no zone gate-1; that is a loudspeaker: put it under members"},
		{"loudspeaker's zone unknown", "speakers:\n  - id: gate-1\n    zones:\n      - gates\n",
			"zones.yaml:5: speakers[0].zones[0]: no zone gates; delete it, or see the example zones.yaml"},
		{"loudspeaker in a loudspeaker", "speakers:\n  - id: gate-1\n  - {id: gate-2, zones: [gate-1]}\n",
			"zones.yaml:4: speakers[1].zones[0]: no zone gate-1; that is a loudspeaker, not a zone"},
		{"nests itself", "zones:\n  - {id: gates, nested: [gates]}\n",
			"zones.yaml:3: zones[0].nested[0]: a zone nests itself: gates > gates; take it out of one of them"},
		{"nests itself round a corner", "zones:\n  - {id: x, nested: [a]}\n  - {id: a, nested: [b]}\n  - {id: b, nested: [c]}\n  - {id: c, nested: [a]}\n",
			"zones.yaml:6: zones[3].nested[0]: a zone nests itself: a > b > c > a; take it out of one of them"},
		{"nests all", "zones:\n  - {id: gates, nested: [all]}\n",
			"zones.yaml:3: zones[0].nested[0]: all nests every zone, and no zone nests all; take it out, and announce to all instead"},
	})
}

func TestMulticastGroups(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"unicast", "zones:\n  - {id: a, group: 10.0.0.1}\n", "zones.yaml:3: zones[0].group: 10.0.0.1 is not a multicast address; use 239.x.y.z"},
		{"a word", "zones:\n  - {id: a, group: gates}\n",
			"zones.yaml:3: zones[0].group: \"gates\" is not a group; write it like 239.255.12.1 or 239.255.12.1:5004; leave it out to get one"},
		{"IPv6", "zones:\n  - {id: a, group: \"ff15::1\"}\n", "zones.yaml:3: zones[0].group: ff15::1 is an IPv6 address; loudspeakers listen to IPv4; use 239.x.y.z"},
		{"source-specific", "zones:\n  - {id: a, group: 232.1.1.1}\n",
			"zones.yaml:3: zones[0].group: 232.1.1.1 is for source-specific multicast, which loudspeakers do not join; use 239.x.y.z"},
		{"SAP", "zones:\n  - {id: a, group: 239.255.255.255}\n",
			"zones.yaml:3: zones[0].group: 239.255.255.255 is where sessions are announced (SAP); use another one, such as 239.255.12.1"},
		{"flooded", "zones:\n  - {id: a, group: 239.128.0.7}\n",
			"zones.yaml:3: zones[0].group: 239.128.0.7 is flooded to every port by switches; use one that does not end in 0.0.x or 128.0.x, such as 239.255.12.1"},
		{"odd port", "zones:\n  - {id: a, group: \"239.1.1.1:5005\"}\n",
			"zones.yaml:3: zones[0].group: port 5005 is not for RTP; use an even one from 1024 up, such as 5004"},
		{"twice", "zones:\n  - {id: a, group: 239.1.1.1}\n  - {id: b, group: \"239.1.1.1:6000\"}\n",
			"zones.yaml:4: zones[1].group: 239.1.1.1 is already taken by zone a, line 3; choose another address, whatever the port: switches see the address alone, and of it the last 23 bits"},
		{"one on Ethernet", "zones:\n  - {id: a, group: 239.1.1.1}\n  - {id: b, plain: {group: 239.129.1.1}}\n",
			"zones.yaml:4: zones[1].plain.group: 239.129.1.1 is already taken by zone a, line 3; choose another address, whatever the port: switches see the address alone, and of it the last 23 bits"},
		{"plain and sealed", "zones:\n  - {id: a, group: 239.1.1.1, plain: {group: 239.1.1.1}}\n",
			"zones.yaml:3: zones[0].plain.group: 239.1.1.1 is already taken by zone a, line 3; choose another address, whatever the port: switches see the address alone, and of it the last 23 bits"},
	})
	z := mustParse(t, head+"zones: [{id: a, group: 239.1.1.1, plain: {group: \"239.1.1.2:6000\", codec: opus}}]").Zones[0]
	assert.Equal(t, "239.1.1.1:5004", z.Group.String(), "the port is the site's")
	assert.Equal(t, "239.1.1.2:6000", z.Plain.Group.String())
}

func TestThirdPartyHomes(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"in no zone", "speakers:\n  - {id: horn, kind: third-party}\n",
			"zones.yaml:3: speakers[0].id: third-party loudspeaker horn is in no zone; put it into the zone whose plain group it listens to"},
		{"in two zones", "zones: [{id: a, plain: pcmu}, {id: b, plain: pcmu}]\nspeakers:\n  - {id: horn, kind: third-party, zones: [a, b]}\n",
			"zones.yaml:4: speakers[0].id: third-party loudspeaker horn is in a and b, but can listen to one plain group only; say which with \"home: a\""},
		{"in a zone without plain codec", "zones: [{id: a}]\nspeakers:\n  - {id: horn, kind: third-party, zones: [a]}\n",
			"zones.yaml:4: speakers[0].id: third-party loudspeaker horn hears zone a, which has no plain codec; add the line \"plain: g722\" to that zone, with a codec that the loudspeaker knows"},
		{"at home in a zone without plain codec", "zones: [{id: a}]\nspeakers:\n  - id: horn\n    kind: third-party\n    home: a\n",
			"zones.yaml:6: speakers[0].home: third-party loudspeaker horn hears zone a, which has no plain codec; add the line \"plain: g722\" to that zone, with a codec that the loudspeaker knows"},
		{"home unknown", "zones: [{id: gates}]\nspeakers:\n  - {id: horn, kind: third-party, home: gats}\n",
			"zones.yaml:4: speakers[0].home: no zone gats; did you mean gates?"},
		{"home of a node", "zones: [{id: gates}]\nspeakers:\n  - {id: gate-1, home: gates}\n",
			"zones.yaml:4: speakers[0].home: only third-party loudspeakers have a home; delete the line, or write kind: third-party"},
		{"codec unknown", "zones: [{id: gates, plain: g711}]\n",
			"zones.yaml:2: zones[0].plain: g711 is not known; use one of pcmu, pcma, g722, l16, opus"},
	})
	s := mustParse(t, head+`
zones: [{id: a, plain: pcmu, nested: [b]}, {id: b, plain: {}}, {id: c, plain: {codec: opus}}]
speakers:
  - {id: only-b, kind: third-party, zones: [b]}
  - {id: in-two, kind: third-party, zones: [b, c], home: c}
  - {id: by-home, kind: third-party, home: a}
`)
	homes := map[paspeaker.SpeakerID]paspeaker.ZoneID{}
	for _, sp := range s.Speakers {
		homes[sp.ID] = sp.Home
	}
	assert.Equal(t, map[paspeaker.SpeakerID]paspeaker.ZoneID{"only-b": "b", "in-two": "c", "by-home": "a"}, homes)
	assert.Equal(t, "g722", s.Zones[1].Plain.Codec)
	byHome, _ := s.Speaker("by-home")
	assert.Equal(t, []paspeaker.ZoneID{"a", "all"}, byHome.Zones, "a home is a zone that it stands in")
}

func TestSpeakersSection(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"position by halves", "speakers:\n  - {id: a, position: {lat: 91}}\n",
			"zones.yaml:3: speakers[0].position.lon: is missing; write position: {lat: 10.76, lon: 106.75}\n" +
				"zones.yaml:3: speakers[0].position.lat: 91 is out of range; use a number from -90 to 90°"},
		{"gain", "speakers:\n  - {id: a, gain_db: .nan}\n  - {id: b, gain_db: loud}\n  - {id: c, gain_db: -61}\n",
			"zones.yaml:3: speakers[0].gain_db: .nan is not a number; use a number from -60 to 20 dB\n" +
				"zones.yaml:4: speakers[1].gain_db: loud is not a number; use a number from -60 to 20 dB\n" +
				"zones.yaml:5: speakers[2].gain_db: -61 is out of range; use a number from -60 to 20 dB"},
	})
	s := mustParse(t, head+"speakers: [{id: a, name: Cổng, gain_db: -3.5, delay: 175ms, position: {lat: 10.75, lon: 106.7}}, {id: b, kind: mobile, delay: 1}]")
	assert.Equal(t, paspeaker.Speaker{
		ID: "a", Name: "Cổng", Kind: paspeaker.KindFixed, Zones: []paspeaker.ZoneID{"all"},
		GainDB: -3.5, Delay: paspeaker.Duration(175 * time.Millisecond), Position: &paspeaker.Position{Lat: 10.75, Lon: 106.7},
	}, s.Speakers[0])
	assert.Equal(t, paspeaker.KindMobile, s.Speakers[1].Kind)
	assert.Equal(t, paspeaker.Duration(time.Second), s.Speakers[1].Delay, "a bare number is seconds")
}

// A loudspeaker stands in its own zones, in those that list it, and in all that
// nest these.
func TestMembership(t *testing.T) {
	s := mustParse(t, head+`
zones:
  - {id: park-east, nested: [gates, roads]}
  - {id: gates, members: [gate-2, gate-1]}
  - {id: roads}
  - {id: empty}
speakers:
  - {id: gate-1, zones: [gates]}
  - {id: gate-2, zones: [roads, all]}
  - {id: alone}
`)
	members := map[paspeaker.ZoneID][]paspeaker.SpeakerID{}
	for _, z := range s.Zones {
		members[z.ID] = z.Members
	}
	assert.Equal(t, map[paspeaker.ZoneID][]paspeaker.SpeakerID{
		"park-east": {"gate-1", "gate-2"},
		"gates":     {"gate-1", "gate-2"},
		"roads":     {"gate-2"},
		"empty":     {},
		"all":       {"alone", "gate-1", "gate-2"},
	}, members)
	gate2, ok := s.Speaker("gate-2")
	assert.True(t, ok)
	assert.Equal(t, []paspeaker.ZoneID{"all", "gates", "park-east", "roads"}, gate2.Zones)

	all, ok := s.Zone(paspeaker.ZoneAll)
	assert.True(t, ok, "all is there without being listed")
	assert.Equal(t, []paspeaker.ZoneID{"park-east", "gates", "roads", "empty"}, all.Nested)
	assert.Equal(t, "l16", all.Profile)
}

// all may be listed, to name it; whatever it nests there, it nests everything.
func TestZoneAllListed(t *testing.T) {
	s := mustParse(t, head+"zones: [{id: all, name: Toàn khu, group: 239.1.1.1, nested: [a]}, {id: a}, {id: b}]\nspeakers: [{id: x, zones: [a]}, {id: y}]")
	assert.Len(t, s.Zones, 3)
	all, _ := s.Zone(paspeaker.ZoneAll)
	assert.Equal(t, "Toàn khu", all.Name)
	assert.Equal(t, []paspeaker.SpeakerID{"x", "y"}, all.Members)
	assert.Equal(t, []paspeaker.ZoneID{"a", "b"}, all.Nested)

	_, ok := s.Zone("c")
	assert.False(t, ok)
	_, ok = s.Speaker("z")
	assert.False(t, ok)
}
