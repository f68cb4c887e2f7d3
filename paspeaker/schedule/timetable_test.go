package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

var hcmc = "Asia/Ho_Chi_Minh"

// slogans is the first campaign of every park.
func slogans() paspeaker.Campaign {
	return paspeaker.Campaign{
		ID: "slogans", Name: "Khẩu hiệu lao động sản xuất",
		Messages: []paspeaker.CampaignMessage{{Name: "slogan-1"}, {Name: "slogan-2"}},
		Zones:    []paspeaker.ZoneID{"gates", "roads"}, Chime: "two-tone", Begin: "2026-10-01",
		Rules: []paspeaker.Rule{{Every: paspeaker.Duration(30 * time.Minute), From: "06:00", To: "18:00"}},
		Keep:  []string{CalendarWork},
	}
}

func compile(t testing.TB, c paspeaker.Campaign, zone string, spec CalendarSpec) *Timetable {
	t.Helper()
	out, faults := Compile(c, NewGround(location(t, zone), calendars(t, spec)))
	require.Empty(t, faults)
	return out
}

// due returns the wall times of a day.
func due(tt *Timetable, d paspeaker.Date) string {
	var out []string
	for _, r := range tt.On(d, false, nil) {
		out = append(out, r.Due.At.String())
	}
	return strings.Join(out, " ")
}

func TestTheFirstCampaign(t *testing.T) {
	tt := compile(t, slogans(), hcmc, CalendarSpec{})
	runs := tt.On(day(t, "2026-10-01"), false, nil)
	require.Len(t, runs, 25)
	assert.Equal(t, "slogans@2026-10-01T06:00", tt.ID(runs[0]))
	assert.Equal(t, "2026-10-01T18:00:00+07:00", time.Unix(runs[24].At, 0).In(location(t, hcmc)).Format(time.RFC3339))
	assert.Equal(t, []string{"slogan-1", "slogan-2", "slogan-1"}, []string{tt.Message(runs[0]), tt.Message(runs[1]), tt.Message(runs[24])})
	friday := tt.On(day(t, "2026-10-02"), false, nil)
	assert.Equal(t, "slogan-2", tt.Message(friday[0]), "the turn goes on where the day before left it")
	assert.Empty(t, tt.On(day(t, "2026-10-04"), false, nil), "Sunday")
	monday := tt.On(day(t, "2026-10-05"), false, nil)
	assert.Equal(t, 75, monday[0].N, "three days of 25 before it")
	assert.Empty(t, tt.On(day(t, "2026-09-30"), false, nil), "it has not begun")

	removed := tt.On(day(t, "2027-02-06"), true, nil)
	require.Len(t, removed, 25)
	assert.Equal(t, "not in working-days", removed[0].Removed, "Tết")
}

func TestEveryWayToSayWhen(t *testing.T) {
	spec := CalendarSpec{Shifts: []ShiftSpec{{"ca-1", "Ca sáng", "06:00", "14:00"}, {"ca-2", "Ca chiều", "14:00", "22:00"}, {"ca-3", "Ca đêm", "22:00", "06:00"}}}
	for name, c := range map[string]struct {
		rules []paspeaker.Rule
		want  string // on Thursday 2026-10-01
	}{
		"times":             {[]paspeaker.Rule{{At: []string{"18:00", "6:30", "06:30:15"}}}, "06:30 06:30:15 18:00"},
		"every, all day":    {[]paspeaker.Rule{{Every: paspeaker.Duration(6 * time.Hour)}}, "00:00 06:00 12:00 18:00"},
		"every, off step":   {[]paspeaker.Rule{{Every: paspeaker.Duration(50 * time.Minute), From: "06:00", To: "08:00"}}, "06:00 06:50 07:40"},
		"every, over night": {[]paspeaker.Rule{{Every: paspeaker.Duration(90 * time.Minute), From: "22:00", To: "02:00"}}, "01:00 22:00 23:30"},
		"cron":              {[]paspeaker.Rule{{Cron: "15 7,19 * * *"}}, "07:15 19:15"},
		"rrule":             {[]paspeaker.Rule{{RRule: "FREQ=WEEKLY;BYDAY=TH;BYHOUR=9"}}, "09:00"},
		"rrule from start":  {[]paspeaker.Rule{{RRule: "FREQ=DAILY;INTERVAL=3", Start: "2026-09-28T07:45"}}, "07:45"},
		"begin of shift":    {[]paspeaker.Rule{{Shifts: []string{"all"}, Before: paspeaker.Duration(10 * time.Minute)}}, "05:50 13:50 21:50"},
		"end of shift":      {[]paspeaker.Rule{{Shifts: []string{"ca-3", "ca-1"}, Edge: "end", After: paspeaker.Duration(5 * time.Minute)}}, "06:05 14:05"},
		"two rules":         {[]paspeaker.Rule{{At: []string{"06:00", "07:00"}}, {At: []string{"07:00", "08:00"}}}, "06:00 07:00 08:00"},
		"on Thursdays":      {[]paspeaker.Rule{{At: []string{"06:00"}, Weekdays: []string{"thu"}}}, "06:00"},
		"not on Thursdays":  {[]paspeaker.Rule{{At: []string{"06:00"}, Weekdays: []string{"fri-wed"}}}, ""},
	} {
		camp := slogans()
		camp.Rules = c.rules
		assert.Equal(t, c.want, due(compile(t, camp, hcmc, spec), day(t, "2026-10-01")), name)
	}
}

