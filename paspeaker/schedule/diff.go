package schedule

import (
	"pa/paspeaker"
)

// maxDiff bounds what a difference names; its counts are of all.
const maxDiff = 500

// shape is what matters of an occurrence when two plans are compared.
type shape struct {
	message string
	refused string // the guard's rule
	place   string
	level   float64
	length  paspeaker.Duration
}

// Compare works out the plan after a change, with what the change does to the
// plan before it: runs that come, go, or sound otherwise. Runs of campaigns
// that were not touched are among them when the guard rules about them anew.
func Compare(ground *Ground, guard *Guard, before, after []*Entrant, q paspeaker.PlanQuery, book *Book) paspeaker.Plan {
	was := map[string]paspeaker.Occurrence{}
	old := newSweep(ground, guard, q, book)
	touched := touchedBy(before, after)
	note := func(into map[string]paspeaker.Occurrence) func(item, Verdict) {
		return func(it item, v Verdict) {
			if touched[it.e.c.ID] || v.Refusal != nil {
				o := it.e.Occurrence(it.run)
				if v.Refusal != nil {
					o.Refused, o.State = v.Refusal, paspeaker.OccurrenceRefused
				}
				o.GainDB += v.NightDB
				into[o.ID] = o
			}
		}
	}
	old.seen = note(was)
	old.walk(ground, before, book != nil)
	is := map[string]paspeaker.Occurrence{}
	s := newSweep(ground, guard, q, book)
	s.seen = note(is)
	s.walk(ground, after, book != nil)
	s.plan.Diff = difference(was, is, touched)
	return s.plan
}

// touchedBy returns the campaigns that are not the same object before and after.
func touchedBy(before, after []*Entrant) map[string]bool {
	had := map[string]*Entrant{}
	for _, e := range before {
		had[e.c.ID] = e
	}
	touched := map[string]bool{}
	for _, e := range after {
		if had[e.c.ID] != e {
			touched[e.c.ID] = true
		}
		delete(had, e.c.ID)
	}
	for id := range had {
		touched[id] = true
	}
	return touched
}

func difference(was, is map[string]paspeaker.Occurrence, touched map[string]bool) *paspeaker.PlanDiff {
	d := &paspeaker.PlanDiff{}
	for id, o := range is {
		old, had := was[id]
		switch {
		case !had && touched[o.Campaign]:
			d.Counts.Added++
			d.Added = append(d.Added, o)
		case !had || shapeOf(old) != shapeOf(o): // one that was not touched was allowed before
			d.Counts.Changed++
			d.Changed = append(d.Changed, o)
		}
	}
	for id, o := range was {
		if _, has := is[id]; has {
			continue
		}
		if touched[o.Campaign] {
			d.Counts.Gone++
			d.Gone = append(d.Gone, o)
			continue
		}
		d.Counts.Changed++ // it was refused, and is not any more
		o.Refused, o.State = nil, paspeaker.OccurrencePlanned
		d.Changed = append(d.Changed, o)
	}
	d.Added, d.Gone, d.Changed = first(d.Added), first(d.Gone), first(d.Changed)
	return d
}

func shapeOf(o paspeaker.Occurrence) shape {
	s := shape{message: o.Message, level: o.GainDB, length: o.Length}
	if o.Refused != nil {
		s.refused = o.Refused.Rule
	}
	for _, z := range o.Zones {
		s.place += string(z) + " "
	}
	for _, sp := range o.Speakers {
		s.place += string(sp) + " "
	}
	return s
}

// first returns the first runs by time, so many that a person can read them.
func first(list []paspeaker.Occurrence) []paspeaker.Occurrence {
	sortOccurrences(list)
	return list[:min(len(list), maxDiff)]
}
