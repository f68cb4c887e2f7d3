package paspeaker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDaysOfTheCivilCalendar(t *testing.T) {
	for text, want := range map[string]time.Weekday{"2026-02-17": time.Tuesday, "1970-01-02": time.Friday, "2199-12-31": time.Tuesday, "2024-02-29": time.Thursday} {
		d, err := ParseDate(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, d.Weekday(), text)
		assert.Equal(t, text, d.String())
	}
	for _, bad := range []string{"", "2026-02-30", "1970-01-01", "1969-12-31", "2200-01-01", "17.2.2026", "2026-2-17"} {
		_, err := ParseDate(bad)
		assert.ErrorContains(t, err, "2026-02-17", bad)
	}
	last, err := ParseDate("2199-12-31")
	require.NoError(t, err)
	assert.Equal(t, LastDate, last)
	assert.Empty(t, Date(0).String())
	assert.Equal(t, 2026, MakeDate(2026, time.February, 29).Year())
	assert.Equal(t, "2026-03-01", MakeDate(2026, time.February, 29).String())
}

func TestTimesOfDay(t *testing.T) {
	for text, want := range map[string]TimeOfDay{"06:00": 21600, "6:30": 23400, "00:00": 0, "24:00": DayEnd, "23:59:59": 86399, "18:00:15": 64815} {
		got, err := ParseTimeOfDay(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, bad := range []string{"", "6", "24:01", "25:00", "06:60", "06:00:60", "6:3", "006:00", "-1:00", "06:00:", "06:00:00:00", "+6:00", "6h"} {
		_, err := ParseTimeOfDay(bad)
		assert.Error(t, err, bad)
	}
	assert.Equal(t, []string{"06:00", "18:00:15", "24:00"}, []string{TimeOfDay(21600).String(), TimeOfDay(64815).String(), DayEnd.String()})
}

func TestWhatAWallClockShowsIsReadAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := Wall{Date(rapid.Int32Range(int32(FirstDate), int32(LastDate)).Draw(t, "day")), TimeOfDay(rapid.Int32Range(0, 86399).Draw(t, "at"))}
		back, err := ParseWall(w.String())
		if err != nil || back != w {
			t.Fatalf("%s is read as %s: %v", w, back, err)
		}
		at := time.Unix(int64(w.Day)*86400+int64(w.At), 0).UTC()
		if WallOf(at) != w || w.Compare(WallOf(at.Add(time.Second))) >= 0 || w.Day.Weekday() != at.Weekday() {
			t.Fatalf("%s is not %s", w, at)
		}
	})
	for _, bad := range []string{"", "2026-02-17", "2026-02-17T24:00", "2026-02-17x06:00", "2026-02-17T"} {
		_, err := ParseWall(bad)
		assert.Error(t, err, bad)
	}
}

func TestAnOccurrenceHasOneIdentityAndOneSession(t *testing.T) {
	due, err := ParseWall("2026-11-24 07:00")
	require.NoError(t, err)
	id := OccurrenceID("slogans", due)
	assert.Equal(t, "slogans@2026-11-24T07:00", id)
	campaign, back, err := ParseOccurrenceID(id)
	require.NoError(t, err)
	assert.Equal(t, "slogans", campaign)
	assert.Equal(t, due, back)
	for _, bad := range []string{"", "slogans", "@2026-11-24T07:00", "Slogans@2026-11-24T07:00", "slogans@soon"} {
		_, _, err := ParseOccurrenceID(bad)
		assert.Error(t, err, bad)
	}
	s := SessionOfOccurrence(id)
	assert.Equal(t, SessionOfOccurrence("slogans@2026-11-24T07:00"), s)
	assert.NotEqual(t, SessionOfOccurrence("slogans@2026-11-24T07:30"), s)
	assert.Zero(t, s.Part())
	assert.NotZero(t, s)
}

func TestARefusalNamesTheRuleTheNumberAndTheNextTime(t *testing.T) {
	r := Refusal{Rule: GuardHours, Limit: "Truyền thanh cơ sở", Zone: "gates", Asked: "03:15", Allow: "06:00-18:00",
		Next: time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)}
	assert.Equal(t, "guard: hours (Truyền thanh cơ sở), zone gates: 03:15, allowed 06:00-18:00; next at 2026-11-24 06:00:00", r.String())
	assert.Equal(t, "guard: level: +4 dB, allowed -6 dB; not within two weeks", (&Refusal{Rule: GuardLevel, Asked: "+4 dB", Allow: "-6 dB"}).String())
	f := PlanFault{What: "is wrong"}
	assert.Equal(t, "is wrong", f.String())
	assert.Equal(t, []string{"Khẩu hiệu", "slogans"}, []string{(&Campaign{ID: "slogans", Name: "Khẩu hiệu"}).Title(), (&Campaign{ID: "slogans"}).Title()})
}
