package controller

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/wire"
	"pa/paspeaker"
)

// inSeconds returns a campaign that is due once, n seconds from now.
func (r *rig) inSeconds(id string, n int) paspeaker.Campaign {
	at := r.now().Truncate(time.Second).Add(time.Duration(n) * time.Second)
	return paspeaker.Campaign{ID: id, Name: "Khẩu hiệu", Messages: []paspeaker.CampaignMessage{{Name: "slogan-1"}}, Zones: []paspeaker.ZoneID{"gates"},
		Rules: []paspeaker.Rule{{At: []string{"00:00:01"}}}, Except: []string{"1971-01-01..2199-12-31"}, Also: []string{paspeaker.WallOf(at).String()}}
}

func TestACampaignSoundsAtItsSecondAndOnlyOnce(t *testing.T) {
	late := soundsOnce(t)
	for range 2 { // a machine that stands still for longer than packets are sent ahead is late, and says so
		if late <= time.Millisecond/2 {
			break
		}
		t.Logf("%v late", late)
		late = soundsOnce(t)
	}
	assert.InDelta(t, 0, late.Seconds(), 0.0005, "its first sample is due at the second itself")
}

// soundsOnce lets a campaign play in a few seconds, and never again, and
// returns how late its first sample was due.
func soundsOnce(t *testing.T) (late time.Duration) {
	r := newRig(t, "")
	ear := r.listen([]uint32{uint32(paspeaker.TagOf("gates"))}, r.group("gates"))
	v := r.inSeconds("slogans", 8)
	saved, err := r.PutCampaign(t.Context(), chief, v, false)
	require.NoError(t, err)
	require.NotNil(t, saved.Next)
	assert.Equal(t, 1, saved.Counts.Planned)
	id := paspeaker.SessionOfOccurrence(saved.Next.ID)

	first := ear.heard(t, "its first packet", func(p wire.Packet) bool { return p.Flags&wire.FlagStart != 0 })
	assert.Equal(t, uint64(id), first.Session, "the session derives from the occurrence")
	// The limiter looks a millisecond ahead: the packet begins with that much of
	// silence.
	late = time.Duration(first.TPlay-r.mediaAt(saved.Next.At)) + time.Millisecond
	s := r.session(id)
	assert.Equal(t, []string{"slogans", saved.Next.ID, "slogan-1"}, []string{s.Campaign, s.Occurrence, s.Message})
	_, err = r.Stop(t.Context(), chief, []paspeaker.SessionID{id}, nil, false)
	require.NoError(t, err)
	r.ended(id)

	today, err := r.Today(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, today.Occurrences, 1)
	assert.Equal(t, paspeaker.OccurrenceShortened, today.Occurrences[0].State)
	assert.Equal(t, paspeaker.OutcomeStopped, today.Occurrences[0].Outcome)
	assert.NotEmpty(t, today.Lunar)

	// A second start does not play it again, though its policy would let it.
	r.stop()
	again := newRig(t, r.dir)
	again.waitForPlan()
	v, ok := again.campaigns.get("slogans")
	require.True(t, ok)
	v.MissedWithin = paspeaker.Duration(time.Hour)
	_, err = again.PutCampaign(t.Context(), chief, v, false)
	require.NoError(t, err)
	mine, err := again.cfg.Bus.Claims().Claim(t.Context(), claimOf(saved.Next.ID))
	require.NoError(t, err)
	assert.False(t, mine, "it was claimed by the start before")
	today, err = again.Today(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, today.Occurrences, 1)
	assert.Equal(t, paspeaker.OccurrenceShortened, today.Occurrences[0].State, "the journal remembers")
	return late
}

const guardYAML = `
limits:
  - name: giờ phát thanh
    classes: [background, routine]
    hours: [%s]
  - {zones: [gates], classes: [routine], sessions_per_day: 3}
night:
  - {hours: "00:00-24:00", classes: [live], gain_db: -9}
`

