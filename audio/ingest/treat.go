package ingest

import (
	"errors"
	"fmt"
	"math"
	"time"

	"pa/audio"
	"pa/audio/loudness"
)

// ErrSilent means that there is nothing to hear in a recording.
var ErrSilent = errors.New("there is nothing to hear in it")

// Treatment says how a recording is made ready for the air. The zero value
// keeps it as it is.
type Treatment struct {
	Trim  bool          `json:"trim,omitempty"`  // take the silence off both ends
	Level bool          `json:"level,omitempty"` // bring it to Aim
	Aim   loudness.Aim  `json:"aim"`
	Long  time.Duration `json:"long,omitempty"` // from which it is worth a warning; 0 never
	// Sizes are the bytes of each of several files that follow each other in
	// the input and become one message, with a Gap between; nil for one file.
	Sizes []int64       `json:"sizes,omitempty"`
	Gap   time.Duration `json:"gap,omitempty"`
	// Speech is a program and its arguments that reads the input, a text, and
	// writes a recording of it. It is started as it stands, never by a shell.
	Speech []string `json:"speech,omitempty"`
}

// Facts is what is known of a recording that was made ready.
type Facts struct {
	Length         time.Duration    `json:"length"`
	CutHead        time.Duration    `json:"cut_head,omitempty"` // silence that was taken off
	CutTail        time.Duration    `json:"cut_tail,omitempty"`
	Before         loudness.Measure `json:"before"`
	After          loudness.Measure `json:"after"`
	GainDB         float64          `json:"gain_db"`
	LimitedDB      float64          `json:"limited_db"`
	SignalToNoise  float64          `json:"snr_db,omitempty"` // dB; 0 where it cannot be told
	Warnings       []Warning        `json:"warnings,omitempty"`
	Overview       []byte           `json:"overview,omitempty"` // peaks of equal parts, linear, 255 full scale
	SamplesOfSound int64            `json:"samples"`
}

// Warning is something about a recording that a person should hear for
// themselves.
type Warning struct {
	Kind  string  `json:"kind"`  // WarnClipping, …
	Value float64 `json:"value"` // in the kind's unit
}

// The kinds of warning.
const (
	WarnClipping = "clipping" // Value: places where the wave was cut off
	WarnHum      = "hum"      // Value: Hz
	WarnNoise    = "noise"    // Value: dB that the voice stands above it
	WarnLong     = "long"     // Value: seconds
	WarnSoft     = "soft"     // Value: LU below the target; its peaks leave no headroom
)

// treat makes the parts of a recording ready and joins them. It uses them up.
func treat(parts [][]int16, t Treatment) ([]int16, Facts, error) {
	f := Facts{Before: loudness.MeasureOf(join(parts, t.Gap))}
	for i, pcm := range parts {
		f.inspect(pcm)
		if !t.Trim {
			continue
		}
		kept, head, tail := trim(pcm)
		parts[i] = kept
		if i == 0 {
			f.CutHead = span(head)
		}
		if i == len(parts)-1 {
			f.CutTail = span(tail)
		}
	}
	if t.Level && f.Before.LUFS <= loudness.Floor {
		return nil, f, ErrSilent
	}
	if t.Level {
		for _, pcm := range parts {
			l := loudness.Level(pcm, t.Aim)
			f.GainDB = l.GainDB
			f.LimitedDB = max(f.LimitedDB, l.LimitedDB)
		}
	}
	pcm := join(parts, t.Gap)
	if t.Level && len(parts) > 1 { // the whole is gated otherwise than its parts
		loudness.Level(pcm, t.Aim)
	}
	f.After = loudness.MeasureOf(pcm)
	if len(parts) > 1 {
		f.GainDB = f.After.LUFS - f.Before.LUFS
	}
	f.Length, f.SamplesOfSound = span(len(pcm)), int64(len(pcm))
	f.Overview = overview(pcm)
	if short := t.Aim.LUFS - f.After.LUFS; t.Level && short >= 0.5 {
		f.warn(WarnSoft, short)
	}
	if t.Long > 0 && f.Length > t.Long {
		f.warn(WarnLong, f.Length.Seconds())
	}
	return pcm, f, nil
}

// inspect warns of what is wrong with a recording as it came.
func (f *Facts) inspect(pcm []int16) {
	if n := flatTops(pcm); n >= flatMany {
		f.warn(WarnClipping, float64(n))
	}
	for _, freq := range []float64{50, 100} {
		if _, found := hum(pcm, freq); found {
			f.warn(WarnHum, freq)
			break
		}
	}
	snr := noise(pcm)
	if snr > 0 && (f.SignalToNoise == 0 || snr < f.SignalToNoise) {
		f.SignalToNoise = snr
	}
	if snr > 0 && snr < noisySNR {
		f.warn(WarnNoise, snr)
	}
}

// warn adds a warning; of one kind the worst is kept.
func (f *Facts) warn(kind string, value float64) {
	value = math.Round(value*10) / 10
	for i, w := range f.Warnings {
		if w.Kind != kind {
			continue
		}
		if (kind == WarnNoise || kind == WarnHum) == (value < w.Value) {
			f.Warnings[i].Value = value
		}
		return
	}
	f.Warnings = append(f.Warnings, Warning{kind, value})
}

// join puts parts one behind the other, with a gap of silence between.
func join(parts [][]int16, gap time.Duration) []int16 {
	if len(parts) == 1 {
		return parts[0]
	}
	silence := make([]int16, int(gap.Seconds()*audio.Rate))
	var out []int16
	for i, p := range parts {
		if i > 0 {
			out = append(out, silence...)
		}
		out = append(out, p...)
	}
	return out
}

// Text is a warning for people, in English.
func (w Warning) Text() string {
	switch w.Kind {
	case WarnClipping:
		return fmt.Sprintf("clipped in %.0f places: record it again with less gain", w.Value)
	case WarnHum:
		return fmt.Sprintf("hum at %.0f Hz: look at the cable and the ground of the microphone", w.Value)
	case WarnNoise:
		return fmt.Sprintf("the voice stands only %.0f dB above the noise: record it closer, in a quieter room", w.Value)
	case WarnLong:
		return fmt.Sprintf("%s long: few listen that long", time.Duration(w.Value)*time.Second)
	case WarnSoft:
		return fmt.Sprintf("%.1f LU softer than the target: single peaks leave no headroom", w.Value)
	}
	return w.Kind
}
