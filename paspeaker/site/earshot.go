package site

import (
	"math"

	"pa/paspeaker"
)

// listen works out which loudspeakers are heard together: those that stand
// nearer to each other than the site's radius or, where one has no position,
// stand in the same zone; nesting zones and all do not count. Third-party ones
// play by no clock of ours and are left out.
func (s *Site) listen(d *draft) {
	n := len(s.Speakers)
	s.near = make([]bits, n)
	for i := range s.near {
		s.near[i] = newBits(n)
		s.near[i].set(i)
	}
	placed := newBits(n)
	for i := range s.Speakers {
		if s.Speakers[i].Position != nil {
			placed.set(i)
		}
	}
	s.nearByPosition()
	direct := make(map[int]bits)
	for i, sp := range d.speakers {
		for _, z := range sp.direct {
			if direct[z] == nil {
				direct[z] = newBits(n)
			}
			direct[z].set(i)
		}
	}
	for i, sp := range d.speakers {
		for _, z := range sp.direct {
			mates := direct[z].clone()
			if placed.has(i) {
				mates.remove(placed)
			}
			s.near[i].add(mates)
		}
	}
}

// nearByPosition finds pairs by their distance. On a park's scale the earth is
// flat, and its meridians are parallel.
func (s *Site) nearByPosition() {
	const metresPerDegree = 111_195
	type place struct {
		i    int
		x, y float64 // metres
	}
	var places []place
	narrow := 0.0
	for i := range s.Speakers {
		if p := s.Speakers[i].Position; p != nil {
			if len(places) == 0 {
				narrow = math.Cos(p.Lat * math.Pi / 180)
			}
			places = append(places, place{i, p.Lon * metresPerDegree * narrow, p.Lat * metresPerDegree})
		}
	}
	for a := range places {
		for b := a + 1; b < len(places); b++ {
			dx, dy := places[a].x-places[b].x, places[a].y-places[b].y
			if dx*dx+dy*dy <= s.Delays.Earshot*s.Delays.Earshot {
				s.near[places[a].i].set(places[b].i)
				s.near[places[b].i].set(places[a].i)
			}
		}
	}
}

// HeardTogether says whether one of these loudspeakers is within earshot of one
// of those. Ids that are unknown, and third-party loudspeakers, are within
// nobody's.
func (s *Site) HeardTogether(these, those []paspeaker.SpeakerID) bool {
	near := newBits(len(s.Speakers))
	for _, id := range these {
		if i, ok := s.speakers[id]; ok && s.nodes.has(i) {
			near.add(s.near[i])
		}
	}
	for _, id := range those {
		if i, ok := s.speakers[id]; ok && s.nodes.has(i) && near.has(i) {
			return true
		}
	}
	return false
}