// withGuard starts a controller whose site names a guard.
func withGuard(t *testing.T, hours string) *rig {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "zones.yaml"), []byte(parkYAML()+"guard: guard.yaml\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "guard.yaml"), []byte(strings.Replace(guardYAML, "%s", hours, 1)), 0o600))
	return newRig(t, dir)
}

// closedNow returns hours in which now does not lie, and openNow all of them.
func (r *rig) entriesOf(what string) []paspeaker.Entry {
	r.t.Helper()
	require.NoError(r.t, r.journal.Flush(r.t.Context()))
	entries, err := r.Journal(r.t.Context(), paspeaker.JournalQuery{What: []string{what}})
	require.NoError(r.t, err)
	return entries
}

func TestTheGuardStandsAtTheDoor(t *testing.T) {
	loc, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	require.NoError(t, err)
	h := time.Now().In(loc).Hour()
	closed := paspeaker.TimeOfDay((h+2)%24*3600).String() + "-" + paspeaker.TimeOfDay((h+4)%24*3600).String()
	r := withGuard(t, `"`+closed+`"`)
	_, err = r.Announce(t.Context(), toGates, tone(100*time.Millisecond))
	assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "guard: hours (giờ phát thanh)")
	assert.ErrorContains(t, err, closed)
	refused := r.entriesOf(paspeaker.WhatRefused)
	require.Len(t, refused, 1)
	assert.Equal(t, paspeaker.OutcomeGuard, refused[0].Outcome)

	_, err = r.PutCampaign(t.Context(), chief, r.inSeconds("night", 60), true)
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err), "a campaign of nothing but refused runs is refused when it is saved")
	assert.ErrorContains(t, err, "refuses 1 of 1 runs")

	s, err := r.Emergency(t.Context(), paspeaker.Announcement{Emergency: "fire", Zones: []paspeaker.ZoneID{"gates"}})
	require.NoError(t, err, "an emergency is exempt")
	_, err = r.Stop(t.Context(), chief, nil, nil, true)
	require.NoError(t, err)
	r.ended(s.ID)
	exempt := r.entriesOf("guard")
	require.NotEmpty(t, exempt)
	assert.Equal(t, "exempt", exempt[0].Outcome)
	assert.Contains(t, exempt[0].Detail, "hours")

	// A reload opens the hours; then three sessions a day are enough.
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "guard.yaml"), []byte(strings.Replace(guardYAML, "%s", `"00:00-24:00"`, 1)), 0o600))
	_, err = r.Reload(t.Context(), chief)
	require.NoError(t, err)
	for range 3 {
		s, err := r.Announce(t.Context(), toGates, tone(20*time.Millisecond))
		require.NoError(t, err)
		r.ended(s.ID)
	}
	_, err = r.Announce(t.Context(), toGates, tone(20*time.Millisecond))
	assert.ErrorContains(t, err, "sessions a day, zone gates: 4, allowed 3")
	r.stop()
	again := newRig(t, r.dir)
	again.waitForPlan()
	_, err = again.Announce(t.Context(), toGates, tone(20*time.Millisecond))
	assert.ErrorContains(t, err, "sessions a day", "a restart forgets nothing")
}

// waitForPlan waits until the campaigns and the day so far are known.
func (r *rig) waitForPlan() {
	r.t.Helper()
	select {
	case <-r.campaigns.recalled:
	case <-time.After(20 * time.Second):
		r.t.Fatal("the plan is never known")
	}
}

