package site

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"pa/paspeaker"
)

// Bounds of a lead: below, no output can follow; above, a node's memory of what
// is to come ends.
const (
	leastLead = 5 * time.Millisecond
	mostLead  = 4 * time.Second
)

// What a site has when it does not say.
var defaultDelays = Delays{
	LiveLeast: 5 * time.Millisecond, LiveMost: 200 * time.Millisecond,
	Recorded: 100 * time.Millisecond, WiFi: 150 * time.Millisecond, Mobile: 500 * time.Millisecond,
	Most: 2 * time.Second, Earshot: 150,
}

// readDelays reads the section delays.
func (s *Site) readDelays(v value) {
	o := v.object("live", "recorded", "wifi", "mobile", "when_late", "most", "earshot")
	d := defaultDelays
	d.LiveLeast, d.LiveMost = o.get("live").span(d.LiveLeast, d.LiveMost)
	d.Recorded = o.get("recorded").duration(d.Recorded, leastLead, mostLead)
	d.WiFi = o.get("wifi").duration(d.WiFi, leastLead, mostLead)
	d.Mobile = o.get("mobile").duration(d.Mobile, leastLead, mostLead)
	d.Raise = o.get("when_late").word("recommend", "recommend", "raise") == "raise"
	d.Most = o.get("most").duration(d.Most, leastLead, mostLead)
	d.Earshot = o.get("earshot").metres(d.Earshot, 10_000)
	s.Delays = d
}

// span reads {least: …, most: …}, or one time that is both.
func (v value) span(least, most time.Duration) (from, to time.Duration) {
	if v.present() && v.node.Kind == yaml.ScalarNode {
		d := v.duration(most, leastLead, mostLead)
		return d, d
	}
	o := v.object("least", "most")
	from = o.get("least").duration(least, leastLead, mostLead)
	to = o.get("most").duration(max(from, most), leastLead, mostLead)
	if from > to {
		o.get("least").fault("is more than most", "swap them")
		return least, most
	}
	return from, to
}

// metres reads a distance, "150" or "150m". Absent or wrong: otherwise.
func (v value) metres(otherwise, most float64) float64 {
	s, ok := v.scalar()
	if !ok {
		return otherwise
	}
	f, ok := inMetres(s)
	if !ok {
		f, ok = inMetres(s + "m")
	}
	if !ok || !(f >= 0 && f <= most) {
		v.fault(clip(s)+" is not a distance", fmt.Sprintf("write it in metres, 0m to %gm", most))
		return otherwise
	}
	return f
}

// inMetres reads a number with m behind it.
func inMetres(s string) (float64, bool) {
	digits, ok := strings.CutSuffix(s, "m")
	f, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	return f, ok && err == nil && !math.IsNaN(f)
}

// The finest step and the most of an acoustic delay.
const (
	acousticStep = 100 * time.Microsecond
	acousticMost = 2 * time.Second
)

// acoustic reads how much later a loudspeaker sounds than the one that it
// follows: a time, or metres, which sound passes the faster the warmer it is.
func (v value) acoustic(celsius float64) time.Duration {
	s, ok := v.scalar()
	if !ok {
		return 0
	}
	way := fmt.Sprintf("write it like 175ms (0 to 2s) or 60m (0 to %dm)", int(acousticMost.Seconds()*SpeedOfSound(celsius)))
	if f, ok := inMetres(s); ok {
		d := time.Duration(math.Round(f / SpeedOfSound(celsius) * float64(time.Second)))
		if f < 0 || d > acousticMost {
			v.fault(clip(s)+" is out of range", way)
			return 0
		}
		return d.Round(acousticStep)
	}
	d, err := paspeaker.ParseDuration(s)
	switch {
	case err != nil || d > acousticMost:
		v.fault(clip(s)+" is not an acoustic delay", way)
		return 0
	case d%acousticStep != 0:
		v.fault(clip(s)+" is finer than 0.1ms", "write "+short(d.Round(acousticStep)))
	}
	return d.Round(acousticStep)
}

// SpeedOfSound is in metres per second, in air of that temperature, °C.
func SpeedOfSound(celsius float64) float64 { return 331.3 + 0.606*celsius }
