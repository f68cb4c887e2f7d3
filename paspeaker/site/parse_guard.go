package site

import (
	"time"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

// readGuard reads a guard file, with the places of all that is in it.
func readGuard(root value) (schedule.GuardSpec, map[string]value) {
	o := root.object("quiet_days", "limits", "levels", "night", "neighbours")
	spec := schedule.GuardSpec{QuietDays: o.get("quiet_days").words()}
	for _, e := range o.get("limits").list() {
		l := e.object("name", "zones", "classes", "days", "hours", "sessions_per_day", "session_gap", "minutes_per_session", "minutes_per_day", "gap")
		spec.Limits = append(spec.Limits, schedule.LimitSpec{
			Name: l.get("name").name(""), Zones: zoneWords(l.get("zones")), Classes: l.get("classes").words(), Days: l.get("days").words(),
			Hours: l.get("hours").words(), Sessions: l.get("sessions_per_day").integer(0, 1, 1440), SessionGap: length(l.get("session_gap")),
			MinutesPerSession: minutes(l.get("minutes_per_session")), MinutesPerDay: minutes(l.get("minutes_per_day")), Gap: length(l.get("gap")),
		})
	}
	for _, e := range o.get("levels").list() {
		l := e.object("name", "zones", "classes", "hours", "max_db")
		l.get("max_db").missing("write the level in dB, such as -6")
		spec.Levels = append(spec.Levels, schedule.LevelSpec{Name: l.get("name").name(""), Zones: zoneWords(l.get("zones")), Classes: l.get("classes").words(),
			Hours: l.get("hours").text(), MaxDB: l.get("max_db").number(0, -60, 20, " dB")})
	}
	for _, e := range o.get("night").list() {
		n := e.object("zones", "classes", "hours", "gain_db")
		n.get("gain_db").missing("write by how much it is softer in dB, such as -12")
		spec.Night = append(spec.Night, schedule.NightSpec{Zones: zoneWords(n.get("zones")), Classes: n.get("classes").words(),
			Hours: n.get("hours").text(), GainDB: n.get("gain_db").number(0, -60, 0, " dB")})
	}
	for _, e := range o.get("neighbours").list() {
		n := e.object("name", "zones", "margin_db")
		spec.Neighbours = append(spec.Neighbours, schedule.NeighbourSpec{Name: n.get("name").name(""), Zones: zoneWords(n.get("zones")),
			MarginDB: n.get("margin_db").number(0, 0, 40, " dB")})
	}
	return spec, places(root, map[string]value{})
}

func zoneWords(v value) []paspeaker.ZoneID {
	var out []paspeaker.ZoneID
	for _, w := range v.words() {
		out = append(out, paspeaker.ZoneID(w))
	}
	return out
}

func length(v value) paspeaker.Duration {
	return paspeaker.Duration(v.duration(0, time.Second, 24*time.Hour))
}

// minutes reads a number of minutes, or a length of time.
func minutes(v value) paspeaker.Duration {
	s, ok := v.scalar()
	if !ok {
		return 0
	}
	bare := s != "" && s[len(s)-1] >= '0' && s[len(s)-1] <= '9'
	if bare {
		return paspeaker.Duration(v.number(0, 0.1, 1440, " minutes") * float64(time.Minute))
	}
	return length(v)
}
