package site

import (
	"cmp"
	"slices"

	"pa/paspeaker"
)

// DomainSite is the domain that every node of the site is in.
const DomainSite = "site"

// domains are what a loudspeaker shares with others.
type domains []string

// Domains returns what a node shares with others, so that they may be lost
// together: its switch ("switch:sw-1"), its zones ("zone:gates"), the smallest
// first, and the site. nil for what is no node of this site.
func (s *Site) Domains(id paspeaker.SpeakerID) []string {
	i, ok := s.speakers[id]
	if !ok {
		return nil
	}
	return s.domains[i]
}

// DomainSize returns how many nodes a domain has.
func (s *Site) DomainSize(domain string) int { return s.size[domain] }

// findDomains sorts the nodes by what they share.
func (s *Site) findDomains() {
	s.domains, s.size = make([]domains, len(s.Speakers)), map[string]int{}
	for i, sp := range s.Speakers {
		if sp.Kind == paspeaker.KindThirdParty {
			continue
		}
		var all domains
		if sp.Switch != "" {
			all = append(all, "switch:"+sp.Switch)
		}
		for _, z := range sp.Zones {
			if z != paspeaker.ZoneAll {
				all = append(all, "zone:"+string(z))
			}
		}
		all = append(all, DomainSite)
		for _, d := range all {
			s.size[d]++
		}
		s.domains[i] = all
	}
	for i, sp := range s.Speakers {
		if len(s.domains[i]) == 0 {
			continue
		}
		zones := s.domains[i][:len(s.domains[i])-1]
		if sp.Switch != "" {
			zones = zones[1:]
		}
		slices.SortStableFunc(zones, func(a, b string) int { return cmp.Compare(s.size[a], s.size[b]) })
	}
}
