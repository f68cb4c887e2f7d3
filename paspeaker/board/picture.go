package board

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"pa/paspeaker"
)

// lingers is how long an announcement that is over stays on the board.
const lingers = 15 * time.Second

// picture is the site as far as the board knows.
type picture struct {
	site     paspeaker.Status // its lists are kept up by events
	zones    []paspeaker.ZoneStatus
	over     map[paspeaker.SessionID]paspeaker.Session // ended lately, by their events
	speakers map[paspeaker.SpeakerID]int               // where in site.Speakers
	plays    map[paspeaker.SpeakerID]map[paspeaker.SessionID]paspeaker.Playing
}

func newPicture() *picture {
	return &picture{over: make(map[paspeaker.SessionID]paspeaker.Session),
		speakers: make(map[paspeaker.SpeakerID]int), plays: make(map[paspeaker.SpeakerID]map[paspeaker.SessionID]paspeaker.Playing)}
}

// replace takes over everything that the controller says. What an event said
// ended stays ended: the answer may have been on its way.
func (p *picture) replace(w *whole) {
	old := p.site.Speakers
	p.site, p.zones = w.status, w.zones
	p.site.OnAir = slices.Clone(w.status.OnAir)
	p.site.Speakers = slices.Clone(w.status.Speakers)
	p.site.Faults = slices.Clone(w.status.Faults)
	before := p.speakers
	p.speakers = make(map[paspeaker.SpeakerID]int, len(p.site.Speakers))
	for i, sp := range p.site.Speakers {
		p.speakers[sp.ID] = i
		if j, known := before[sp.ID]; known && j < len(old) && old[j].LastSeen.After(sp.LastSeen) {
			p.site.Speakers[i] = old[j]
		}
		p.heard(p.site.Speakers[i])
	}
	p.site.OnAir = slices.DeleteFunc(p.site.OnAir, func(s paspeaker.Session) bool { _, ended := p.over[s.ID]; return ended })
	for id := range p.plays {
		if _, still := p.speakers[id]; !still {
			delete(p.plays, id)
		}
	}
}

// happen takes over an event.
func (p *picture) happen(ev paspeaker.Event, now time.Time) {
	switch {
	case ev.Speaker != nil:
		if i, known := p.speakers[ev.Speaker.ID]; known {
			p.site.Speakers[i] = *ev.Speaker
			p.heard(*ev.Speaker)
		}
	case ev.Session != nil:
		p.session(*ev.Session, now)
	case ev.Fault != nil:
		p.site.Faults = slices.DeleteFunc(p.site.Faults, func(f paspeaker.Fault) bool { return f.ID == ev.Fault.ID })
		if !ev.Cleared && ev.Fault.Ended.IsZero() {
			p.site.Faults = append(p.site.Faults, *ev.Fault)
		}
	}
}

func (p *picture) session(s paspeaker.Session, now time.Time) {
	i := slices.IndexFunc(p.site.OnAir, func(o paspeaker.Session) bool { return o.ID == s.ID })
	ended := s.State == paspeaker.StateEnded || s.State == paspeaker.StateRefused
	switch {
	case ended:
		if i >= 0 {
			p.site.OnAir = slices.Delete(p.site.OnAir, i, i+1)
		}
		if now.Sub(s.Ended) < time.Minute { // a verdict may come late; older ones were never shown
			p.over[s.ID] = s
		}
	case i >= 0:
		p.site.OnAir[i] = s
	default:
		if _, known := p.over[s.ID]; !known {
			p.site.OnAir = append(p.site.OnAir, s)
		}
	}
}

// age forgets what ended long ago; now is the controller's.
func (p *picture) age(now time.Time) {
	for id, s := range p.over {
		if now.Sub(s.Ended) >= time.Minute {
			delete(p.over, id)
		}
	}
}

// heard keeps what a loudspeaker says that it plays.
func (p *picture) heard(sp paspeaker.SpeakerStatus) {
	delete(p.plays, sp.ID)
	if sp.Report == nil || !sp.Online || len(sp.Report.Playing) == 0 {
		return
	}
	playing := make(map[paspeaker.SessionID]paspeaker.Playing, len(sp.Report.Playing))
	for _, x := range sp.Report.Playing {
		if id := x.Session.Announcement(); x.Full || x.Ducked || playing[id].Session == 0 {
			playing[id] = x
		}
	}
	p.plays[sp.ID] = playing
}

// sessions are what the board lists as on air: what sounds by priority, then
// what waits, then what has just ended.
func (p *picture) sessions(now time.Time) []paspeaker.Session {
	out := slices.Clone(p.site.OnAir)
	for _, s := range p.over {
		if now.Sub(s.Ended) < lingers {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b paspeaker.Session) int {
		return cmp.Or(cmp.Compare(rankOf(a.State), rankOf(b.State)), cmp.Compare(b.Level, a.Level),
			a.Asked.Compare(b.Asked), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func rankOf(s paspeaker.SessionState) int {
	switch s {
	case paspeaker.StatePlaying:
		return 0
	case paspeaker.StatePaused:
		return 1
	case paspeaker.StateWaiting:
		return 2
	}
	return 3
}

// faults are newest first.
func (p *picture) faults() []paspeaker.Fault {
	out := slices.Clone(p.site.Faults)
	slices.SortStableFunc(out, func(a, b paspeaker.Fault) int { return cmp.Or(b.Since.Compare(a.Since), strings.Compare(a.ID, b.ID)) })
	return out
}

func (p *picture) speaker(id paspeaker.SpeakerID) (paspeaker.SpeakerStatus, bool) {
	i, ok := p.speakers[id]
	if !ok {
		return paspeaker.SpeakerStatus{}, false
	}
	return p.site.Speakers[i], true
}

// members are the loudspeakers of a zone, in the site's order.
func (p *picture) members(id paspeaker.ZoneID) []paspeaker.SpeakerStatus {
	var out []paspeaker.SpeakerStatus
	for _, sp := range p.site.Speakers {
		if slices.Contains(sp.Zones, id) {
			out = append(out, sp)
		}
	}
	return out
}

// count says how many of some loudspeakers are online, of those that say so:
// of somebody else's nothing is ever heard.
func count(speakers []paspeaker.SpeakerStatus) (online, all int) {
	for _, sp := range speakers {
		if sp.Kind == paspeaker.KindThirdParty {
			continue
		}
		all++
		if sp.Online {
			online++
		}
	}
	return online, all
}

// level is the loudest level at the outputs that play a session, dBFS; false
// when no loudspeaker says that it plays it.
func (p *picture) level(s paspeaker.Session) (db float64, heard int, ok bool) {
	db = silent
	for _, id := range s.Targets {
		if x, plays := p.plays[id][s.ID.Announcement()]; plays && (x.Full || x.Ducked) {
			sp, _ := p.speaker(id)
			db, ok = max(db, sp.Report.LevelDB), true
			heard++
		}
	}
	return db, heard, ok
}

// sounding lists the names of what sounds at one of some loudspeakers, by the
// controller's word.
func (p *picture) sounding(members []paspeaker.SpeakerID) []string {
	in := make(map[paspeaker.SpeakerID]bool, len(members))
	for _, id := range members {
		in[id] = true
	}
	var out []string
	for _, s := range p.sessions(time.Time{}) {
		here := func(id paspeaker.SpeakerID) bool { return in[id] }
		if s.State == paspeaker.StatePlaying && (slices.ContainsFunc(s.Sounding, here) || slices.ContainsFunc(s.Ducked, here)) {
			out = append(out, name(s))
		}
	}
	return out
}
