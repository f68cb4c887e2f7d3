package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pa/paspeaker"
)

// dayset is a set of days, a bit each.
type dayset []uint64

func newDayset() dayset { return make(dayset, paspeaker.LastDate/64+1) }

func (s dayset) has(d paspeaker.Date) bool {
	return d >= 0 && int(d/64) < len(s) && s[d/64]&(1<<(d%64)) != 0
}

func (s dayset) add(d paspeaker.Date) {
	if d >= paspeaker.FirstDate && d <= paspeaker.LastDate {
		s[d/64] |= 1 << (d % 64)
	}
}

func (s dayset) drop(d paspeaker.Date) {
	if d >= paspeaker.FirstDate && d <= paspeaker.LastDate {
		s[d/64] &^= 1 << (d % 64)
	}
}

func (s dayset) join(o dayset) {
	for i := range o {
		s[i] |= o[i]
	}
}

func (s dayset) without(o dayset) {
	for i := range o {
		s[i] &^= o[i]
	}
}

// everyDay calls f for each day that a plan may lie on.
func everyDay(f func(paspeaker.Date)) {
	for d := paspeaker.FirstDate; d <= paspeaker.LastDate; d++ {
		f(d)
	}
}

// span is a run of days, both ends included.
type span struct{ first, last paspeaker.Date }

// parseSpan reads "2026-11-20" or "2026-12-24..2026-12-31".
func parseSpan(s string) (span, error) {
	a, b, is := strings.Cut(s, "..")
	if !is {
		b = a
	}
	first, err := paspeaker.ParseDate(a)
	if err != nil {
		return span{}, err
	}
	last, err := paspeaker.ParseDate(b)
	if err != nil {
		return span{}, err
	}
	if last < first {
		return span{}, fmt.Errorf("days %q: the last is before the first", s)
	}
	return span{first, last}, nil
}

func (s span) each(f func(paspeaker.Date)) {
	for d := s.first; d <= s.last; d++ {
		f(d)
	}
}

// yearly is a run of days of every year, which may go over New Year's Eve.
type yearly struct{ from, to [2]int } // month and day

// parseYearly reads "09-02" or "12-24..01-02".
func parseYearly(s string) (yearly, error) {
	a, b, is := strings.Cut(s, "..")
	if !is {
		b = a
	}
	var ends [2][2]int
	for i, part := range []string{a, b} {
		t, err := time.Parse("2006-01-02", "2000-"+part) // a leap year
		if err != nil {
			return yearly{}, fmt.Errorf("days of every year %q: want month and day, like 09-02 or 12-24..12-31", s)
		}
		ends[i] = [2]int{int(t.Month()), t.Day()}
	}
	return yearly{from: ends[0], to: ends[1]}, nil
}

// each calls f for the days of it that begin in a year. 29 February is only in
// leap years.
func (y yearly) each(year int, f func(paspeaker.Date)) {
	first := paspeaker.MakeDate(year, time.Month(y.from[0]), y.from[1])
	end := year
	if y.to[0] < y.from[0] || y.to[0] == y.from[0] && y.to[1] < y.from[1] {
		end++
	}
	last := paspeaker.MakeDate(end, time.Month(y.to[0]), y.to[1])
	if _, m, _ := first.Civil(); int(m) != y.from[0] && y.from == y.to {
		return
	}
	span{first, last}.each(f)
}

// lunarDays are days of the lunar calendar, of every lunar year.
type lunarDays struct{ day, month int } // month 0: every month

// parseLunar reads "15/1", as people say it, or "15/*" for every month. Leap
// months count for "*" alone.
func parseLunar(s string) (lunarDays, error) {
	bad := fmt.Errorf("lunar day %q: want day and month, like 15/1, or 15/* for every month", s)
	a, b, ok := strings.Cut(s, "/")
	day, err := strconv.Atoi(a)
	if !ok || err != nil || day < 1 || day > 30 {
		return lunarDays{}, bad
	}
	if b == "*" {
		return lunarDays{day: day}, nil
	}
	month, err := strconv.Atoi(b)
	if err != nil || month < 1 || month > 12 {
		return lunarDays{}, bad
	}
	return lunarDays{day, month}, nil
}

func (l lunarDays) each(f func(paspeaker.Date)) {
	months := lunarMonths()
	for i, m := range months[:len(months)-1] {
		d := m.first + paspeaker.Date(l.day-1)
		if d < months[i+1].first && (l.month == 0 || l.month == m.month && !m.leap) {
			f(d)
		}
	}
}

// weekdayNames are the short names, by time.Weekday.
var weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseWeekdays reads "mon", "mon-fri" and the like into a bit for each
// time.Weekday.
func parseWeekdays(words []string, path string, f *faults) (set uint8) {
	for i, w := range words {
		a, b, is := strings.Cut(strings.ToLower(strings.TrimSpace(w)), "-")
		if !is {
			b = a
		}
		from, to := indexOf(weekdayNames, a), indexOf(weekdayNames, b)
		if from < 0 || to < 0 {
			f.add(at(path, i), fmt.Sprintf("%q is not a day of the week", w), "use mon, tue, wed, thu, fri, sat, sun, or a run such as mon-fri")
			continue
		}
		for d := from; ; d = (d + 1) % 7 {
			set |= 1 << d
			if d == to {
				break
			}
		}
	}
	return set
}

func indexOf(list []string, s string) int {
	for i, v := range list {
		if v == s {
			return i
		}
	}
	return -1
}
