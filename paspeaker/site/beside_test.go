package site

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

const besideSite = `site: {id: park, name: Khu thử, time_zone: Asia/Ho_Chi_Minh}
zones: [{id: gates, name: Cổng}, {id: roads, name: Đường}]
speakers: [{id: gate-1, name: Cổng 1, zones: [gates]}, {id: road-1, name: Đường 1, zones: [roads]}]
calendars: calendars.yaml
guard: guard.yaml
`

// besides writes a site with the files beside it.
func besides(t *testing.T, calendars, guard string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"zones.yaml": besideSite, "calendars.yaml": calendars, "guard.yaml": guard} {
		if text != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		}
	}
	return filepath.Join(dir, "zones.yaml")
}

// The examples in the documentation work as they stand.
func TestTheExamplesOfCalendarsAndGuardWork(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile("../../docs/examples/" + name)
		require.NoError(t, err)
		return string(b)
	}
	s, err := Load(besides(t, read("calendars.yaml"), read("guard.yaml")))
	require.NoError(t, err)
	c := s.Ground().Calendars()
	day := func(text string) paspeaker.Date {
		d, err := paspeaker.ParseDate(text)
		require.NoError(t, err)
		return d
	}
	assert.True(t, c.Has("closures", day("2026-07-25")))
	assert.True(t, c.Has(schedule.CalendarOff, day("2026-08-31")), "swapped")
	assert.True(t, c.Has("quiet", day("2026-08-27")))
	assert.Len(t, c.Shifts(), 3)
	v := s.Guard().Judge(schedule.Ask{At: time.Date(2026, 11, 24, 3, 15, 0, 0, s.Location), Length: 10 * time.Second, Class: paspeaker.ClassRoutine,
		Zones: []paspeaker.ZoneID{"gates"}}, nil)
	require.NotNil(t, v.Refusal)
	assert.Equal(t, "Giờ phát thanh", v.Refusal.Limit)
	assert.Len(t, s.Beside(), 2)

	kept, err := ParseKept([]byte(besideSite), "/nowhere", s.Beside())
	require.NoError(t, err)
	assert.Equal(t, s.Digest(), kept.Digest())
	other, err := Load(besides(t, read("calendars.yaml")+"\n", read("guard.yaml")))
	require.NoError(t, err)
	assert.NotEqual(t, s.Digest(), other.Digest(), "a change beside the file is a change of the site")
}

func TestASiteThatNamesNoCalendarsHasTheUsualOnes(t *testing.T) {
	s, err := Parse([]byte(strings.Join(strings.Split(besideSite, "\n")[:3], "\n")), "")
	require.NoError(t, err)
	assert.Nil(t, s.Guard())
	assert.True(t, s.Ground().Calendars().Known(schedule.CalendarTet))
	assert.Equal(t, s.Location, s.Ground().Location())
}

func TestFaultsBesideTheFileAreToldWithTheirOwnLines(t *testing.T) {
	path := besides(t, "work_week: [mon-fri]\ncalendars:\n  - id: quiet\n    dayz: [x]\n    days: [2026-02-30]\n  - {id: Tết}\nholidays:\n  years:\n    2026: {national_day: beside}\n    soon: {}\n",
		"quiet_days: [hush]\nlimits:\n  - name: giờ\n    hours: [6h-18h]\n    zones: [gates, gatez]\n  - {minutes_per_day: many}\nnight:\n  - {hours: 22:00-06:00}\nloud: 1\n")
	_, err := Load(path)
	dir := filepath.Dir(path)
	want := `calendars.yaml:4: calendars[0].dayz: no such key; did you mean days?
calendars.yaml:5: calendars[0].days[0]: day "2026-02-30": want a form like 2026-02-17
calendars.yaml:6: calendars[1].id: "Tết" is not an id; use 1–32 of a–z, 0–9 and hyphens, such as closures
calendars.yaml:9: holidays.years.2026.national_day: "beside" is neither before nor after; say on which side of 2 September the second day is
calendars.yaml:10: holidays.years.soon: soon is not a year; write it like 2027
guard.yaml:1: quiet_days[0]: there is no calendar hush; the calendars are public-holidays, tet, hung-kings, working-days, days-off
guard.yaml:4: limits[0].hours[0]: hours "6h-18h": want a form like 06:00-18:00, or 22:00-06:00 over midnight
guard.yaml:5: limits[0].zones[1]: there is no zone gatez; name a zone of zones.yaml
guard.yaml:6: limits[1].minutes_per_day: many is not a length of time; write it like 90s, 1m30s or 250ms; a bare number is seconds
guard.yaml:6: limits[1]: bounds nothing; give it hours, sessions_per_day, minutes_per_session, minutes_per_day or gap
guard.yaml:8: night[0].gain_db: is missing; write by how much it is softer in dB, such as -12
guard.yaml:9: loud: no such key; use one of quiet_days, limits, levels, night, neighbours`
	assert.Equal(t, strings.ReplaceAll(want, "\n", "\n"), strings.ReplaceAll(err.Error(), dir+"/", ""))
}

func TestFilesThatAreNotThere(t *testing.T) {
	path := besides(t, "", "- a list\n")
	_, err := Load(path)
	assert.ErrorContains(t, err, "zones.yaml:4: calendars: open ")
	assert.ErrorContains(t, err, "guard.yaml:1: is a list")
	_, err = Parse([]byte(strings.Replace(besideSite, "guard.yaml", "../guard.yaml", 1)), "")
	assert.ErrorContains(t, err, "zones.yaml:5: guard: ../guard.yaml is not the name of a file beside this one")
	_, err = Parse([]byte(besideSite), "")
	assert.NoError(t, err, "with no folder they are not looked for")
}

func FuzzBeside(f *testing.F) {
	for _, name := range []string{"calendars.yaml", "guard.yaml"} {
		b, err := os.ReadFile("../../docs/examples/" + name)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<14 {
			return
		}
		for _, kept := range []map[string][]byte{{"calendars.yaml": b, "guard.yaml": []byte("{}")}, {"calendars.yaml": []byte("{}"), "guard.yaml": b}} {
			if s, err := ParseKept([]byte(besideSite), "", kept); err == nil && s.Ground() == nil {
				t.Fatal("no ground")
			}
		}
	})
}
