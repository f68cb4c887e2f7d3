package site

import (
	"maps"
	"slices"

	"pa/paspeaker"
)

// adopt makes a draft without faults the site's zones and loudspeakers.
func (s *Site) adopt(d *draft) {
	if _, ok := d.zoneAt[string(paspeaker.ZoneAll)]; !ok {
		d.zoneAt[string(paspeaker.ZoneAll)] = len(d.zones)
		d.zones = append(d.zones, &zoneDraft{
			Zone: paspeaker.Zone{ID: paspeaker.ZoneAll, Name: string(paspeaker.ZoneAll), Profile: defaultProfile},
		})
	}
	all := d.zones[d.zoneAt[string(paspeaker.ZoneAll)]]
	all.all = newBits(len(d.speakers))
	all.nested = nil
	for i := range d.speakers {
		all.all.set(i)
	}
	s.zones, s.speakers = map[paspeaker.ZoneID]int{}, map[paspeaker.SpeakerID]int{}
	s.nodes = newBits(len(d.speakers))
	s.fixed = newBits(len(d.speakers))
	for i, sp := range d.speakers {
		s.speakers[sp.ID] = i
		s.Speakers = append(s.Speakers, sp.Speaker)
		if sp.Kind != paspeaker.KindThirdParty {
			s.nodes.set(i)
		}
		if sp.Kind == paspeaker.KindFixed {
			s.fixed.set(i)
		}
	}
	for i, z := range d.zones {
		s.zones[z.ID] = i
		for _, n := range z.nested {
			z.Nested = append(z.Nested, paspeaker.ZoneID(n.id))
		}
		z.Members = make([]paspeaker.SpeakerID, 0, z.all.count())
		for _, id := range d.speakerIDs {
			if z.all.has(d.speakerAt[id]) {
				z.Members = append(z.Members, paspeaker.SpeakerID(id))
			}
		}
		s.Zones = append(s.Zones, z.Zone)
		s.members = append(s.members, z.all)
		s.groupAt = append(s.groupAt, [2]Fault{z.group.place(), z.plainGroup.place()})
	}
	for i := range s.Zones { // all nests every zone
		if id := s.Zones[i].ID; id != paspeaker.ZoneAll {
			a := &s.Zones[s.zones[paspeaker.ZoneAll]]
			a.Nested = append(a.Nested, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.zones)) {
		for i := range s.members[s.zones[id]].each() {
			s.Speakers[i].Zones = append(s.Speakers[i].Zones, id)
		}
	}
	for i := range s.Zones {
		for k := range s.members[i].each() {
			s.Speakers[k].Lead = max(s.Speakers[k].Lead, s.Zones[i].Lead)
			s.Speakers[k].WiFi = s.Speakers[k].WiFi || s.Zones[i].WiFi
		}
	}
	s.mates = map[paspeaker.ZoneID]bits{}
	for i, sp := range s.Speakers {
		if sp.Home != "" {
			if s.mates[sp.Home] == nil {
				s.mates[sp.Home] = newBits(len(s.Speakers))
			}
			s.mates[sp.Home].set(i)
		}
	}
}
