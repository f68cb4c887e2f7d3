// Package report makes the day's report of the journal: what was announced, by
// whom and where, what came of it, what was broken, and what each loudspeaker
// sounded; as text, as CSV for spreadsheets, and as a page of HTML that needs
// nothing but itself.
//
// The controller builds it, the command line prints it. It is pure: entries and
// the site go in, a Report and its words come out.
package report

import (
	"cmp"
	"slices"
	"time"

	"pa/paspeaker"
)

// Input is what a report is made of.
type Input struct {
	Site     string
	From, To time.Time // the day; its zone is the site's
	Now      time.Time
	Zones    []paspeaker.Zone
	Speakers []paspeaker.Speaker
	// Before holds the entries about faults, loudspeakers and starts of the days
	// before From, oldest first: what was broken when the day began.
	Before []paspeaker.Entry
	// Entries are the journal's of [From, To) and, where announcements outlast
	// the day, of what followed.
	Entries []paspeaker.Entry
}

// Report is one day.
type Report struct {
	Site     string    `json:"site"`
	Day      string    `json:"day"`       // 2026-11-24
	TimeZone string    `json:"time_zone"` // IANA name
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Made     time.Time `json:"made"`

	Total   Count    `json:"total"`
	ByClass []Count  `json:"by_class"` // drills are a class of their own
	ByZone  []Count  `json:"by_zone"`
	ByHour  []Count  `json:"by_hour"` // of the day's hours, 23 or 25 where clocks change
	Drills  []Fate   `json:"drills,omitempty"`
	Alarms  []Fate   `json:"emergencies,omitempty"`
	Live    []Fate   `json:"live,omitempty"`
	Wrong   []Fate   `json:"not_played,omitempty"` // shortened, refused, missed, cut off
	Faults  []Outage `json:"faults,omitempty"`
	Dead    []Outage `json:"dead,omitempty"` // loudspeakers that were not online
	Heard   []Heard  `json:"loudspeakers"`
	Starts  int      `json:"starts"` // of the controller
	Lost    int      `json:"losses"` // gaps in the journal
	Partial bool     `json:"partial,omitempty"`
}

// Fate is paspeaker.Fate.
type Fate = paspeaker.Fate

// Count counts announcements by what became of them.
type Count struct {
	Key       string `json:"key"`
	Name      string `json:"name,omitempty"`
	Played    int    `json:"played"`
	Shortened int    `json:"shortened"`
	Refused   int    `json:"refused"`
	Missed    int    `json:"missed"`
	CutOff    int    `json:"cut_off"`
	Open      int    `json:"open"` // on air or waiting when the report was made
}

// All is the sum.
func (c Count) All() int {
	return c.Played + c.Shortened + c.Refused + c.Missed + c.CutOff + c.Open
}

func (c *Count) add(b paspeaker.Became) {
	switch b {
	case paspeaker.BecamePlayed:
		c.Played++
	case paspeaker.BecameShortened:
		c.Shortened++
	case paspeaker.BecameRefused:
		c.Refused++
	case paspeaker.BecameMissed:
		c.Missed++
	case paspeaker.BecameCutOff:
		c.CutOff++
	default:
		c.Open++
	}
}

// Outage is a fault's time, or a loudspeaker's without its node, within the
// day.
type Outage struct {
	ID       string             `json:"id"` // of the fault, or of the loudspeaker
	Name     string             `json:"name,omitempty"`
	What     string             `json:"what,omitempty"`
	Since    time.Time          `json:"since"`
	Until    time.Time          `json:"until"`
	Open     bool               `json:"open,omitempty"` // it lasts
	Length   paspeaker.Duration `json:"length"`
	Earlier  bool               `json:"earlier,omitempty"` // it began before the day
	Presumed bool               `json:"presumed,omitempty"`
}

// Heard is what one loudspeaker made of the day.
type Heard struct {
	Speaker paspeaker.SpeakerID   `json:"speaker"`
	Name    string                `json:"name"`
	Kind    paspeaker.SpeakerKind `json:"kind"`
	paspeaker.Tally
	Played paspeaker.Duration `json:"played"`
	Dead   paspeaker.Duration `json:"dead,omitempty"`
}

// drillClass is the class in which drills are counted, so that none is ever
// taken for the real thing.
const drillClass = "drill"

