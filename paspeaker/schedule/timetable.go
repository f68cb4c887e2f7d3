package schedule

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"pa/paspeaker"
)

// Ground is what timetables stand on: the site's time zone and its calendars.
type Ground struct {
	zone      *zone
	calendars *Calendars
}

// NewGround returns the ground of a site.
func NewGround(loc *time.Location, c *Calendars) *Ground { return &Ground{newZone(loc), c} }

// Location returns the site's time zone.
func (g *Ground) Location() *time.Location { return g.zone.loc }

// Calendars returns the site's calendars.
func (g *Ground) Calendars() *Calendars { return g.calendars }

// Moment returns when the site's wall clock shows w: the first time where it
// shows it twice, so much later as the gap is long where it never does.
func (g *Ground) Moment(w paspeaker.Wall) time.Time { return g.zone.time(g.zone.moment(w)) }

// Today returns the site's day at a moment.
func (g *Ground) Today(now time.Time) paspeaker.Date { return g.zone.wall(now.Unix()).Day }

// Run is one occurrence of a timetable.
type Run struct {
	Due     paspeaker.Wall // what the wall clock shows then
	At      int64          // Unix seconds
	N       int            // which run of the campaign it is, from 0: its message's turn
	Removed string         // why it does not take place; "" when it does
}

// Timetable is a campaign, read: the one answer to when it is due, for the
// scheduler, the preview and the day's view. It may be used by several
// goroutines.
type Timetable struct {
	c           paspeaker.Campaign
	g           *Ground
	first, last paspeaker.Date
	anchor      paspeaker.Date // runs are counted from here
	rules       []rule
	keep, skip  []named
	exceptDays  dayset // nil: none
	exceptWalls map[paspeaker.Wall]bool
	also        map[paspeaker.Date][]paspeaker.TimeOfDay
	turns       rotation

	mu    sync.Mutex
	marks []int // runs before anchor + 32·i
	// The day that was asked for last, and its answer: most ask for today again.
	askedDay paspeaker.Date
	askedN   int
}

// named is a calendar by its name.
type named struct {
	name string
	days dayset
}

// Campaign returns what the timetable was made of.
func (t *Timetable) Campaign() *paspeaker.Campaign { return &t.c }

// Message returns whose turn it is in a run.
func (t *Timetable) Message(r Run) string { return t.turns.message(r.N) }

// ID returns a run's identity.
func (t *Timetable) ID(r Run) string { return paspeaker.OccurrenceID(t.c.ID, r.Due) }

// On appends the runs of one day, by time. Those that calendars and exceptions
// remove are among them only when removed is set; they have no number.
func (t *Timetable) On(d paspeaker.Date, removed bool, out []Run) []Run {
	n := unnumbered
	return t.on(d, removed, &n, out)
}

// unnumbered says that it is not known which run is next.
const unnumbered = -1

// on is On for one who goes from day to day: n is the number of the day's first
// run, and becomes that of the next day's.
func (t *Timetable) on(d paspeaker.Date, removed bool, n *int, out []Run) []Run {
	from := len(out)
	out = t.plain(d, removed, out)
	for i := from; i < len(out); i++ {
		if out[i].Removed != "" {
			continue
		}
		if *n == unnumbered {
			*n = t.before(d)
		}
		out[i].N = *n
		*n++
	}
	if d < t.anchor {
		*n = unnumbered // before it counts, every day counts by itself
	}
	return out
}

// plain is On without the numbers.
func (t *Timetable) plain(d paspeaker.Date, removed bool, out []Run) []Run {
	if d < t.first || d > t.last {
		return t.alsoOn(d, out, len(out))
	}
	from := len(out)
	why := t.why(d)
	if why != "" && !removed {
		return t.alsoOn(d, out, from)
	}
	odd := t.g.zone.odd(d) || t.g.zone.odd(d-1)
	var room [64]paspeaker.TimeOfDay
	if odd && d-1 >= t.first && t.why(d-1) == "" {
		out = t.nominal(d-1, d, "", room[:0], out)
	}
	out = t.nominal(d, d, why, room[:0], out)
	if len(out)-from > 1 {
		out = tidyRuns(out, from)
	}
	if t.exceptWalls != nil {
		out = t.exceptions(removed, out, from)
	}
	return t.alsoOn(d, out, from)
}

// nominal appends what the rules say for day of, as far as it falls on day d by
// the wall clock: a gap may move it.
func (t *Timetable) nominal(of, d paspeaker.Date, why string, room []paspeaker.TimeOfDay, out []Run) []Run {
	for _, r := range t.rules {
		room = r.times(of, room)
	}
	for _, at := range room {
		due := paspeaker.Wall{Day: of, At: at}
		unix := t.g.zone.moment(due)
		if t.g.zone.odd(of) {
			due = t.g.zone.wall(unix)
		}
		if due.Day == d {
			out = append(out, Run{Due: due, At: unix, Removed: why})
		}
	}
	return out
}

