package site

import (
	"slices"

	"pa/paspeaker"
)

// Cover returns the targets to be sealed into a packet for exactly these
// loudspeakers: few whole zones and, for the rest, single ones; sorted.
// Third-party loudspeakers hear no sealed packet and are left out: with nobody
// else among speakers the result is empty, and nothing is to be sent.
func (s *Site) Cover(speakers []paspeaker.SpeakerID) []paspeaker.Tag {
	zones, rest := s.cover(s.set(speakers, s.nodes), s.nodes)
	tags := make([]paspeaker.Tag, 0, len(zones))
	for _, z := range zones {
		tags = append(tags, paspeaker.TagOf(s.Zones[z].ID))
	}
	for i := range rest.each() {
		tags = append(tags, paspeaker.TagOf(s.Speakers[i].ID))
	}
	slices.Sort(tags)
	return tags
}

// Reach returns few zones whose sealed groups together reach every fixed
// loudspeaker among speakers, sorted: first those that are targets as a whole,
// then the smallest around the rest. Others hear the groups too; Cover keeps
// them silent.
func (s *Site) Reach(speakers []paspeaker.SpeakerID) []paspeaker.ZoneID {
	zones, rest := s.cover(s.set(speakers, s.fixed), s.fixed)
	for !rest.empty() {
		best, gain, size := -1, 0, 0
		for z := range s.Zones {
			g, n := s.members[z].shared(rest), s.members[z].shared(s.fixed)
			if g > 0 && (best < 0 || g*size > gain*n || g*size == gain*n && n < size) {
				best, gain, size = z, g, n
			}
		}
		zones = append(zones, best)
		rest.remove(s.members[best])
	}
	ids := make([]paspeaker.ZoneID, 0, len(zones))
	for _, z := range zones {
		ids = append(ids, s.Zones[z].ID)
	}
	slices.Sort(ids)
	return ids
}

// set returns the known ones of speakers that are in among.
func (s *Site) set(speakers []paspeaker.SpeakerID, among bits) bits {
	set := newBits(len(s.Speakers))
	for _, id := range speakers {
		if i, ok := s.speakers[id]; ok && among.has(i) {
			set.set(i)
		}
	}
	return set
}

// cover finds zones that lie wholly in set, seen among some loudspeakers alone,
// greedily by what each adds, and what they leave. One loudspeaker is no reason
// for a zone.
func (s *Site) cover(set, among bits) (zones []int, rest bits) {
	rest = set.clone()
	var inside []bits // of zones wholly in set; nil: not
	for z := range s.Zones {
		m := s.members[z].clone()
		for i := range m {
			m[i] &= among[i]
		}
		if !m.within(set) {
			m = nil
		}
		inside = append(inside, m)
	}
	if all := s.zones[paspeaker.ZoneAll]; inside[all] != nil && !set.empty() {
		rest.remove(set)
		return []int{all}, rest
	}
	for {
		best, gain := -1, 1
		for z, m := range inside {
			if m == nil {
				continue
			}
			if g := m.shared(rest); g > gain {
				best, gain = z, g
			}
		}
		if best < 0 {
			return s.prune(zones, inside), rest
		}
		zones = append(zones, best)
		rest.remove(inside[best])
	}
}

// prune takes out zones that the later ones made needless.
func (s *Site) prune(zones []int, sets []bits) []int {
	for i := 0; i < len(zones); i++ {
		others := newBits(len(s.Speakers))
		for k, z := range zones {
			if k != i {
				others.add(sets[z])
			}
		}
		if sets[zones[i]].within(others) {
			zones = slices.Delete(zones, i, i+1)
			i--
		}
	}
	return zones
}
