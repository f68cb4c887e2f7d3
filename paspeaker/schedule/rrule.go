package schedule

import (
	"fmt"
	"slices"

	"pa/paspeaker"
)

// freq is how often a recurrence rule recurs.
type freq int

const (
	minutely freq = iota
	hourly
	daily
	weekly
	monthly
	yearlyFreq
)

// nth is a weekday of BYDAY: the n-th one of its month or year, counted from
// the end when n is negative; n = 0 is every one.
type nth struct{ n, weekday int }

// rrule is a recurrence rule (RFC 5545 §3.3.10) by the wall clock: a question
// about a day, not a walk from its start. Everything that is restricted must
// hold at once.
type rrule struct {
	freq     freq
	interval int
	start    paspeaker.Wall
	until    paspeaker.Wall // the last moment that may be
	weekFrom int            // WKST

	months                       []int
	monthDays, yearDays, weekNos []int
	days                         []nth
	ofYear                       bool // ordinals of days count in the year, not the month
	hours, minutes, seconds      []int
	positions                    []int

	clock  []paspeaker.TimeOfDay                    // daily and rarer: of a day on which it fires
	picked map[paspeaker.Date][]paspeaker.TimeOfDay // yearly, with positions: what they pick
}

// times implements rule.
func (r *rrule) times(d paspeaker.Date, out []paspeaker.TimeOfDay) []paspeaker.TimeOfDay {
	if d < r.start.Day || d > r.until.Day || !r.fits(d) {
		return out
	}
	n := len(out)
	switch {
	case r.freq <= hourly:
		out = r.ofUnits(d, out)
	case len(r.positions) > 0:
		out = r.byPosition(d, out)
	default:
		out = append(out, r.clock...)
	}
	if d > r.start.Day && d < r.until.Day {
		return out
	}
	kept := slices.DeleteFunc(out[n:], func(t paspeaker.TimeOfDay) bool {
		w := paspeaker.Wall{Day: d, At: t}
		return w.Compare(r.start) < 0 || w.Compare(r.until) > 0
	})
	return out[:n+len(kept)]
}

// fits says whether a day is one of the rule's, whatever its position.
func (r *rrule) fits(d paspeaker.Date) bool {
	year, month, day := d.Civil()
	if len(r.months) > 0 && !slices.Contains(r.months, int(month)) {
		return false
	}
	if len(r.monthDays) > 0 && !hasEither(r.monthDays, day, daysIn(year, int(month))) {
		return false
	}
	if len(r.days) > 0 && !r.fitsWeekday(d, year, int(month), day) {
		return false
	}
	if len(r.yearDays) > 0 && !hasEither(r.yearDays, yearDay(d, year), daysInYear(year)) {
		return false
	}
	if len(r.weekNos) > 0 && !r.fitsWeekNo(d, year) {
		return false
	}
	return r.inTurn(d, year, int(month))
}

// inTurn says whether the day's period is one that the interval does not skip.
func (r *rrule) inTurn(d paspeaker.Date, year, month int) bool {
	if r.interval == 1 {
		return true
	}
	y0, m0, _ := r.start.Day.Civil()
	var n int
	switch r.freq {
	case daily:
		n = int(d - r.start.Day)
	case weekly:
		n = int(r.weekOf(d)-r.weekOf(r.start.Day)) / 7
	case monthly:
		n = (year-y0)*12 + month - int(m0)
	case yearlyFreq:
		n = year - y0
	default:
		return true // counted in hours or minutes
	}
	return n%r.interval == 0
}

// weekOf returns the first day of d's week.
func (r *rrule) weekOf(d paspeaker.Date) paspeaker.Date {
	return d - paspeaker.Date((int(d.Weekday())-r.weekFrom+7)%7)
}

func (r *rrule) fitsWeekday(d paspeaker.Date, year, month, day int) bool {
	weekday := int(d.Weekday())
	for _, w := range r.days {
		if w.weekday != weekday {
			continue
		}
		at, length := day, daysIn(year, month)
		if r.ofYear {
			at, length = yearDay(d, year), daysInYear(year)
		}
		if w.n == 0 || w.n == (at-1)/7+1 || w.n == -((length-at)/7+1) {
			return true
		}
	}
	return false
}

// fitsWeekNo says whether the day's week, as ISO 8601 counts them from WKST, is
// one of BYWEEKNO. A week belongs to the year in which most of its days are.
func (r *rrule) fitsWeekNo(d paspeaker.Date, year int) bool {
	first := r.weekOf(d)
	of := (first + 3).Year()
	n := int(first-r.firstWeek(of))/7 + 1
	all := int(r.firstWeek(of+1)-r.firstWeek(of)) / 7
	return hasEither(r.weekNos, n, all)
}

