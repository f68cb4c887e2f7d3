package schedule

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func calendars(t testing.TB, spec CalendarSpec) *Calendars {
	t.Helper()
	c, faults := NewCalendars(spec)
	require.Empty(t, faults)
	return c
}

// in returns the days of a year that belong to a calendar.
func in(c *Calendars, name string, year int) []string {
	var out []string
	for d := paspeaker.MakeDate(year, 1, 1); d.Year() == year; d++ {
		if c.Has(name, d) {
			out = append(out, d.String()[5:])
		}
	}
	return out
}

func TestVietnamsHolidays(t *testing.T) {
	c := calendars(t, CalendarSpec{Holidays: HolidaySpec{Years: map[int]HolidayChoice{
		2025: {TetBefore: 2, TetAfter: 3, NationalDay: "before"}}}})
	assert.Equal(t, []string{"01-01", "02-16", "02-17", "02-18", "02-19", "02-20", "04-26", "04-30", "05-01", "09-01", "09-02"},
		in(c, CalendarHolidays, 2026))
	assert.Equal(t, []string{"01-27", "01-28", "01-29", "01-30", "01-31"}, in(c, CalendarTet, 2025), "decided so for that year")
	assert.Equal(t, []string{"04-18"}, in(c, CalendarHung, 2024))
}

// What the government decided for 2024–2026, for people who work Monday to
// Friday: https://thuvienphapluat.vn and the ministry's notices.
func TestSwappedWorkingDays(t *testing.T) {
	c := calendars(t, CalendarSpec{
		WorkWeek: []string{"mon-fri"},
		Holidays: HolidaySpec{Years: map[int]HolidayChoice{2025: {TetBefore: 2, TetAfter: 3}, 2024: {NationalDay: "after"}}},
		Swaps: []Swap{{Work: "2024-05-04", Off: "2024-04-29"}, {Work: "2025-04-26", Off: "2025-05-02"},
			{Work: "2026-01-10", Off: "2026-01-02"}, {Work: "2026-08-22", Off: "2026-08-31"}},
	})
	for d, works := range map[string]bool{
		"2024-04-29": false, "2024-05-04": true, "2024-05-03": true, "2024-09-03": false, "2024-09-02": false, "2024-09-04": true,
		"2025-05-02": false, "2025-04-26": true, "2025-04-25": true, "2025-05-05": true, "2025-04-19": false,
		"2026-01-02": false, "2026-01-10": true, "2026-01-03": false, "2026-08-31": false, "2026-08-22": true,
		"2026-04-27": false, // Hùng Kings' day was a Sunday: a day in lieu
		"2026-04-28": true, "2026-02-13": true, "2026-02-16": false, "2026-02-23": true,
	} {
		assert.Equal(t, works, c.Has(CalendarWork, day(t, d)), d)
		assert.Equal(t, !works, c.Has(CalendarOff, day(t, d)), d)
	}
}

func TestDaysInLieuFollowTheHoliday(t *testing.T) {
	// New Year 2028 is a Saturday, 30 April 2028 a Sunday with 1 May after it.
	six := calendars(t, CalendarSpec{})
	assert.True(t, six.Has(CalendarWork, day(t, "2028-01-03")), "Saturday is a working day where people work six")
	assert.False(t, six.Has(CalendarWork, day(t, "2028-05-02")), "in lieu of Sunday 30 April, behind 1 May")
	five := calendars(t, CalendarSpec{WorkWeek: []string{"mon-fri"}})
	assert.False(t, five.Has(CalendarWork, day(t, "2028-01-03")))
	none := calendars(t, CalendarSpec{WorkWeek: []string{"mon-fri"}, Holidays: HolidaySpec{NoLieu: true}})
	assert.True(t, none.Has(CalendarWork, day(t, "2028-01-03")))
}

