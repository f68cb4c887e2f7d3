package schedule

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

// community is a guard in the manner of community broadcast.
func community() GuardSpec {
	min := func(n int) paspeaker.Duration { return paspeaker.Duration(time.Duration(n) * time.Minute) }
	return GuardSpec{
		QuietDays: []string{"quiet"},
		Limits: []LimitSpec{
			{Name: "giờ phát thanh", Hours: []string{"06:00-11:30", "13:30-18:30"}, Classes: []string{"background", "routine"}},
			{Name: "hai buổi", Zones: []paspeaker.ZoneID{"homes"}, Sessions: 2, SessionGap: min(5), MinutesPerSession: min(15), MinutesPerDay: min(25), Days: []string{CalendarWork}},
			{Name: "giãn cách", Gap: min(2)},
		},
		Levels:     []LevelSpec{{Name: "tiếng ồn", Zones: []paspeaker.ZoneID{"homes"}, Hours: "18:00-22:00", MaxDB: -6}},
		Night:      []NightSpec{{Classes: []string{"live", "routine"}, Hours: "21:00-06:00", GainDB: -12}},
		Neighbours: []NeighbourSpec{{Name: "liền kề", Zones: []paspeaker.ZoneID{"gates", "roads"}, MarginDB: 3}},
	}
}

func newGuard(t testing.TB, spec GuardSpec) *Guard {
	t.Helper()
	cals := calendars(t, CalendarSpec{Sets: []SetSpec{{Name: "quiet", Days: []string{"2026-11-26"}}}})
	g, faults := NewGuard(spec, NewGround(location(t, hcmc), cals), nil)
	require.Empty(t, faults)
	return g
}

// moment is a moment in the site's time: "2026-11-24T03:15" is a Tuesday.
func (g *Guard) moment(t testing.TB, s string) time.Time { return g.g.Moment(wall(t, s)) }

func slogan(at time.Time, zones ...paspeaker.ZoneID) Ask {
	return Ask{At: at, Length: 10 * time.Second, Class: paspeaker.ClassRoutine, Zones: zones}
}

func TestAQuarterPastThreeIsRefused(t *testing.T) {
	g := newGuard(t, community())
	v := g.Judge(slogan(g.moment(t, "2026-11-24T03:15"), "gates"), NewBook(g))
	require.NotNil(t, v.Refusal)
	assert.Equal(t, paspeaker.Refusal{Rule: paspeaker.GuardHours, Limit: "giờ phát thanh", Zone: "gates", Asked: "03:15-03:15:10",
		Allow: "06:00-11:30, 13:30-18:30", Next: g.moment(t, "2026-11-24T06:00")}, *v.Refusal)
	a := slogan(g.moment(t, "2026-11-24T03:15"), "gates")
	a.Class = paspeaker.ClassEmergency
	assert.Equal(t, Verdict{}, g.Judge(a, NewBook(g)), "an emergency is exempt")
	a.Class = paspeaker.ClassLive
	assert.Nil(t, g.Judge(a, NewBook(g)).Refusal, "a class that no limit names is not bounded")
	var none *Guard
	assert.Nil(t, none.Judge(slogan(time.Now(), "gates"), nil).Refusal)
}

func TestHours(t *testing.T) {
	g := newGuard(t, community())
	for at, next := range map[string]string{
		"2026-11-24T06:00":    "",
		"2026-11-24T11:29:50": "", // over by 11:30
		"2026-11-24T11:29:51": "2026-11-24T13:30",
		"2026-11-24T05:59:59": "2026-11-24T06:00",
		"2026-11-24T18:29":    "",
		"2026-11-24T19:00":    "2026-11-25T06:00",
		"2026-11-25T19:00":    "2026-11-27T06:00", // a quiet day between
		"2026-11-26T10:00":    "2026-11-27T06:00",
	} {
		v := g.Judge(slogan(g.moment(t, at), "offices"), NewBook(g))
		if next == "" {
			assert.Nil(t, v.Refusal, at)
			assert.False(t, v.Until.IsZero(), at)
			continue
		}
		require.NotNil(t, v.Refusal, at)
		assert.Equal(t, next, paspeaker.WallOf(v.Refusal.Next).String(), at)
	}
	v := g.Judge(slogan(g.moment(t, "2026-11-24T11:00"), "offices"), nil)
	assert.Equal(t, "11:29:50", paspeaker.WallOf(v.Latest).At.String(), "it may wait until then")
	assert.Equal(t, "11:30", paspeaker.WallOf(v.Until).At.String())
}

