package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// walked is a test of a small park in which everything happens.
func walked() Bench {
	began := time.Date(2026, 11, 24, 2, 58, 0, 0, time.UTC)
	whole := paspeaker.SpeakerVerdict{Verdict: paspeaker.VerdictSounded, Sent: paspeaker.Duration(3 * time.Second), Played: paspeaker.Duration(3 * time.Second)}
	base := paspeaker.SpeakerTest{Kind: paspeaker.KindFixed, Began: began, Reachable: true, Ticking: true, LastSeen: began, RTT: paspeaker.Duration(180 * time.Microsecond),
		Groups: []string{"239.255.12.1:5004", "239.255.12.9:5004"}, Packets: 412, Jitter: paspeaker.Duration(310 * time.Microsecond), Clock: "locked",
		ClockError: paspeaker.Duration(11 * time.Microsecond), Card: "alsa:hw:0", CardPPM: 23, LevelDB: -20.1, ExpectedDB: -20, Verdict: whole}
	b := Bench{TestRun: paspeaker.TestRun{ID: "1c9f2ab004d0e100", Site: "KCX Tân Phong", TimeZone: "Asia/Ho_Chi_Minh", By: "Anh Minh", State: paspeaker.TestDone,
		TestRequest: paspeaker.TestRequest{Zones: []paspeaker.ZoneID{"all"}, Kind: paspeaker.TestTone}, Started: began, Ended: began.Add(time.Minute)}, Made: began.Add(time.Hour)}
	add := func(id paspeaker.SpeakerID, name string, change func(*paspeaker.SpeakerTest)) {
		t := base
		t.Speaker, t.Name = id, name
		change(&t)
		t.Conclude()
		b.Tally.Add(t.Result)
		b.Results = append(b.Results, t)
	}
	add("gate-1", "Cổng số 1 – đường Nguyễn Văn Linh", func(*paspeaker.SpeakerTest) {})
	add("gate-2", "Cổng số 2 – đường Huỳnh Tấn Phát", func(t *paspeaker.SpeakerTest) {
		*t = paspeaker.SpeakerTest{Speaker: t.Speaker, Name: t.Name, Kind: t.Kind, Began: t.Began, LastSeen: began}
	})
	add("gate-3", "Cổng số 3 – bến xe công nhân", func(t *paspeaker.SpeakerTest) {
		t.Verdict.Verdict, t.Verdict.Why, t.LevelDB = paspeaker.VerdictSilent, paspeaker.WhySilence, -120
	})
	add("road-1", "Đường số 1", func(t *paspeaker.SpeakerTest) {
		t.Verdict.Verdict, t.Verdict.Why, t.Lost, t.Late, t.LossShare = paspeaker.VerdictPartly, paspeaker.WhyLost, 90, 3, 31
	})
	add("road-2", "=HYPERLINK(\"x\") <b>&", func(t *paspeaker.SpeakerTest) { t.Xruns = 2 })
	add("road-3", "Đường số 3", func(t *paspeaker.SpeakerTest) {
		t.Monitor, t.Verdict.Monitor = "mic", &paspeaker.Monitored{Windows: 6, Like: 6, Likeness: 0.93, LevelDB: -31}
	})
	add("horn", "Loa nén trạm xe buýt", func(t *paspeaker.SpeakerTest) { t.Kind = paspeaker.KindThirdParty })
	b.Total = len(b.Results)
	return b
}

func TestTheBenchReportIsAPageOfItsOwn(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, walked().HTML(&out, "en", english))
	page := out.String()
	for _, want := range []string{"KCX Tân Phong · loudspeaker test of 2026-11-24 09:58", "Cổng số 2 – đường Huỳnh Tấn Phát", "7 loudspeakers: 3 passed, 3 failed, 1 untested",
		"to be mended", "31.0 % of the sound was lost", "&lt;b&gt;", "@page", "test 1c9f2ab004d0e100", "tested by", "alike\u00a093\u00a0%"} {
		assert.Contains(t, page, want)
	}
	for _, never := range []string{"<script", "http://", "https://", "src=", "<b>&"} {
		assert.NotContains(t, page, never, "it opens offline, and nothing in a name is markup")
	}
	d := xml.NewDecoder(strings.NewReader(strings.NewReplacer("<!doctype html>", "", "<meta charset=\"utf-8\">", "", "<br>", "<br/>",
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">", "").Replace(page)))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if !assert.NoError(t, err, "every tag is closed") {
			break
		}
	}
}

func TestTheBenchReportIsASheet(t *testing.T) {
	var out bytes.Buffer
	b := walked()
	b.State, b.Why, b.SelfTest, b.AtOnce, b.Quiet = paspeaker.TestAborted, "an emergency began: Cháy", "night", true, true
	require.NoError(t, b.CSV(&out, english))
	text, bom := strings.CutPrefix(out.String(), "\ufeff")
	assert.True(t, bom)
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	require.NoError(t, err)
	all := strings.Join(rows[2], "") + strings.Join(rows[3], "")
	assert.Contains(t, all, "quiet tone")
	assert.Contains(t, all, "self-test night")
	assert.Contains(t, all, "ended early: an emergency began: Cháy")
	last := rows[len(rows)-7:]
	assert.Equal(t, []string{"gate-1", "Cổng số 1 – đường Nguyễn Văn Linh", "passed"}, last[0][:3])
	assert.Equal(t, "-20.1", last[0][len(last[0])-3], "a number stays one")
	assert.Equal(t, "'=HYPERLINK(\"x\") <b>&", last[4][1], "no spreadsheet takes a name for a formula")
	for _, row := range last {
		assert.Len(t, row, len(last[0]))
	}
}
