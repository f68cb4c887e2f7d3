package paspeaker

import (
	"slices"
	"time"
)

// Standing is one part of an announcement as the Arbiter has it now.
type Standing struct {
	Session  SessionID
	Name     string
	By       string
	Rank     Rank
	Live     bool
	State    SessionState // waiting, playing or paused
	Asked    time.Time
	Started  time.Time     // of the first Play; zero: not yet
	Sounded  time.Duration // before its last pause; pauses not counted
	Deadline time.Time     // when Tick will end it if nothing else happens
	Full     []SpeakerID
	Ducked   []SpeakerID
	Targets  []SpeakerID // where it sounds or may still sound
}

// Holder is what sounds at full level in a loudspeaker.
type Holder struct {
	Speaker  SpeakerID
	Session  SessionID
	Name     string
	By       string
	Priority Priority
	Live     bool
	Since    time.Time
}

// Sounding returns what should sound in a loudspeaker now: at full level, and
// ducked beneath it; 0 is nothing.
func (a *Arbiter) Sounding(s SpeakerID) (full, ducked SessionID) {
	n, ok := a.index[s]
	if !ok {
		return 0, 0
	}
	return grip{q: a.full[n]}.session(), grip{q: a.ducked[n]}.session()
}

// Holders returns what sounds at full level in the given loudspeakers, in
// their order; silent ones are left out.
func (a *Arbiter) Holders(speakers []SpeakerID) []Holder {
	var out []Holder
	for _, s := range speakers {
		n, ok := a.index[s]
		if !ok || a.full[n] == nil {
			continue
		}
		p := a.full[n]
		out = append(out, Holder{
			Speaker: s, Session: p.id, Name: p.of.req.Name, By: p.of.req.By,
			Priority: p.of.req.Priority, Live: p.of.req.Live, Since: p.started,
		})
	}
	return out
}

// Snapshot returns every part that waits, plays or is paused, highest rank
// first.
func (a *Arbiter) Snapshot() []Standing {
	out := make([]Standing, 0, len(a.parts))
	for _, p := range a.parts {
		out = append(out, Standing{
			Session: p.id, Name: p.of.req.Name, By: p.of.req.By, Rank: p.of.rank, Live: p.of.req.Live,
			State: p.state, Asked: p.of.asked, Started: p.started, Sounded: p.sounded, Deadline: p.deadline(),
			Full:    a.list(p, func(l level) bool { return l == atFull }),
			Ducked:  a.list(p, func(l level) bool { return l == atDucked }),
			Targets: a.list(p, nil),
		})
	}
	return slices.Clip(out)
}
