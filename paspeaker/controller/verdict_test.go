package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// verdicts waits until a session has been judged and returns the lines by
// loudspeaker.
func (r *rig) verdicts(id paspeaker.SessionID) map[paspeaker.SpeakerID]paspeaker.SpeakerVerdict {
	r.t.Helper()
	var lines []paspeaker.SpeakerVerdict
	r.until("the verdict on "+id.String(), func(ev paspeaker.Event) bool {
		if s, ok := r.Session(id); ok {
			lines = s.Verdicts
		}
		return lines != nil
	}, func() { r.events.send(paspeaker.Event{Kind: "poll"}) })
	out := make(map[paspeaker.SpeakerID]paspeaker.SpeakerVerdict)
	for _, v := range lines {
		out[v.Speaker] = v
	}
	return out
}

// says has a node say what it played of a session.
func (r *rig) says(id paspeaker.SpeakerID, s paspeaker.SessionID, d time.Duration) {
	r.t.Helper()
	require.NoError(r.t, nodeBus(r.t, r, id).PublishReceipt(paspeaker.Receipt{
		Node: id, Session: s, Done: true, Played: uint64(d / paspeaker.FrameTime), LevelDB: -20}))
}

func TestEveryAnnouncementEndsInAVerdictPerLoudspeaker(t *testing.T) {
	r := newRig(t, "")
	a := paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates", "yard"}, By: "Lan"}
	s, err := r.Announce(t.Context(), a, tone(400*time.Millisecond))
	require.NoError(t, err)
	r.says("gate-1", s.ID, 400*time.Millisecond)
	r.ended(s.ID)
	got := r.verdicts(s.ID)
	assert.Equal(t, paspeaker.VerdictSounded, got["gate-1"].Verdict)
	assert.InDelta(t, 0.4, time.Duration(got["gate-1"].Sent).Seconds(), 0.2, "what was sent is known too")
	assert.Equal(t, []string{"unknown", paspeaker.WhyOffline}, []string{string(got["gate-2"].Verdict), got["gate-2"].Why})
	assert.Equal(t, []string{"unknown", paspeaker.WhyThirdParty}, []string{string(got["horn"].Verdict), got["horn"].Why})

	entries := r.entries(s.ID)
	last := entries[len(entries)-1]
	assert.Equal(t, paspeaker.WhatVerdict, last.What)
	assert.Equal(t, "1 of 2 sounded, gate-2 offline, 1 third-party not known", last.Detail)
	assert.Equal(t, last.Detail, r.session(s.ID).Summary)
	assert.Len(t, last.Verdicts, 3)
}

func TestALateReceiptMendsTheVerdict(t *testing.T) {
	r := newRig(t, "")
	s, err := r.Announce(t.Context(), paspeaker.Announcement{Speakers: []paspeaker.SpeakerID{"gate-1"}}, tone(300*time.Millisecond))
	require.NoError(t, err)
	r.ended(s.ID)
	assert.Equal(t, paspeaker.VerdictUnknown, r.verdicts(s.ID)["gate-1"].Verdict)
	r.until("the mended verdict", func(ev paspeaker.Event) bool {
		return ev.Session != nil && len(ev.Session.Verdicts) == 1 && ev.Session.Verdicts[0].Verdict == paspeaker.VerdictSounded
	}, func() { r.says("gate-1", s.ID, 300*time.Millisecond) })
	assert.Equal(t, "asked play end verdict receipts verdict", sorted(r.what(s.ID)), "both are kept; the last one counts")
}

func TestAReceiptOfYesterdayIsKept(t *testing.T) {
	r := newRig(t, "")
	const gone = paspeaker.SessionID(0xabcd00)
	r.until("the receipt", func(ev paspeaker.Event) bool { return ev.Receipt != nil }, func() { r.says("gate-1", gone, time.Second) })
	require.Equal(t, "receipt", r.what(gone))
}

func TestAPreemptedSloganKnowsWhereItWasHeard(t *testing.T) {
	r := newRig(t, "")
	everywhere := paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates", "roads"}, Preempted: paspeaker.ResumeDrop}
	slogan, err := r.Announce(t.Context(), everywhere, tone(time.Minute))
	require.NoError(t, err)
	high := paspeaker.Priority(200)
	_, err = r.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}, Priority: &high}, tone(time.Minute))
	require.NoError(t, err)
	_, err = r.Stop(t.Context(), chief, nil, nil, true)
	require.NoError(t, err)
	r.says("gate-1", slogan.ID, 0)
	got := r.verdicts(slogan.ID)
	assert.Less(t, got["gate-1"].Sent, got["road-1"].Sent+1)
	assert.Equal(t, paspeaker.VerdictSilent, got["gate-1"].Verdict)
}

