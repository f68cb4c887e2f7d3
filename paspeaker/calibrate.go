package paspeaker

import (
	"math"
	"slices"
	"time"
)

// VerbCalibrate has a node play a sweep and listen to it: Calibrate → Calibrated.
const VerbCalibrate = "calibrate"

// VerbAdjust has a node keep what a calibration came to: Adjust → Adjusted.
const VerbAdjust = "adjust"

// What a calibration plays when nothing is said.
const (
	CalibrateLevelDB = -26 // RMS of the sweep before the loudspeaker's gain, dBFS
	CalibrateTime    = 4 * time.Second
	// ProgrammeLevelDB is what programmes are levelled to, about: what a
	// loudspeaker's sound at its monitor is reckoned for, dBFS.
	ProgrammeLevelDB = -20
)

// MaxDelayTrim bounds what a node adds to the site's delay of its loudspeaker.
const MaxDelayTrim = 500 * time.Millisecond

// Calibrate asks a node to measure its loudspeaker by its monitor.
type Calibrate struct {
	LevelDB float64 `json:"level_db,omitempty" minimum:"-60" maximum:"-12" doc:"RMS of the sweep, dBFS; 0 = -26"`
}

// Calibrated is what a node's monitor measured of its loudspeaker.
type Calibrated struct {
	ResponseDB float64  `json:"response_db"` // level at the monitor against that at the output
	Delay      Duration `json:"delay"`       // from the output, as the node believes it to sound, to the monitor
	Likeness   float64  `json:"likeness"`    // how like the sweep it was, 0–1
	NoiseDB    float64  `json:"noise_db"`    // at the monitor before the sweep, dBFS
	GainDB     float64  `json:"gain_db"`     // of zones.yaml
	TrimDB     float64  `json:"trim_db"`     // the node's own
	SiteDelay  Duration `json:"site_delay"`  // of zones.yaml
	DelayTrim  Duration `json:"delay_trim"`  // the node's own
}

// HeardDB is what a programme is heard at by the monitor as things stand, dBFS.
func (c Calibrated) HeardDB() float64 { return ProgrammeLevelDB + c.GainDB + c.TrimDB + c.ResponseDB }

// Adjust has a node keep a trim of level and delay on top of zones.yaml.
type Adjust struct {
	TrimDB    float64  `json:"trim_db" minimum:"-40" maximum:"12"`
	DelayTrim Duration `json:"delay_trim"`
}

// Adjusted is what is in force then.
type Adjusted = Adjust

// Tuning is what a calibration proposes for one loudspeaker.
type Tuning struct {
	Speaker   SpeakerID  `json:"speaker"`
	Measured  Calibrated `json:"measured"`
	HeardDB   float64    `json:"heard_db"`   // a programme at the monitor now, dBFS
	Path      Duration   `json:"path"`       // the measured delay without the way through the air to the monitor
	TrimDB    float64    `json:"trim_db"`    // proposed
	DelayTrim Duration   `json:"delay_trim"` // proposed
	GainDB    float64    `json:"gain_db"`    // the same for zones.yaml, instead of a trim
	Delay     Duration   `json:"delay"`
	Short     bool       `json:"short,omitempty"` // the bounds leave the target out of reach
}

// TuneOptions say what loudspeakers are tuned to.
type TuneOptions struct {
	TargetDB    float64       // level of a programme at the monitors, dBFS; 0: the median of what was measured
	Delay       time.Duration // of the path; 0: the longest that was measured
	Distance    float64       // from loudspeaker to monitor, metres
	Temperature float64       // °C
}

// SpeedOfSound is that in air at a temperature, °C, in m/s.
func SpeedOfSound(celsius float64) float64 { return 331.3 + 0.606*celsius }

// Tune proposes a trim of level and delay for each loudspeaker, so that all are
// heard alike at their monitors and leave their loudspeakers together. The
// nodes' own trims of now are replaced, not added to.
func Tune(ids []SpeakerID, measured []Calibrated, o TuneOptions) []Tuning {
	air := time.Duration(o.Distance / SpeedOfSound(o.Temperature) * float64(time.Second))
	out := make([]Tuning, len(ids))
	levels := make([]float64, len(ids))
	longest := o.Delay
	for i, m := range measured {
		// What the node adds now is in the measure, and would be added again.
		out[i] = Tuning{Speaker: ids[i], Measured: m, HeardDB: round(m.HeardDB(), 10), Path: max(0, m.Delay-Duration(air))}
		levels[i] = m.HeardDB()
		if o.Delay == 0 {
			longest = max(longest, time.Duration(out[i].Path))
		}
	}
	target := o.TargetDB
	if target == 0 && len(levels) > 0 {
		slices.Sort(levels)
		target = levels[len(levels)/2]
	}
	for i := range out {
		t := &out[i]
		want := t.Measured.TrimDB + target - t.HeardDB
		t.TrimDB = round(min(max(want, MinTrimDB), MaxTrimDB), 2)
		wait := longest - time.Duration(t.Path)
		t.DelayTrim = Duration(min(max(wait, 0), MaxDelayTrim).Round(100 * time.Microsecond))
		t.GainDB, t.Delay = round(t.Measured.GainDB+t.TrimDB, 2), t.Measured.SiteDelay+t.DelayTrim
		t.Short = math.Abs(want-t.TrimDB) > 0.5 || wait < 0 || wait > MaxDelayTrim
	}
	return out
}

// round keeps so many parts of a decibel.
func round(x, parts float64) float64 { return math.Round(x*parts)/parts + 0 } // no "-0"