func TestTheSitesOwnCalendars(t *testing.T) {
	c := calendars(t, CalendarSpec{
		Swaps: []Swap{{Work: "2026-07-12"}},
		Sets: []SetSpec{
			{Name: "closures", Title: "Ngày khu đóng cửa", Days: []string{"2026-07-10..2026-07-12"}, Yearly: []string{"12-30..01-02"}, Closed: true},
			{Name: "ram", Title: "Rằm tháng giêng và tháng bảy", Lunar: []string{"15/1", "15/7"}},
			{Name: "first", Lunar: []string{"1/*"}},
			{Name: "quiet", Days: []string{"2026-11-20"}, Include: []string{"ram"}, Without: []string{"never"}},
			{Name: "never"},
			{Name: "busy", Include: []string{CalendarWork}, Without: []string{"fridays"}},
			{Name: "fridays", Weekdays: []string{"fri"}},
			{Name: "leap", Yearly: []string{"02-29"}},
			{Name: "free", Include: []string{CalendarOff}},
		},
	})
	assert.Equal(t, []string{"01-01", "01-02", "07-10", "07-11", "07-12", "12-30", "12-31"}, in(c, "closures", 2026))
	assert.False(t, c.Has(CalendarWork, day(t, "2026-07-12")), "closed is closed, whatever was swapped")
	assert.Equal(t, []string{"03-03", "08-27"}, in(c, "ram", 2026))
	assert.Equal(t, []string{"03-03", "08-27", "11-20"}, in(c, "quiet", 2026))
	assert.Subset(t, in(c, "first", 2025), []string{"06-25", "07-25"}, "the leap month has its first day too")
	assert.True(t, c.Has("busy", day(t, "2026-07-09")))
	assert.False(t, c.Has("busy", day(t, "2026-07-10")))
	assert.Empty(t, in(c, "leap", 2026))
	assert.Equal(t, []string{"02-29"}, in(c, "leap", 2028))
	assert.Equal(t, in(c, CalendarOff, 2026), in(c, "free", 2026))
	assert.Equal(t, []string{CalendarHolidays, CalendarTet, CalendarOff, "first", "free"}, c.Of(day(t, "2026-02-17")))
	assert.Equal(t, "Ngày khu đóng cửa", c.Title("closures"))
	assert.True(t, c.Known("ram") && !c.Known("rma"))
	assert.False(t, c.Has("rma", day(t, "2026-03-03")))
}

func TestASiteWithoutVietnamsHolidays(t *testing.T) {
	c := calendars(t, CalendarSpec{Holidays: HolidaySpec{None: true, Also: []string{"12-25", "2026-10-03"}}})
	assert.Equal(t, []string{"10-03", "12-25"}, in(c, CalendarHolidays, 2026))
	assert.NotEmpty(t, in(c, CalendarTet, 2026), "Tết is still known by its name")
}

func TestEveryFaultOfCalendarsIsToldWithItsPlace(t *testing.T) {
	_, faults := NewCalendars(CalendarSpec{
		WorkWeek: []string{"mon-fri", "someday"},
		Holidays: HolidaySpec{Usual: HolidayChoice{TetBefore: 40, TetAfter: 1}, Years: map[int]HolidayChoice{2026: {NationalDay: "beside"}}, Also: []string{"13-45"}},
		Swaps:    []Swap{{}, {Work: "2026-02-30"}, {Off: "soon"}},
		Sets: []SetSpec{
			{Name: "Ngày nghỉ"}, {Name: "tet"}, {Name: "a", Include: []string{"b"}}, {Name: "b", Include: []string{"a"}},
			{Name: "c", Include: []string{"d"}, Days: []string{"2026-12-31..2026-12-01"}, Yearly: []string{"31-12"}, Lunar: []string{"31/1", "1-15"}, Weekdays: []string{"fr"}},
		},
		Shifts: []ShiftSpec{{Name: "all", Begin: "06:00", End: "14:00"}, {Name: "late", Begin: "14h", End: "22:00"}, {Name: "late", Begin: "14:00", End: "25:00"}},
	})
	var paths []string
	for _, f := range faults {
		paths = append(paths, f.Path)
		assert.NotEmpty(t, f.What, f.Path)
	}
	slices.Sort(paths)
	assert.Equal(t, strings.Fields(`calendars[0].id calendars[1].id calendars[2] calendars[4].days[0] calendars[4].include[0] calendars[4].lunar[0]
		calendars[4].lunar[1] calendars[4].weekdays[0] calendars[4].yearly[0] holidays holidays.also[0] holidays.years.2026.national_day
		shifts[0].id shifts[1].begin shifts[2].end shifts[2].id swaps[0] swaps[1].work swaps[2].off work_week[1]`), paths)
}

func TestTheDigestTellsCalendarsApart(t *testing.T) {
	a, b := calendars(t, CalendarSpec{}), calendars(t, CalendarSpec{Swaps: []Swap{{Off: "2026-05-02"}}})
	assert.Equal(t, a.Digest(), DefaultCalendars().Digest())
	assert.NotEqual(t, a.Digest(), b.Digest())
}
