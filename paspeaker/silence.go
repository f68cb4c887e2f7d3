package paspeaker

import (
	"fmt"
	"strings"
	"time"
)

// FloorDB is what counts as silence at an output, dBFS RMS: digital silence is
// far below, and what anybody could hear far above.
const FloorDB = -70.0

// Quiet is what a node says of its output's silence, and of what sounds though
// nothing should.
type Quiet struct {
	Stopped   int64    `json:"stopped,omitempty"`    // media ns: the newest order to stop everything that it has obeyed
	OutputDB  float64  `json:"output_db"`            // RMS of what the card was given last, a tenth of a second, dBFS
	Since     Duration `json:"since,omitempty"`      // for how long nothing has left the output; 0 while something does
	Stray     Duration `json:"stray,omitempty"`      // for how long the output has sounded with nothing on air
	MonitorDB *float64 `json:"monitor_db,omitempty"` // of the monitor while nothing is on air, dBFS; nil: no monitor, or something is on air
	Ghost     Duration `json:"ghost,omitempty"`      // for how long the monitor has heard something with nothing on air
}

// Silent says whether nothing leaves the output, and nothing should.
func (r NodeReport) Silent() bool {
	if r.Quiet == nil { // a node of an older version
		return len(r.Playing) == 0 && r.LevelDB <= FloorDB
	}
	return len(r.Playing) == 0 && r.Quiet.OutputDB <= FloorDB && r.Quiet.Since > 0
}

// ForeignSender is somebody who sends sound on our groups and is not ours.
type ForeignSender struct {
	Source  string  `json:"source"` // address and port
	Group   string  `json:"group"`  // where to
	What    string  `json:"what"`   // what it seems to be: "plain RTP, G.711 µ-law"
	Packets uint64  `json:"packets"`
	LevelDB float64 `json:"level_db,omitempty"` // RMS, dBFS, where it can be told; else 0
}

// Silence is the proof, or what is missing of it, after an order to stop
// everything.
type Silence struct {
	Asked    time.Time        `json:"asked"`
	Took     Duration         `json:"took"` // until the last of the silent ones had said so
	Speakers []SpeakerSilence `json:"speakers"`
	Stopped  []Session        `json:"stopped,omitempty"` // what was on air
}

// SpeakerSilence is one loudspeaker's part of it.
type SpeakerSilence struct {
	Speaker SpeakerID    `json:"speaker"`
	State   SilenceState `json:"state"`
	LevelDB float64      `json:"level_db,omitempty"` // sounding: at the output, dBFS
	After   Duration     `json:"after,omitempty"`    // silent: how long after the order its word came
	Why     string       `json:"why,omitempty"`      // unknown: why
}

// SilenceState says whether a loudspeaker is silent.
type SilenceState string

// The states of silence.
const (
	IsSilent      SilenceState = "silent"
	IsSounding    SilenceState = "sounding"
	SilenceUnsure SilenceState = "unknown"
)

// Proven says whether no loudspeaker is known to sound; Whole whether every one
// is known to be silent.
func (s Silence) Proven() bool { return s.count(IsSounding) == 0 }

// Whole says whether every loudspeaker is known to be silent.
func (s Silence) Whole() bool { return s.count(IsSilent) == len(s.Speakers) }

func (s Silence) count(state SilenceState) (n int) {
	for _, sp := range s.Speakers {
		if sp.State == state {
			n++
		}
	}
	return n
}

// mostNamed bounds how many loudspeakers a line names.
const mostNamed = 12

// String is the proof in one line: "silent: 46 of 48; gate-7: offline, cannot
// be known; truck-2: still sounding at −18 dBFS".
func (s Silence) String() string {
	words := []string{fmt.Sprintf("silent: %d of %d", s.count(IsSilent), len(s.Speakers))}
	others := 0
	name := func(state SilenceState, say func(SpeakerSilence) string) {
		for _, sp := range s.Speakers {
			if sp.State != state {
				continue
			}
			if len(words) > mostNamed {
				others++
				continue
			}
			words = append(words, string(sp.Speaker)+": "+say(sp))
		}
	}
	name(IsSounding, func(sp SpeakerSilence) string {
		return "still sounding at " + strings.Replace(fmt.Sprintf("%.0f dBFS", sp.LevelDB), "-", "−", 1)
	})
	name(SilenceUnsure, func(sp SpeakerSilence) string { return sp.Why + ", cannot be known" })
	if others > 0 {
		words = append(words, fmt.Sprintf("and %d more", others))
	}
	return strings.Join(words, "; ")
}
