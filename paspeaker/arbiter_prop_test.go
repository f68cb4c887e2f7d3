package paspeaker

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var park = []SpeakerID{"gate-1", "gate-2", "horn-1", "road-1", "road-2", "yard-1"}

// someRequest draws a request over a few loudspeakers; priorities are few, so
// that equals are common.
func someRequest(t *rapid.T, id SessionID) Request {
	r := Request{
		ID:        id,
		Name:      "n",
		Speakers:  rapid.SliceOfNDistinct(rapid.SampledFrom(park), 1, len(park), rapid.ID).Draw(t, "speakers"),
		Priority:  rapid.SampledFrom([]Priority{16, 16, 20, 64, 64, 160, 240, 240, 255}).Draw(t, "priority"),
		Routing:   rapid.SampledFrom([]Routing{"", RoutingPartial, RoutingWhole, RoutingStacked}).Draw(t, "routing"),
		Preempted: rapid.SampledFrom([]Resumption{"", ResumeHere, ResumeRestart, ResumeDrop}).Draw(t, "preempted"),
		Live:      rapid.IntRange(0, 4).Draw(t, "live") == 0,
		Duck:      rapid.Bool().Draw(t, "duck"),
		MaxWait:   time.Duration(rapid.IntRange(0, 20).Draw(t, "wait")) * time.Minute,
		MaxLength: time.Duration(rapid.IntRange(1, 30).Draw(t, "length")) * time.Minute,
	}
	slices.Sort(r.Speakers)
	for range rapid.IntRange(0, 3).Draw(t, "groups") {
		r.Groups = append(r.Groups, rapid.SliceOfNDistinct(rapid.SampledFrom(park), 1, 3, rapid.ID).Draw(t, "group"))
	}
	return r
}

// someSession draws a session that there has been, or one that there has not.
func (w *world) someSession(t *rapid.T) SessionID {
	ids := []SessionID{0xdead00}
	for id := range w.sessions {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return rapid.SampledFrom(ids).Draw(t, "session")
}

// playSequence draws a day's events, tells them to both arbiters and checks all that
// the world checks.
func playSequence(t *rapid.T) (*world, *Arbiter) {
	noMixer := ArbiterConfig{NoMixer: horn}
	a, twin := NewArbiter(noMixer), NewArbiter(noMixer)
	w := &world{
		t: t, now: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), speakers: slices.Clone(park),
		asked: map[SessionID]Request{}, sessions: map[SessionID]*heard{},
	}
	do := func(f func(a *Arbiter) []Ruling) []Ruling {
		out := f(a)
		require.Equal(t, out, f(twin), "same input, same rulings")
		w.step(out)
		w.checkBooks(a)
		return out
	}
	for n := range rapid.IntRange(1, 60).Draw(t, "events") {
		w.pass(do, a, w.now.Add(time.Duration(rapid.IntRange(0, 240).Draw(t, "seconds"))*time.Second))
		w.event(t, do, SessionID(n+1)<<8)
	}
	return w, a
}

// pass lets time go by, with a Tick whenever one is due and one too many.
func (w *world) pass(do func(func(*Arbiter) []Ruling) []Ruling, a *Arbiter, until time.Time) {
	for at := a.Next(); !at.IsZero() && !at.After(until); at = a.Next() {
		early := at.Add(-time.Nanosecond)
		if early.After(w.now) {
			require.Empty(w.t, do(func(a *Arbiter) []Ruling { return a.Tick(early) }), "a Tick before its time")
		}
		w.now = at
		require.NotEmpty(w.t, do(func(a *Arbiter) []Ruling { return a.Tick(at) }), "a Tick that was due")
	}
	w.now = until
}

func (w *world) event(t *rapid.T, do func(func(*Arbiter) []Ruling) []Ruling, id SessionID) {
	now := w.now
	switch rapid.IntRange(0, 19).Draw(t, "event") {
	default:
		r := someRequest(t, id)
		w.asked[id] = r
		w.checkAnswer(r, do(func(a *Arbiter) []Ruling { return a.Request(now, r) }))
	case 0, 1, 2, 3, 4:
		s := w.someSession(t)
		do(func(a *Arbiter) []Ruling { return a.Release(now, s, OutcomeDone) })
		if h := w.sessions[s]; h != nil {
			require.Contains(t, []SessionState{StateEnded, StateRefused}, h.state)
		}
	case 5, 6:
		s := w.someSession(t)
		do(func(a *Arbiter) []Ruling { return a.Cancel(now, s, OutcomeStopped) })
		for id, h := range w.sessions {
			if id.Announcement() == s.Announcement() {
				require.Contains(t, []SessionState{StateEnded, StateRefused}, h.state)
			}
		}
	case 7:
		keep := w.someSession(t).Announcement()
		do(func(a *Arbiter) []Ruling {
			return a.CancelAll(now, OutcomeStopped, func(id SessionID) bool { return id == keep })
		})
	case 8:
		if len(w.speakers) > 3 {
			gone := rapid.SampledFrom(w.speakers).Draw(t, "gone")
			w.retire(gone)
			do(func(a *Arbiter) []Ruling { return a.Retire(now, func(s SpeakerID) bool { return s != gone }) })
			w.speakers = append(w.speakers, gone) // it may come back, for others
			slices.Sort(w.speakers)
		}
	}
}