func TestAnAnnouncementThatNeverPlayedHasNoVerdict(t *testing.T) {
	r := newRig(t, "")
	first, err := r.Announce(t.Context(), toGates, tone(time.Minute))
	require.NoError(t, err)
	a := toGates
	a.MaxWait = paspeaker.Duration(time.Minute)
	second, err := r.Announce(t.Context(), a, tone(time.Second))
	require.NoError(t, err)
	_, err = r.Stop(t.Context(), chief, []paspeaker.SessionID{second.ID}, nil, false)
	require.NoError(t, err)
	_, err = r.Stop(t.Context(), chief, []paspeaker.SessionID{first.ID}, nil, false)
	require.NoError(t, err)
	r.verdicts(first.ID)
	assert.Nil(t, r.session(second.ID).Verdicts)
}

func TestTheLastWordsAreJudgedBeforeTheControllerEnds(t *testing.T) {
	r := newRig(t, "")
	s, err := r.Announce(t.Context(), toGates, tone(time.Minute))
	require.NoError(t, err)
	dir := r.dir
	r.stop()
	r = newRig(t, dir)
	assert.Equal(t, "asked play end verdict", sorted(r.what(s.ID)))
}

func TestAirtimeIsCountedForEachLoudspeaker(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	s := &session{leads: leads{longest: 300 * time.Millisecond}}
	step := func(d time.Duration, full, ducked []paspeaker.SpeakerID) {
		at = at.Add(d)
		s.Sounding, s.Ducked = full, ducked
		s.aired.at(at, s)
	}
	step(0, []paspeaker.SpeakerID{"a", "b"}, nil)
	step(10*time.Second, []paspeaker.SpeakerID{"b"}, []paspeaker.SpeakerID{"a"}) // ducked is heard
	step(5*time.Second, []paspeaker.SpeakerID{"b"}, nil)                         // a is taken away
	step(5*time.Second, []paspeaker.SpeakerID{"a", "b"}, nil)                    // and comes back
	step(100*time.Millisecond, nil, nil)
	assert.Equal(t, map[paspeaker.SpeakerID]time.Duration{
		"a": 15*time.Second - 300*time.Millisecond + time.Millisecond, "b": 20*time.Second + 100*time.Millisecond - 300*time.Millisecond,
	}, s.aired.sent, "less what was under way each time")
}

// Who is not sent to the end misses the rest; who comes back misses nothing.
func TestWhoseZoneIsTakenAwayMissesTheRest(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	s := &session{}
	step := func(d time.Duration, full ...paspeaker.SpeakerID) {
		at = at.Add(d)
		s.Sounding = full
		s.aired.at(at, s)
	}
	step(0, "a", "b", "c")
	step(10*time.Second, "b")     // a and c are taken away
	step(5*time.Second, "b", "c") // c goes on where it was
	step(5*time.Second, "c")      // b is through
	step(5 * time.Second)
	assert.Empty(t, s.aired.away("b", 0))
	assert.Empty(t, s.aired.away("c", 0))
	assert.Empty(t, s.aired.away("nobody", 0))
	from := time.Unix(1_800_000_011, 0).UTC()
	assert.Equal(t, []paspeaker.Gap{{From: from, To: from.Add(10 * time.Second), Lost: paspeaker.Duration(10 * time.Second), Why: paspeaker.WhyTaken}}, s.aired.away("a", time.Second))
}

// Of a loudspeaker that is gone nothing comes: its silence holds nobody up. One
// that was never heard of may still be on its way.
func TestTheVerdictDoesNotWaitForWhoIsGone(t *testing.T) {
	c := planned(t, "zones: [{id: gates, plain: g722}]\nspeakers: [{id: g1, zones: [gates]}, {id: g2, zones: [gates]}, {id: g3, zones: [gates]}, {id: horn, kind: third-party, zones: [gates]}]\n",
		map[paspeaker.SpeakerID]time.Duration{"g1": ms, "g2": ms})
	s := &session{aired: airtime{sent: map[paspeaker.SpeakerID]time.Duration{"g1": ms, "g2": ms, "horn": ms}}}
	assert.False(t, s.allSaid(c.willSay))
	s.Receipts = []paspeaker.Receipt{{Node: "g1", Done: true}}
	assert.False(t, s.allSaid(c.willSay), "g2 is there and will say it")
	c.nodes.seen["g2"].online = false
	assert.True(t, s.allSaid(c.willSay))
	assert.False(t, c.willSay("horn"))
	assert.True(t, c.willSay("g3"), "it was never heard of")
}