// firstWeek returns the first day of a year's first week: the one with 4 January.
func (r *rrule) firstWeek(year int) paspeaker.Date { return r.weekOf(paspeaker.MakeDate(year, 1, 4)) }

// byPosition appends those times of the day that BYSETPOS picks from the whole
// period.
func (r *rrule) byPosition(d paspeaker.Date, out []paspeaker.TimeOfDay) []paspeaker.TimeOfDay {
	if r.freq == yearlyFreq {
		return append(out, r.picked[d]...)
	}
	first, last := r.periodOf(d)
	before, all := 0, 0
	for x := first; x <= last; x++ {
		if r.fits(x) {
			all++
			if x < d {
				before++
			}
		}
	}
	return r.pick(before, all, out)
}

// pick appends the times of the day that has before days of all before it in
// its period.
func (r *rrule) pick(before, all int, out []paspeaker.TimeOfDay) []paspeaker.TimeOfDay {
	n := len(r.clock)
	for i, t := range r.clock {
		if hasEither(r.positions, before*n+i+1, all*n) {
			out = append(out, t)
		}
	}
	return out
}

// pickYears works out what positions pick in every year: asking a year for each
// of its days would take too long.
func (r *rrule) pickYears() {
	r.picked = map[paspeaker.Date][]paspeaker.TimeOfDay{}
	for year := r.start.Day.Year(); year <= paspeaker.LastDate.Year(); year++ {
		var days []paspeaker.Date
		first := paspeaker.MakeDate(year, 1, 1)
		for d := first; d < first+paspeaker.Date(daysInYear(year)); d++ {
			if r.fits(d) {
				days = append(days, d)
			}
		}
		for i, d := range days {
			if times := r.pick(i, len(days), nil); times != nil {
				r.picked[d] = times
			}
		}
	}
}

// periodOf returns the day, week or month that a position is counted in.
func (r *rrule) periodOf(d paspeaker.Date) (first, last paspeaker.Date) {
	switch r.freq {
	case weekly:
		return r.weekOf(d), r.weekOf(d) + 6
	case monthly:
		year, month, day := d.Civil()
		first = d - paspeaker.Date(day-1)
		return first, first + paspeaker.Date(daysIn(year, int(month))-1)
	}
	return d, d
}

// ofUnits appends the times of a rule that recurs by hours or minutes.
func (r *rrule) ofUnits(d paspeaker.Date, out []paspeaker.TimeOfDay) []paspeaker.TimeOfDay {
	unit := 60
	if r.freq == hourly {
		unit = 3600
	}
	perDay := 86400 / unit
	since := int(d-r.start.Day)*perDay - int(r.start.At)/unit // units from the start's to midnight's
	first := ((-since)%r.interval + r.interval) % r.interval
	for u := first; u < perDay; u += r.interval {
		t := u * unit
		if len(r.hours) > 0 && !slices.Contains(r.hours, t/3600) {
			continue
		}
		if r.freq == minutely {
			if len(r.minutes) > 0 && !slices.Contains(r.minutes, t/60%60) {
				continue
			}
			out = r.ofMinute(t, out)
			continue
		}
		for _, m := range r.minutes {
			out = r.ofMinute(t+m*60, out)
		}
	}
	return out
}

func (r *rrule) ofMinute(t int, out []paspeaker.TimeOfDay) []paspeaker.TimeOfDay {
	for _, s := range r.seconds {
		out = append(out, paspeaker.TimeOfDay(t+s))
	}
	return out
}

// countTo sets until so that the rule ends with its n-th moment. A rule that
// does not reach it within forty years goes on.
func (r *rrule) countTo(n int) {
	var buf []paspeaker.TimeOfDay
	for d := r.start.Day; d <= r.start.Day+40*366; d++ {
		buf = r.times(d, buf[:0])
		if len(buf) < n {
			n -= len(buf)
			continue
		}
		slices.Sort(buf)
		r.until = paspeaker.Wall{Day: d, At: buf[n-1]}
		return
	}
}

// hasEither says whether a list has v, counted from 1, or counted from the end
// of n.
func hasEither(list []int, v, n int) bool {
	return slices.Contains(list, v) || slices.Contains(list, v-n-1)
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		return daysInYear(year) - 337
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func daysInYear(year int) int {
	if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 366
	}
	return 365
}

func yearDay(d paspeaker.Date, year int) int { return int(d-paspeaker.MakeDate(year, 1, 1)) + 1 }

// String says what the rule recurs by, for faults.
func (f freq) String() string {
	return fmt.Sprint([]string{"MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"}[f])
}
