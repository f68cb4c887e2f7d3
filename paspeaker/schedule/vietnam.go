package schedule

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pa/paspeaker"
)

// HolidaySpec is what a site says about its public holidays. The days
// themselves are computed: New Year, five days of Tết, Hùng Kings' day, 30
// April, 1 May and two days for the National Day (Labour Code 2019, Article
// 112). Which days before Tết and beside 2 September, the government decides
// year by year.
type HolidaySpec struct {
	None  bool // not Vietnam's: only Also
	Usual HolidayChoice
	Years map[int]HolidayChoice // what was decided for a year
	Also  []string              // further holidays: 11-24 of every year, or 2026-01-02
	// NoLieu: a holiday that falls on a weekly day of rest gives no day in lieu.
	NoLieu bool
}

// HolidayChoice is what is decided year by year. Zero fields are as usual, and
// usual is one day before Tết, four from it on, and the day before 2 September.
type HolidayChoice struct {
	TetBefore, TetAfter int
	NationalDay         string // "before" or "after" 2 September
}

func (h *HolidaySpec) inLieu() bool { return !h.NoLieu }

// choice returns what holds for a year.
func (h *HolidaySpec) choice(year int) HolidayChoice {
	out := HolidayChoice{TetBefore: 1, TetAfter: 4, NationalDay: "before"}
	for _, c := range []HolidayChoice{h.Usual, h.Years[year]} {
		if c.TetBefore+c.TetAfter > 0 {
			out.TetBefore, out.TetAfter = c.TetBefore, c.TetAfter
		}
		if c.NationalDay != "" {
			out.NationalDay = c.NationalDay
		}
	}
	return out
}

// readHolidays works out the public holidays and the calendars of Tết and of
// Hùng Kings' day.
func (b *calendarBuilder) readHolidays() dayset {
	h := &b.spec.Holidays
	b.checkChoice("holidays", h.Usual)
	for _, year := range slices.Sorted(maps.Keys(h.Years)) {
		b.checkChoice(fmt.Sprintf("holidays.years.%d", year), h.Years[year])
	}
	tet, hung, all := newDayset(), newDayset(), newDayset()
	for year := paspeaker.FirstDate.Year(); year <= paspeaker.LastDate.Year(); year++ {
		c := h.choice(year)
		first := Tet(year)
		span{first - paspeaker.Date(c.TetBefore), first + paspeaker.Date(c.TetAfter) - 1}.each(tet.add)
		hung.add(lunarDay(year, 3, 10))
		if h.None {
			continue
		}
		national := paspeaker.MakeDate(year, time.September, 2)
		beside := national - 1
		if c.NationalDay == "after" {
			beside = national + 1
		}
		for _, d := range []paspeaker.Date{paspeaker.MakeDate(year, time.January, 1), paspeaker.MakeDate(year, time.April, 30),
			paspeaker.MakeDate(year, time.May, 1), national, beside} {
			all.add(d)
		}
	}
	if !h.None {
		all.join(tet)
		all.join(hung)
	}
	b.furtherHolidays(all)
	b.c.sets[CalendarTet], b.c.sets[CalendarHung], b.c.sets[CalendarHolidays] = tet, hung, all
	return all
}

func (b *calendarBuilder) furtherHolidays(all dayset) {
	for i, text := range b.spec.Holidays.Also {
		path := at("holidays.also", i)
		if y, err := parseYearly(text); err == nil {
			everyYear(func(year int) { y.each(year, all.add) })
			continue
		}
		d, err := parseSpan(text)
		if err != nil {
			b.f.add(path, fmt.Sprintf("%q is not a day", text), "write 11-24 for every year, or 2026-01-02")
			continue
		}
		d.each(all.add)
	}
}

func (b *calendarBuilder) checkChoice(path string, c HolidayChoice) {
	if n := c.TetBefore + c.TetAfter; n != 0 && (c.TetBefore < 0 || c.TetAfter < 1 || n > 30) {
		b.f.add(path, fmt.Sprintf("%d days before Tết and %d from it on", c.TetBefore, c.TetAfter), "at least one from it on, 30 in all at most")
	}
	if c.NationalDay != "" && c.NationalDay != "before" && c.NationalDay != "after" {
		b.f.add(path+".national_day", fmt.Sprintf("%q is neither before nor after", c.NationalDay), "say on which side of 2 September the second day is")
	}
}