// retire takes a loudspeaker out of what the world knows of every session.
func (w *world) retire(gone SpeakerID) {
	is := func(s SpeakerID) bool { return s == gone }
	w.speakers = slices.DeleteFunc(w.speakers, is)
	for _, h := range w.sessions {
		h.targets = slices.DeleteFunc(slices.Clone(h.targets), is)
		h.full = slices.DeleteFunc(slices.Clone(h.full), is)
		h.ducked = slices.DeleteFunc(slices.Clone(h.ducked), is)
	}
}

// checkAnswer: an emergency plays first of all; a voice plays or is refused;
// everybody gets one answer.
func (w *world) checkAnswer(r Request, out []Ruling) {
	require.NotEmpty(w.t, out)
	at := slices.IndexFunc(out, func(o Ruling) bool { return o.Session == r.ID })
	require.GreaterOrEqual(w.t, at, 0)
	switch {
	case r.Priority.LatestWins():
		require.Equal(w.t, 0, at, "an emergency waits for nobody")
		require.Equal(w.t, RulePlay, out[0].Kind)
	case r.Live:
		require.Contains(w.t, []RulingKind{RulePlay, RuleRefuse}, out[at].Kind)
		if r.Routing != RoutingPartial && out[at].Kind == RulePlay {
			require.Equal(w.t, r.Speakers, out[at].Full)
		}
	case r.Routing == RoutingWhole && out[at].Kind == RulePlay:
		require.Equal(w.t, r.Speakers, out[at].Full)
	}
	if out[at].Kind == RuleRefuse {
		require.NotEmpty(w.t, out[at].Reason)
		require.NotZero(w.t, out[at].By)
	}
}

// checkBooks: what the Arbiter says of itself is what it ruled.
func (w *world) checkBooks(a *Arbiter) {
	alive := map[SessionID]bool{}
	for _, s := range a.Snapshot() {
		alive[s.Session] = true
		h := w.sessions[s.Session]
		require.NotNil(w.t, h)
		require.Equal(w.t, h.state, s.State, "%v", s.Session)
		require.ElementsMatch(w.t, h.full, s.Full)
		require.ElementsMatch(w.t, h.ducked, s.Ducked)
		require.Equal(w.t, h.played, !s.Started.IsZero())
	}
	for id, h := range w.sessions {
		require.Equal(w.t, h.state != StateEnded && h.state != StateRefused, alive[id], "%v", id)
	}
	for _, s := range w.speakers {
		full, ducked := a.Sounding(s)
		want, _ := w.fullAt(s)
		require.Equal(w.t, want, full)
		if ducked != 0 {
			require.Contains(w.t, w.sessions[ducked].ducked, s)
		}
	}
}

// TestRandomDays is the property test of the issue: never two at full level in
// one loudspeaker, at most one ducked beneath; an emergency never waits; every
// Play ends in exactly one Stop or End; same input, same rulings.
func TestRandomDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, a := playSequence(t)
		w.step(a.CancelAll(w.now, OutcomeShutdown, nil))
		for id, h := range w.sessions {
			require.Contains(t, []SessionState{StateEnded, StateRefused}, h.state, "%v has no end", id)
		}
		require.Zero(t, a.Next())
		require.Empty(t, a.Snapshot())
		require.Empty(t, a.programmes)
	})
}

// TestEverythingEndsByItself: with nobody to stop anything, the clock does.
func TestEverythingEndsByItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, a := playSequence(t)
		for range 10_000 {
			at := a.Next()
			if at.IsZero() {
				require.Empty(t, a.Snapshot())
				return
			}
			w.now = at
			w.step(a.Tick(at))
		}
		t.Fatal("something goes on for ever")
	})
}
