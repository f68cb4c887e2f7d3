package paspeaker

import "time"

// What a node can be told, and what it answers. The verbs are the names that
// NodeCommand.Verb carries.
const (
	VerbIdentify = "identify" // Identify → Identified
	VerbVolume   = "volume"   // Volume → Trim
	VerbMute     = "mute"     // Mute → Muting
	VerbUnmute   = "unmute"   // → Muting, the one that is over
	VerbLogs     = "logs"     // Logs → LogPage
	VerbDiagnose = "diagnose" // Patient → Examination
)

// What identify does when nothing is said.
const (
	IdentifyTime    = 5 * time.Second
	IdentifyLevelDB = -26 // RMS of a chirp, dBFS
)

// UpgradeTo names the program that a node is to run.
type UpgradeTo struct {
	SHA256 string `json:"sha256" minLength:"64" maxLength:"64" doc:"of a program that was uploaded"`
}

// Identify has a loudspeaker show which one it is.
type Identify struct {
	For     Duration `json:"for,omitzero" doc:"how long; 0 = 5 s, at most 1 m"`
	LevelDB float64  `json:"level_db,omitempty" minimum:"-60" maximum:"-12" doc:"RMS of the chirps, dBFS; 0 = -26"`
	Blink   bool     `json:"blink,omitempty" doc:"blink and make no sound"`
}

// Identified is what came of it.
type Identified struct {
	Sounded Duration `json:"sounded"` // of chirps, as the output played them; 0: something else was on air
	Blinked bool     `json:"blinked"` // the node has a light and blinked it
}

// The bounds of a trim, dB: a technician's correction on site, not a new
// loudspeaker.
const (
	MinTrimDB = -40
	MaxTrimDB = 12
)

// Volume sets a loudspeaker's trim, or asks for it.
type Volume struct {
	DB *float64 `json:"db,omitempty" minimum:"-40" maximum:"12" doc:"the new trim, dB; left out: only show it"`
}

// Trim is what a node adds to the site's gain of its loudspeaker.
type Trim struct {
	TrimDB float64 `json:"trim_db"`
	GainDB float64 `json:"gain_db"` // of zones.yaml
}

// The bounds of a mute.
const (
	DefaultMute = 10 * time.Minute
	MaxMute     = 24 * time.Hour
)

// Mute silences a loudspeaker for a time.
type Mute struct {
	For            Duration `json:"for,omitzero" doc:"how long; 0 = 10 m, at most 24 h"`
	EmergenciesToo bool     `json:"emergencies_too,omitempty" doc:"emergencies are not heard there either"`
	Confirmed      bool     `json:"confirmed,omitempty" doc:"somebody was asked; needed with emergencies_too"`
	By             string   `json:"by,omitempty" doc:"who mutes; the controller fills it in"`
}

// Muting is a mute that is in force at a node.
type Muting struct {
	By             string    `json:"by"`
	Until          time.Time `json:"until"`
	EmergenciesToo bool      `json:"emergencies_too,omitempty"`
}

// Logs asks for what a node has logged.
type Logs struct {
	Since time.Time `json:"since,omitzero" doc:"lines from this time on"`
	After uint64    `json:"after,omitempty" doc:"lines behind this one: the Next of the page before"`
	Wait  Duration  `json:"wait,omitzero" doc:"when there is none, wait so long for one, at most 20 s"`
}

// LogPage is a part of a node's log, oldest line first.
type LogPage struct {
	Lines []string `json:"lines"`
	Next  uint64   `json:"next"`           // for Logs.After
	More  bool     `json:"more,omitempty"` // there are more lines now
	Lost  uint64   `json:"lost,omitempty"` // lines behind After that the node has not kept
}
