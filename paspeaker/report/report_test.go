package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

var update = flag.Bool("update", false, "write the golden files anew")

func english(s string) string { return s }

func place(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

// day is a day of a small park: a slogan every hour, a live call, a drill, an
// emergency, a refusal at night, a dead loudspeaker.
func day(t *testing.T) Input {
	loc := place(t, "Asia/Ho_Chi_Minh")
	from := time.Date(2026, 11, 24, 0, 0, 0, 0, loc)
	in := Input{Site: "Khu công nghiệp thử", From: from, To: from.AddDate(0, 0, 1), Now: from.AddDate(0, 0, 2),
		Zones: []paspeaker.Zone{{ID: "gates", Name: "Các cổng"}, {ID: "roads", Name: "Đường chính"}},
		Speakers: []paspeaker.Speaker{{ID: "gate-1", Name: "Cổng số 1", Kind: paspeaker.KindFixed}, {ID: "road-1", Name: "Đường số 1", Kind: paspeaker.KindFixed},
			{ID: "horn", Name: "Loa sân", Kind: paspeaker.KindThirdParty}},
		Before: []paspeaker.Entry{{Time: from.Add(-time.Hour), What: paspeaker.WhatFault, Name: "offline/road-1", Outcome: paspeaker.FaultOpen, Detail: "road-1 says nothing"}},
	}
	id := paspeaker.SessionID(0)
	say := func(at time.Duration, length time.Duration, outcome string, e paspeaker.Entry, verdict paspeaker.Verdict, why string) {
		id += 0x100
		e.Session, e.Time, e.What = id, from.Add(at), paspeaker.WhatAsked
		end, play := e, e
		play.What, end.What = string(paspeaker.RulePlay), string(paspeaker.RuleEnd)
		end.Time, end.Outcome, end.Detail = from.Add(at+length), outcome, why
		v := e
		v.What, v.Time = paspeaker.WhatVerdict, end.Time
		v.Verdicts = []paspeaker.SpeakerVerdict{{Speaker: "gate-1", Verdict: verdict, Played: paspeaker.Duration(length)},
			{Speaker: "horn", Verdict: paspeaker.VerdictUnknown, Why: paspeaker.WhyThirdParty}}
		in.Entries = append(in.Entries, e, play, end, v)
	}
	gates := []paspeaker.ZoneID{"gates"}
	slogan := paspeaker.Entry{Name: "Khẩu hiệu", Kind: paspeaker.KindMessage, By: "campaign slogans", Priority: 64, Zones: gates, Campaign: "slogans"}
	in.Entries = append(in.Entries, paspeaker.Entry{Time: from.Add(3*time.Hour + 15*time.Minute), What: paspeaker.WhatRefused, Name: "Khẩu hiệu",
		Campaign: "slogans", Occurrence: "slogans@03:15", Priority: 64, Zones: gates, Detail: "allowed from 06:00"})
	for h := 6; h < 12; h++ {
		say(time.Duration(h)*time.Hour, 8*time.Second, paspeaker.OutcomeDone, slogan, paspeaker.VerdictSounded, "")
	}
	say(12*time.Hour, 3*time.Second, paspeaker.OutcomePreempted, slogan, paspeaker.VerdictPartly, "Anh Minh speaks")
	say(12*time.Hour+time.Second, 65*time.Second, paspeaker.OutcomeDone, paspeaker.Entry{Name: "live", Kind: paspeaker.KindLive, By: "Anh Minh", From: "10.0.0.7", Priority: 200, Zones: gates}, paspeaker.VerdictSounded, "")
	in.Entries = append(in.Entries, paspeaker.Entry{Time: from.Add(13 * time.Hour), What: paspeaker.WhatRecording, Session: id, Outcome: paspeaker.RecordingWhole})
	say(14*time.Hour, time.Minute, paspeaker.OutcomeStopped, paspeaker.Entry{Name: "DRILL · Sơ tán", Kind: paspeaker.KindEmergency, By: "Chị Hoa", Priority: 223, Drill: true, Zones: gates}, paspeaker.VerdictSounded, "")
	say(15*time.Hour, 3*time.Minute, paspeaker.OutcomeStopped, paspeaker.Entry{Name: "<b>Cháy</b>", Kind: paspeaker.KindEmergency, By: "=1+1", Priority: 250, Zones: []paspeaker.ZoneID{"gates", "roads"}}, paspeaker.VerdictSounded, "")
	in.Entries = append(in.Entries,
		paspeaker.Entry{Time: from.Add(16 * time.Hour), What: paspeaker.WhatFault, Name: "offline/road-1", Outcome: paspeaker.FaultOver},
		paspeaker.Entry{Time: from.Add(22 * time.Hour), What: paspeaker.WhatFault, Name: "nats", Outcome: paspeaker.FaultOpen, Detail: "NATS is not reachable"})
	return in
}

func TestADayIsCounted(t *testing.T) {
	r := Build(day(t))
	assert.Equal(t, Count{Key: "all", Played: 9, Shortened: 1, Refused: 1}, r.Total)
	assert.Equal(t, []string{"emergency", "drill", "live", "routine", "background"}, keys(r.ByClass))
	assert.Equal(t, 1, r.ByClass[0].All(), "a drill is no emergency")
	assert.Equal(t, 1, r.ByClass[1].All())
	assert.Equal(t, []string{"gates", "roads"}, keys(r.ByZone))
	require.Len(t, r.ByHour, 24)
	assert.Equal(t, 1, r.ByHour[3].Refused)
	assert.Equal(t, 2, r.ByHour[12].All())
	require.Len(t, r.Dead, 1)
	assert.Equal(t, paspeaker.Duration(16*time.Hour), r.Dead[0].Length, "from midnight on: it was dead before")
	assert.True(t, r.Dead[0].Earlier)
	require.Len(t, r.Faults, 1)
	assert.Equal(t, paspeaker.Duration(2*time.Hour), r.Faults[0].Length)
	assert.True(t, r.Faults[0].Open)
	assert.Equal(t, 9, r.Heard[0].Sounded)
	assert.Equal(t, 10, r.Heard[2].Unknown)
	assert.Equal(t, paspeaker.Duration(16*time.Hour), r.Heard[1].Dead)
	assert.Equal(t, paspeaker.RecordingWhole, r.Live[0].Recording)
}

func keys(in []Count) (out []string) {
	for _, c := range in {
		out = append(out, c.Key)
	}
	return out
}

func TestDaysOnWhichClocksChange(t *testing.T) {
	for name, hours := range map[string]int{"2026-03-29": 23, "2026-10-25": 25, "2026-06-01": 24} {
		from, err := time.ParseInLocation(time.DateOnly, name, place(t, "Europe/Berlin"))
		require.NoError(t, err)
		to := from.AddDate(0, 0, 1)
		last := to.Add(-time.Minute)
		r := Build(Input{From: from, To: to, Now: to, Entries: []paspeaker.Entry{{Time: last, What: paspeaker.WhatAsked, Session: 0x100}, {Time: to, What: paspeaker.WhatAsked, Session: 0x200}}})
		assert.Len(t, r.ByHour, hours, name)
		assert.Equal(t, 1, r.ByHour[hours-1].All(), name)
		assert.Equal(t, 1, r.Total.All(), "what was asked for at midnight is the next day's")
	}
}

func TestAStartEndsWhatWasBrokenBefore(t *testing.T) {
	in := day(t)
	in.Entries = []paspeaker.Entry{{Time: in.From.Add(time.Hour), What: paspeaker.WhatStart}}
	r := Build(in)
	require.Len(t, r.Dead, 1)
	assert.Equal(t, paspeaker.Duration(time.Hour), r.Dead[0].Length)
	assert.True(t, r.Dead[0].Presumed)
	assert.Equal(t, 1, r.Starts)
}

// golden compares with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "if this is as it should be: go test ./paspeaker/report -update")
}