// Build makes the report of a day.
func Build(in Input) Report {
	r := Report{Site: in.Site, Day: in.From.Format(time.DateOnly), TimeZone: in.From.Location().String(), From: in.From, To: in.To,
		Made: in.Now, Partial: in.Now.Before(in.To), Total: Count{Key: "all"}}
	fates := slices.DeleteFunc(paspeaker.Fates(in.Entries), func(f Fate) bool {
		return f.Asked.Before(in.From) || !f.Asked.Before(in.To)
	})
	r.count(in, fates)
	r.sort(fates)
	for _, e := range in.Entries {
		if e.Time.Before(in.To) && !e.Time.Before(in.From) {
			switch e.What {
			case paspeaker.WhatStart:
				r.Starts++
			case paspeaker.WhatLoss:
				r.Lost++
			}
		}
	}
	r.outages(in)
	r.hear(in, fates)
	return r
}

// count fills the tables of counts.
func (r *Report) count(in Input, fates []Fate) {
	class, zone := make(map[string]*Count), make(map[string]*Count)
	for _, c := range []paspeaker.Class{paspeaker.ClassEmergency, paspeaker.ClassLive, paspeaker.ClassRoutine, paspeaker.ClassBackground} {
		class[string(c)] = &Count{Key: string(c)}
	}
	for at := in.From; at.Before(in.To); at = at.Add(time.Hour) {
		r.ByHour = append(r.ByHour, Count{Key: at.Format("15:04")})
	}
	for _, f := range fates {
		r.Total.add(f.Became)
		key := string(f.Class())
		if f.Drill {
			key = drillClass
		}
		counted(class, key).add(f.Became)
		for _, z := range f.Zones {
			counted(zone, string(z)).add(f.Became)
		}
		if h := int(f.Asked.Sub(in.From) / time.Hour); h < len(r.ByHour) {
			r.ByHour[h].add(f.Became)
		}
	}
	for _, key := range []string{string(paspeaker.ClassEmergency), drillClass, string(paspeaker.ClassLive), string(paspeaker.ClassRoutine), string(paspeaker.ClassBackground)} {
		if c := class[key]; c != nil {
			r.ByClass = append(r.ByClass, *c)
		}
	}
	for _, z := range in.Zones {
		if c := zone[string(z.ID)]; c != nil {
			c.Name = z.Name
			r.ByZone = append(r.ByZone, *c)
			delete(zone, string(z.ID))
		}
	}
	rest := len(r.ByZone)
	for _, c := range zone { // zones that the site no longer has
		r.ByZone = append(r.ByZone, *c)
	}
	slices.SortFunc(r.ByZone[rest:], func(a, b Count) int { return cmp.Compare(a.Key, b.Key) })
}

func counted(m map[string]*Count, key string) *Count {
	if m[key] == nil {
		m[key] = &Count{Key: key}
	}
	return m[key]
}

// sort puts the fates that people look at one by one into their lists. A drill
// is never among the emergencies.
func (r *Report) sort(fates []Fate) {
	for _, f := range fates {
		if f.Kind == paspeaker.KindLive {
			r.Live = append(r.Live, f) // whoever spoke, drill or not: the name says which
		}
		if f.Drill {
			r.Drills = append(r.Drills, f)
			continue
		}
		if f.Kind == paspeaker.KindEmergency || f.Class() == paspeaker.ClassEmergency {
			r.Alarms = append(r.Alarms, f)
		}
		switch f.Became {
		case paspeaker.BecameShortened, paspeaker.BecameRefused, paspeaker.BecameMissed, paspeaker.BecameCutOff:
			r.Wrong = append(r.Wrong, f)
		}
	}
}

// hear adds up the verdicts.
func (r *Report) hear(in Input, fates []Fate) {
	at := make(map[paspeaker.SpeakerID]int)
	for _, sp := range in.Speakers {
		at[sp.ID] = len(r.Heard)
		r.Heard = append(r.Heard, Heard{Speaker: sp.ID, Name: sp.Name, Kind: sp.Kind})
	}
	for _, f := range fates {
		for _, v := range f.Verdicts {
			i, known := at[v.Speaker]
			if !known { // of former times
				i = len(r.Heard)
				at[v.Speaker] = i
				r.Heard = append(r.Heard, Heard{Speaker: v.Speaker})
			}
			r.Heard[i].Add(v.Verdict)
			r.Heard[i].Played += v.Played
		}
	}
	for _, d := range r.Dead {
		if i, known := at[paspeaker.SpeakerID(d.ID)]; known {
			r.Heard[i].Dead += d.Length
		}
	}
}
