package paspeaker

import "time"

// Request is what the Arbiter needs to know of an announcement.
type Request struct {
	ID        SessionID // part 0
	Name      string
	By        string
	Speakers  []SpeakerID   // resolved targets, sorted, no duplicates, at least one
	Groups    [][]SpeakerID // for stacked routing: the zones asked for, each as its loudspeakers
	Priority  Priority
	Routing   Routing
	Preempted Resumption
	Live      bool          // a voice that cannot wait or resume
	Duck      bool          // background that may sound beneath a higher one
	MaxWait   time.Duration // 0: refused when it cannot play at once
	MaxLength time.Duration // of sounding, > 0
}

// Duckable says whether the announcement may sound beneath a higher one: it
// asked to, and it is background. Its packets are to be flagged so.
func (r Request) Duckable() bool { return r.Duck && r.Priority.Class() == ClassBackground }

// RulingKind says what a Ruling orders.
type RulingKind string

// The kinds of ruling.
const (
	RulePlay   RulingKind = "play"   // begin, or go on after a pause
	RuleChange RulingKind = "change" // plays on, in other loudspeakers or ducked in others
	RulePause  RulingKind = "pause"  // preempted everywhere; a Play or a Stop follows
	RuleStop   RulingKind = "stop"   // over, by the Arbiter's decision
	RuleEnd    RulingKind = "end"    // over, because Release said so
	RuleWait   RulingKind = "wait"   // accepted, not yet sounding
	RuleRefuse RulingKind = "refuse" // never played
)

// Ruling is one decision of the Arbiter about one session (an announcement's
// part). Every session's first Play is followed by exactly one Stop or End.
type Ruling struct {
	Kind    RulingKind  `json:"kind"`
	Session SessionID   `json:"session"`
	Rank    Rank        `json:"rank,omitempty"`
	Full    []SpeakerID `json:"full,omitempty"`    // Play, Change: where it sounds at full level; sorted
	Ducked  []SpeakerID `json:"ducked,omitempty"`  // Play, Change: where it sounds beneath another; sorted
	Targets []SpeakerID `json:"targets,omitempty"` // Play, Change: where it may still sound; what was dropped is gone
	Restart bool        `json:"restart,omitempty"` // Play: from the start, not from where it paused
	Reason  string      `json:"reason,omitempty"`  // Refuse, Wait, Pause, Stop: why, for people
	Outcome string      `json:"outcome,omitempty"` // Stop, End, Refuse: one word for the journal
	By      SessionID   `json:"by,omitempty"`      // the session that caused it
}

// The outcomes of a session.
const (
	OutcomeDone      = "done"        // played to its end
	OutcomeStopped   = "stopped"     // somebody stopped it
	OutcomePreempted = "preempted"   // something higher took its loudspeakers
	OutcomeExpired   = "expired"     // it reached its maximum length
	OutcomeWaited    = "waited"      // its zones did not become free in time
	OutcomeBusy      = "busy"        // refused: its zones are taken
	OutcomeLost      = "source lost" // its client or source died
	OutcomeGone      = "speakers gone"
	OutcomeShutdown  = "shutdown"
)