func TestExceptionsAndAlso(t *testing.T) {
	c := slogans()
	c.Rules = []paspeaker.Rule{{At: []string{"07:00", "17:00"}}}
	c.Except = []string{"2026-10-02", "2026-10-05T07:00", "2026-10-07..2026-10-08"}
	c.Also = []string{"2026-10-04T10:00", "2026-10-05T12:00", "2026-10-05T17:00", "2027-02-17T09:00"}
	c.End = "2026-12-31"
	tt := compile(t, c, hcmc, CalendarSpec{})
	for d, want := range map[string]string{
		"2026-10-01": "07:00 17:00", "2026-10-02": "", "2026-10-04": "10:00", "2026-10-05": "12:00 17:00", "2026-10-06": "07:00 17:00",
		"2026-10-07": "", "2026-10-08": "", "2027-02-17": "09:00", "2027-01-04": "",
	} {
		assert.Equal(t, want, due(tt, day(t, d)), d)
	}
	runs := tt.On(day(t, "2026-10-05"), true, nil)
	require.Len(t, runs, 3)
	assert.Equal(t, "exception", runs[0].Removed)
	c.Skip = []string{CalendarTet}
	runs = compile(t, c, hcmc, CalendarSpec{}).On(day(t, "2026-10-02"), true, nil)
	assert.Equal(t, "exception", runs[0].Removed)
}

// The clocks' changes: once, and never twice.
func TestDaysOnWhichTheClockIsChanged(t *testing.T) {
	half := []paspeaker.Rule{{Every: paspeaker.Duration(30 * time.Minute), From: "00:30", To: "04:00"}}
	single := []paspeaker.Rule{{At: []string{"02:30"}}}
	for _, c := range []struct {
		zone, day string
		rules     []paspeaker.Rule
		walls     string
		length    time.Duration // from the first to the last
	}{
		{"Europe/Berlin", "2026-03-29", single, "03:30", 0},
		{"Europe/Berlin", "2026-03-29", half, "00:30 01:00 01:30 03:00 03:30 04:00", 150 * time.Minute},
		{"Europe/Berlin", "2026-10-25", single, "02:30", 0},
		{"Europe/Berlin", "2026-10-25", half, "00:30 01:00 01:30 02:00 02:30 03:00 03:30 04:00", 270 * time.Minute},
		{"America/New_York", "2026-03-08", single, "03:30", 0},
		{"America/New_York", "2026-11-01", []paspeaker.Rule{{At: []string{"01:30"}}}, "01:30", 0},
		{"America/New_York", "2026-11-01", half, "00:30 01:00 01:30 02:00 02:30 03:00 03:30 04:00", 270 * time.Minute},
		{"Australia/Lord_Howe", "2026-10-04", []paspeaker.Rule{{At: []string{"02:15"}}}, "02:45", 0},
		{"Australia/Lord_Howe", "2026-10-04", half, "00:30 01:00 01:30 02:30 03:00 03:30 04:00", 180 * time.Minute},
		{"Australia/Lord_Howe", "2026-04-05", half, "00:30 01:00 01:30 02:00 02:30 03:00 03:30 04:00", 240 * time.Minute},
		{"Pacific/Apia", "2011-12-31", single, "02:30", 0},
		{"Pacific/Apia", "2011-12-30", single, "", 0},
	} {
		camp := slogans()
		camp.Rules, camp.Keep, camp.Begin = c.rules, nil, "2011-01-01"
		tt := compile(t, camp, c.zone, CalendarSpec{})
		runs := tt.On(day(t, c.day), false, nil)
		var got []string
		for _, r := range runs {
			got = append(got, r.Due.At.String())
		}
		assert.Equal(t, c.walls, strings.Join(got, " "), "%s %s", c.zone, c.day)
		if len(runs) > 0 {
			assert.Equal(t, c.length, time.Duration(runs[len(runs)-1].At-runs[0].At)*time.Second, "%s %s", c.zone, c.day)
		}
	}
}

