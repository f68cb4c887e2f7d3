package schedule

import (
	"fmt"
	"math"
	"sort"
	"sync"
	"time"

	"pa/paspeaker"
)

// LunarDate is a day of Vietnam's calendar: months begin with the day of the
// new moon at UTC+7, and the month without a major solar term is a leap one.
type LunarDate struct {
	Year  int  // the civil year in which it begins
	Month int  // 1–12
	Leap  bool // the second month of that number
	Day   int  // 1–30
}

// String returns "15/1" or "15/6 nhuận", as calendars on the wall have it.
func (l LunarDate) String() string {
	s := fmt.Sprintf("%d/%d", l.Day, l.Month)
	if l.Leap {
		s += " nhuận"
	}
	return s
}

// LunarOf returns the day in Vietnam's calendar, right for 1970–2199.
func LunarOf(d paspeaker.Date) LunarDate {
	months := lunarMonths()
	i := sort.Search(len(months), func(i int) bool { return months[i].first > d }) - 1
	if i < 0 {
		return LunarDate{}
	}
	m := months[i]
	return LunarDate{Year: m.year, Month: m.month, Leap: m.leap, Day: int(d-m.first) + 1}
}

// Tet returns the first day of the lunar year that begins in a civil year of
// 1970–2199.
func Tet(year int) paspeaker.Date { return lunarDay(year, 1, 1) }

// lunarDay returns a day of a lunar year that is no leap month's; a month of 29
// days has no 30th, and 0 is returned.
func lunarDay(year, month, day int) paspeaker.Date {
	months := lunarMonths()
	i := sort.Search(len(months), func(i int) bool {
		m := months[i]
		return m.year > year || m.year == year && m.month >= month
	})
	if i+1 >= len(months) || months[i].year != year || months[i].month != month {
		return 0
	}
	d := months[i].first + paspeaker.Date(day-1)
	if d >= months[i+1].first {
		return 0
	}
	return d
}

// lunarMonth is a month of Vietnam's calendar.
type lunarMonth struct {
	first paspeaker.Date
	year  int
	month int
	leap  bool
}

// The lunar years that are worked out: one more on either side than a plan's.
const (
	firstLunarYear = 1969
	lastLunarYear  = 2200
)

// lunarMonths returns every month of 1969–2200, in order. It is worked out at
// the first call, in some milliseconds.
var lunarMonths = sync.OnceValue(func() []lunarMonth {
	var out []lunarMonth
	for year := firstLunarYear; year <= lastLunarYear; year++ {
		out = append(out, monthsOf(year)...)
	}
	return out
})

// monthsOf returns the months from the eleventh of the year before to the
// tenth of this one: between two winter solstices.
func monthsOf(year int) []lunarMonth {
	from, to := eleventh(year-1), eleventh(year)
	leap := to // none
	if to-from == 13 {
		leap = leapAfter(from)
	}
	var out []lunarMonth
	month := 10
	for k := from; k < to; k++ {
		m := lunarMonth{first: newMoonDay(k), leap: k == leap}
		if !m.leap {
			month = month%12 + 1
		}
		m.month, m.year = month, year
		if month >= 11 {
			m.year = year - 1
		}
		out = append(out, m)
	}
	return out
}

// eleventh returns the number of the new moon that begins the eleventh month of
// a lunar year: the month in which the winter solstice of the year falls.
func eleventh(year int) int {
	end := paspeaker.MakeDate(year, time.December, 31)
	k := int(math.Round((float64(end) + unixEpoch - 2451550.1) / synodic))
	for newMoonDay(k) > end {
		k--
	}
	for newMoonDay(k+1) <= end {
		k++
	}
	if sunAt(newMoonDay(k)) >= 270 {
		k-- // the solstice was before this new moon's day began
	}
	return k
}

// leapAfter returns the leap month among the thirteen from the k-th on: the
// first after the eleventh in which the Sun enters no sign.
func leapAfter(k int) int {
	for i := k + 1; i < k+13; i++ {
		if solarTerm(newMoonDay(i)) == solarTerm(newMoonDay(i+1)) {
			return i
		}
	}
	return k + 13
}

// newMoonDay returns the day at UTC+7 on which the k-th new moon falls.
func newMoonDay(k int) paspeaker.Date {
	return paspeaker.Date(math.Floor(newMoon(k) - unixEpoch + 7.0/24))
}

// sunAt returns the Sun's longitude as a day begins at UTC+7.
func sunAt(d paspeaker.Date) float64 { return sunLongitude(float64(d) + unixEpoch - 7.0/24) }

// solarTerm returns in which of the twelve signs the Sun stands as a day begins
// at UTC+7: 0 is Aries, 9 Capricorn.
func solarTerm(d paspeaker.Date) int { return int(sunAt(d) / 30) }
