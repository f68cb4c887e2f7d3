package paspeaker

import "time"

// Recording is the sound of one live call, as it is kept.
type Recording struct {
	Session SessionID `json:"session"`
	Time    time.Time `json:"time"` // when the call began
	Name    string    `json:"name,omitempty"`
	By      string    `json:"by,omitempty"`
	Zones   []ZoneID  `json:"zones,omitempty"`
	Drill   bool      `json:"drill,omitempty"`
	State   string    `json:"state" enum:"begun,whole,partial,missing,erased,expired,cut off" doc:"begun: under way; cut off: the controller ended in the middle, what was said until then is kept"`
	Detail  string    `json:"detail,omitempty" doc:"how much is kept, or why not"`
	Kept    bool      `json:"kept" doc:"there is sound to be fetched"`
}

// What may become of a recording; the Outcome of its journal entries.
const (
	RecordingBegun   = "begun"
	RecordingWhole   = "whole"
	RecordingPartial = "partial"
	RecordingMissing = "missing"
	RecordingErased  = "erased"
	RecordingExpired = "expired" // it was kept, and its time is over
	RecordingCutOff  = "cut off"
)

// RecordingsOf gathers recordings from the journal's entries about them, oldest
// first. has says of which there is sound, live which calls are under way.
func RecordingsOf(entries []Entry, has map[SessionID]int, live func(SessionID) bool) []Recording {
	at := make(map[SessionID]int)
	var out []Recording
	for _, e := range entries {
		if e.What != WhatRecording {
			continue
		}
		i, known := at[e.Session]
		if !known {
			i = len(out)
			at[e.Session] = i
			out = append(out, Recording{Session: e.Session, Time: e.Time, Name: e.Name, By: e.By, Zones: e.Zones, Drill: e.Drill})
		}
		out[i].State, out[i].Detail = e.Outcome, e.Detail
	}
	for i := range out {
		r := &out[i]
		r.Kept = has[r.Session] > 0 && r.State != RecordingMissing
		switch {
		case r.State == RecordingBegun && !live(r.Session):
			r.State = RecordingCutOff
		case !r.Kept && (r.State == RecordingWhole || r.State == RecordingPartial):
			r.State = RecordingExpired
		}
	}
	return out
}
