package paspeaker

import "time"

// Kind says what an announcement is.
type Kind string

// The kinds of announcement.
const (
	KindMessage   Kind = "message"   // a recording
	KindLive      Kind = "live"      // a voice at a microphone
	KindTone      Kind = "tone"      // a test tone or sweep
	KindChime     Kind = "chime"     // a chime alone
	KindEmergency Kind = "emergency" // an emergency defined in zones.yaml
)

// Routing says how an announcement meets zones that are taken (as the trade
// knows it).
type Routing string

// The routings. Emergencies are always partial.
const (
	RoutingPartial Routing = "partial" // plays where it may, at once
	RoutingWhole   Routing = "whole"   // waits until all its zones are free
	RoutingStacked Routing = "stacked" // each zone as it becomes free
)

// Resumption says what becomes of an announcement that was preempted.
type Resumption string

// The resumptions.
const (
	ResumeHere    Resumption = "resume"  // goes on where it was cut
	ResumeRestart Resumption = "restart" // plays again from its start
	ResumeDrop    Resumption = "drop"    // is over where it was cut
)

// Announcement is what somebody asks to have said, and where. The zero value
// of an option means the default of the announcement's class.
type Announcement struct {
	Name      string      `json:"name,omitempty" maxLength:"200" doc:"what people see in lists and journal"`
	Kind      Kind        `json:"kind,omitempty" enum:"message,live,tone,chime,emergency"`
	Zones     []ZoneID    `json:"zones,omitempty" maxItems:"256"`
	Speakers  []SpeakerID `json:"speakers,omitempty" maxItems:"1024"`
	Priority  *Priority   `json:"priority,omitempty" doc:"0–255; default by kind"`
	Routing   Routing     `json:"routing,omitempty" enum:"partial,whole,stacked"`
	Preempted Resumption  `json:"preempted,omitempty" enum:"resume,restart,drop" doc:"what happens after a preemption"`
	Duck      bool        `json:"duck,omitempty" doc:"background only: be ducked beneath higher announcements instead of stopped"`
	Chime     string      `json:"chime,omitempty" doc:"name of a chime that sounds first"`
	Repeat    int         `json:"repeat,omitempty" minimum:"-1" maximum:"10000" doc:"times it plays; 0 = once, -1 = until stopped"`
	Pause     Duration    `json:"pause,omitempty" doc:"silence between repeats"`
	GainDB    float64     `json:"gain_db,omitempty" minimum:"-60" maximum:"20"`
	MaxLength Duration    `json:"max_length,omitempty" doc:"it ends by then; the default of its class is finite"`
	MaxWait   Duration    `json:"max_wait,omitempty" doc:"how long it may wait for its zones"`
	Delay     Duration    `json:"delay,omitempty" doc:"how far ahead of its sounding it is sent, 5ms to 4s; default by how the loudspeakers are reached; never less than they need"`
	Drill     bool        `json:"drill,omitempty" doc:"an exercise: said on air and in every record; priority at most 223"`
	Emergency string      `json:"emergency,omitempty" doc:"id of the emergency in zones.yaml"`
	Message   string      `json:"message,omitempty" maxLength:"200" doc:"name of the message in the library, for the journal"`
	By        string      `json:"by,omitempty" maxLength:"100" doc:"who asked"`
	From      string      `json:"from,omitempty" doc:"address it was asked from; set by the API"`

	Campaign   string `json:"campaign,omitempty" doc:"id of the campaign it belongs to; set by the controller"`
	Occurrence string `json:"occurrence,omitempty" doc:"identity of the campaign's occurrence; set by the controller"`
}

// SessionState is where an announcement stands.
type SessionState string

// The states of a session.
const (
	StateWaiting SessionState = "waiting" // for zones to become free
	StatePlaying SessionState = "playing" // at least one loudspeaker sounds it
	StatePaused  SessionState = "paused"  // preempted everywhere, will resume
	StateEnded   SessionState = "ended"
	StateRefused SessionState = "refused"
)

// Session is an announcement and what has become of it so far.
type Session struct {
	ID SessionID `json:"id"`
	Announcement
	Level    Priority     `json:"level" doc:"the priority in force"`
	State    SessionState `json:"state"`
	Asked    time.Time    `json:"asked"`
	Started  time.Time    `json:"started,omitzero"`
	Ended    time.Time    `json:"ended,omitzero"`
	Length   Duration     `json:"length,omitempty" doc:"how long it is to sound; 0: nobody knows"`
	Outcome  string       `json:"outcome,omitempty" doc:"why it ended: done, stopped, preempted, expired, refused, source lost, …"`
	Sounding []SpeakerID  `json:"sounding,omitempty" doc:"loudspeakers that play it now"`
	Ducked   []SpeakerID  `json:"ducked,omitempty"`
	Lead     Duration     `json:"lead,omitempty" doc:"how far ahead of its sounding it is sent; of several the longest"`
	Targets  []SpeakerID  `json:"targets,omitempty" doc:"every loudspeaker that was asked for"`
	Receipts []Receipt    `json:"receipts,omitempty" doc:"what the loudspeakers' outputs played"`

	Verdicts []SpeakerVerdict `json:"verdicts,omitempty" doc:"what became of it at each loudspeaker; there once it is over and all have said, or had time to say, what they played"`
	Summary  string           `json:"summary,omitempty" doc:"the verdicts in one line"`
}

// Duration is a time.Duration that JSON writes as text ("1m30s"); a JSON
// number is read as seconds.
type Duration time.Duration