// Whatever the rules and the zone: a year of days has each wall time once, in
// the order of real time, numbered without a hole; and Next finds exactly these.
func TestAYearHasEachRunOnce(t *testing.T) {
	grounds := map[string]*Ground{}
	for _, z := range []string{hcmc, "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"} {
		grounds[z] = NewGround(location(t, z), DefaultCalendars())
	}
	rapid.Check(t, func(t *rapid.T) {
		g := grounds[rapid.SampledFrom([]string{hcmc, "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}).Draw(t, "zone")]
		c := drawCampaign(t)
		tt, faults := Compile(c, g)
		if len(faults) > 0 {
			t.Fatalf("%v", faults)
		}
		first := paspeaker.MakeDate(2026, 1, 1)
		n := tt.before(first)
		seen := map[paspeaker.Wall]bool{}
		var all []Run
		for d := first; d < first+365; d++ {
			for _, r := range tt.On(d, false, nil) {
				if seen[r.Due] {
					t.Fatalf("%s comes twice", r.Due)
				}
				seen[r.Due] = true
				if r.Due.Day != d || g.zone.wall(r.At) != r.Due {
					t.Fatalf("%s is on %s, the clock shows %s", r.Due, d, g.zone.wall(r.At))
				}
				if r.N != n && d > tt.anchor {
					t.Fatalf("%s is number %d, want %d", r.Due, r.N, n)
				}
				n++
				all = append(all, r)
			}
		}
		if !slices.IsSortedFunc(all, func(a, b Run) int { return int(a.At - b.At) }) {
			t.Fatal("not in order")
		}
		if len(all) == 0 {
			return
		}
		at := rapid.IntRange(0, len(all)-1).Draw(t, "at")
		next, ok := tt.Next(time.Unix(all[at].At-1, 999).In(g.Location()))
		if !ok || next.At != all[at].At || next.N != all[at].N {
			t.Fatalf("next is %v, want %v", next, all[at])
		}
	})
}

func drawCampaign(t *rapid.T) paspeaker.Campaign {
	c := slogans()
	c.Begin = paspeaker.Date(rapid.Int32Range(20400, 20600).Draw(t, "begin")).String()
	c.Keep = rapid.SampledFrom([][]string{nil, {CalendarWork}, {CalendarOff}, {CalendarHolidays, CalendarWork}}).Draw(t, "keep")
	c.Skip = rapid.SampledFrom([][]string{nil, {CalendarTet}}).Draw(t, "skip")
	c.Rules = nil
	for range rapid.IntRange(1, 3).Draw(t, "rules") {
		r := paspeaker.Rule{}
		switch rapid.IntRange(0, 3).Draw(t, "way") {
		case 0:
			for _, m := range rapid.SliceOfN(rapid.IntRange(0, 1439), 1, 5).Draw(t, "at") {
				r.At = append(r.At, fmt.Sprintf("%02d:%02d", m/60, m%60))
			}
		case 1:
			r.Every = paspeaker.Duration(time.Duration(rapid.IntRange(5, 200).Draw(t, "every")) * time.Minute)
			r.From = fmt.Sprintf("%02d:15", rapid.IntRange(0, 23).Draw(t, "from"))
			r.To = fmt.Sprintf("%02d:45", rapid.IntRange(0, 23).Draw(t, "to"))
		case 2:
			r.Cron = fmt.Sprintf("*/%d %d-23/3 * * *", rapid.IntRange(7, 40).Draw(t, "step"), rapid.IntRange(0, 20).Draw(t, "hour"))
		case 3:
			r.RRule = fmt.Sprintf("FREQ=DAILY;INTERVAL=%d;BYHOUR=1,2,3;BYMINUTE=%d", rapid.IntRange(1, 4).Draw(t, "interval"), rapid.IntRange(0, 59).Draw(t, "minute"))
		}
		c.Rules = append(c.Rules, r)
	}
	return c
}

func TestNothingIsDueForEver(t *testing.T) {
	c := slogans()
	c.End = "2026-10-31"
	tt := compile(t, c, hcmc, CalendarSpec{})
	at := tt.g.Moment(wall(t, "2026-10-31T17:59"))
	next, ok := tt.Next(at)
	require.True(t, ok)
	assert.Equal(t, "2026-10-31T18:00", next.Due.String())
	_, ok = tt.Next(time.Unix(next.At, 0))
	assert.False(t, ok, "a run is not its own next")
	assert.True(t, tt.Over(time.Unix(next.At, 0)))
	assert.False(t, tt.Over(at))
	c.Rules = []paspeaker.Rule{{RRule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=7"}}
	_, ok = compile(t, c, hcmc, CalendarSpec{}).Next(at)
	assert.False(t, ok)
}

func TestEveryFaultOfACampaignIsToldWithItsPlace(t *testing.T) {
	emergency := paspeaker.PriorityRecorded
	_, faults := Compile(paspeaker.Campaign{
		ID: "Khẩu hiệu", Name: "a\nb", Messages: []paspeaker.CampaignMessage{{Name: " "}, {Name: "x", Weight: 3}}, Order: "random", Priority: &emergency,
		Routing: "all", Preempted: "later", Repeat: 1000, GainDB: 40, Begin: "2026-12-01", End: "2026-11-01", Keep: []string{"workdays"}, Skip: []string{"tết"},
		Except: []string{"sometimes"}, Also: []string{"2026-10-04"}, MissedWithin: paspeaker.Duration(48 * time.Hour), Pause: paspeaker.Duration(time.Hour),
		Rules: []paspeaker.Rule{{}, {At: []string{"25:00", "24:00"}}, {At: []string{"06:00"}, Cron: "* * * * *"}, {Every: paspeaker.Duration(time.Second)},
			{Every: paspeaker.Duration(time.Hour), From: "6", To: "7h"}, {Cron: "x"}, {RRule: "FREQ=DAILY"}, {RRule: "FREQ=DAILY;BYHOUR=1", Start: "noon"}, {Shifts: []string{"late"}},
			{At: []string{"06:00"}, From: "06:00", Edge: "end"}, {At: []string{"06:00"}, Weekdays: []string{"everyday"}}, {Every: paspeaker.Duration(time.Hour), From: "24:00"}},
	}, NewGround(time.UTC, DefaultCalendars()))
	var paths []string
	for _, f := range faults {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	assert.Equal(t, strings.Fields(`also[0] end except[0] gain_db id keep[0] messages[0].name messages[1].weight missed_within name order pause preempted
		priority repeat routing rules[0] rules[10].weekdays[0] rules[11].from rules[1].at[0] rules[1].at[1] rules[2] rules[3].every rules[4].from rules[4].to
		rules[5].cron rules[6].rrule rules[7].start rules[8].shifts rules[9].edge rules[9].from skip[0] zones`), paths)
	_, faults = Compile(paspeaker.Campaign{ID: "x", Messages: []paspeaker.CampaignMessage{{Name: "m"}}, Zones: []paspeaker.ZoneID{"all"}}, NewGround(time.UTC, DefaultCalendars()))
	require.Len(t, faults, 1)
	assert.Equal(t, "rules: there are none; say when: at, every, cron, rrule or shifts", faults[0].String())
}

func TestRotations(t *testing.T) {
	names := func(r rotation, n int) (out string) {
		for i := range n {
			out += r.message(i)
		}
		return out
	}
	m := func(names ...string) (out []paspeaker.CampaignMessage) {
		for i, n := range names {
			out = append(out, paspeaker.CampaignMessage{Name: n, Weight: 2 * (i + 1)})
		}
		return out
	}
	c := &paspeaker.Campaign{ID: "x", Messages: m("a", "b", "c")}
	assert.Equal(t, "abcabca", names(newRotation(c), 7))
	c.Order = paspeaker.RotateWeighted
	assert.Equal(t, "cbacbc"+"cbacbc", names(newRotation(c), 12), "1 : 2 : 3, spread over the round")
	c.Order = paspeaker.RotateShuffled
	r := newRotation(c)
	for round := range 200 {
		seen := map[string]bool{}
		for i := range 3 {
			n := round*3 + i
			seen[r.message(n)] = true
			if n > 0 {
				assert.NotEqual(t, r.message(n-1), r.message(n), n)
			}
		}
		assert.Len(t, seen, 3, round)
	}
	assert.NotEqual(t, strings.Repeat(names(r, 3), 10), names(r, 30), "it is shuffled")
	assert.Equal(t, names(r, 30), names(newRotation(c), 30), "and the same every time")
	c.Messages = m("a", "b")
	assert.Equal(t, "abab", names(newRotation(c), 4))
	assert.Empty(t, (&rotation{}).message(3))
}
