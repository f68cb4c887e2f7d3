package paspeaker

import "time"

// Entry is one line of the journal: who, what, where, which ruling, how it
// ended. Entries are only ever appended.
type Entry struct {
	Seq      uint64      `json:"seq,omitempty"` // the journal's own number
	Time     time.Time   `json:"time"`
	What     string      `json:"what"` // one of the words below
	Session  SessionID   `json:"session,omitzero"`
	Name     string      `json:"name,omitempty"`
	Kind     Kind        `json:"kind,omitempty"`
	By       string      `json:"by,omitempty"`
	From     string      `json:"from,omitempty"`
	Priority Priority    `json:"priority,omitempty"`
	Drill    bool        `json:"drill,omitempty"`
	Zones    []ZoneID    `json:"zones,omitempty"`
	Speakers []SpeakerID `json:"speakers,omitempty"`
	Outcome  string      `json:"outcome,omitempty"`
	Detail   string      `json:"detail,omitempty"`

	// Of what was planned. All entries of one announcement carry them.
	Campaign   string `json:"campaign,omitempty"`   // id of the campaign
	Occurrence string `json:"occurrence,omitempty"` // identity of the occurrence: it plays at most once
	Message    string `json:"message,omitempty"`    // name of the message in the library

	Receipts []Receipt        `json:"receipts,omitempty"` // What "receipt": of a session that is no longer known
	Signed   []SignedReceipt  `json:"signed,omitempty"`   // What "receipt" and "receipts": as the nodes signed them
	Verdicts []SpeakerVerdict `json:"verdicts,omitempty"` // What "verdict": a line for each loudspeaker asked for
}

// What an entry may be about. The Arbiter's rulings are recorded by their own
// names (RulePlay …).
const (
	WhatAsked     = "asked"    // somebody wants something said
	WhatVerdict   = "verdict"  // what came of it, loudspeaker by loudspeaker; the last one counts
	WhatReceipts  = "receipts" // what the verdict was made of, signed by the nodes
	WhatReceipt   = "receipt"  // a node's word about a session that is no longer known
	WhatKey       = "key"      // a node signs its receipts by a key from now on; Outcome: how it became known
	WhatRefused   = string(RuleRefuse)
	WhatMissed    = "missed"     // an occurrence was due and did not play; Detail says why
	WhatStopAsked = "stop asked" // somebody wants one session ended
	WhatStopAll   = "stop all"   // somebody wants silence
	WhatSilence   = "silence"    // whether an order to stop everything was obeyed; Outcome: silent, sounding, unknown
	WhatFault     = "fault"      // Name: its id; Outcome: open, acked or over
	WhatNode      = "node"       // a loudspeaker's program came online
	WhatStart     = "start"      // of the controller
	WhatGoodbye   = "goodbye"    // its end
	WhatReload    = "reload"     // of the site file
	WhatDelay     = "delay"      // packets came late at a loudspeaker, or in time again; Detail: what was or should be done
	WhatLoss      = "loss"       // entries that could not be kept
	WhatListened  = "listened"   // somebody fetched the sound of a live call
	WhatCommand   = "command"    // a node was told something; Name: the verb; Outcome: done, or the kind of refusal; Detail: its arguments, or why not
	WhatJoinToken = "join token" // one was made
	WhatEnrolled  = "enrolled"   // and used
	WhatProgram   = "program"    // a node's program was taken in
	WhatUpgrade   = "upgrade"    // a node was given one; Outcome: done, or why it went back
	WhatRecording = "recording"  // the sound of a live call; Outcome: begun, whole, partial, missing, erased
)

// The outcomes of a fault's entries.
const (
	FaultOpen = "open"
	FaultSeen = "acked" // By has seen it; Detail: his note
	FaultOver = "over"
)
