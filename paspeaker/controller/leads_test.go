package controller

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/api"
	"pa/paspeaker/site"
)

const ms = time.Millisecond

// planned is a controller that knows a site and what its nodes said, and no
// more.
func planned(t require.TestingT, yaml string, needs map[paspeaker.SpeakerID]time.Duration) *Controller {
	st, err := site.Parse([]byte("site: {id: park, time_zone: UTC}\n"+yaml), "")
	require.NoError(t, err)
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	c := &Controller{cfg: Config{Now: now}, nodes: newNodes(now), lateness: newLateness()}
	c.site.Store(st)
	for id, need := range needs {
		c.nodes.report(&paspeaker.NodeReport{ID: id, Output: paspeaker.OutputState{Lead: paspeaker.Duration(need)}})
	}
	return c
}

// of plans a session for everybody.
func (c *Controller) of(kind paspeaker.Kind, own time.Duration) leads {
	s := &session{Session: paspeaker.Session{Announcement: paspeaker.Announcement{Kind: kind, Delay: paspeaker.Duration(own)}}}
	for _, sp := range c.site.Load().Speakers {
		s.Targets = append(s.Targets, sp.ID)
	}
	return c.plan(c.site.Load(), s)
}

const mixedPark = `
zones: [{id: gates}, {id: tower, wifi: true}, {id: hall, delay: 80ms}, {id: yard, plain: g722}]
speakers:
  - {id: g1, zones: [gates]}
  - {id: g2, zones: [gates]}
  - {id: w1, zones: [tower]}
  - {id: h1, zones: [hall]}
  - {id: car, kind: mobile}
  - {id: horn, kind: third-party, zones: [yard]}
`

// A session is sent to each loudspeaker as it is reached, a live voice as late
// as the slowest output on the wire allows.
func TestLeadsByHowTheyAreReached(t *testing.T) {
	type of = map[paspeaker.SpeakerID]time.Duration
	quick := of{"g1": 12 * ms, "g2": 18 * ms, "w1": 12 * ms, "h1": 12 * ms, "car": 12 * ms}
	for name, tc := range map[string]struct {
		delays string
		needs  of
		kind   paspeaker.Kind
		own    time.Duration
		want   of
	}{
		"live":            {"", quick, paspeaker.KindLive, 0, of{"g1": 19 * ms, "g2": 19 * ms, "w1": 150 * ms, "h1": 80 * ms, "car": 500 * ms}},
		"an emergency":    {"", quick, paspeaker.KindEmergency, 0, of{"g1": 19 * ms, "g2": 19 * ms, "w1": 150 * ms, "h1": 80 * ms, "car": 500 * ms}},
		"nobody has said": {"", nil, paspeaker.KindLive, 0, of{"g1": 41 * ms, "g2": 41 * ms, "w1": 150 * ms, "h1": 80 * ms, "car": 500 * ms}},
		"at least":        {"delays: {live: {least: 25ms}}", quick, paspeaker.KindLive, 0, of{"g1": 25 * ms, "g2": 25 * ms, "w1": 150 * ms, "h1": 80 * ms, "car": 500 * ms}},
		"at most":         {"delays: {live: {most: 15ms}}", quick, paspeaker.KindLive, 0, of{"g1": 15 * ms, "g2": 15 * ms, "w1": 150 * ms, "h1": 80 * ms, "car": 500 * ms}},
		"fixed":           {"delays: {live: 33ms}", quick, paspeaker.KindLive, 0, of{"g1": 33 * ms, "g2": 33 * ms, "w1": 150 * ms, "h1": 80 * ms, "car": 500 * ms}},
		"recorded":        {"", quick, paspeaker.KindMessage, 0, of{"g1": 100 * ms, "g2": 100 * ms, "w1": 150 * ms, "h1": 80 * ms, "car": 500 * ms}},
		"its own":         {"", quick, paspeaker.KindMessage, 60 * ms, of{"g1": 60 * ms, "g2": 60 * ms, "w1": 60 * ms, "h1": 60 * ms, "car": 60 * ms}},
		"its own, but never less than they need": {"", of{"g1": 300 * ms}, paspeaker.KindLive, 10 * ms,
			of{"g1": 301 * ms, "g2": 301 * ms, "w1": 41 * ms, "h1": 41 * ms, "car": 51 * ms}},
		"a slow card": {"", of{"g1": 130 * ms, "w1": 250 * ms}, paspeaker.KindTone, 0, of{"g1": 131 * ms, "g2": 131 * ms, "w1": 251 * ms, "h1": 80 * ms, "car": 500 * ms}},
	} {
		t.Run(name, func(t *testing.T) {
			l := planned(t, tc.delays+mixedPark, tc.needs).of(tc.kind, tc.own)
			assert.Equal(t, tc.want, l.of)
			for _, d := range tc.want {
				assert.LessOrEqual(t, d, l.longest)
			}
		})
	}
}