func TestHoursOverMidnight(t *testing.T) {
	g := newGuard(t, GuardSpec{Limits: []LimitSpec{{Hours: []string{"22:00-02:00"}}, {Zones: []paspeaker.ZoneID{"homes"}, Hours: []string{}}}})
	for at, ok := range map[string]bool{"2026-11-24T23:59:55": true, "2026-11-25T01:59:50": true, "2026-11-25T01:59:55": false, "2026-11-25T02:00": false, "2026-11-24T21:59": false} {
		assert.Equal(t, ok, g.Judge(slogan(g.moment(t, at), "gates"), nil).Refusal == nil, at)
	}
	v := g.Judge(slogan(g.moment(t, "2026-11-24T23:00"), "homes"), nil)
	assert.Equal(t, "never", v.Refusal.Allow)
	assert.True(t, v.Refusal.Next.IsZero())
}

func TestSessionsAndMinutes(t *testing.T) {
	g := newGuard(t, community())
	b := NewBook(g)
	say := func(at string, length time.Duration) *paspeaker.Refusal {
		a := slogan(g.moment(t, at), "homes", "all")
		a.Length = length
		v := g.Judge(a, b)
		if v.Refusal == nil {
			b.Add(a, v.NightDB)
		}
		return v.Refusal
	}
	require.Nil(t, say("2026-11-24T06:00", 10*time.Minute))
	r := say("2026-11-24T06:12", 6*time.Minute)
	require.NotNil(t, r, "in the same session: 16 minutes")
	assert.Equal(t, []string{paspeaker.GuardSessionMinutes, "16m", "15m", "06:15"}, []string{r.Rule, r.Asked, r.Allow, paspeaker.WallOf(r.Next).At.String()})
	require.Nil(t, say("2026-11-24T06:13", 5*time.Minute))
	r = say("2026-11-24T08:00", 11*time.Minute)
	require.NotNil(t, r)
	assert.Equal(t, []string{paspeaker.GuardDayMinutes, "26m", "25m", "2026-11-25T06:00"}, []string{r.Rule, r.Asked, r.Allow, paspeaker.WallOf(r.Next).String()})
	require.Nil(t, say("2026-11-24T08:00", 5*time.Minute))
	r = say("2026-11-24T10:00", time.Minute)
	require.NotNil(t, r)
	assert.Equal(t, []string{paspeaker.GuardSessions, "3", "2", "hai buổi", "homes"}, []string{r.Rule, r.Asked, r.Allow, r.Limit, string(r.Zone)})
	require.Nil(t, say("2026-11-25T06:00", time.Minute), "another day")
	require.Nil(t, say("2026-11-29T06:00", 20*time.Minute), "a Sunday is no working day: that limit is silent")
	r = say("2026-11-30T06:00", 16*time.Minute)
	require.NotNil(t, r)
	assert.True(t, r.Next.IsZero(), "too long by itself, whenever")
}

func TestSilenceBetween(t *testing.T) {
	g := newGuard(t, community())
	b := NewBook(g)
	b.Add(slogan(g.moment(t, "2026-11-24T07:00"), "offices"), 0)
	r := g.Judge(slogan(g.moment(t, "2026-11-24T07:01"), "offices"), b).Refusal
	require.NotNil(t, r)
	assert.Equal(t, []string{paspeaker.GuardGap, "50s", "2m", "07:02:10"}, []string{r.Rule, r.Asked, r.Allow, paspeaker.WallOf(r.Next).At.String()})
	assert.Nil(t, g.Judge(slogan(g.moment(t, "2026-11-24T07:01"), "yard"), b).Refusal, "another zone")
}

func TestLevels(t *testing.T) {
	g := newGuard(t, community())
	loud := slogan(g.moment(t, "2026-11-24T18:10"), "homes")
	r := g.Judge(loud, nil).Refusal
	require.NotNil(t, r)
	assert.Equal(t, []string{paspeaker.GuardLevel, "+0 dB", "-6 dB 18:00-22:00"}, []string{r.Rule, r.Asked, r.Allow})
	loud.LevelDB = -6
	assert.Nil(t, g.Judge(loud, nil).Refusal)
	night := Ask{At: g.moment(t, "2026-11-24T23:00"), Class: paspeaker.ClassLive, Zones: []paspeaker.ZoneID{"gates"}}
	assert.Equal(t, -12.0, g.Judge(night, nil).NightDB)
	night.At = g.moment(t, "2026-11-24T12:00")
	assert.Zero(t, g.Judge(night, nil).NightDB)
}

