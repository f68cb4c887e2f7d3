package paspeaker

import (
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// world replays rulings as the loudspeakers would see them. It knows nothing
// of how the Arbiter thinks: it keeps for each session what was last ruled
// about it, and asks after each step whether what people hear is right.
type world struct {
	t        *rapid.T
	now      time.Time
	speakers []SpeakerID
	asked    map[SessionID]Request // by announcement
	sessions map[SessionID]*heard
	before   map[SpeakerID]SessionID // who sounded at full level before this step
}

// heard is a session as ruled so far.
type heard struct {
	req          Request
	state        SessionState
	played       bool
	rank         Rank
	full, ducked []SpeakerID
	targets      []SpeakerID
	never        []SpeakerID // where this session may not sound again
	since        time.Time
	total        time.Duration
}

func horn(s SpeakerID) bool { return strings.HasPrefix(string(s), "horn") }

// step applies the rulings of one call and checks everything.
func (w *world) step(rulings []Ruling) {
	w.before = map[SpeakerID]SessionID{}
	for id, h := range w.sessions {
		for _, s := range h.full {
			w.before[s] = id
		}
	}
	for _, r := range rulings {
		w.apply(r)
	}
	w.checkMixers()
	w.checkHorns()
	w.checkTurns()
	w.checkIdle()
	w.checkParts()
}

func (w *world) apply(r Ruling) {
	h := w.sessions[r.Session]
	if h == nil {
		req, ok := w.asked[r.Session.Announcement()]
		require.True(w.t, ok, "a ruling about %v, which nobody asked for", r.Session)
		h = &heard{req: req}
		w.sessions[r.Session] = h
	}
	require.True(w.t, slices.IsSorted(r.Full) && slices.IsSorted(r.Ducked) && slices.IsSorted(r.Targets))
	require.NotContains(w.t, []SessionState{StateEnded, StateRefused}, h.state, "%v after its end", r)
	if h.state != StatePlaying && r.Kind != RulePlay {
		require.NotEqual(w.t, RuleChange, r.Kind)
		require.NotEqual(w.t, RulePause, r.Kind)
	}
	if h.rank != 0 {
		require.Equal(w.t, h.rank, r.Rank, "a rank is for life")
	}
	h.rank = r.Rank
	was := append(slices.Clone(h.full), h.ducked...)
	switch r.Kind {
	case RulePlay:
		require.NotEqual(w.t, StatePlaying, h.state, "a second Play: %v", r)
		require.False(w.t, h.req.Live && h.played, "a voice cannot resume")
		require.Equal(w.t, r.Restart, r.Restart && h.played)
		h.state, h.played, h.since = StatePlaying, true, w.now
		w.place(h, r)
	case RuleChange:
		w.place(h, r)
		w.checkLoss(r, h, was)
	case RulePause:
		require.False(w.t, h.req.Live, "a voice cannot pause")
		h.total += w.now.Sub(h.since)
		h.state, h.full, h.ducked = StatePaused, nil, nil
	case RuleWait:
		require.False(w.t, h.played)
		require.False(w.t, h.req.Live, "a voice cannot wait")
		require.False(w.t, h.req.Priority.LatestWins(), "an emergency never waits")
		h.state, h.targets = StateWaiting, r.Targets
	case RuleRefuse:
		require.False(w.t, h.played, "refused after its Play: %v", r)
		require.NotEmpty(w.t, r.Outcome)
		h.state = StateRefused
	case RuleStop, RuleEnd:
		require.True(w.t, h.played, "%v without a Play", r)
		require.NotEmpty(w.t, r.Outcome)
		if h.state == StatePlaying {
			h.total += w.now.Sub(h.since)
		}
		h.state, h.full, h.ducked = StateEnded, nil, nil
		require.LessOrEqual(w.t, h.total, h.req.MaxLength, "it sounded longer than it may")
	}
}

func (w *world) place(h *heard, r Ruling) {
	h.full, h.ducked, h.targets = r.Full, r.Ducked, r.Targets
	require.Equal(w.t, h.req.Priority, r.Rank.Priority())
	for _, s := range slices.Concat(r.Full, r.Ducked) {
		require.Contains(w.t, r.Targets, s)
		require.NotContains(w.t, h.never, s, "it sounds again where it was dropped")
	}
	for _, s := range r.Targets {
		require.Contains(w.t, h.req.Speakers, s)
	}
}

// checkLoss checks what becomes of the loudspeakers that a session lost while
// it plays on elsewhere.
func (w *world) checkLoss(r Ruling, h *heard, was []SpeakerID) {
	for _, s := range was {
		if !slices.Contains(w.speakers, s) || slices.Contains(h.full, s) || slices.Contains(h.ducked, s) {
			continue
		}
		switch {
		case h.req.Preempted == ResumeDrop:
			require.NotContains(w.t, h.targets, s)
			h.never = append(h.never, s)
		case h.req.Preempted == ResumeRestart && !h.req.Live && !h.req.Priority.LatestWins():
			require.NotContains(w.t, h.targets, s)
			h.never = append(h.never, s)
		case !h.req.Duckable():
			require.Contains(w.t, h.targets, s, "it is to return there")
		}
	}
}

// checkMixers holds what each mixer would do, of all that is sent to it,
// against what was ruled.
func (w *world) checkMixers() {
	for _, s := range w.speakers {
		if horn(s) {
			continue
		}
		var top, duck *heard
		for _, h := range w.sessions {
			if h.state == StatePlaying && slices.Contains(h.targets, s) && (top == nil || h.rank > top.rank) {
				top = h
			}
		}
		for _, h := range w.sessions {
			if h.state == StatePlaying && slices.Contains(h.targets, s) && h != top && h.req.Duckable() &&
				!top.req.Priority.LatestWins() && (duck == nil || h.rank > duck.rank) {
				duck = h
			}
		}
		for id, h := range w.sessions {
			require.Equal(w.t, h == top, slices.Contains(h.full, s), "%v at full level in %s", id, s)
			require.Equal(w.t, h == duck, slices.Contains(h.ducked, s), "%v ducked in %s", id, s)
		}
	}
}

// checkHorns: where nothing mixes there is one stream.
func (w *world) checkHorns() {
	for _, s := range w.speakers {
		if !horn(s) {
			continue
		}
		streams := 0
		for _, h := range w.sessions {
			require.NotContains(w.t, h.ducked, s)
			if slices.Contains(h.full, s) {
				streams++
			}
		}
		require.LessOrEqual(w.t, streams, 1)
	}
}

func (w *world) fullAt(s SpeakerID) (SessionID, *heard) {
	for id, h := range w.sessions {
		if slices.Contains(h.full, s) {
			return id, h
		}
	}
	return 0, nil
}

// checkTurns: an equal is never interrupted by an equal below the emergencies,
// and nothing is interrupted by something lower.
func (w *world) checkTurns() {
	for s, was := range w.before {
		id, h := w.fullAt(s)
		old := w.sessions[was]
		if h == nil || id == was || old.state == StateEnded || !slices.Contains(w.speakers, s) {
			continue
		}
		if old.req.Priority.LatestWins() {
			require.GreaterOrEqual(w.t, h.req.Priority, old.req.Priority)
		} else {
			require.Greater(w.t, h.req.Priority, old.req.Priority, "%v interrupted %v at %s", id, was, s)
		}
	}
}

// checkIdle: nobody is kept waiting, or silent, for nothing; what may take a
// loudspeaker alone is kept out by a higher rank only, what needs several by
// nothing lower than itself.
func (w *world) checkIdle() {
	for id, h := range w.sessions {
		if h.state == StateEnded || h.state == StateRefused {
			continue
		}
		outranked := func(s SpeakerID) bool {
			_, k := w.fullAt(s)
			return !slices.Contains(w.speakers, s) || k != nil && k.rank > h.rank
		}
		held := func(s SpeakerID) bool {
			_, k := w.fullAt(s)
			return !slices.Contains(w.speakers, s) || k != nil && k.req.Priority >= h.req.Priority
		}
		alone := h.state == StatePlaying || h.req.Priority.LatestWins() ||
			h.req.Routing != RoutingWhole && h.req.Routing != RoutingStacked ||
			h.req.Routing == RoutingStacked && h.state == StatePaused && h.req.Preempted != ResumeRestart
		switch {
		case alone:
			for _, s := range h.targets {
				require.True(w.t, slices.Contains(h.full, s) || outranked(s), "%v is silent at %s for nothing", id, s)
			}
		case h.req.Routing == RoutingWhole:
			require.True(w.t, len(h.targets) == 0 || slices.ContainsFunc(h.targets, held), "%v waits for nothing", id)
		default:
			for _, g := range h.req.Groups {
				rest := slices.DeleteFunc(slices.Clone(g), func(s SpeakerID) bool { return !slices.Contains(h.targets, s) })
				require.True(w.t, len(rest) == 0 || slices.ContainsFunc(rest, held), "%v waits at %v for nothing", id, g)
			}
		}
	}
}

// checkParts: parts of one announcement never share a loudspeaker, and one of
// them at most has yet to play.
func (w *world) checkParts() {
	type place struct {
		id SessionID
		s  SpeakerID
	}
	seen := map[place]bool{}
	waiting := map[SessionID]int{}
	for id, h := range w.sessions {
		if h.state == StateEnded || h.state == StateRefused {
			continue
		}
		for _, s := range h.targets {
			at := place{id.Announcement(), s}
			require.False(w.t, seen[at], "two parts of %v at %s", id, s)
			seen[at] = true
		}
		if h.state == StateWaiting {
			waiting[id.Announcement()]++
			require.Equal(w.t, 1, waiting[id.Announcement()])
		}
	}
}
