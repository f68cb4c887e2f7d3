package api

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/report"
)

// Controller is what the API drives. Methods may be called from any goroutine
// and at the same time. Errors that people should act on are *paspeaker.Error;
// anything else is answered as CodeInternal.
type Controller interface {
	Messages
	Recordings
	Campaigns
	Bench
	Tests
	Supervision
	// Announce asks for an announcement with sound from src. A file source is
	// read before Announce returns; a live one is read by the controller's own
	// goroutine until the session ends.
	Announce(ctx context.Context, a paspeaker.Announcement, src Source) (paspeaker.Session, error)
	// Emergency starts the emergency a.Emergency in a.Zones and a.Speakers.
	Emergency(ctx context.Context, a paspeaker.Announcement) (paspeaker.Session, error)
	// StopEmergency stops the emergency id, or every one when id is empty, in
	// the zones given or everywhere. A cancel message follows.
	StopEmergency(ctx context.Context, by paspeaker.Caller, id string, zones []paspeaker.ZoneID) ([]paspeaker.Session, error)
	// Stop ends sessions by id, by zone, or all of them, and returns those it
	// ended.
	Stop(ctx context.Context, by paspeaker.Caller, ids []paspeaker.SessionID, zones []paspeaker.ZoneID, all bool) ([]paspeaker.Session, error)
	// Silence stops everything and returns the proof that it is silent, or what
	// is missing of it, within two seconds.
	Silence(ctx context.Context, by paspeaker.Caller) (paspeaker.Silence, error)
	// Doctor examines machines: how they stand on the network. It takes as long
	// as is listened.
	Doctor(ctx context.Context, o paspeaker.DoctorOrder) ([]paspeaker.Examination, error)
	// Session returns one session; false when it is not or no longer known.
	Session(id paspeaker.SessionID) (paspeaker.Session, bool)
	// Sessions returns those on air, waiting, and ended in the last minutes.
	Sessions() []paspeaker.Session
	Status() paspeaker.Status
	Zones() []paspeaker.ZoneStatus
	Speakers() []paspeaker.SpeakerStatus
	EmergencyList() []paspeaker.EmergencyInfo
	// Reload reads the site file again; a bad one changes nothing and is an
	// error that names every fault.
	Reload(ctx context.Context, by paspeaker.Caller) (paspeaker.ReloadResult, error)
	// Journal returns the entries that q selects, oldest first.
	Journal(ctx context.Context, q paspeaker.JournalQuery) ([]paspeaker.Entry, error)
	// Report returns the report of a day of the site, "2026-11-24".
	Report(ctx context.Context, day string) (report.Report, error)
	// FollowJournal calls f for the newest q.Limit entries (none when 0) or for
	// those after q.After, then for each that is written, until ctx ends or f
	// returns an error.
	FollowJournal(ctx context.Context, q paspeaker.JournalQuery, f func(paspeaker.Entry) error) error
	// NodeKeys returns the keys by which nodes sign, or signed, their receipts.
	NodeKeys(ctx context.Context) ([]paspeaker.NodeKey, error)
	// SDP returns the session description of a zone's plain group.
	SDP(zone paspeaker.ZoneID) (string, error)
	JoinToken(ctx context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error)
	Enrol(ctx context.Context, r paspeaker.EnrolRequest) (paspeaker.SignedConfig, error)
	// NodeCommand has one node do something and returns its answer; ctx bounds
	// the wait.
	NodeCommand(ctx context.Context, by paspeaker.Caller, id, verb string, args any) (json.RawMessage, error)
	// Watch returns events until ctx ends, then closes the channel. A slow
	// reader loses events and never blocks anybody.
	Watch(ctx context.Context) <-chan paspeaker.Event
	// Alive returns nil while voice can go out, and why not otherwise.
	Alive() error
}

// The kinds of source.
const (
	SourceFile    = "file"    // Body holds a recording, Name its file name
	SourceLive    = "live"    // Body streams s16le mono at Rate until io.EOF
	SourceTone    = "tone"    // Freq, LevelDB, Length
	SourceSweep   = "sweep"   // Freq to To, LevelDB, Length
	SourceChime   = "chime"   // Name of a chime
	SourceBuiltin = "builtin" // Name of a message that is shipped
	SourceMessage = "message" // Name of a message in the library
)

// Source is where an announcement's sound comes from.
type Source struct {
	Kind string

	// Body is the sound of SourceFile and SourceLive. A file's Body is valid
	// until Announce returns. A live Body is valid until the session ended: it
	// returns io.EOF when the speaker said the last word, and any other error
	// (ErrSourceLost among them) when the source was lost.
	Body io.Reader

	Name    string        // SourceFile: file name, for people; SourceChime, SourceBuiltin, SourceMessage: which one
	Rate    int           // SourceLive: Hz, 8000–96000
	Freq    float64       // SourceTone, SourceSweep: Hz, 20–20000; 0 = the controller's default
	To      float64       // SourceSweep: Hz it ends at
	LevelDB float64       // RMS, dBFS, −60…0; 0 = the controller's default
	Length  time.Duration // SourceTone, SourceSweep; 0 = the controller's default
}
