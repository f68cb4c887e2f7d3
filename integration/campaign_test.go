package integration

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/integration/ears"
	"pa/paspeaker"
)

// The first campaign of every park, in a hurry: the two slogans take turns on
// two zones, with a chime, each at its own second, and once.
func TestTheTwoSlogansSoundAtTheirSeconds(t *testing.T) {
	s := startSite(t, "pcmu")
	for _, id := range []string{"gate-1", "road-1"} {
		s.startNode(id)
	}
	const apart = 25 * time.Second
	first := s.byDay().Truncate(time.Second).Add(8 * time.Second)
	wall := func(t time.Time) string { return paspeaker.WallOf(t).String() }
	var saved paspeaker.SavedCampaign
	s.must("PUT", "/v1/campaigns/slogans", map[string]any{
		"id": "slogans", "name": "Khẩu hiệu", "messages": []map[string]any{{"name": "slogan-1"}, {"name": "slogan-2"}}, "zones": []string{"gates", "roads"},
		"chime": "two-tone", "keep": []string{"working-days"}, "rules": []map[string]any{{"every": "30m", "from": "06:00", "to": "18:00"}},
		"except": []string{first.Format(time.DateOnly)}, "also": []string{wall(first), wall(first.Add(apart))}}, &saved)
	require.NotNil(t, saved.Next)

	var sessions []paspeaker.Session
	for _, due := range []time.Time{first, first.Add(apart)} {
		id := paspeaker.SessionOfOccurrence("slogans@" + wall(due))
		s.eventually("the slogan of "+wall(due)+" is on air", func() bool {
			code, _ := s.request("GET", "/v1/announcements/"+id.String(), nil, "")
			return code == 200
		})
		over := s.over(id, "gate-1", "road-1")
		assert.Equal(t, paspeaker.OutcomeDone, over.Outcome)
		for _, r := range over.Receipts {
			late := r.First.Sub(due)
			t.Logf("%s on %s: first sample %+.1f ms; asked %+.1f, lead %s", over.Message, r.Node, late.Seconds()*1000, over.Asked.Sub(due).Seconds()*1000, over.Lead)
			assert.InDelta(t, 0, late.Seconds(), 0.05, "%s on %s", over.Message, r.Node)
		}
		sessions = append(sessions, over)
	}
	assert.NotEqual(t, sessions[0].Message, sessions[1].Message, "they take turns")

	// Killed and started again, it says nothing twice.
	_ = s.ctl.end(syscall.SIGKILL)
	s.startController()
	var today paspeaker.Today
	s.eventually("the day is remembered", func() bool {
		s.must("GET", "/v1/today", nil, &today)
		return today.Counts.Played == 2
	})
	for _, id := range []string{"gate-1", "road-1"} {
		x := s.recording(id)
		begin, _ := ears.Span(x, 0.001)
		chime := x[begin : begin+9600] // the same in both
		second, likeness := ears.Find(chime, x[begin+48000*10:])
		at := second + 48000*10
		t.Logf("%s: the second comes %.2f samples from its place, likeness %.5f", id, at-apart.Seconds()*48000, likeness)
		assert.Greater(t, likeness, 0.99, id)
		assert.InDelta(t, apart.Seconds()*48000, at, 24, "%s: the scheduled sample", id)
	}
}

// A live call takes over two campaigns' slogans: one resumes when the call is
// over, one is recorded as cut. The guard refuses what is not for this hour, at
// the door and when it is saved.
func TestALiveCallTakesOverAndTheGuardRefuses(t *testing.T) {
	s := startSite(t, "pcmu")
	for _, id := range []string{"gate-1", "road-1"} {
		s.startNode(id)
	}
	due := s.byDay().Truncate(time.Second).Add(7 * time.Second)
	slogans := map[string]paspeaker.SessionID{}
	for id, zone := range map[string]string{"resume": "gates", "drop": "roads"} {
		s.must("PUT", "/v1/campaigns/"+id, map[string]any{"id": id, "messages": []map[string]any{{"name": "slogan-1"}}, "zones": []string{zone}, "repeat": 2,
			"preempted": id, "rules": []map[string]any{{"at": []string{"06:00"}}}, "except": []string{due.Format(time.DateOnly)}, "also": []string{paspeaker.WallOf(due).String()}}, nil)
		slogans[id] = paspeaker.SessionOfOccurrence(id + "@" + paspeaker.WallOf(due).String())
	}
	s.eventually("the slogans sound", func() bool { return s.plays("gate-1", slogans["resume"]) && s.plays("road-1", slogans["drop"]) })
	voice, said := mouthOf(t, tone440(), false)
	call := s.cli(voice, nil, "live", "gates", "roads", "--stdin", "--routing", "partial")
	on := s.calling()
	s.eventually("the call is heard", func() bool { return s.plays("gate-1", on.ID) && s.plays("road-1", on.ID) })
	<-said
	require.NoError(t, call.end(syscall.SIGINT), "%s", call.log)
	assert.Equal(t, paspeaker.OutcomeDone, s.over(on.ID, "gate-1", "road-1").Outcome)
	assert.Equal(t, paspeaker.OutcomeDone, s.over(slogans["resume"], "gate-1").Outcome, "it went on where it was cut")
	assert.Equal(t, paspeaker.OutcomePreempted, s.over(slogans["drop"], "road-1").Outcome)
	var today paspeaker.Today
	s.must("GET", "/v1/today", nil, &today)
	assert.Equal(t, 1, today.Counts.Shortened, "recorded as cut")
	assert.Equal(t, 1, today.Counts.Played)

	h := due.Hour()
	hours := fmt.Sprintf("%02d:00-%02d:00", h+2, h+4)
	require.NoError(t, os.WriteFile(s.path("guard.yaml"), []byte("limits:\n  - {name: giờ phát thanh, hours: [\""+hours+"\"]}\n"), 0o600))
	s.writeSite(s.readSite() + "guard: guard.yaml\n")
	s.must("POST", "/v1/reload", map[string]any{}, nil)
	code, b := s.request("POST", "/v1/announcements", strings.NewReader(`{"zones":["gates"],"source":"tone","length":"1s"}`), "application/json")
	assert.Equal(t, 403, code)
	assert.Contains(t, string(b), "guard: hours (giờ phát thanh)")
	assert.Contains(t, string(b), hours)
	assert.Contains(t, string(b), "next at ")
	code, b = s.request("PUT", "/v1/campaigns/night", strings.NewReader(`{"id":"night","messages":[{"name":"slogan-1"}],"zones":["gates"],"rules":[{"at":["03:15"]}]}`), "application/json")
	assert.Equal(t, 422, code)
	assert.Contains(t, string(b), "the guard refuses")
	assert.Contains(t, string(b), "03:15")
}

// byDay gives the site a time zone in which it is about noon, so that no test
// of a day runs over its end, and returns now there.
func (s *site) byDay() time.Time {
	s.t.Helper()
	east := 12 - time.Now().UTC().Hour()     // hours east of Greenwich, -11 to 12
	zone := fmt.Sprintf("Etc/GMT%+d", -east) // POSIX: the sign is the other way round
	s.writeSite(strings.Replace(s.readSite(), "Asia/Ho_Chi_Minh", zone, 1))
	s.must("POST", "/v1/reload", map[string]any{}, nil)
	loc, err := time.LoadLocation(zone)
	require.NoError(s.t, err)
	return time.Now().In(loc)
}