// tidyRuns sorts the runs from an index on and drops those of one moment.
func tidyRuns(out []Run, from int) []Run {
	runs := out[from:]
	byTime := func(a, b Run) int { return cmp.Compare(a.At, b.At) }
	if !slices.IsSortedFunc(runs, byTime) {
		slices.SortStableFunc(runs, byTime)
	}
	runs = slices.CompactFunc(runs, func(a, b Run) bool { return a.At == b.At })
	return out[:from+len(runs)]
}

func (t *Timetable) exceptions(removed bool, out []Run, from int) []Run {
	kept := slices.DeleteFunc(out[from:], func(r Run) bool { return !removed && t.exceptWalls[r.Due] })
	for i := range kept {
		if t.exceptWalls[kept[i].Due] {
			kept[i].Removed = "exception"
		}
	}
	return out[:from+len(kept)]
}

// alsoOn adds the moments that the campaign names one by one.
func (t *Timetable) alsoOn(d paspeaker.Date, out []Run, from int) []Run {
	if len(t.also[d]) == 0 {
		return out
	}
	for _, at := range t.also[d] {
		due := paspeaker.Wall{Day: d, At: at}
		unix := t.g.zone.moment(due)
		kept := slices.DeleteFunc(out[from:], func(r Run) bool { return r.At == unix })
		out = append(out[:from+len(kept)], Run{Due: t.g.zone.wall(unix), At: unix})
	}
	return tidyRuns(out, from)
}

// why says why a day is none of the campaign's; "" when it is one.
func (t *Timetable) why(d paspeaker.Date) string {
	for _, s := range t.skip {
		if s.days.has(d) {
			return s.name
		}
	}
	if t.exceptDays.has(d) {
		return "exception"
	}
	if len(t.keep) > 0 && !slices.ContainsFunc(t.keep, func(k named) bool { return k.days.has(d) }) {
		why := "not in"
		for i, k := range t.keep {
			if i > 0 {
				why += ","
			}
			why += " " + k.name
		}
		return why
	}
	return ""
}

// markEvery is how many days lie between two marks.
const markEvery = 32

// before returns how many runs there were before a day, from the anchor on.
func (t *Timetable) before(d paspeaker.Date) int {
	if d <= t.anchor {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.askedDay == 0 || d < t.askedDay || d-t.askedDay > markEvery {
		t.askedDay, t.askedN = d, t.counted(d)
	} else {
		t.askedN += t.count(t.askedDay, int(d-t.askedDay))
		t.askedDay = d
	}
	return t.askedN
}

// counted is before by the marks, which it sets as far as they are needed.
func (t *Timetable) counted(d paspeaker.Date) int {
	i := int(d-t.anchor) / markEvery
	for len(t.marks) <= i {
		if len(t.marks) == 0 {
			t.marks = append(t.marks, 0)
			continue
		}
		last := len(t.marks) - 1
		t.marks = append(t.marks, t.marks[last]+t.count(t.anchor+paspeaker.Date(last*markEvery), markEvery))
	}
	from := t.anchor + paspeaker.Date(i*markEvery)
	return t.marks[i] + t.count(from, int(d-from))
}

// count returns the number of runs on so many days.
func (t *Timetable) count(from paspeaker.Date, days int) int {
	var room [64]Run
	n := 0
	for d := from; d < from+paspeaker.Date(days); d++ {
		n += len(t.plain(d, false, room[:0]))
	}
	return n
}

// nextWithin is how many days Next looks ahead: 29 February may be eight years
// off.
const nextWithin = 9 * 366

// Next returns the first run after a moment; false when there is none in the
// next nine years.
func (t *Timetable) Next(after time.Time) (Run, bool) {
	unix := after.Unix()
	d := max(t.g.zone.wall(unix).Day, t.firstDay())
	end := min(d+nextWithin, t.lastDay())
	var room [64]Run
	for ; d <= end; d++ {
		runs := t.plain(d, false, room[:0])
		for i, r := range runs {
			if r.At > unix {
				r.N = t.before(d) + i
				return r, true
			}
		}
	}
	return Run{}, false
}

// firstDay and lastDay bound the days on which it may be due.
func (t *Timetable) firstDay() paspeaker.Date {
	first := t.first
	for d := range t.also {
		first = min(first, d)
	}
	return first
}

func (t *Timetable) lastDay() paspeaker.Date {
	last := t.last
	for d := range t.also {
		last = max(last, d)
	}
	return last
}

// Over says whether nothing of it is due after a moment.
func (t *Timetable) Over(now time.Time) bool {
	_, more := t.Next(now)
	return !more
}