// Loudspeakers that are heard together sound together: the whole session is
// sent as far ahead as the slowest of them needs.
func TestLeadsInEarshot(t *testing.T) {
	const near = `
speakers:
  - {id: g1, position: {lat: 10.7561, lon: 106.7402}}
  - {id: w1, wifi: true, position: {lat: 10.7562, lon: 106.7402}}
  - {id: far, position: {lat: 10.7700, lon: 106.7402}}
  - {id: car, kind: mobile, position: {lat: 10.7800, lon: 106.7402}}
`
	needs := map[paspeaker.SpeakerID]time.Duration{"g1": 15 * ms, "w1": 15 * ms, "far": 15 * ms, "car": 15 * ms}
	l := planned(t, near, needs).of(paspeaker.KindLive, 0)
	assert.Equal(t, map[paspeaker.SpeakerID]time.Duration{"g1": 150 * ms, "w1": 150 * ms, "far": 150 * ms, "car": 500 * ms}, l.of,
		"far keeps step with its class; the car, out of earshot, keeps its own")
	l = planned(t, "delays: {earshot: 5m}"+near, needs).of(paspeaker.KindLive, 0)
	assert.Equal(t, 16*ms, l.of["g1"])
	assert.Equal(t, 150*ms, l.of["w1"])

	l = planned(t, "zones: [{id: plaza}]\nspeakers: [{id: a, zones: [plaza]}, {id: b, kind: mobile, zones: [plaza]}, {id: c}]", needs).of(paspeaker.KindMessage, 0)
	assert.Equal(t, map[paspeaker.SpeakerID]time.Duration{"a": 500 * ms, "b": 500 * ms, "c": 500 * ms}, l.of, "without positions the zone tells")
}

// Whatever the site: everybody gets what its output needs unless the bound on a
// live voice forbids it, and two that are heard together get the same.
func TestLeadsKeepStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "n")
		yaml := "zones: [{id: z0}, {id: z1, wifi: true}, {id: z2, delay: 70ms}]\nspeakers:\n"
		needs := make(map[paspeaker.SpeakerID]time.Duration)
		for i := range n {
			kind := rapid.SampledFrom([]string{"fixed", "fixed", "mobile"}).Draw(t, "kind")
			place := ""
			if rapid.Bool().Draw(t, "placed") {
				place = fmt.Sprintf(", position: {lat: %.5f, lon: 106}", 10+rapid.Float64Range(0, 0.005).Draw(t, "lat"))
			}
			yaml += fmt.Sprintf("  - {id: s%d, kind: %s, zones: [z%d]%s}\n", i, kind, rapid.IntRange(0, 2).Draw(t, "zone"), place)
			needs[paspeaker.SpeakerID(fmt.Sprintf("s%d", i))] = time.Duration(rapid.IntRange(5, 190).Draw(t, "need")) * ms
		}
		c := planned(t, yaml, needs)
		st := c.site.Load()
		l := c.of(rapid.SampledFrom([]paspeaker.Kind{paspeaker.KindLive, paspeaker.KindMessage}).Draw(t, "what"), 0)
		for a, lead := range l.of {
			if lead < needs[a] || lead > l.longest {
				t.Fatalf("%s needs %v and gets %v of %v", a, needs[a], lead, l.longest)
			}
			for b, other := range l.of {
				if lead != other && st.HeardTogether([]paspeaker.SpeakerID{a}, []paspeaker.SpeakerID{b}) {
					t.Fatalf("%s %v and %s %v are heard together\n%s", a, lead, b, other, yaml)
				}
			}
		}
	})
}

