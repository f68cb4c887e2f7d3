package schedule

import (
	"math"
	"sort"
	"time"

	"pa/paspeaker"
)

// zone is a time zone as a table of its offsets, so that a day of the plan
// costs no look-up in the system's database. It never changes.
type zone struct {
	loc     *time.Location
	periods []period
}

// period is a time in which the clock keeps one offset.
type period struct {
	from, to int64 // Unix seconds, to excluded
	offset   int64 // seconds east of UTC
}

// newZone reads a location's offsets for the years that a plan may lie in.
func newZone(loc *time.Location) *zone {
	z := &zone{loc: loc}
	end := int64(paspeaker.LastDate+2) * 86400
	for at := time.Unix(-86400, 0).In(loc); at.Unix() <= end; {
		z.add(at)
		_, next := at.ZoneBounds()
		if next.IsZero() {
			break
		}
		if !next.After(at) { // the library stumbles over the last day of leap years
			next = at.Add(24 * time.Hour)
		}
		at = next
	}
	return z
}

// add begins a period at a moment, unless the offset goes on as it was.
func (z *zone) add(at time.Time) {
	_, offset := at.Zone()
	p := period{from: math.MinInt64 / 2, to: math.MaxInt64 / 2, offset: int64(offset)}
	if n := len(z.periods); n > 0 {
		if z.periods[n-1].offset == p.offset {
			return
		}
		p.from = at.Unix()
		z.periods[n-1].to = p.from
	}
	z.periods = append(z.periods, p)
}

// moment returns when a wall clock of the zone shows w, Unix seconds. Where it
// shows it twice (a fold) that is the first time; where it never does (a gap)
// it is so much later as the gap is long, as RFC 5545 §3.3.5 has it.
func (z *zone) moment(w paspeaker.Wall) int64 {
	u := int64(w.Day)*86400 + int64(w.At)
	i := sort.Search(len(z.periods), func(i int) bool { return u-z.periods[i].offset < z.periods[i].to })
	i = min(i, len(z.periods)-1)
	if t := u - z.periods[i].offset; t >= z.periods[i].from || i == 0 {
		return t
	}
	return u - z.periods[i-1].offset
}

// wall returns what the zone's wall clock shows at a moment.
func (z *zone) wall(unix int64) paspeaker.Wall {
	i := sort.Search(len(z.periods), func(i int) bool { return unix < z.periods[i].to })
	u := unix + z.periods[min(i, len(z.periods)-1)].offset
	day := u / 86400
	if u%86400 < 0 {
		day--
	}
	return paspeaker.Wall{Day: paspeaker.Date(day), At: paspeaker.TimeOfDay(u - day*86400)}
}

// odd says whether the clock is changed on that day or at its ends.
func (z *zone) odd(d paspeaker.Date) bool {
	begin, end := int64(d)*86400, int64(d+1)*86400
	i := sort.Search(len(z.periods), func(i int) bool { return begin-z.periods[i].offset < z.periods[i].to })
	i = min(i, len(z.periods)-1)
	p := z.periods[i]
	return begin-p.offset < p.from || end-p.offset >= p.to
}

// time returns a moment in the zone's own location.
func (z *zone) time(unix int64) time.Time { return time.Unix(unix, 0).In(z.loc) }
