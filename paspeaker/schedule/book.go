package schedule

import (
	"time"

	"pa/paspeaker"
)

// Book is what the guard remembers: what has sounded in each zone today, and
// what sounds now. One owner uses it; Clone gives another their own.
type Book struct {
	g       *Guard
	tallies map[tallyKey]tally
	on      map[paspeaker.ZoneID][]sounding
	open    map[paspeaker.SessionID]*Ask // begun and not ended; At+Length is as far as it is entered
}

type tallyKey struct {
	limit int
	zone  paspeaker.ZoneID
}

// tally is what counts for one limit in one zone.
type tally struct {
	of       paspeaker.Date
	sessions int
	session  time.Duration // of sound in the session that goes on
	day      time.Duration // of sound today
	last     time.Time     // the end of the last one
}

// sounding is one announcement in one zone.
type sounding struct {
	from, until time.Time
	db          float64
}

// NewBook returns an empty book for a guard, which may be nil.
func NewBook(g *Guard) *Book {
	return &Book{g: g, tallies: map[tallyKey]tally{}, on: map[paspeaker.ZoneID][]sounding{}, open: map[paspeaker.SessionID]*Ask{}}
}

// Clone returns a copy that can be used on its own.
func (b *Book) Clone() *Book {
	out := NewBook(b.g)
	for k, v := range b.tallies {
		out.tallies[k] = v
	}
	for k, v := range b.on {
		out.on[k] = append([]sounding(nil), v...)
	}
	for k, v := range b.open {
		a := *v
		out.open[k] = &a
	}
	return out
}

// Begin enters a session that begins to sound, as long as it is planned to; End
// says how long it really was.
func (b *Book) Begin(id paspeaker.SessionID, a Ask, nightDB float64) {
	if _, twice := b.open[id]; twice {
		return
	}
	b.Add(a, nightDB)
	b.open[id] = &a
}

// End enters that a session is over.
func (b *Book) End(id paspeaker.SessionID, now time.Time) {
	if a := b.open[id]; a != nil {
		delete(b.open, id)
		b.stretch(a, now)
	}
}

// Tick enters how far the sessions have come whose length nobody knows.
func (b *Book) Tick(now time.Time) {
	for _, a := range b.open {
		if now.After(a.At.Add(a.Length)) {
			b.stretch(a, now)
		}
	}
}

// stretch makes what was entered of an announcement end at a moment.
func (b *Book) stretch(a *Ask, end time.Time) {
	if b.g == nil || end.Before(a.At) {
		return
	}
	was := a.At.Add(a.Length)
	delta := end.Sub(was)
	day := b.g.g.zone.wall(a.At.Unix()).Day
	for k, t := range b.tallies {
		l := &b.g.limits[k.limit]
		if t.of != day || a.Class == paspeaker.ClassEmergency || !contains(a.Zones, k.zone) || !l.about(a.Class, day) {
			continue
		}
		t.session, t.day = max(0, t.session+delta), max(0, t.day+delta)
		if t.last.Equal(was) || end.After(t.last) {
			t.last = end
		}
		b.tallies[k] = t
	}
	for _, z := range b.nearZones(a.Zones) {
		for i, s := range b.on[z] {
			if s.from.Equal(a.At) && s.until.Equal(was) {
				b.on[z][i].until = end
			}
		}
	}
	a.Length = end.Sub(a.At)
}

// Add enters something that sounds from a.At for a.Length. It is told in the
// order of time, and by the guard's verdict when it may be.
func (b *Book) Add(a Ask, nightDB float64) {
	if b.g == nil {
		return
	}
	end := a.At.Add(a.Length)
	day := b.g.g.zone.wall(a.At.Unix()).Day
	if a.Class != paspeaker.ClassEmergency { // exempt: it uses nothing up
		for i := range b.g.limits {
			l := &b.g.limits[i]
			if !l.about(a.Class, day) {
				continue
			}
			for _, z := range a.Zones {
				if l.in(z) {
					b.count(tallyKey{i, z}, l, a, day, end)
				}
			}
		}
	}
	for _, z := range b.nearZones(a.Zones) {
		list := b.on[z][:0]
		for _, s := range b.on[z] {
			if s.until.After(a.At) {
				list = append(list, s)
			}
		}
		b.on[z] = append(list, sounding{a.At, end, a.LevelDB + nightDB})
	}
}

func (b *Book) count(k tallyKey, l *limit, a Ask, day paspeaker.Date, end time.Time) {
	t := b.tally(k.limit, k.zone, day)
	if t.sessions == 0 || a.At.Sub(t.last) >= l.sessionGap {
		t.sessions++
		t.session = 0
	}
	t.session += a.Length
	t.day += a.Length
	if end.After(t.last) {
		t.last = end
	}
	b.tallies[k] = t
}

// tally returns the numbers of a day; a nil book has none.
func (b *Book) tally(limit int, zone paspeaker.ZoneID, day paspeaker.Date) tally {
	if b == nil {
		return tally{of: day}
	}
	t := b.tallies[tallyKey{limit, zone}]
	if t.of != day {
		t = tally{of: day, last: t.last}
	}
	return t
}

// nearZones returns those zones that are somebody's neighbour.
func (b *Book) nearZones(zones []paspeaker.ZoneID) []paspeaker.ZoneID {
	var out []paspeaker.ZoneID
	for _, z := range zones {
		for _, n := range b.g.near {
			if contains(n.zones, z) && !contains(out, z) {
				out = append(out, z)
			}
		}
	}
	return out
}

func contains(list []paspeaker.ZoneID, z paspeaker.ZoneID) bool {
	for _, v := range list {
		if v == z {
			return true
		}
	}
	return false
}

// loudest returns the loudest of what sounds in a zone at a moment, and when it
// ends.
func (b *Book) loudest(zone paspeaker.ZoneID, at time.Time) (db float64, until time.Time, on bool) {
	for _, s := range b.on[zone] {
		if !s.from.After(at) && s.until.After(at) && (!on || s.db > db) {
			db, until, on = s.db, s.until, true
		}
	}
	return db, until, on
}