// Who was late is given more, from the next session on, and less again after
// minutes in time.
func TestRaiseAndLower(t *testing.T) {
	l := newLateness()
	note := func(sounded, tooLate uint64) bool { return l.note("g1", wayLive, 20*ms, 100*ms, sounded, tooLate) }
	extra := func() time.Duration { return l.most([]paspeaker.SpeakerID{"g1", "nobody"}) }
	assert.False(t, note(1000, 0))
	assert.False(t, note(1000, 2), "a hiccup")
	assert.False(t, note(100_000, 90), "less than one in a thousand")
	assert.Zero(t, extra())
	assert.True(t, note(1000, 3))
	assert.Equal(t, 10*ms, extra())
	var steps []time.Duration
	for note(500, 500) {
		steps = append(steps, extra())
	}
	assert.Equal(t, []time.Duration{15 * ms, 23 * ms, 35 * ms, 53 * ms, 80 * ms, 100 * ms}, steps, "up to the bound")
	assert.False(t, note(29_999, 0))
	assert.False(t, note(1000, 1), "one late frame begins the wait anew")
	assert.Equal(t, 100*ms, extra())
	assert.False(t, note(29_999, 0))
	assert.True(t, note(1, 0))
	assert.Equal(t, 87*ms, extra(), "a little less")
	n := 0
	for ; extra() > 0; n++ {
		require.Less(t, n, 100)
		note(30_000, 0)
	}
	assert.Greater(t, n, 12, "slowly")
	_, known := l.get("g1")
	assert.False(t, known)
}

// It neither climbs above its bound nor falls below nothing, and never moves
// down after a session that was late.
func TestLatenessIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLateness()
		most := time.Duration(rapid.IntRange(10, 2000).Draw(t, "most")) * ms
		for range rapid.IntRange(1, 60).Draw(t, "sessions") {
			before := l.most([]paspeaker.SpeakerID{"a"})
			sounded, tooLate := uint64(rapid.IntRange(0, 60_000).Draw(t, "sounded")), uint64(rapid.IntRange(0, 500).Draw(t, "late"))
			changed := l.note("a", wayLive, 20*ms, most, sounded, tooLate)
			after := l.most([]paspeaker.SpeakerID{"a"})
			if after < 0 || after > most || changed != (before != after) || tooLate > 0 && after < before {
				t.Fatalf("%v became %v (%v) after %d late of %d", before, after, changed, tooLate, sounded)
			}
		}
	})
}

// What people are told, and what the next session gets, depends on whether the
// site lets the controller raise it.
func TestAdvice(t *testing.T) {
	needs := map[paspeaker.SpeakerID]time.Duration{"g1": 20 * ms, "g2": 20 * ms}
	const two = "zones: [{id: gates}]\nspeakers: [{id: g1, zones: [gates]}, {id: g2, zones: [gates]}]"
	for name, tc := range map[string]struct {
		delays, says string
		next         time.Duration
	}{
		"recommend": {"", "packets came late: raise delays.live to 31ms, or write when_late: raise", 21 * ms},
		"raise":     {"delays: {when_late: raise}\n", "packets came late: from the next announcement on 10ms more than delays.live says", 31 * ms},
		"bound":     {"delays: {when_late: raise, live: {most: 25ms}}\n", "packets came late: from the next announcement on 10ms more than delays.live says", 25 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			c := planned(t, tc.delays+two, needs)
			st := c.site.Load()
			g1, _ := st.Speaker("g1")
			assert.Empty(t, c.advice(st, g1))
			s := &session{Session: paspeaker.Session{Announcement: paspeaker.Announcement{Kind: paspeaker.KindLive}}, leads: c.of(paspeaker.KindLive, 0)}
			c.noteLate(s, paspeaker.Receipt{Node: "g1", Done: true, Played: 900, Late: 100})
			assert.Equal(t, tc.says, c.advice(st, g1))
			assert.Equal(t, 21*ms, s.leads.of["g1"], "never within a session")
			assert.Equal(t, tc.next, c.of(paspeaker.KindLive, 0).of["g2"], "all that sound together")
		})
	}
	c := planned(t, "delays: {live: 15ms}\n"+two, needs)
	g1, _ := c.site.Load().Speaker("g1")
	assert.Equal(t, "its output needs 21ms: raise delays.live, now 15ms at most, or a live voice comes late", c.advice(c.site.Load(), g1))
	c.noteLate(&session{}, paspeaker.Receipt{Node: "g1", Done: true, Played: 900, Late: 100, Skipped: 99})
	c.noteLate(&session{}, paspeaker.Receipt{Node: "g1", Done: true, Played: 900, Late: 100, Unlocked: true})
	c.noteLate(&session{}, paspeaker.Receipt{Node: "g1", Played: 900, Late: 100})
	c.noteLate(&session{}, paspeaker.Receipt{Node: "nobody", Done: true, Played: 900, Late: 100})
	assert.Zero(t, c.lateness.most([]paspeaker.SpeakerID{"g1"}), "a stalled card, a node without time and a call under way are not the network's fault")
}