func TestCampaignsAreKeptAndChangedByOneAtATime(t *testing.T) {
	r := newRig(t, "")
	r.waitForPlan()
	v := r.inSeconds("slogans", 3600)
	saved, err := r.PutCampaign(t.Context(), chief, v, false)
	require.NoError(t, err)
	_, err = r.PutCampaign(t.Context(), chief, v, false)
	assert.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err), "there is one already")
	v = saved.Campaign
	v.Notes = "thử"
	second, err := r.PutCampaign(t.Context(), chief, v, false)
	require.NoError(t, err)
	assert.Greater(t, second.Revision, saved.Revision)
	assert.Equal(t, saved.Created.Unix(), second.Created.Unix())
	_, err = r.PutCampaign(t.Context(), chief, v, false)
	assert.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err), "somebody has changed it")

	paused, err := r.PauseCampaign(t.Context(), chief, "slogans", true)
	require.NoError(t, err)
	assert.Equal(t, "paused", paused.State)
	assert.Nil(t, paused.Next)
	_, err = r.PauseCampaign(t.Context(), chief, "slogans", false)
	require.NoError(t, err)
	_, err = r.Campaign("slogan")
	assert.ErrorContains(t, err, "did you mean slogans?")

	bad := v
	bad.Zones, bad.Chime, bad.Messages, bad.Keep = []paspeaker.ZoneID{"gatez"}, "bell", []paspeaker.CampaignMessage{{Name: "slogan-9"}}, []string{"tett"}
	checks := r.CheckCampaigns([]paspeaker.Campaign{bad, v})
	require.Len(t, checks[0].Faults, 4)
	assert.Empty(t, checks[1].Faults)
	_, err = r.PutCampaign(t.Context(), chief, bad, false)
	for _, want := range []string{"gatez", "bell", "slogan-9", "tett"} {
		assert.ErrorContains(t, err, want)
	}
	assert.Equal(t, []string{"campaign slogans"}, r.campaigns.users("slogan-1"))

	p, err := r.Plan(paspeaker.PlanQuery{Drafts: []paspeaker.Campaign{}, Drop: []string{"slogans"}})
	require.NoError(t, err)
	assert.Equal(t, 1, p.Diff.Counts.Gone)
	require.NoError(t, r.RemoveCampaign(t.Context(), chief, "slogans", 0))
	assert.Empty(t, r.Campaigns())
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(r.RemoveCampaign(t.Context(), chief, "slogans", 0)))
	var words []string
	for _, e := range r.entriesOf("campaign") {
		words = append(words, e.Outcome)
	}
	assert.Equal(t, []string{"added", "changed", "paused", "resumed", "removed"}, words)
	assert.Len(t, r.Calendars(2026), 5)
	_, err = r.Plan(paspeaker.PlanQuery{Zone: "gatez"})
	assert.ErrorContains(t, err, "gates")
	_, err = r.Plan(paspeaker.PlanQuery{From: time.Now(), To: time.Now().AddDate(2, 0, 0)})
	assert.ErrorContains(t, err, "400 days")
	_, err = r.Today(t.Context(), "someday")
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
	r.stop()
	assert.Empty(t, newRig(t, r.dir).Campaigns())
}

func TestTheLastRunOfACampaignIsRemembered(t *testing.T) {
	d := newDayRecord()
	at := time.Date(2026, 11, 24, 6, 30, 0, 0, time.UTC)
	d.note("a@2026-11-24T06:30", paspeaker.Occurrence{At: at, State: paspeaker.OccurrencePlayed})
	d.note("a@2026-11-24T07:00", paspeaker.Occurrence{At: at.Add(30 * time.Minute), State: paspeaker.OccurrenceShortened})
	d.note("a@2026-11-24T06:00", paspeaker.Occurrence{At: at.Add(-30 * time.Minute), State: paspeaker.OccurrencePlayed})
	d.note("a@2026-11-24T07:30", paspeaker.Occurrence{At: at.Add(time.Hour), State: paspeaker.OccurrencePlaying})
	d.note("b@2026-11-24T06:30", paspeaker.Occurrence{At: at, State: paspeaker.OccurrenceMissed})
	last := d.lastOf("a")
	require.NotNil(t, last)
	assert.Equal(t, "a@2026-11-24T07:00", last.ID, "the newest that is over")
	assert.Equal(t, paspeaker.OccurrenceShortened, last.State)
	assert.Equal(t, paspeaker.OccurrenceMissed, d.lastOf("b").State)
	assert.Nil(t, d.lastOf("c"))
	d.forget(at.Add(keepFor + 20*time.Minute))
	assert.NotNil(t, d.lastOf("a"))
	assert.Nil(t, d.lastOf("b"))
}