func TestALouderNeighbour(t *testing.T) {
	g := newGuard(t, community())
	b := NewBook(g)
	loud := slogan(g.moment(t, "2026-11-24T07:00"), "gates")
	loud.LevelDB = 6
	b.Add(loud, 0)
	soft := slogan(g.moment(t, "2026-11-24T07:00:05"), "roads")
	r := g.Judge(soft, b).Refusal
	require.NotNil(t, r)
	assert.Equal(t, []string{paspeaker.GuardNeighbour, "gates", "07:00:10"}, []string{r.Rule, string(r.Zone), paspeaker.WallOf(r.Next).At.String()})
	soft.LevelDB = 4
	assert.Nil(t, g.Judge(soft, b).Refusal, "within the margin")
	soft.LevelDB, soft.Zones = 0, []paspeaker.ZoneID{"yard"}
	assert.Nil(t, g.Judge(soft, b).Refusal, "no neighbour")
}

// A voice has no length until it ends.
func TestAVoiceCountsWhileItLasts(t *testing.T) {
	spec := community()
	spec.Limits[1].Classes = []string{"live", "routine"}
	g := newGuard(t, spec)
	b := NewBook(g)
	voice := Ask{At: g.moment(t, "2026-11-24T07:00"), Class: paspeaker.ClassLive, Zones: []paspeaker.ZoneID{"homes"}}
	v := g.Judge(voice, b)
	assert.Equal(t, "07:15", paspeaker.WallOf(v.Until).At.String(), "a session has 15 minutes")
	b.Begin(1, voice, v.NightDB)
	now := g.moment(t, "2026-11-24T07:10")
	b.Tick(now)
	r := g.Judge(slogan(now, "homes"), b).Refusal
	require.NotNil(t, r)
	assert.Equal(t, paspeaker.GuardGap, r.Rule, "it is still on")
	b.End(1, g.moment(t, "2026-11-24T07:12"))
	r = g.Judge(slogan(g.moment(t, "2026-11-24T07:13"), "homes"), b.Clone()).Refusal
	assert.Equal(t, "07:14", paspeaker.WallOf(r.Next).At.String())
	long := slogan(g.moment(t, "2026-11-24T07:16"), "homes")
	long.Length = 4 * time.Minute
	r = g.Judge(long, b).Refusal
	require.NotNil(t, r)
	assert.Equal(t, "16m", r.Asked, "12 of the voice and 4 of this one")
	// One that was cut gives back what it did not use.
	b.Begin(2, long, 0)
	b.End(2, long.At.Add(time.Minute))
	assert.Equal(t, 13*time.Minute, b.tally(1, "homes", day(t, "2026-11-24")).day)
}

// Next is the truth: at that moment nothing is against it, and not before at
// any moment that is tried.
func TestNextIsTheTruth(t *testing.T) {
	g := newGuard(t, community())
	zones := []paspeaker.ZoneID{"homes", "gates", "roads", "offices"}
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, location(t, hcmc))
	rapid.Check(t, func(t *rapid.T) {
		b := NewBook(g)
		at := start
		for range rapid.IntRange(0, 30).Draw(t, "said") {
			at = at.Add(time.Duration(rapid.IntRange(1, 20000).Draw(t, "later")) * time.Second)
			a := slogan(at, rapid.SampledFrom(zones).Draw(t, "zone"))
			a.Length = time.Duration(rapid.IntRange(1, 600).Draw(t, "length")) * time.Second
			if v := g.Judge(a, b); v.Refusal == nil {
				b.Add(a, v.NightDB)
			}
		}
		a := slogan(at.Add(time.Duration(rapid.IntRange(1, 40000).Draw(t, "later"))*time.Second), rapid.SampledFrom(zones).Draw(t, "zone"))
		a.Length = time.Duration(rapid.IntRange(1, 1000).Draw(t, "length")) * time.Second
		a.LevelDB = float64(rapid.IntRange(-12, 6).Draw(t, "level"))
		v := g.Judge(a, b)
		if v.Refusal == nil || v.Refusal.Next.IsZero() {
			return
		}
		later := a
		later.At = v.Refusal.Next
		if r := g.Judge(later, b).Refusal; r != nil {
			t.Fatalf("at %s: %s", later.At, r)
		}
		for before := a.At; before.Before(v.Refusal.Next); before = before.Add(7 * time.Minute) {
			a.At = before
			if g.Judge(a, b).Refusal == nil {
				t.Fatalf("next is %s, but %s is free", v.Refusal.Next, before)
			}
		}
	})
}

