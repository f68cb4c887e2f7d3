package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pa/paspeaker"
)

// rule says at which times of a day something is due. It may say one twice, and
// in any order.
type rule interface {
	times(d paspeaker.Date, out []paspeaker.TimeOfDay) []paspeaker.TimeOfDay
}

// clockRule is due at the same times every day.
type clockRule []paspeaker.TimeOfDay

// times implements rule.
func (r clockRule) times(_ paspeaker.Date, out []paspeaker.TimeOfDay) []paspeaker.TimeOfDay {
	return append(out, r...)
}

// onWeekdays lets a rule speak on some days of the week alone.
type onWeekdays struct {
	rule
	set uint8
}

// times implements rule.
func (r onWeekdays) times(d paspeaker.Date, out []paspeaker.TimeOfDay) []paspeaker.TimeOfDay {
	if r.set>>d.Weekday()&1 == 0 {
		return out
	}
	return r.rule.times(d, out)
}

// ruleReader reads the rules of one campaign.
type ruleReader struct {
	c *paspeaker.Campaign
	g *Ground
	f *faults
}

// read returns the i-th rule, nil when it has faults.
func (rr *ruleReader) read(i int, r paspeaker.Rule) rule {
	path := at("rules", i)
	var ways []string
	for _, w := range []struct {
		name string
		is   bool
	}{{"at", len(r.At) > 0}, {"every", r.Every != 0}, {"cron", r.Cron != ""}, {"rrule", r.RRule != ""}, {"shifts", len(r.Shifts) > 0}} {
		if w.is {
			ways = append(ways, w.name)
		}
	}
	if len(ways) != 1 {
		what := "says no times"
		if len(ways) > 1 {
			what = "says times in several ways: " + strings.Join(ways, ", ")
		}
		rr.f.add(path, what, "a rule has one of at, every, cron, rrule, shifts; make several rules of it")
		return nil
	}
	before := len(rr.f.all)
	rr.strays(r, path, ways[0])
	var out rule
	switch ways[0] {
	case "at":
		out = rr.at(r, path)
	case "every":
		out = rr.every(r, path)
	case "cron":
		c, err := parseCron(r.Cron)
		rr.f.err(path+".cron", err)
		out = c
	case "rrule":
		out = rr.rrule(r, path)
	case "shifts":
		out = rr.shifts(r, path)
	}
	if len(r.Weekdays) > 0 {
		out = onWeekdays{out, parseWeekdays(r.Weekdays, path+".weekdays", rr.f)}
	}
	if len(rr.f.all) > before {
		return nil
	}
	return out
}

// strays reports keys that belong to another way of saying times.
func (rr *ruleReader) strays(r paspeaker.Rule, path, way string) {
	for _, s := range []struct {
		key, of string
		is      bool
	}{{"from", "every", r.From != ""}, {"to", "every", r.To != ""}, {"start", "rrule", r.Start != ""}, {"edge", "shifts", r.Edge != ""},
		{"before", "shifts", r.Before != 0}, {"after", "shifts", r.After != 0}} {
		if s.is && s.of != way {
			rr.f.add(path+"."+s.key, "goes with "+s.of+" alone", "delete it, or make a rule of its own")
		}
	}
}

func (rr *ruleReader) at(r paspeaker.Rule, path string) rule {
	var out clockRule
	for i, s := range r.At {
		t, err := paspeaker.ParseTimeOfDay(s)
		if err == nil && t == paspeaker.DayEnd {
			err = fmt.Errorf("time 24:00 is the next day's 00:00")
		}
		rr.f.err(at(path+".at", i), err)
		out = append(out, t)
	}
	return out
}

// every reads "every N minutes from … to …". Over midnight it goes on in step.
func (rr *ruleReader) every(r paspeaker.Rule, path string) rule {
	step := time.Duration(r.Every)
	if step < time.Minute || step > 24*time.Hour || step%time.Second != 0 {
		rr.f.add(path+".every", step.String()+" is no distance between runs", "use whole seconds from 1m to 24h")
		return nil
	}
	from, to := paspeaker.TimeOfDay(0), paspeaker.DayEnd
	var err error
	if r.From != "" {
		from, err = paspeaker.ParseTimeOfDay(r.From)
		rr.f.err(path+".from", err)
	}
	if r.To != "" {
		to, err = paspeaker.ParseTimeOfDay(r.To)
		rr.f.err(path+".to", err)
	}
	if from == paspeaker.DayEnd {
		rr.f.add(path+".from", "24:00 is the end of the day", "use 00:00")
	}
	if to < from {
		to += paspeaker.DayEnd
	}
	var out clockRule
	for t := from; t <= to && len(out) < 2*1440; t += paspeaker.TimeOfDay(step / time.Second) {
		if t != paspeaker.DayEnd || to > paspeaker.DayEnd { // 24:00 is tomorrow's 00:00
			out = append(out, t%paspeaker.DayEnd)
		}
	}
	return out
}

func (rr *ruleReader) rrule(r paspeaker.Rule, path string) rule {
	start := paspeaker.Wall{Day: rr.anchor()}
	if r.Start != "" {
		w, err := paspeaker.ParseWall(r.Start)
		if err != nil {
			rr.f.err(path+".start", err)
			return nil
		}
		start = w
	}
	out, err := parseRRule(r.RRule, start, r.Start != "", rr.g.zone)
	rr.f.err(path+".rrule", err)
	return out
}

// anchor is the day from which a campaign's runs are counted.
func (rr *ruleReader) anchor() paspeaker.Date { return anchorOf(rr.c, rr.g) }

func (rr *ruleReader) shifts(r paspeaker.Rule, path string) rule {
	all := rr.g.calendars.shifts
	if len(all) == 0 {
		rr.f.add(path+".shifts", "the site names no shifts", "list them under shifts: in its calendars file")
		return nil
	}
	if r.Before != 0 && r.After != 0 {
		rr.f.add(path, "says before and after", "say one of them")
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	var out clockRule
	for i, name := range r.Shifts {
		if name != "all" && !slices.Contains(names, name) {
			rr.f.add(at(path+".shifts", i), "there is no shift "+name, "the shifts are "+strings.Join(names, ", ")+"; all means every one")
		}
	}
	for _, s := range all {
		if !slices.Contains(r.Shifts, s.Name) && !slices.Contains(r.Shifts, "all") {
			continue
		}
		t := s.Begin
		if r.Edge == "end" {
			t = s.End
		}
		t += paspeaker.TimeOfDay((time.Duration(r.After) - time.Duration(r.Before)) / time.Second)
		out = append(out, (t%paspeaker.DayEnd+paspeaker.DayEnd)%paspeaker.DayEnd)
	}
	if d := max(time.Duration(r.Before), time.Duration(r.After)); d >= 24*time.Hour {
		rr.f.add(path, d.String()+" from the change of shift", "use less than 24h")
	}
	return out
}
