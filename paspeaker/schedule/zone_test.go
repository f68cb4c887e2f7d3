package schedule

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func wall(t testing.TB, s string) paspeaker.Wall {
	t.Helper()
	w, err := paspeaker.ParseWall(s)
	require.NoError(t, err)
	return w
}

func TestGapsAndFolds(t *testing.T) {
	for _, c := range []struct{ zone, wall, want string }{
		{"Asia/Ho_Chi_Minh", "2026-11-24T06:30", "2026-11-24T06:30:00+07:00"},
		// Berlin: 2026-03-29 02:00 → 03:00, 2026-10-25 03:00 → 02:00.
		{"Europe/Berlin", "2026-03-29T01:59", "2026-03-29T01:59:00+01:00"},
		{"Europe/Berlin", "2026-03-29T02:30", "2026-03-29T03:30:00+02:00"},
		{"Europe/Berlin", "2026-03-29T03:00", "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "2026-10-25T02:30", "2026-10-25T02:30:00+02:00"},
		{"Europe/Berlin", "2026-10-25T03:00", "2026-10-25T03:00:00+01:00"},
		// New York: 2026-03-08 02:00 → 03:00, 2026-11-01 02:00 → 01:00.
		{"America/New_York", "2026-03-08T02:30", "2026-03-08T03:30:00-04:00"},
		{"America/New_York", "2026-11-01T01:30", "2026-11-01T01:30:00-04:00"},
		{"America/New_York", "2026-11-01T02:00", "2026-11-01T02:00:00-05:00"},
		// Lord Howe moves by half an hour: 2026-10-04 02:00 → 02:30, 2026-04-05 02:00 → 01:30.
		{"Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-04T02:45:00+11:00"},
		{"Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-05T01:45:00+11:00"},
		{"Australia/Lord_Howe", "2026-04-05T02:00", "2026-04-05T02:00:00+10:30"},
		// Samoa had no 30 December 2011 at all.
		{"Pacific/Apia", "2011-12-30T06:00", "2011-12-31T06:00:00+14:00"},
		{"Pacific/Apia", "2011-12-29T06:00", "2011-12-29T06:00:00-10:00"},
	} {
		z := newZone(location(t, c.zone))
		got := z.time(z.moment(wall(t, c.wall)))
		assert.Equal(t, c.want, got.Format(time.RFC3339), "%s %s", c.zone, c.wall)
	}
}

func TestOddDaysAreTheOnesOfTheChange(t *testing.T) {
	z := newZone(location(t, "Europe/Berlin"))
	for d, want := range map[string]bool{"2026-03-28": false, "2026-03-29": true, "2026-03-30": false, "2026-10-25": true, "2026-07-01": false} {
		assert.Equal(t, want, z.odd(day(t, d)), d)
	}
	assert.False(t, newZone(time.UTC).odd(day(t, "2026-03-29")))
}

// The table agrees with the standard library wherever a clock shows a time
// once, and is the earlier of two where it shows it twice.
func TestTheTableAgreesWithTheStandardLibrary(t *testing.T) {
	zones := []*zone{}
	for _, name := range []string{"UTC", "Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"} {
		zones = append(zones, newZone(location(t, name)))
	}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		unix := rapid.Int64Range(86400*30, int64(paspeaker.LastDate)*86400).Draw(t, "unix")
		at := time.Unix(unix, 0).In(z.loc)
		w := z.wall(unix)
		if got := paspeaker.WallOf(at); got != w {
			t.Fatalf("%s: wall %s, the library says %s", z.loc, w, got)
		}
		back := z.moment(w)
		if back > unix || z.wall(back) != w {
			t.Fatalf("%s: %s is %d, and shows %s", z.loc, w, back, z.wall(back))
		}
		if back != unix && unix-back > 86400 {
			t.Fatalf("%s: the fold of %s is %d s wide", z.loc, w, unix-back)
		}
		d := rapid.Int32Range(30, 80000).Draw(t, "day")
		a := z.moment(paspeaker.Wall{Day: paspeaker.Date(d)})
		b := z.moment(paspeaker.Wall{Day: paspeaker.Date(d), At: paspeaker.DayEnd})
		if !z.odd(paspeaker.Date(d)) && b-a != 86400 {
			t.Fatalf("%s: %s is no odd day and has %d s", z.loc, paspeaker.Date(d), b-a)
		}
	})
}
