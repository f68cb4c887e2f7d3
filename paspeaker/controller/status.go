package controller

import (
	"slices"
	"time"

	"pa/paspeaker"
)

// Session returns one session; false when it is unknown or forgotten.
func (c *Controller) Session(id paspeaker.SessionID) (out paspeaker.Session, ok bool) {
	err := c.call(func(time.Time) {
		if s := c.find(id); s != nil {
			out, ok = s.snapshot(), true
		}
	})
	return out, ok && err == nil
}

// Sessions returns those on air and waiting, and those that ended in the last
// minutes, oldest first.
func (c *Controller) Sessions() []paspeaker.Session {
	var out []paspeaker.Session
	_ = c.call(func(time.Time) {
		for _, id := range c.order {
			out = append(out, c.sessions[id].snapshot())
		}
	})
	return out
}

// onAir returns the sessions that have not ended.
func (c *Controller) onAir() []paspeaker.Session {
	return slices.DeleteFunc(c.Sessions(), func(s paspeaker.Session) bool { return !s.Ended.IsZero() })
}

// Status returns the controller at a glance.
func (c *Controller) Status() paspeaker.Status {
	st := c.site.Load()
	return paspeaker.Status{
		Site: st.Name, Zone: st.Location.String(), Version: c.cfg.Version, Started: c.started, Now: c.cfg.Now().In(st.Location), Term: c.cfg.Identity.Term,
		OnAir: c.onAir(), Speakers: c.Speakers(), Faults: c.faults.list(),
	}
}

// Speakers returns every loudspeaker of the site, in the site file's order.
func (c *Controller) Speakers() []paspeaker.SpeakerStatus {
	sounding := make(map[paspeaker.SpeakerID]paspeaker.SessionID)
	for _, s := range c.onAir() {
		for _, id := range s.Sounding {
			sounding[id] = s.ID
		}
	}
	var out []paspeaker.SpeakerStatus
	for _, sp := range c.site.Load().Speakers {
		st := c.speakerStatus(sp.ID)
		st.Session = sounding[sp.ID]
		out = append(out, st)
	}
	return out
}

// speakerStatus returns a loudspeaker without what is on air there.
func (c *Controller) speakerStatus(id paspeaker.SpeakerID) paspeaker.SpeakerStatus {
	sp, _ := c.site.Load().Speaker(id)
	out := paspeaker.SpeakerStatus{Speaker: sp}
	out.Report, out.LastSeen, out.Online = c.nodes.get(id)
	out.Enrolled = c.roster.enrolled(id)
	out.Note = c.advice(c.site.Load(), sp)
	return out
}

// Zones returns every zone of the site, in the site file's order.
func (c *Controller) Zones() []paspeaker.ZoneStatus {
	onAir := c.onAir()
	var out []paspeaker.ZoneStatus
	for _, z := range c.site.Load().Zones {
		st := paspeaker.ZoneStatus{Zone: z}
		for _, id := range z.Members {
			if _, _, online := c.nodes.get(id); online {
				st.Online++
			}
		}
		for _, s := range onAir {
			if slices.ContainsFunc(s.Sounding, func(id paspeaker.SpeakerID) bool { return slices.Contains(z.Members, id) }) {
				st.OnAir = append(st.OnAir, s.ID)
			}
		}
		out = append(out, st)
	}
	return out
}
