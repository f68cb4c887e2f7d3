// Package body holds the JSON bodies that the API and its client exchange
// beside the types of package paspeaker. It imports nothing else and does
// nothing.
package body

import "pa/paspeaker"

// Sound says which sound the controller itself makes.
type Sound struct {
	Source  string             `json:"source" enum:"tone,sweep,chime,builtin,message" doc:"where the sound comes from"`
	Sound   string             `json:"sound,omitempty" maxLength:"400" doc:"chime, builtin, message: which one"`
	Freq    float64            `json:"freq,omitempty" minimum:"0" maximum:"20000" doc:"tone, sweep: Hz; 0 = the default"`
	To      float64            `json:"to,omitempty" minimum:"0" maximum:"20000" doc:"sweep: Hz it ends at"`
	LevelDB float64            `json:"level_db,omitempty" minimum:"-60" maximum:"0" doc:"tone, sweep: RMS, dBFS; 0 = the default"`
	Length  paspeaker.Duration `json:"length,omitempty" doc:"tone, sweep: how long; 0 = the default"`
}

// Announce asks for an announcement whose sound the controller makes.
type Announce struct {
	paspeaker.Announcement
	Sound
}

// Stop says what is to be stopped: sessions, everything in zones, or all.
type Stop struct {
	Sessions []paspeaker.SessionID `json:"sessions,omitempty" maxItems:"1024"`
	Zones    []paspeaker.ZoneID    `json:"zones,omitempty" maxItems:"256"`
	All      bool                  `json:"all,omitempty" doc:"silence everything"`
}

// Join asks for a join token.
type Join struct {
	Node paspeaker.SpeakerID `json:"node" minLength:"1" maxLength:"32" doc:"id of the loudspeaker that may enrol"`
	TTL  paspeaker.Duration  `json:"ttl,omitempty" doc:"how long the token is good; 0 = the default"`
}

// Lifetime says how long a join token is good.
type Lifetime struct {
	TTL paspeaker.Duration `json:"ttl,omitzero" doc:"how long the token is good; 0 = the default"`
}

// Control is a text message that a client sends during a live call over a
// websocket.
type Control struct {
	Type string `json:"type" enum:"end" doc:"end: the last word has been said"`
}

// Live is a text message that the server sends during a live call over a
// websocket.
type Live struct {
	Type    string             `json:"type" enum:"session,level,event,error" doc:"session comes first and last"`
	Session *paspeaker.Session `json:"session,omitempty"`
	Event   *paspeaker.Event   `json:"event,omitempty"`
	LevelDB float64            `json:"level_db,omitempty" doc:"level: RMS of what arrived in the last 100 ms, dBFS; -120 is silence"`
	Error   *Problem           `json:"error,omitempty"`
}

// Problem is an error as the API answers it (RFC 9457), with the fields of
// paspeaker.Error.
type Problem struct {
	Type   string         `json:"type,omitempty" doc:"always about:blank"`
	Title  string         `json:"title" doc:"the HTTP status in words"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty" doc:"what and hint in one sentence"`
	Code   paspeaker.Code `json:"code" enum:"invalid,not found,busy,denied,conflict,too large,unsupported,unavailable,internal"`
	What   string         `json:"what" doc:"what happened"`
	Hint   string         `json:"hint,omitempty" doc:"what to do"`
}
