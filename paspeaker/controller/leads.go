package controller

import (
	"maps"
	"slices"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/controller/air"
	"pa/paspeaker/site"
)

// unknownNeed is what the output of a node needs that has not said so: oto's
// default.
const unknownNeed = 40 * time.Millisecond

// Bounds of a lead that a call asks for; zones.yaml has the same.
const (
	leastLead = 5 * time.Millisecond
	mostLead  = 4 * time.Second
)

// leads say how far ahead of its sounding a session is sent to each of its
// loudspeakers. They are settled before it is on air and stay for its life: a
// lead that changes under a voice is a hole in it.
type leads struct {
	of      map[paspeaker.SpeakerID]time.Duration
	longest time.Duration
}

// group is loudspeakers that are reached alike, and so are sent alike.
type group struct {
	way  string // the key of zones.yaml that says how far ahead
	lead time.Duration
	ids  []paspeaker.SpeakerID
}

// plan settles the leads of a session: its own word, else that of the zones or
// of how each loudspeaker is reached, never less than what outputs need, and
// alike where people hear several loudspeakers together.
func (c *Controller) plan(st *site.Site, s *session) leads {
	groups := c.groups(st, s)
	if own := time.Duration(s.Delay); own > 0 {
		for i := range groups {
			groups[i].lead = max(own, c.need(st, groups[i].ids, s.frame()))
		}
	}
	inStep(st, groups)
	l := leads{of: make(map[paspeaker.SpeakerID]time.Duration, len(s.Targets))}
	for _, g := range groups {
		l.longest = max(l.longest, g.lead)
		for _, id := range g.ids {
			l.of[id] = g.lead
		}
	}
	return l
}

// groups sorts a session's nodes by how they are reached.
func (c *Controller) groups(st *site.Site, s *session) []group {
	by := make(map[string]*group)
	for _, id := range s.Targets {
		sp, ok := st.Speaker(id)
		if !ok || sp.Kind == paspeaker.KindThirdParty {
			continue
		}
		way, lead := reached(st, sp, s.Kind)
		g := by[way]
		if g == nil {
			g = &group{way: way, lead: lead}
			by[way] = g
		}
		g.ids = append(g.ids, id)
	}
	var out []group
	for _, way := range slices.Sorted(maps.Keys(by)) {
		g := by[way]
		raised := time.Duration(0)
		if st.Delays.Raise {
			raised = c.lateness.most(g.ids)
		}
		need := c.need(st, g.ids, s.frame())
		if g.way == wayLive {
			g.lead = min(max(st.Delays.LiveLeast, need+raised), st.Delays.LiveMost)
		} else {
			g.lead = max(min(g.lead+raised, max(g.lead, st.Delays.Most)), need)
		}
		out = append(out, *g)
	}
	return out
}

// The keys of zones.yaml that say how far ahead a loudspeaker is sent to.
const (
	wayLive     = "delays.live"
	wayRecorded = "delays.recorded"
	wayWiFi     = "delays.wifi"
	wayMobile   = "delays.mobile"
)

// reached returns how a loudspeaker is reached, and the lead that zones.yaml
// has for that; the live one has bounds instead.
func reached(st *site.Site, sp paspeaker.Speaker, kind paspeaker.Kind) (way string, lead time.Duration) {
	switch {
	case sp.Lead > 0:
		return "delay of its zone, " + sp.Lead.String(), time.Duration(sp.Lead)
	case sp.Kind == paspeaker.KindMobile:
		return wayMobile, st.Delays.Mobile
	case sp.WiFi:
		return wayWiFi, st.Delays.WiFi
	case kind == paspeaker.KindLive, kind == paspeaker.KindEmergency:
		// An emergency is waited for like an answer.
		return wayLive, st.Delays.LiveLeast
	}
	return wayRecorded, st.Delays.Recorded
}

// need is the least lead with which all of these can follow: what their outputs
// need, and what passes until a packet's first sample is sent when the sound
// passes a frame at a time.
func (c *Controller) need(st *site.Site, ids []paspeaker.SpeakerID, frame time.Duration) time.Duration {
	var most time.Duration
	for _, id := range ids {
		need := unknownNeed
		if lead, ok := c.nodes.lead(id); ok {
			need = lead
		}
		most = max(most, need+packing(st, id, frame))
	}
	return most
}

// packing is how much older than its sending a packet's first sample is, of the
// codecs by which a loudspeaker is reached the most.
func packing(st *site.Site, id paspeaker.SpeakerID, frame time.Duration) time.Duration {
	sp, _ := st.Speaker(id)
	if sp.Kind == paspeaker.KindMobile {
		return air.Packing(unitProfile, frame)
	}
	var most time.Duration
	for _, z := range sp.Zones {
		zone, _ := st.Zone(z)
		most = max(most, air.Packing(sealedProfile(zone.Profile, frame, 0), frame))
	}
	return most
}

// inStep gives groups that are heard together the longest lead among them, so
// that nobody hears one voice twice. Who is out of earshot keeps its own, unless
// that is shorter: one lead for a whole session is one encoding of it.
func inStep(st *site.Site, groups []group) {
	var together time.Duration
	for i, a := range groups {
		for _, b := range groups[i+1:] {
			if a.lead != b.lead && st.HeardTogether(a.ids, b.ids) {
				together = max(together, a.lead, b.lead)
			}
		}
	}
	for i := range groups {
		groups[i].lead = max(groups[i].lead, together)
	}
}

// lead is how far ahead a loudspeaker is sent to.
func (l leads) lead(id paspeaker.SpeakerID) time.Duration {
	if lead, ok := l.of[id]; ok {
		return lead
	}
	return l.longest
}

// split sorts loudspeakers by their lead, shortest first. Who has none, because
// the site was changed meanwhile, gets the longest.
func (l leads) split(ids []paspeaker.SpeakerID) []group {
	by := make(map[time.Duration][]paspeaker.SpeakerID)
	for _, id := range ids {
		lead := l.lead(id)
		by[lead] = append(by[lead], id)
	}
	var out []group
	for _, lead := range slices.Sorted(maps.Keys(by)) {
		out = append(out, group{lead: lead, ids: by[lead]})
	}
	return out
}
