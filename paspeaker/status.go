package paspeaker

import "time"

// Status is the controller at a glance.
type Status struct {
	Site     string          `json:"site"`
	Zone     string          `json:"time_zone"` // IANA name
	Version  string          `json:"version"`
	Started  time.Time       `json:"started"`
	Now      time.Time       `json:"now"`
	Term     uint32          `json:"term"`
	OnAir    []Session       `json:"on_air"` // waiting and paused ones too
	Speakers []SpeakerStatus `json:"speakers"`
	Faults   []Fault         `json:"faults,omitempty"`
}

// SpeakerStatus is one loudspeaker: what the site says and what its node says.
type SpeakerStatus struct {
	Speaker
	Online   bool        `json:"online"` // it reports or keeps time; third-party: always false, nothing is heard of it
	LastSeen time.Time   `json:"last_seen,omitzero"`
	Enrolled time.Time   `json:"enrolled,omitzero"` // its hardware was given the id's keys, or was first heard of; zero: never
	Session  SessionID   `json:"session,omitzero"`  // what should sound there now
	Report   *NodeReport `json:"report,omitempty"`
	Note     string      `json:"note,omitempty"` // what people should know or do about its delay
}

// ZoneStatus is one zone and what is on air in it.
type ZoneStatus struct {
	Zone
	Online int         `json:"online"`
	OnAir  []SessionID `json:"on_air,omitempty"`
}

// Event is pushed to those who watch: a change of a session, a speaker or a
// fault.
type Event struct {
	Kind    string         `json:"kind"` // session, speaker, fault, receipt, level, test, silence
	Session *Session       `json:"session,omitempty"`
	Speaker *SpeakerStatus `json:"speaker,omitempty"`
	Fault   *Fault         `json:"fault,omitempty"`
	Cleared bool           `json:"cleared,omitempty"` // Fault is over
	Receipt *Receipt       `json:"receipt,omitempty"`
	Test    *TestRun       `json:"test,omitempty"`    // with those results alone that are new
	Silence *Silence       `json:"silence,omitempty"` // after an order to stop everything
}
