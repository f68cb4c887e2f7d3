package paspeaker

import (
	"slices"
	"time"
)

// Became says in one word what became of an announcement.
type Became string

// What may become of an announcement.
const (
	BecamePlayed    Became = "played"    // to its end, or until whoever may end it did
	BecameShortened Became = "shortened" // part of it: stopped, preempted, at its maximum length
	BecameRefused   Became = "refused"   // by the Arbiter or a rule
	BecameMissed    Became = "missed"    // it was due, or waited, and never sounded
	BecameCutOff    Became = "cut off"   // the controller ended in the middle; nobody knows how much sounded
	BecameOnAir     Became = "on air"    // it sounds
	BecameWaiting   Became = "waiting"   // for its zones
)

// Fate is what the journal knows of one announcement, or of one occurrence that
// never became an announcement.
type Fate struct {
	Session    SessionID        `json:"session,omitzero"`
	Name       string           `json:"name,omitempty"`
	Kind       Kind             `json:"kind,omitempty"`
	By         string           `json:"by,omitempty"`
	From       string           `json:"from,omitempty"`
	Priority   Priority         `json:"priority,omitempty"`
	Drill      bool             `json:"drill,omitempty"`
	Zones      []ZoneID         `json:"zones,omitempty"`
	Speakers   []SpeakerID      `json:"speakers,omitempty" doc:"single loudspeakers that were asked for"`
	Campaign   string           `json:"campaign,omitempty"`
	Occurrence string           `json:"occurrence,omitempty"`
	Message    string           `json:"message,omitempty"`
	Asked      time.Time        `json:"asked" doc:"when it was asked for, or due"`
	Started    time.Time        `json:"started,omitzero"`
	Ended      time.Time        `json:"ended,omitzero"`
	Became     Became           `json:"became" enum:"played,shortened,refused,missed,cut off,on air,waiting"`
	Outcome    string           `json:"outcome,omitempty"`
	Why        string           `json:"why,omitempty" doc:"in words, where it is not simply played"`
	Paused     int              `json:"paused,omitempty" doc:"times that something higher took all its loudspeakers"`
	Recording  string           `json:"recording,omitempty" doc:"a live call's: begun, whole, partial, missing, erased"`
	Verdicts   []SpeakerVerdict `json:"verdicts,omitempty"`
}

// Fates gathers the journal's entries, oldest first, into what became of each
// announcement and occurrence, in the order in which they were asked for.
// Entries about anything else are passed over, but for the controller's starts:
// what was under way before one is cut off.
func Fates(entries []Entry) []Fate {
	g := gathering{bySession: make(map[SessionID]*Fate), byOccurrence: make(map[string]*Fate)}
	for _, e := range entries {
		if e.What == WhatStart {
			g.cutOff()
		} else if f := g.find(e); f != nil {
			f.take(e)
		}
	}
	out := make([]Fate, len(g.all))
	for i, f := range g.all {
		out[i] = *f
	}
	return out
}

type gathering struct {
	all          []*Fate
	bySession    map[SessionID]*Fate
	byOccurrence map[string]*Fate
}

// find returns the fate that an entry is about, a new one when need be, nil
// when it is about none.
func (g *gathering) find(e Entry) *Fate {
	id := e.Session.Announcement()
	f := g.bySession[id]
	if id == 0 || f == nil {
		if known := g.byOccurrence[e.Occurrence]; known != nil && e.Occurrence != "" && (known.Session == 0 || id == 0) {
			f = known
		}
	}
	switch {
	case f != nil:
	case id == 0 && e.Occurrence == "", e.What == WhatReceipt, e.What == WhatReceipts, e.What == WhatVerdict && len(e.Verdicts) == 0:
		return nil
	default:
		f = &Fate{Asked: e.Time, Became: BecameWaiting}
		g.all = append(g.all, f)
	}
	if id != 0 {
		f.Session, g.bySession[id] = id, f
	}
	if e.Occurrence != "" {
		g.byOccurrence[e.Occurrence] = f
	}
	return f
}

func (g *gathering) cutOff() {
	for _, f := range g.all {
		if f.Became == BecameOnAir || f.Became == BecameWaiting && f.Session != 0 {
			f.Became, f.Why = BecameCutOff, WhyCutOff
		}
	}
}

// take adds what an entry says.
func (f *Fate) take(e Entry) {
	f.describe(e)
	switch e.What {
	case WhatAsked:
		f.Asked, f.From, f.Speakers = e.Time, e.From, e.Speakers
	case string(RulePlay):
		if f.Started.IsZero() {
			f.Started = e.Time
		}
		f.Became = BecameOnAir
	case string(RulePause):
		f.Paused, f.Why = f.Paused+1, e.Detail
	case string(RuleStop), string(RuleEnd):
		f.end(e)
	case WhatRefused:
		f.Ended, f.Outcome, f.Why = e.Time, e.Outcome, e.Detail
		if f.Became = BecameRefused; !f.Started.IsZero() {
			f.Became = BecameShortened
		}
	case WhatMissed:
		f.Became, f.Outcome, f.Why = BecameMissed, e.Outcome, e.Detail
	case WhatVerdict:
		f.Verdicts = slices.Clone(e.Verdicts)
	case WhatReceipt:
		f.mend(e.Receipts)
	case WhatRecording:
		f.Recording = e.Outcome
	}
}

// describe fills in what is not known yet.
func (f *Fate) describe(e Entry) {
	for _, w := range []struct{ to, from *string }{{&f.Name, &e.Name}, {&f.By, &e.By}, {&f.Campaign, &e.Campaign},
		{&f.Occurrence, &e.Occurrence}, {&f.Message, &e.Message}} {
		if *w.to == "" && e.What != WhatStopAsked {
			*w.to = *w.from
		}
	}
	if f.Kind == "" {
		f.Kind = e.Kind
	}
	if f.Zones == nil {
		f.Zones = e.Zones
	}
	f.Priority, f.Drill = max(f.Priority, e.Priority), f.Drill || e.Drill
}

// end takes in how one part of it ended.
func (f *Fate) end(e Entry) {
	f.Ended = e.Time
	if f.Outcome == "" || f.Outcome == OutcomeDone {
		f.Outcome = e.Outcome
		if e.Outcome != OutcomeDone {
			f.Why = e.Detail
		}
	}
	// A voice and an emergency last until somebody ends them.
	ended := f.Outcome == OutcomeStopped && (f.Kind == KindLive || f.Kind == KindEmergency)
	switch {
	case f.Started.IsZero():
		f.Became = BecameMissed
	case f.Outcome == OutcomeDone, ended:
		f.Became = BecamePlayed
	default:
		f.Became = BecameShortened
	}
}

// mend judges a line again whose receipt came when the session was forgotten.
func (f *Fate) mend(receipts []Receipt) {
	for _, r := range receipts {
		for i, v := range f.Verdicts {
			if v.Speaker == r.Node && v.Verdict == VerdictUnknown && v.Why != WhyThirdParty {
				f.Verdicts[i] = Judge(Share{Speaker: v.Speaker, Sent: time.Duration(v.Sent), Receipts: []Receipt{r}})
			}
		}
	}
}

// Class returns the class of its priority.
func (f Fate) Class() Class { return f.Priority.Class() }

// Sounded returns how long it was on air, pauses included; 0 when it never was
// or its end is not known.
func (f Fate) Sounded() time.Duration {
	if f.Started.IsZero() || f.Ended.IsZero() {
		return 0
	}
	return f.Ended.Sub(f.Started)
}
