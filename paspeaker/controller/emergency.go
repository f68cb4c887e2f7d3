package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pa/audio"
	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/site"
)

// Emergency starts an emergency that zones.yaml defines: alert tone, message,
// repeated until it is stopped or its maximum length is reached. The
// recordings are in memory, so nothing is read on the way to the air.
func (c *Controller) Emergency(_ context.Context, a paspeaker.Announcement) (paspeaker.Session, error) {
	st := c.site.Load()
	e, ok := st.Emergency(a.Emergency)
	if !ok {
		return paspeaker.Session{}, &paspeaker.Error{Code: paspeaker.CodeNotFound,
			What: fmt.Sprintf("emergency %q: there is none", a.Emergency),
			Hint: "this site has " + emergencyNames(st)}
	}
	book := c.sounds.Load()
	if a.Drill && !book.has(e.Drill) {
		return paspeaker.Session{}, &paspeaker.Error{Code: paspeaker.CodeUnavailable,
			What: "the words that say that " + e.ID + " is a drill are missing: nobody could tell it from the real thing",
			Hint: "see the fault `sounds` in `paspeaker status`"}
	}
	level := e.Priority
	a.Name = e.Name
	if a.Drill {
		level = paspeaker.PriorityDrillMax
		a.Name = "DRILL · " + e.Name
	}
	a.Priority, a.Repeat, a.Chime, a.Pause = &level, -1, "", paspeaker.Duration(e.Pause)
	if a.MaxLength == 0 {
		a.MaxLength = paspeaker.Duration(e.MaxLength)
	}
	s, err := c.prepare(a, paspeaker.KindEmergency)
	if err != nil {
		return paspeaker.Session{}, err
	}
	s.Routing, s.req.Routing = paspeaker.RoutingPartial, paspeaker.RoutingPartial
	s.open = func() (audio.Source, error) { return book.emergency(e, a.Drill), nil }
	return c.admit(s)
}

func emergencyNames(st *site.Site) string {
	var out string
	for i, e := range st.Emergencies {
		if i > 0 {
			out += ", "
		}
		out += e.ID
	}
	return out
}

// StopEmergency stops one emergency or, with an empty id, every one, in the
// given zones or everywhere, and has the cancel message said where it was.
func (c *Controller) StopEmergency(_ context.Context, by paspeaker.Caller, id string, zones []paspeaker.ZoneID) ([]paspeaker.Session, error) {
	st := c.site.Load()
	if _, ok := st.Emergency(id); id != "" && !ok {
		return nil, &paspeaker.Error{Code: paspeaker.CodeNotFound, What: fmt.Sprintf("emergency %q: there is none", id),
			Hint: "this site has " + emergencyNames(st)}
	}
	within, err := c.within(zones)
	if err != nil {
		return nil, err
	}
	match := func(s *session) bool {
		return s.Kind == paspeaker.KindEmergency && (id == "" || s.Emergency == id) && within(s)
	}
	stopped, err := c.stopWhere(by, match)
	if err != nil {
		return nil, err
	}
	if len(stopped) == 0 {
		return nil, &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "no such emergency is running",
			Hint: "`paspeaker status` shows what is on air"}
	}
	for _, s := range stopped {
		c.sayCancelled(by, s)
	}
	return stopped, nil
}

// sayCancelled plays the cancel message of an emergency where it was. A drill
// has said what it is all along, and is cancelled like the real one.
func (c *Controller) sayCancelled(by paspeaker.Caller, was paspeaker.Session) {
	e, ok := c.site.Load().Emergency(was.Emergency)
	if !ok || len(e.Cancel) == 0 {
		return
	}
	level := was.Level
	a := paspeaker.Announcement{Name: was.Name + " · cancelled", Zones: was.Zones, Speakers: was.Speakers,
		Priority: &level, Drill: was.Drill, Delay: was.Delay, By: by.By, From: by.From}
	s, err := c.prepare(a, paspeaker.KindMessage)
	if err != nil {
		c.log.Error("say cancelled", "emergency", e.ID, "err", err)
		return
	}
	book := c.sounds.Load()
	s.open = func() (audio.Source, error) {
		parts := book.sequence(e.Cancel)
		if was.Drill {
			parts = append(book.sequence(e.Drill), parts...)
		}
		return source.Sequence(parts...), nil
	}
	if _, err := c.admit(s); err != nil {
		c.log.Error("say cancelled", "emergency", e.ID, "err", err)
	}
}

// EmergencyList returns the emergencies of the site and which are running.
func (c *Controller) EmergencyList() []paspeaker.EmergencyInfo {
	var out []paspeaker.EmergencyInfo
	running := c.Sessions()
	for _, e := range c.site.Load().Emergencies {
		info := paspeaker.EmergencyInfo{ID: e.ID, Name: e.Name, Priority: e.Priority, MaxLength: paspeaker.Duration(e.MaxLength)}
		for _, s := range running {
			if s.Emergency == e.ID && s.Ended.IsZero() {
				info.Running = append(info.Running, s)
			}
		}
		out = append(out, info)
	}
	return out
}

// within returns what tells whether a session touches the zones; no zones
// means everywhere.
func (c *Controller) within(zones []paspeaker.ZoneID) (func(*session) bool, error) {
	if len(zones) == 0 {
		return func(*session) bool { return true }, nil
	}
	speakers, err := c.site.Load().Resolve(zones, nil)
	if err != nil {
		return nil, err
	}
	return func(s *session) bool {
		return slices.ContainsFunc(s.Targets, func(id paspeaker.SpeakerID) bool {
			_, in := slices.BinarySearch(speakers, id)
			return in
		})
	}, nil
}

// stopWhere cancels the sessions that match and returns them as they are then.
func (c *Controller) stopWhere(by paspeaker.Caller, match func(*session) bool) ([]paspeaker.Session, error) {
	var out []paspeaker.Session
	err := c.call(func(now time.Time) {
		for _, id := range slices.Clone(c.order) {
			s := c.sessions[id]
			if s.ended() || !match(s) {
				continue
			}
			e := entryOf(s, "stop asked")
			e.By, e.From = by.By, by.From
			c.record(e)
			c.carryOut(now, c.arbiter.Cancel(now, id, paspeaker.OutcomeStopped))
			out = append(out, s.snapshot())
		}
	})
	return out, err
}
