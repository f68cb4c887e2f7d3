package output

import (
	"fmt"
	"strings"
	"time"

	"pa/audio"
)

// spec is an output as a person spells it.
type spec struct {
	text string
	kind string // "oto", "alsa", "null", "wav", "virtual"

	device, player time.Duration // buffers of oto
	latency        time.Duration // pull → sound; 0: the sink knows itself
	period         time.Duration // of the paced sinks
	file           string        // "" for none

	// Of the virtual card.
	drift       audio.Drift
	jitter      time.Duration // by which its requests are irregular
	buffer      time.Duration // by which a pull may be late before it runs dry
	dead        time.Duration // of sound after which it asks for no more; 0 for never
	every, stop time.Duration // of sound between two stalls, and of a stall; 0 for none
	tells       bool          // position=device: it says where it is
	gone        string        // while this file is there the card is pulled out, and says so
	stuck       string        // while this one is there it asks for nothing, and says nothing

	alsa *alsaSpec // of kind alsa
}

// parse reads one of Forms.
func parse(text string) (spec, error) {
	kind, rest, colon := strings.Cut(text, ":")
	s := spec{text: text, kind: kind, period: 10 * time.Millisecond,
		device: 20 * time.Millisecond, player: 10 * time.Millisecond, buffer: 250 * time.Millisecond}
	var err error
	switch kind {
	case "null":
		if colon {
			err = fmt.Errorf("null takes nothing")
		}
	case "wav":
		s.file = rest
		if rest == "" {
			err = fmt.Errorf("wav needs a file name")
		}
	case "oto":
		if colon {
			err = s.buffers(rest)
		}
	case "alsa":
		err = s.direct(rest)
	case "virtual":
		if rest != "" {
			err = s.virtual(rest)
		}
	default:
		err = fmt.Errorf("unknown kind %q", kind)
	}
	if err != nil {
		return spec{}, fmt.Errorf("open output %q: %w: %w; use %s", text, ErrSpec, err, Forms)
	}
	return s, nil
}

// buffers reads DEVICE,PLAYER[,LATENCY].
func (s *spec) buffers(text string) error {
	parts := strings.Split(text, ",")
	if len(parts) < 2 || len(parts) > 3 {
		return fmt.Errorf("oto takes two or three durations")
	}
	limit := 500 * time.Millisecond
	var err error
	if s.device, err = duration("device buffer", parts[0], 5*time.Millisecond, limit); err != nil {
		return err
	}
	if s.player, err = duration("player buffer", parts[1], time.Millisecond, limit); err != nil {
		return err
	}
	if 2*s.player < s.device { // oto would play holes and say nothing
		return fmt.Errorf("player buffer %v is less than half the device buffer %v", s.player, s.device)
	}
	if len(parts) == 3 {
		s.latency, err = duration("latency", parts[2], time.Millisecond, 2*time.Second)
	}
	return err
}

// virtual reads KEY=VALUE,…
func (s *spec) virtual(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, "=")
		known, err := s.drift.Set(key, value)
		if !known {
			err = s.virtualPart(part, key, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// virtualPart reads what is not the card's drift.
func (s *spec) virtualPart(part, key, value string) (err error) {
	switch key {
	case "period":
		s.period, err = duration(key, value, time.Millisecond, 100*time.Millisecond)
		if err == nil && s.period*audio.Rate%time.Second != 0 {
			err = fmt.Errorf("period %v is not a whole number of frames at %d Hz", s.period, audio.Rate)
		}
	case "latency":
		s.latency, err = duration(key, value, time.Microsecond, 2*time.Second)
	case "buffer":
		s.buffer, err = duration(key, value, time.Millisecond, 10*time.Second)
	case "jitter":
		s.jitter, err = duration(key, value, time.Microsecond, 100*time.Millisecond)
	case "position":
		if s.tells = value == "device"; !s.tells && value != "pull" {
			err = fmt.Errorf("position %q is neither pull nor device", value)
		}
	case "dead":
		s.dead, err = duration("dead", value, time.Millisecond, 24*time.Hour)
	case "file":
		if s.file = value; value == "" {
			err = fmt.Errorf("file needs a name")
		}
	case "gone", "stuck":
		if value == "" {
			return fmt.Errorf("%s needs the name of a file", key)
		}
		if key == "gone" {
			s.gone = value
		} else {
			s.stuck = value
		}
	case "xrun":
		every, stop, _ := strings.Cut(value, ":")
		if s.every, err = duration("xrun distance", every, 100*time.Millisecond, 24*time.Hour); err == nil {
			s.stop, err = duration("xrun length", stop, time.Millisecond, time.Minute)
		}
	default:
		err = fmt.Errorf("unknown part %q", part)
	}
	return err
}

func duration(what, text string, least, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		return 0, fmt.Errorf("%s %q is not a duration from %v to %v", what, text, least, most)
	}
	return d, nil
}
