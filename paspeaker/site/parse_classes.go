package site

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pa/paspeaker"
)

// defaultClasses are the classes of a site that does not change them.
func defaultClasses() map[paspeaker.Class]ClassDefaults {
	return map[paspeaker.Class]ClassDefaults{
		paspeaker.ClassBackground: {
			Low: 0, High: 31, Priority: paspeaker.PriorityBackground,
			Routing: paspeaker.RoutingPartial, Preempted: paspeaker.ResumeHere,
			MaxLength: 4 * time.Hour, MaxWait: 10 * time.Minute,
		},
		paspeaker.ClassRoutine: { // half a bulletin says nothing: it begins again
			Low: 32, High: 127, Priority: paspeaker.PriorityRoutine,
			Routing: paspeaker.RoutingPartial, Preempted: paspeaker.ResumeRestart,
			MaxLength: 30 * time.Minute, MaxWait: 10 * time.Minute,
		},
		paspeaker.ClassLive: {
			Low: 128, High: paspeaker.PriorityDrillMax, Priority: paspeaker.PriorityLive,
			Routing: paspeaker.RoutingPartial, Preempted: paspeaker.ResumeDrop,
			MaxLength: 10 * time.Minute,
		},
		paspeaker.ClassEmergency: {
			Low: paspeaker.PriorityEmergency, High: 255, Priority: paspeaker.PriorityRecorded,
			Routing: paspeaker.RoutingPartial, Preempted: paspeaker.ResumeHere,
			MaxLength: 30 * time.Minute,
		},
	}
}

// readClasses reads the section classes.
func (s *Site) readClasses(v value) {
	s.Classes = defaultClasses()
	var keys []string
	for _, c := range classes {
		keys = append(keys, string(c))
	}
	o := v.object(keys...)
	fields := map[paspeaker.Class]object{}
	for _, c := range classes {
		d := s.Classes[c]
		f := o.get(string(c)).object("priorities", "priority", "routing", "preempted", "max_length", "max_wait", "gain_db", "duck")
		d.Low, d.High = f.get("priorities").priorities(d.Low, d.High)
		d.Routing = paspeaker.Routing(f.get("routing").word(string(d.Routing), routings...))
		d.Preempted = paspeaker.Resumption(f.get("preempted").word(string(d.Preempted), resumptions...))
		d.MaxLength = f.get("max_length").length(d.MaxLength, s.Limits.MaxLength)
		d.MaxWait = f.get("max_wait").duration(d.MaxWait, 0, 24*time.Hour)
		d.GainDB = f.get("gain_db").number(0, -60, 20, " dB")
		d.Duck = f.get("duck").truth()
		checkClass(c, d, f)
		s.Classes[c], fields[c] = d, f
	}
	s.checkRanges(fields)
	for _, c := range classes {
		d := s.Classes[c]
		if d.Priority < d.Low || d.Priority > d.High {
			d.Priority = d.Low
		}
		d.Priority = paspeaker.Priority(fields[c].get("priority").integer(int(d.Priority), int(d.Low), int(d.High)))
		s.Classes[c] = d
	}
}

// checkClass reports what a class cannot be.
func checkClass(c paspeaker.Class, d ClassDefaults, f object) {
	if c != paspeaker.ClassBackground && d.Duck {
		f.get("duck").fault("only background is ducked", "delete the line")
	}
	if c != paspeaker.ClassEmergency {
		return
	}
	if d.Routing != paspeaker.RoutingPartial {
		f.get("routing").fault("an emergency is always partial: it plays where it may, at once", "delete the line")
	}
	if d.MaxWait != 0 {
		f.get("max_wait").fault("an emergency never waits", "delete the line")
	}
}

// priorities reads a range of priorities, "0-31". Absent or wrong: low, high.
func (v value) priorities(low, high paspeaker.Priority) (from, to paspeaker.Priority) {
	s, ok := v.scalar()
	if !ok {
		return low, high
	}
	a, b, _ := strings.Cut(strings.ReplaceAll(s, "–", "-"), "-")
	first, err1 := strconv.ParseUint(strings.TrimSpace(a), 10, 8)
	last, err2 := strconv.ParseUint(strings.TrimSpace(b), 10, 8)
	if err1 != nil || err2 != nil || first > last {
		v.fault(clip(s)+" is not a range of priorities", fmt.Sprintf("write it like %d-%d, within 0 to 255", low, high))
		return low, high
	}
	return paspeaker.Priority(first), paspeaker.Priority(last)
}

// checkRanges reports classes that overlap or leave a priority without one.
// Emergency stays where it is: every loudspeaker knows that the latest wins
// from 224 up.
func (s *Site) checkRanges(fields map[paspeaker.Class]object) {
	e := s.Classes[paspeaker.ClassEmergency]
	if e.Low != paspeaker.PriorityEmergency || e.High != 255 {
		fields[paspeaker.ClassEmergency].get("priorities").fault("emergency is 224-255 everywhere", "delete the line")
		return
	}
	next := 0
	for i, c := range classes {
		d := s.Classes[c]
		at := fields[c].get("priorities")
		if !at.present() && i > 0 {
			at = fields[classes[i-1]].get("priorities")
		}
		switch {
		case int(d.Low) < next:
			below := s.Classes[classes[i-1]]
			at.fault(fmt.Sprintf("%s %d-%d and %s %d-%d overlap", classes[i-1], below.Low, below.High, c, d.Low, d.High),
				fmt.Sprintf("let one end where the next begins, such as %s 0-31, %s 32-127, %s 128-223", classes[0], classes[1], classes[2]))
		case int(d.Low) > next:
			at.fault(fmt.Sprintf("priorities %d-%d are in no class", next, d.Low-1), "let each class begin where the one below ends")
		}
		next = max(next, int(d.High)+1)
	}
}
