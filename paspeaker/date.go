package paspeaker

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Date is a day of the civil (Gregorian) calendar, in the site's time: days
// since 1970-01-01. The zero Date stands for none.
type Date int32

// The days that a plan may lie on.
const (
	firstYear = 1970
	lastYear  = 2199

	FirstDate Date = 1
	LastDate  Date = 84005 // 2199-12-31
)

// DateOf returns the day of t in t's own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return MakeDate(y, m, d)
}

// MakeDate returns a day; what is beyond a month's end counts on into the
// next, as time.Date has it.
func MakeDate(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDate reads "2026-02-17", a day from 1970-01-02 to 2199-12-31.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear || DateOf(t) < FirstDate {
		return 0, fmt.Errorf("day %q: want a form like 2026-02-17", s)
	}
	return DateOf(t), nil
}

func (d Date) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// Civil returns year, month and day of the month.
func (d Date) Civil() (year int, month time.Month, day int) { return d.utc().Date() }

// Year returns the year.
func (d Date) Year() int { return d.utc().Year() }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Weekday(((int(d)+4)%7 + 7) % 7) // 1970-01-01 was a Thursday
}

// String returns "2026-02-17"; the zero Date is "".
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return d.utc().Format(time.DateOnly)
}

// TimeOfDay is a time on a wall clock, in seconds since midnight: 0–86400,
// where 86400 (24:00) is the end of the day.
type TimeOfDay int32

// DayEnd is 24:00.
const DayEnd TimeOfDay = 86400

// TimeOfDayOf returns the wall clock's time of t in t's own location; parts of
// a second are dropped.
func TimeOfDayOf(t time.Time) TimeOfDay {
	h, m, s := t.Clock()
	return TimeOfDay(h*3600 + m*60 + s)
}

// ParseTimeOfDay reads "06:00", "6:00", "06:00:30" or "24:00".
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	bad := fmt.Errorf("time %q: want a form like 06:30 or 18:00:15", s)
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, bad
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 8)
		if err != nil || len(p) > 2 || i > 0 && (len(p) != 2 || v > 59) {
			return 0, bad
		}
		n[i] = int(v)
	}
	t := TimeOfDay(n[0]*3600 + n[1]*60 + n[2])
	if t > DayEnd {
		return 0, bad
	}
	return t, nil
}

// String returns "06:30", with seconds only where there are some.
func (t TimeOfDay) String() string {
	if t%60 == 0 {
		return fmt.Sprintf("%02d:%02d", t/3600, t/60%60)
	}
	return fmt.Sprintf("%02d:%02d:%02d", t/3600, t/60%60, t%60)
}

// Wall is a moment by the wall clock of the site, without its zone: what a
// plan is made of. Two passes of the clock over one hour give the same Wall.
type Wall struct {
	Day Date
	At  TimeOfDay
}

// WallOf returns what a wall clock in t's own location shows.
func WallOf(t time.Time) Wall { return Wall{DateOf(t), TimeOfDayOf(t)} }

// ParseWall reads "2026-02-17T06:30" or "2026-02-17 06:30", seconds allowed.
func ParseWall(s string) (Wall, error) {
	if len(s) > 11 && (s[10] == 'T' || s[10] == ' ') {
		day, err := ParseDate(s[:10])
		at, err2 := ParseTimeOfDay(s[11:])
		if err == nil && err2 == nil && at < DayEnd {
			return Wall{day, at}, nil
		}
	}
	return Wall{}, fmt.Errorf("moment %q: want a form like 2026-02-17T06:30", s)
}

// String returns "2026-02-17T06:30".
func (w Wall) String() string { return w.Day.String() + "T" + w.At.String() }

// Compare orders by day, then time.
func (w Wall) Compare(o Wall) int {
	if w.Day != o.Day {
		return int(w.Day) - int(o.Day)
	}
	return int(w.At) - int(o.At)
}
