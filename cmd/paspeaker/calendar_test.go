package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

const companyCalendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n" +
	"BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20261101T000000Z\r\nDTSTART;TZID=Asia/Tokyo:20261124T090000\r\nDTEND;TZID=Asia/Tokyo:20261124T091000\r\n" +
	"SUMMARY:Giờ nghỉ đầu ca\r\nLOCATION:gates\\, roads\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE\r\nEXDATE;TZID=Asia/Tokyo:20261125T090000\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:2\r\nDTSTAMP:20261101T000000Z\r\nDTSTART:20261201T230000Z\r\nSUMMARY:Giờ nghỉ đầu ca\r\nCATEGORIES:offices\r\nEND:VEVENT\r\n" +
	"END:VCALENDAR\r\n"

func hcm(t testing.TB) *time.Location {
	loc, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	require.NoError(t, err)
	return loc
}

func TestSomebodyElsesCalendarBecomesCampaigns(t *testing.T) {
	list, err := readCalendar("x.ics", []byte(companyCalendar), hcm(t), template{})
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, paspeaker.Campaign{ID: "gio-nghi-dau-ca", Name: "Giờ nghỉ đầu ca", Zones: []paspeaker.ZoneID{"gates", "roads"},
		Messages: []paspeaker.CampaignMessage{{Name: "Giờ nghỉ đầu ca"}},
		Rules:    []paspeaker.Rule{{RRule: "FREQ=WEEKLY;BYDAY=MO,WE", Start: "2026-11-24T07:00"}}, Except: []string{"2026-11-25T07:00"}}, list[0],
		"Tokyo's nine is seven here")
	assert.Equal(t, "gio-nghi-dau-ca-2", list[1].ID)
	assert.Equal(t, []string{"2026-12-02T06:00"}, list[1].Also)
	assert.Equal(t, []paspeaker.ZoneID{"offices"}, list[1].Zones)

	list, err = readCalendar("x.ics", []byte(companyCalendar), hcm(t), template{message: "slogan-1", zones: []string{"all"}, chime: "gong"})
	require.NoError(t, err)
	assert.Equal(t, "slogan-1", list[0].Messages[0].Name)
	assert.Equal(t, []paspeaker.ZoneID{"all"}, list[0].Zones)
	assert.Equal(t, "gong", list[0].Chime)
}

func TestWhatCannotBeACampaignIsNamed(t *testing.T) {
	text := strings.NewReplacer("LOCATION:gates\\, roads", "LOCATION:Nhà xưởng A", "DTSTART:20261201T230000Z", "DTSTART;VALUE=DATE:20261201").Replace(companyCalendar)
	_, err := readCalendar("x.ics", []byte(text), hcm(t), template{})
	require.Error(t, err)
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "no zone")
	assert.ErrorContains(t, err, "no time of day")
	_, err = readCalendar("x.ics", []byte("no calendar"), hcm(t), template{})
	assert.Error(t, err)
	_, err = readCalendar("x.ics", []byte(strings.Replace(companyCalendar, "VERSION", campaignProperty+":!!\r\nVERSION", 1)), hcm(t), template{})
	assert.ErrorContains(t, err, "damaged")
}

func TestACalendarShowsWhatSounds(t *testing.T) {
	p := newPlanner(t)
	stored(p, "slogans")
	p.plan.Occurrences = runs()
	to := filepath.Join(t.TempDir(), "plan.ics")
	out, code := run(t, "campaign", "export", "slogans", "-o", to, "--from", "2026-11-25")
	require.Equal(t, exitOK, code, out)
	text, err := os.ReadFile(to)
	require.NoError(t, err)
	assert.Contains(t, string(text), "DTSTART:20261124T233000Z")
	assert.Contains(t, string(text), "SUMMARY:Khẩu hiệu · slogan-1")
	assert.NotContains(t, string(text), "20270205", "what a holiday takes away is not shown")
	for line := range strings.Lines(string(text)) {
		assert.LessOrEqual(t, len(strings.TrimRight(line, "\r\n")), 75, "RFC 5545 §3.1: lines are folded")
	}
	_, code = run(t, "campaign", "export", "khac")
	assert.Equal(t, exitNotFound, code)
}

func TestIDsOfTitles(t *testing.T) {
	for title, want := range map[string]string{
		"Khẩu hiệu số 1": "khau-hieu-so-1", "Đổi ca": "doi-ca", "  --  ": "event-", "朝礼": "event-", "A": "a",
		strings.Repeat("rất dài ", 10): "rat-dai-rat-dai-rat-dai-rat",
	} {
		id := idOf(title)
		assert.True(t, strings.HasPrefix(id, want), "%q: %q", title, id)
		assert.True(t, paspeaker.ValidID(id), "%q: %q", title, id)
	}
}

func FuzzCalendar(f *testing.F) {
	f.Add([]byte(companyCalendar))
	f.Add([]byte("BEGIN:VCALENDAR\r\n" + campaignProperty + ":e30=\r\nEND:VCALENDAR\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := readCalendar("x", text, time.UTC, template{})
		for _, c := range list {
			if err == nil && !paspeaker.ValidID(c.ID) {
				t.Fatalf("id %q", c.ID)
			}
		}
	})
}
