package schedule

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func day(t testing.TB, s string) paspeaker.Date {
	t.Helper()
	d, err := paspeaker.ParseDate(s)
	require.NoError(t, err)
	return d
}

// The published dates of Tết. 1985, 2007 and 2030 differ from China's by a
// month, a day and a day: the calendar is that of UTC+7.
func TestTetFallsOnThePublishedDays(t *testing.T) {
	for year, want := range map[int]string{
		1975: "1975-02-11", 1985: "1985-01-21", 2000: "2000-02-05", 2007: "2007-02-17", 2020: "2020-01-25",
		2024: "2024-02-10", 2025: "2025-01-29", 2026: "2026-02-17", 2027: "2027-02-06", 2028: "2028-01-26", 2029: "2029-02-13",
		2030: "2030-02-02", 2031: "2031-01-23", 2032: "2032-02-11", 2033: "2033-01-31", 2034: "2034-02-19", 2035: "2035-02-08",
		2053: "2053-02-18", 2100: "2100-02-09",
	} {
		assert.Equal(t, want, Tet(year).String(), year)
	}
}

func TestHungKingsDayFallsOnThePublishedDays(t *testing.T) {
	for year, want := range map[int]string{
		2020: "2020-04-02", 2021: "2021-04-21", 2022: "2022-04-10", 2023: "2023-04-29", 2024: "2024-04-18", 2025: "2025-04-07",
		2026: "2026-04-26", 2027: "2027-04-16", 2028: "2028-04-04", 2029: "2029-04-23", 2030: "2030-04-12",
	} {
		assert.Equal(t, want, lunarDay(year, 3, 10).String(), year)
	}
}

// Every leap month of half a century. 2033 is the year that simple rules get
// wrong: its leap month follows the eleventh.
func TestLeapMonthsAreThePublishedOnes(t *testing.T) {
	want := map[int]int{2001: 4, 2004: 2, 2006: 7, 2009: 5, 2012: 4, 2014: 9, 2017: 6, 2020: 4, 2023: 2, 2025: 6, 2028: 5,
		2031: 3, 2033: 11, 2036: 6, 2039: 5, 2042: 2, 2044: 7, 2047: 5, 2050: 3}
	got := map[int]int{}
	for _, m := range lunarMonths() {
		if m.leap && m.year > 2000 && m.year <= 2050 {
			got[m.year] = m.month
		}
	}
	assert.Equal(t, want, got)
}

func TestLunarDaysByName(t *testing.T) {
	for date, want := range map[string]LunarDate{
		"2026-02-16": {2025, 12, false, 29}, // no 30 Chạp in the year of the Snake
		"2026-02-17": {2026, 1, false, 1},
		"2025-07-25": {2025, 6, true, 1},
		"2024-02-09": {2023, 12, false, 30},
		"2026-09-25": {2026, 8, false, 15}, // Trung thu
		"2026-03-03": {2026, 1, false, 15}, // rằm tháng giêng
	} {
		assert.Equal(t, want, LunarOf(day(t, date)), date)
	}
	assert.Equal(t, "15/8", LunarOf(day(t, "2026-09-25")).String())
	assert.Equal(t, "1/6 nhuận", LunarOf(day(t, "2025-07-25")).String())
	assert.Zero(t, lunarDay(2025, 12, 30), "that month has 29 days")
	assert.Zero(t, lunarDay(2300, 1, 1))
}

// Whatever the year, the calendar holds together.
func TestTheLunarCalendarHoldsTogether(t *testing.T) {
	months := lunarMonths()
	for i := 1; i < len(months); i++ {
		a, b := months[i-1], months[i]
		length := b.first - a.first
		require.True(t, length == 29 || length == 30, "%v has %d days", a, length)
		switch {
		case b.leap:
			require.Equal(t, a.month, b.month, b)
		default:
			require.Equal(t, a.month%12+1, b.month, b)
		}
		require.Equal(t, b.month == 1 && !b.leap, b.year == a.year+1, b)
	}
	for d := paspeaker.FirstDate; d <= paspeaker.LastDate; d++ {
		l := LunarOf(d)
		require.True(t, l.Day >= 1 && l.Day <= 30 && l.Month >= 1 && l.Month <= 12, d)
	}
	for year := 1970; year < 2200; year++ {
		_, m, d := Tet(year).Civil()
		require.True(t, m == time.January && d >= 20 || m == time.February && d <= 21, "%d: %s", year, Tet(year))
	}
}

// Published moments of the Sun's longitude, UTC to the minute. A degree takes
// a day: a minute of time is 2.5″.
func TestTheSunIsWhereTheAlmanacSays(t *testing.T) {
	for moment, want := range map[string]float64{
		"2024-12-21T09:20:00Z": 270, "2025-03-20T09:01:00Z": 0, "2025-06-21T02:42:00Z": 90, "2025-09-22T18:19:00Z": 180,
		"2026-03-20T14:46:00Z": 0, "2000-03-20T07:35:00Z": 0, "1984-12-21T16:23:00Z": 270,
	} {
		at, err := time.Parse(time.RFC3339, moment)
		require.NoError(t, err)
		got := sunLongitude(float64(at.Unix())/86400 + unixEpoch)
		diff := math.Abs(math.Remainder(got-want, 360))
		assert.Less(t, diff, 0.002, "%s: %.5f", moment, got)
	}
}

// Published new moons, UTC to the minute.
func TestTheMoonIsWhereTheAlmanacSays(t *testing.T) {
	for k, want := range map[int]string{
		0: "2000-01-06T18:14:00Z", 321: "2025-12-20T01:43:00Z", 323: "2026-02-17T12:01:00Z", 298: "2024-02-09T22:59:00Z",
	} {
		at, err := time.Parse(time.RFC3339, want)
		require.NoError(t, err)
		got := (newMoon(k) - unixEpoch) * 86400
		assert.InDelta(t, float64(at.Unix()), got, 60, "new moon %d", k)
	}
}