func TestTheReportInEveryForm(t *testing.T) {
	r := Build(day(t))
	var text, sheet, page bytes.Buffer
	require.NoError(t, r.Text(&text, english, func(title string, head []string, rows [][]string) {
		fmt.Fprintf(&text, "\n%s\n%s\n", title, strings.Join(head, " | "))
		for _, row := range rows {
			fmt.Fprintln(&text, strings.Join(row, " | "))
		}
	}))
	require.NoError(t, r.CSV(&sheet, english))
	require.NoError(t, r.HTML(&page, "en", english))
	golden(t, "day.txt", text.Bytes())
	golden(t, "day.csv", sheet.Bytes())
	golden(t, "day.html", page.Bytes())
}

func TestTheSheetOpensAndComputesNothing(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Build(day(t)).CSV(&b, english))
	assert.True(t, bytes.HasPrefix(b.Bytes(), []byte("\xef\xbb\xbf")), "by this a spreadsheet knows UTF-8")
	c := csv.NewReader(&b)
	c.FieldsPerRecord = -1
	rows, err := c.ReadAll()
	require.NoError(t, err)
	for _, row := range rows {
		for _, cell := range row {
			assert.False(t, strings.HasPrefix(cell, "="), "a formula: %s", cell)
		}
	}
}

func TestThePageNeedsNothingFromElsewhereAndRunsNothing(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Build(day(t)).HTML(&b, "vi", english))
	text := b.String()
	for _, foreign := range []string{"<script", "http://", "https://", "<link", "@import", "url(", "<img", "<b>Cháy"} {
		assert.NotContains(t, text, foreign)
	}
	assert.Contains(t, text, "&lt;b&gt;Cháy", "what people typed is text")
	assert.Contains(t, text, `class="real"`)
	assert.Contains(t, text, `class="drill"`)
	assert.Contains(t, text, `lang="vi"`)
	for svg := range strings.SplitSeq(text, "<svg") {
		if body, _, ok := strings.Cut(svg, "</svg>"); ok && strings.Contains(body, "viewBox") {
			d := xml.NewDecoder(strings.NewReader("<svg" + body + "</svg>"))
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else {
					require.NoError(t, err)
				}
			}
		}
	}
}

func TestAnEmptyDayIsAReportToo(t *testing.T) {
	in := day(t)
	in.Entries, in.Before, in.Now = nil, nil, in.From.Add(time.Hour)
	r := Build(in)
	var b bytes.Buffer
	require.NoError(t, r.HTML(&b, "en", english))
	assert.Contains(t, b.String(), "the day is not over")
}
