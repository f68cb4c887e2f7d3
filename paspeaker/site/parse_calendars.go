package site

import (
	"fmt"
	"strconv"

	"gopkg.in/yaml.v3"

	"pa/paspeaker/schedule"
)

func (v value) isMapping() bool { return v.node.Kind == yaml.MappingNode }

func itoa(i int) string { return strconv.Itoa(i) }

// words reads a list of single values.
func (v value) words() []string {
	if !v.present() {
		return nil
	}
	out := []string{}
	for _, e := range v.list() {
		if s, ok := e.scalar(); ok {
			out = append(out, s)
		}
	}
	return out
}

// text reads a single value as it is written.
func (v value) text() string {
	s, _ := v.scalar()
	return s
}

// readCalendars reads a calendars file, with the places of all that is in it.
func readCalendars(root value) (schedule.CalendarSpec, map[string]value) {
	o := root.object("work_week", "holidays", "swaps", "calendars", "shifts")
	spec := schedule.CalendarSpec{WorkWeek: o.get("work_week").words(), Holidays: readHolidays(o.get("holidays"))}
	for _, e := range o.get("swaps").list() {
		s := e.object("work", "off", "note")
		spec.Swaps = append(spec.Swaps, schedule.Swap{Work: s.get("work").text(), Off: s.get("off").text()})
	}
	for _, e := range o.get("calendars").list() {
		s := e.object("id", "name", "days", "yearly", "lunar", "weekdays", "include", "without", "closed")
		spec.Sets = append(spec.Sets, schedule.SetSpec{
			Name: s.get("id").text(), Title: s.get("name").name(s.get("id").text()), Days: s.get("days").words(), Yearly: s.get("yearly").words(),
			Lunar: s.get("lunar").words(), Weekdays: s.get("weekdays").words(), Include: s.get("include").words(), Without: s.get("without").words(),
			Closed: s.get("closed").truth(),
		})
	}
	for _, e := range o.get("shifts").list() {
		s := e.object("id", "name", "begin", "end")
		spec.Shifts = append(spec.Shifts, schedule.ShiftSpec{Name: s.get("id").text(), Title: s.get("name").name(s.get("id").text()), Begin: s.get("begin").text(), End: s.get("end").text()})
	}
	return spec, places(root, map[string]value{})
}

func readHolidays(v value) schedule.HolidaySpec {
	o := v.object("country", "tet_before", "tet_after", "national_day", "years", "also", "in_lieu")
	h := schedule.HolidaySpec{
		None:   o.get("country").word("vietnam", "vietnam", "none") == "none",
		Usual:  readChoice(o),
		Also:   o.get("also").words(),
		NoLieu: o.get("in_lieu").word("true", "true", "false") == "false",
	}
	years := o.get("years")
	if !years.present() || !years.is(yaml.MappingNode, "a mapping of years") {
		return h
	}
	h.Years = map[int]schedule.HolidayChoice{}
	for i := 0; i+1 < len(years.node.Content); i += 2 {
		key := years.node.Content[i]
		y := value{r: v.r, node: years.node.Content[i+1], path: years.child(key.Value), line: key.Line}
		year, err := strconv.Atoi(key.Value)
		if err != nil || year < 1970 || year > 2199 {
			y.fault(fmt.Sprintf("%s is not a year", clip(key.Value)), "write it like 2027")
			continue
		}
		h.Years[year] = readChoice(y.object("tet_before", "tet_after", "national_day"))
	}
	return h
}

func readChoice(o object) schedule.HolidayChoice {
	return schedule.HolidayChoice{TetBefore: o.get("tet_before").integer(0, 0, 15), TetAfter: o.get("tet_after").integer(0, 0, 15),
		NationalDay: o.get("national_day").text()}
}
