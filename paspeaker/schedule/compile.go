package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pa/paspeaker"
)

// anchorOf returns the day from which a campaign's runs are counted: its first,
// else the day on which it was made.
func anchorOf(c *paspeaker.Campaign, g *Ground) paspeaker.Date {
	if d, err := paspeaker.ParseDate(c.Begin); err == nil {
		return d
	}
	if !c.Created.IsZero() {
		return max(g.Today(c.Created), paspeaker.FirstDate)
	}
	return paspeaker.FirstDate
}

// Compile reads a campaign. The faults are all that is wrong with it by itself:
// whether its zones, messages and chime exist is for others to say. With faults
// there is no timetable.
func Compile(c paspeaker.Campaign, g *Ground) (*Timetable, []paspeaker.PlanFault) {
	t := &Timetable{c: c, g: g, anchor: anchorOf(&c, g), turns: newRotation(&c)}
	f := &faults{}
	checkForm(&c, f)
	t.readDays(f)
	rr := &ruleReader{c: &t.c, g: g, f: f}
	for i, r := range c.Rules {
		if out := rr.read(i, r); out != nil {
			t.rules = append(t.rules, out)
		}
	}
	t.keep = t.calendars("keep", c.Keep, f)
	t.skip = t.calendars("skip", c.Skip, f)
	t.readExcept(f)
	t.readAlso(f)
	if len(c.Rules) == 0 && len(c.Also) == 0 {
		f.add("rules", "there are none", "say when: at, every, cron, rrule or shifts")
	}
	if len(f.all) > 0 {
		return nil, f.all
	}
	return t, nil
}

// checkForm checks what says nothing about time.
func checkForm(c *paspeaker.Campaign, f *faults) {
	if !paspeaker.ValidID(c.ID) {
		f.add("id", fmt.Sprintf("%q is not an id", c.ID), "use 1–32 of a–z, 0–9 and hyphens, such as slogans; the name may be anything")
	}
	if utf8.RuneCountInString(c.Name) > 200 || strings.ContainsFunc(c.Name, unicode.IsControl) {
		f.add("name", "is longer than 200 characters, or has a line break", "shorten it")
	}
	if len(c.Notes) > 2000 {
		f.add("notes", "are longer than 2000 bytes", "shorten them")
	}
	checkMessages(c, f)
	if len(c.Zones)+len(c.Speakers) == 0 {
		f.add("zones", "are missing", "say where it sounds; all is the whole site")
	}
	if c.Priority != nil && *c.Priority >= paspeaker.PriorityEmergency {
		f.add("priority", fmt.Sprintf("%d is an emergency's", *c.Priority), "use 0 to 223: what is planned is no emergency")
	}
	for _, w := range []struct {
		path, value string
		words       []string
	}{
		{"order", string(c.Order), []string{"in-order", "shuffled", "weighted"}},
		{"routing", string(c.Routing), []string{"partial", "whole", "stacked"}},
		{"preempted", string(c.Preempted), []string{"resume", "restart", "drop"}},
	} {
		if w.value != "" && !slices.Contains(w.words, w.value) {
			f.add(w.path, fmt.Sprintf("%q is not known", w.value), "use one of "+strings.Join(w.words, ", "))
		}
	}
	if c.Repeat < 0 || c.Repeat > 100 {
		f.add("repeat", fmt.Sprintf("%d times", c.Repeat), "use 1 to 100")
	}
	if c.GainDB < -60 || c.GainDB > 20 || c.GainDB != c.GainDB {
		f.add("gain_db", fmt.Sprintf("%g dB", c.GainDB), "use -60 to 20")
	}
	if d := time.Duration(c.MissedWithin); d > 24*time.Hour {
		f.add("missed_within", d.String()+" late", "use at most 24h; 0 skips what was missed")
	}
	if d := time.Duration(c.Pause); d > 10*time.Minute {
		f.add("pause", d.String()+" of silence", "use at most 10m")
	}
}

func checkMessages(c *paspeaker.Campaign, f *faults) {
	if len(c.Messages) == 0 {
		f.add("messages", "are missing", "name at least one, such as slogan-1")
	}
	if len(c.Messages) > 100 {
		f.add("messages", fmt.Sprintf("are %d", len(c.Messages)), "100 at most")
	}
	for i, m := range c.Messages {
		path := at("messages", i)
		if strings.TrimSpace(m.Name) == "" || utf8.RuneCountInString(m.Name) > 200 {
			f.add(path+".name", fmt.Sprintf("%q is no name", m.Name), "name a message")
		}
		if m.Weight < 0 || m.Weight > 100 {
			f.add(path+".weight", fmt.Sprintf("%d", m.Weight), "use 1 to 100")
		}
		if m.Weight > 0 && c.Order != paspeaker.RotateWeighted {
			f.add(path+".weight", "does nothing unless order is weighted", "say order: weighted, or delete it")
		}
	}
}

// readDays reads the first and the last day.
func (t *Timetable) readDays(f *faults) {
	t.first, t.last = t.anchor, paspeaker.LastDate
	if t.c.Begin != "" {
		d, err := paspeaker.ParseDate(t.c.Begin)
		f.err("begin", err)
		t.first = d
	}
	if t.c.End != "" {
		d, err := paspeaker.ParseDate(t.c.End)
		f.err("end", err)
		t.last = d
		if err == nil && d < t.first && t.c.Begin != "" {
			f.add("end", "is before begin", "swap them")
		}
	}
}

func (t *Timetable) calendars(path string, names []string, f *faults) []named {
	var out []named
	for i, name := range names {
		if !t.g.calendars.Known(name) {
			f.add(at(path, i), "there is no calendar "+name, "the calendars are "+strings.Join(t.g.calendars.names, ", "))
			continue
		}
		out = append(out, named{name, t.g.calendars.sets[name]})
	}
	return out
}

func (t *Timetable) readExcept(f *faults) {
	for i, text := range t.c.Except {
		if w, err := paspeaker.ParseWall(text); err == nil {
			if t.exceptWalls == nil {
				t.exceptWalls = map[paspeaker.Wall]bool{}
			}
			t.exceptWalls[w] = true
			continue
		}
		s, err := parseSpan(text)
		if err != nil {
			f.add(at("except", i), fmt.Sprintf("%q is no day", text), "write 2026-11-20, 2026-11-20T06:30 or 2026-12-24..2026-12-31")
			continue
		}
		if t.exceptDays == nil {
			t.exceptDays = newDayset()
		}
		s.each(t.exceptDays.add)
	}
}

func (t *Timetable) readAlso(f *faults) {
	for i, text := range t.c.Also {
		w, err := paspeaker.ParseWall(text)
		f.err(at("also", i), err)
		if err != nil {
			continue
		}
		// Kept by the day that the wall clock shows then: a gap may move it.
		w = t.g.zone.wall(t.g.zone.moment(w))
		if t.also == nil {
			t.also = map[paspeaker.Date][]paspeaker.TimeOfDay{}
		}
		t.also[w.Day] = append(t.also[w.Day], w.At)
	}
}
