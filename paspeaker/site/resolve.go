package site

import (
	"net/netip"
	"slices"

	"pa/paspeaker"
)

// Resolve returns the loudspeakers that an announcement to these zones and
// single loudspeakers sounds in, sorted, each once. A third-party loudspeaker
// brings every other one that listens to the same plain group. The error is a
// *paspeaker.Error: not found for an unknown id, with the likely one as its
// hint; invalid when it would sound nowhere.
func (s *Site) Resolve(zones []paspeaker.ZoneID, speakers []paspeaker.SpeakerID) ([]paspeaker.SpeakerID, error) {
	if len(zones) == 0 && len(speakers) == 0 {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "no zone and no loudspeaker is named", Hint: "name at least one; the zone all is every loudspeaker"}
	}
	set := newBits(len(s.Speakers))
	for _, id := range zones {
		z, ok := s.zones[id]
		if !ok {
			return nil, s.noZone(id)
		}
		set.add(s.members[z])
	}
	for _, id := range speakers {
		i, ok := s.speakers[id]
		if !ok {
			return nil, s.noSpeaker(id)
		}
		set.set(i)
	}
	if set.empty() {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "there is no loudspeaker in zone " + string(zones[0]), Hint: "put one into it in zones.yaml"}
	}
	s.addMates(set)
	return s.ids(set), nil
}

// Groups returns what stacked routing plays apart: for each zone, in order, its
// loudspeakers as Resolve gives them, less those of the zones before it. Zones
// of which nothing is left, and unknown ones, are left out.
func (s *Site) Groups(zones []paspeaker.ZoneID) [][]paspeaker.SpeakerID {
	var groups [][]paspeaker.SpeakerID
	taken := newBits(len(s.Speakers))
	for _, id := range zones {
		z, ok := s.zones[id]
		if !ok {
			continue
		}
		set := s.members[z].clone()
		s.addMates(set)
		set.remove(taken)
		taken.add(set)
		if !set.empty() {
			groups = append(groups, s.ids(set))
		}
	}
	return groups
}

// SpeakerGroups returns the sealed groups that a fixed loudspeaker's node
// joins: those of all its zones, sorted, each once. Mobile units (reached by
// unicast) and third-party ones (plain RTP only) join none.
func (s *Site) SpeakerGroups(id paspeaker.SpeakerID) []netip.AddrPort {
	i, ok := s.speakers[id]
	if !ok || !s.fixed.has(i) {
		return nil
	}
	var groups []netip.AddrPort
	for _, z := range s.Speakers[i].Zones {
		if g := s.Zones[s.zones[z]].Group; g.IsValid() {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, netip.AddrPort.Compare)
	return slices.Compact(groups)
}

// addMates adds the third-party loudspeakers that cannot but sound along.
func (s *Site) addMates(set bits) {
	for _, mates := range s.mates {
		if set.shared(mates) > 0 {
			set.add(mates)
		}
	}
}

// ids returns a set's ids, sorted.
func (s *Site) ids(set bits) []paspeaker.SpeakerID {
	all := make([]paspeaker.SpeakerID, 0, set.count())
	for i := range set.each() {
		all = append(all, s.Speakers[i].ID)
	}
	slices.Sort(all)
	return all
}

// noZone is the error for an id that names no zone.
func (s *Site) noZone(id paspeaker.ZoneID) error {
	hint := "that is a loudspeaker, not a zone"
	if _, ok := s.speakers[paspeaker.SpeakerID(id)]; !ok {
		var known []string
		for _, z := range s.Zones {
			known = append(known, string(z.ID))
		}
		hint = didYouMean(string(id), known)
	}
	return &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "zone " + clip(string(id)) + ": no such zone", Hint: hint}
}

// noSpeaker is the error for an id that names no loudspeaker.
func (s *Site) noSpeaker(id paspeaker.SpeakerID) error {
	hint := "that is a zone, not a loudspeaker"
	if _, ok := s.zones[paspeaker.ZoneID(id)]; !ok {
		var known []string
		for _, sp := range s.Speakers {
			known = append(known, string(sp.ID))
		}
		hint = didYouMean(string(id), known)
	}
	return &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "loudspeaker " + clip(string(id)) + ": no such loudspeaker", Hint: hint}
}