func TestEveryFaultOfAGuardIsToldWithItsPlace(t *testing.T) {
	_, faults := NewGuard(GuardSpec{
		QuietDays:  []string{"holy"},
		Limits:     []LimitSpec{{}, {Hours: []string{"6-18", "06:00-06:00"}, Zones: []paspeaker.ZoneID{"nowhere"}, Classes: []string{"emergency", "loud"}, Days: []string{"sundays"}}, {Sessions: -1}},
		Levels:     []LevelSpec{{Hours: "night", MaxDB: 100}},
		Night:      []NightSpec{{Hours: "22:00-06:00", GainDB: 6}},
		Neighbours: []NeighbourSpec{{Zones: []paspeaker.ZoneID{"gates"}, MarginDB: -1}},
	}, NewGround(time.UTC, DefaultCalendars()), func(z paspeaker.ZoneID) bool { return z == "gates" })
	var paths []string
	for _, f := range faults {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	assert.Equal(t, strings.Fields(`levels[0] levels[0].hours limits[0] limits[1].classes[0] limits[1].classes[1] limits[1].days[0] limits[1].hours[0]
		limits[1].hours[1] limits[1].zones[0] limits[2].sessions_per_day neighbours[0].margin_db neighbours[0].zones night[0].gain_db quiet_days[0]`), paths)
}

func TestWhatIsRelated(t *testing.T) {
	g := newGuard(t, community())
	z := func(ids ...paspeaker.ZoneID) []paspeaker.ZoneID { return append(ids, paspeaker.ZoneAll) }
	assert.True(t, g.Related(z("homes"), z("homes", "yard")))
	assert.True(t, g.Related(z("gates"), z("roads")), "neighbours")
	assert.False(t, g.Related(z("homes"), z("yard")), "only all is common to them")
	var none *Guard
	assert.False(t, none.Related(z("homes"), z("homes")))
	spec := community()
	spec.Limits = append(spec.Limits, LimitSpec{Zones: []paspeaker.ZoneID{paspeaker.ZoneAll}, Sessions: 9})
	assert.True(t, newGuard(t, spec).Related(z("homes"), z("yard")), "the whole site is counted together")
}

func TestATestKeepsTheHoursAndAQuietOneTheLevels(t *testing.T) {
	spec := community()
	spec.Levels = append(spec.Levels, LevelSpec{Name: "đêm", Hours: "22:00-06:00", MaxDB: -55})
	g := newGuard(t, spec)
	ask := func(at string, quiet bool) Verdict {
		a := slogan(g.moment(t, at), "homes")
		a.Test, a.Quiet = true, quiet
		if quiet {
			a.LevelDB = paspeaker.QuietLevelDB
		}
		return g.Judge(a, NewBook(g))
	}
	require.NotNil(t, ask("2026-11-24T12:00", false).Refusal, "out of hours")
	require.NotNil(t, ask("2026-11-26T10:00", false).Refusal, "on a quiet day")
	assert.Nil(t, ask("2026-11-24T12:00", true).Refusal, "nobody hears it")
	assert.Nil(t, ask("2026-11-26T10:00", true).Refusal)
	v := ask("2026-11-24T23:00", true)
	require.NotNil(t, v.Refusal, "a level is a level")
	assert.Equal(t, paspeaker.GuardLevel, v.Refusal.Rule)

	book := NewBook(g)
	for i := range 3 { // the day's two sessions are used up
		at := g.moment(t, "2026-11-24T07:00").Add(time.Duration(i) * time.Hour)
		book.Begin(paspeaker.SessionID(i+1), slogan(at, "homes"), 0)
		book.End(paspeaker.SessionID(i+1), at.Add(10*time.Second))
	}
	a := slogan(g.moment(t, "2026-11-24T10:00"), "homes")
	require.NotNil(t, g.Judge(a, book).Refusal)
	a.Test = true
	assert.Nil(t, g.Judge(a, book).Refusal, "a test is no session")
}