// On air, packets say how far ahead they are, loudspeaker by loudspeaker, and a
// late receipt is in the journal and the status.
func TestLeadsOnAir(t *testing.T) {
	r := newRig(t, "")
	r.Controller.onReport(paspeaker.NodeReport{ID: "gate-1", Output: paspeaker.OutputState{Lead: paspeaker.Duration(23 * ms)}})
	ear := r.listen([]uint32{uint32(paspeaker.TagOf("gate-1"))}, r.group("gates"))
	at := func(a paspeaker.Announcement, src api.Source) (paspeaker.Session, time.Duration) {
		s, err := r.Announce(t.Context(), a, src)
		require.NoError(t, err)
		p := ear.heard(t, "its packets", func(p wire.Packet) bool { return p.Session == uint64(s.ID) })
		return s, time.Duration(p.TPlay - r.media())
	}
	s, ahead := at(paspeaker.Announcement{Speakers: []paspeaker.SpeakerID{"gate-1"}}, tone(time.Second))
	assert.Equal(t, paspeaker.Duration(100*ms), s.Lead)
	assert.LessOrEqual(t, ahead, 100*ms)
	s, ahead = at(paspeaker.Announcement{Speakers: []paspeaker.SpeakerID{"gate-1"}, Delay: paspeaker.Duration(2 * time.Second)}, tone(time.Second))
	assert.Equal(t, paspeaker.Duration(2*time.Second), s.Lead)
	assert.Greater(t, ahead, 500*ms)
	_, err := r.Announce(t.Context(), paspeaker.Announcement{Speakers: []paspeaker.SpeakerID{"gate-1"}, Delay: paspeaker.Duration(ms)}, tone(time.Second))
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))

	require.NoError(t, r.call(func(time.Time) {
		r.onReceipt(paspeaker.Receipt{Node: "gate-1", Session: s.ID, Done: true, Played: 50, Late: 50}, paspeaker.SignedReceipt{})
	}))
	assert.Contains(t, r.speakerStatus("gate-1").Note, "raise the call's delay to 2.01s")
	assert.Contains(t, r.what(s.ID), paspeaker.WhatDelay)
}

// Loudspeakers that share a group but not a lead are each sent their own: a
// packet names who plays it, and when.
func TestTwoLeadsOnOneGroup(t *testing.T) {
	dir := t.TempDir()
	yaml := strings.Replace(parkYAML(), "zones: [gates, roads]", "zones: [gates]", 1)
	yaml = strings.Replace(yaml, "name: Đường chính", "name: Đường chính, delay: 900ms", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "zones.yaml"), []byte(yaml), 0o600))
	r := newRig(t, dir)
	var groups []netip.AddrPort
	for _, z := range r.site.Load().Zones {
		groups = append(groups, z.Group)
	}
	gate := r.listen([]uint32{uint32(paspeaker.TagOf("gate-1")), uint32(paspeaker.TagOf("gates"))}, groups...)
	road := r.listen([]uint32{uint32(paspeaker.TagOf("road-1")), uint32(paspeaker.TagOf("roads"))}, groups...)
	s, err := r.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates", "roads"}}, tone(300*time.Millisecond))
	require.NoError(t, err)
	assert.Equal(t, paspeaker.Duration(900*ms), s.Lead)
	mine := func(p wire.Packet) bool { return p.Session == uint64(s.ID) }
	first := gate.heard(t, "for the gate", mine)
	later := road.heard(t, "for the road", mine)
	assert.InDelta(t, 800, float64(later.TPlay-first.TPlay)/1e6, 50)
	assert.NotEqual(t, first.SSRC, later.SSRC)
	for _, p := range gate.copyPackets() {
		assert.Equal(t, first.SSRC, p.SSRC, "and nothing of the other's")
	}
}
