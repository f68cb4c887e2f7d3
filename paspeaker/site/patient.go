package site

import (
	"slices"

	"pa/paspeaker"
)

// longestPacket is the longest that is sent, bytes with the headers of IP and
// UDP: a sealed packet never exceeds an Ethernet frame (docs/wire.md).
const longestPacket = 1500

// Patient is what a diagnosis must know of the site: for a loudspeaker the
// groups that it should hear, for id "" every group.
func (s *Site) Patient(id paspeaker.SpeakerID) paspeaker.Patient {
	p := paspeaker.Patient{Interface: s.Interface, TTL: s.TTL, Longest: longestPacket, Groups: []paspeaker.Group{}}
	sp, one := s.Speaker(id)
	joined := s.SpeakerGroups(id)
	p.Mobile = sp.Kind == paspeaker.KindMobile
	for _, z := range s.Zones {
		if z.Group.IsValid() && (!one || slices.Contains(joined, z.Group)) {
			p.Groups = append(p.Groups, paspeaker.Group{Addr: z.Group.String(), Whose: "zone " + string(z.ID)})
		}
		if z.Plain != nil && (!one || sp.Home == z.ID) {
			p.Groups = append(p.Groups, paspeaker.Group{Addr: z.Plain.Group.String(), Whose: "plain group of zone " + string(z.ID), Plain: true})
		}
	}
	return p
}
