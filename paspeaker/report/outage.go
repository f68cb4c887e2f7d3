package report

import (
	"slices"
	"strings"
	"time"

	"pa/paspeaker"
)

// deadPrefix begins the ids of the faults of loudspeakers that say nothing.
const deadPrefix = "offline/"

// outages follows the faults through the day: those that were open when it
// began, those that came, and those that last. A controller that starts knows
// of none: what it finds broken it says again.
func (r *Report) outages(in Input) {
	open := make(map[string]*Outage)
	end := func(o *Outage, at time.Time, lasts bool) {
		o.Until, o.Open = at, lasts
		if o.Until.After(in.From) && o.Since.Before(in.To) {
			r.add(in, *o)
		}
	}
	follow := func(e paspeaker.Entry) {
		switch {
		case e.What == paspeaker.WhatStart:
			for id, o := range open {
				o.Presumed = true
				end(o, e.Time, false)
				delete(open, id)
			}
		case e.What != paspeaker.WhatFault:
		case e.Outcome == paspeaker.FaultOver || strings.HasPrefix(e.Detail, "over: "):
			if o := open[e.Name]; o != nil {
				end(o, e.Time, false)
				delete(open, e.Name)
			}
		case open[e.Name] == nil:
			open[e.Name] = &Outage{ID: e.Name, What: e.Detail, Since: e.Time}
		}
	}
	for _, e := range in.Before {
		follow(e)
	}
	for _, e := range in.Entries {
		follow(e)
	}
	last := in.To
	if in.Now.Before(last) {
		last = in.Now
	}
	for _, o := range open {
		end(o, last, true)
	}
	order := func(a, b Outage) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	}
	slices.SortFunc(r.Faults, order)
	slices.SortFunc(r.Dead, order)
}

// add takes in an outage, cut to the day.
func (r *Report) add(in Input, o Outage) {
	if o.Since.Before(in.From) {
		o.Since, o.Earlier = in.From, true
	}
	if o.Until.After(in.To) {
		o.Until, o.Open = in.To, true
	}
	o.Since, o.Until = o.Since.In(in.From.Location()), o.Until.In(in.From.Location())
	o.Length = paspeaker.Duration(o.Until.Sub(o.Since).Round(time.Second))
	id, dead := strings.CutPrefix(o.ID, deadPrefix)
	if !dead {
		r.Faults = append(r.Faults, o)
		return
	}
	o.ID = id
	if i := slices.IndexFunc(in.Speakers, func(s paspeaker.Speaker) bool { return string(s.ID) == id }); i >= 0 {
		o.Name = in.Speakers[i].Name
	}
	r.Dead = append(r.Dead, o)
}
