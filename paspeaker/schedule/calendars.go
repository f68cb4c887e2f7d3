package schedule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pa/paspeaker"
)

// CalendarSpec is what the site's calendar file says, in its own words.
type CalendarSpec struct {
	WorkWeek []string // weekdays on which people work; nil: mon-sat
	Holidays HolidaySpec
	Swaps    []Swap
	Sets     []SetSpec
	Shifts   []ShiftSpec
}

// Swap is a decision of the year: one day off becomes a working day, one
// working day becomes a day off. Either may be left out.
type Swap struct{ Work, Off string }

// SetSpec is a calendar of the site's own: a named set of days.
type SetSpec struct {
	Name, Title string
	Days        []string // 2026-07-15, 2026-12-24..2026-12-31
	Yearly      []string // 09-02, 12-24..12-31
	Lunar       []string // 15/1, 15/*
	Weekdays    []string // sun, sat-sun
	Include     []string // calendars whose days it has too
	Without     []string // calendars whose days it does not have
	Closed      bool     // the site is closed: these are no working days
}

// ShiftSpec is a shift of the people who work here.
type ShiftSpec struct{ Name, Title, Begin, End string }

// Shift is a shift, read.
type Shift struct {
	Name, Title string
	Begin, End  paspeaker.TimeOfDay
}

// The calendars that every site has.
const (
	CalendarHolidays = "public-holidays"
	CalendarTet      = "tet"
	CalendarHung     = "hung-kings"
	CalendarWork     = "working-days"
	CalendarOff      = "days-off"
)

// builtinCalendars are their names and titles.
var builtinCalendars = [][2]string{
	{CalendarHolidays, "Ngày lễ, Tết"}, {CalendarTet, "Tết Nguyên đán"}, {CalendarHung, "Giỗ Tổ Hùng Vương"},
	{CalendarWork, "Ngày làm việc"}, {CalendarOff, "Ngày nghỉ"},
}

// Calendars are the site's named sets of days. They never change.
type Calendars struct {
	names  []string
	titles map[string]string
	sets   map[string]dayset
	shifts []Shift
}

// NewCalendars reads a site's calendars. The faults are all that is wrong, with
// paths such as "calendars[2].days[0]"; with faults there are no calendars.
func NewCalendars(spec CalendarSpec) (*Calendars, []paspeaker.PlanFault) {
	b := &calendarBuilder{c: &Calendars{titles: map[string]string{}, sets: map[string]dayset{}}, spec: spec}
	b.build()
	if len(b.f.all) > 0 {
		return nil, b.f.all
	}
	return b.c, nil
}

// DefaultCalendars are those of a site that says nothing: Vietnam's holidays,
// a week from Monday to Saturday.
func DefaultCalendars() *Calendars {
	c, _ := NewCalendars(CalendarSpec{})
	return c
}

// Known says whether there is a calendar of that name.
func (c *Calendars) Known(name string) bool { return c.sets[name] != nil }

// Names returns every calendar's name, the built-in ones first.
func (c *Calendars) Names() []string { return slices.Clone(c.names) }

// Title returns a calendar's name for people.
func (c *Calendars) Title(name string) string { return c.titles[name] }

// Has says whether a day belongs to a calendar; no day belongs to an unknown
// one.
func (c *Calendars) Has(name string, d paspeaker.Date) bool { return c.sets[name].has(d) }

// Of returns the calendars that a day belongs to, by name, in their order.
func (c *Calendars) Of(d paspeaker.Date) []string {
	var out []string
	for _, name := range c.names {
		if c.sets[name].has(d) {
			out = append(out, name)
		}
	}
	return out
}

// Shifts returns the site's shifts.
func (c *Calendars) Shifts() []Shift { return slices.Clone(c.shifts) }

// calendarBuilder reads a spec.
type calendarBuilder struct {
	c    *Calendars
	spec CalendarSpec
	f    faults
	at   map[string]int // of each set in the spec
}

func (b *calendarBuilder) build() {
	for _, n := range builtinCalendars {
		b.name(n[0], n[1])
	}
	b.at = map[string]int{}
	for i, s := range b.spec.Sets {
		path := at("calendars", i)
		switch {
		case !paspeaker.ValidID(s.Name):
			b.f.add(path+".id", fmt.Sprintf("%q is not an id", s.Name), "use 1–32 of a–z, 0–9 and hyphens, such as closures")
		case b.c.titles[s.Name] != "":
			b.f.add(path+".id", s.Name+" is there already", "choose another id; "+strings.Join(b.c.names[:len(builtinCalendars)], ", ")+" are built in")
		default:
			b.name(s.Name, s.Title)
			b.at[s.Name] = i
		}
	}
	b.readShifts()
	holidays := b.readHolidays()
	week := uint8(0b1111110) // Monday to Saturday
	if b.spec.WorkWeek != nil {
		week = parseWeekdays(b.spec.WorkWeek, "work_week", &b.f)
	}
	b.workdays(holidays, week)
	// What is closed comes first: it decides which days are working days.
	for i, s := range b.spec.Sets {
		if s.Closed {
			b.set(i, nil)
		}
	}
	b.closures()
	for i := range b.spec.Sets {
		b.set(i, nil)
	}
}

func (b *calendarBuilder) name(id, title string) {
	if title == "" {
		title = id
	}
	b.c.names = append(b.c.names, id)
	b.c.titles[id] = title
}

func (b *calendarBuilder) readShifts() {
	seen := map[string]bool{}
	for i, s := range b.spec.Shifts {
		path := at("shifts", i)
		if !paspeaker.ValidID(s.Name) || s.Name == "all" {
			b.f.add(path+".id", fmt.Sprintf("%q is not an id", s.Name), "use 1–32 of a–z, 0–9 and hyphens, such as morning; all means every shift")
		} else if seen[s.Name] {
			b.f.add(path+".id", s.Name+" is there twice", "choose another id")
		}
		seen[s.Name] = true
		out := Shift{Name: s.Name, Title: s.Title}
		if out.Title == "" {
			out.Title = s.Name
		}
		var err error
		out.Begin, err = paspeaker.ParseTimeOfDay(s.Begin)
		b.f.err(path+".begin", err)
		out.End, err = paspeaker.ParseTimeOfDay(s.End)
		b.f.err(path+".end", err)
		b.c.shifts = append(b.c.shifts, out)
	}
}

// workdays works out working days and days off: the week, then holidays with
// their days in lieu, then what the year's decisions swapped.
func (b *calendarBuilder) workdays(holidays dayset, week uint8) {
	work := newDayset()
	everyDay(func(d paspeaker.Date) {
		if week&(1<<d.Weekday()) != 0 && !holidays.has(d) {
			work.add(d)
		}
	})
	if b.spec.Holidays.inLieu() {
		everyDay(func(d paspeaker.Date) {
			if !holidays.has(d) || week&(1<<d.Weekday()) != 0 {
				return
			}
			for next := d + 1; next <= d+14; next++ {
				if work.has(next) {
					work.drop(next)
					return
				}
			}
		})
	}
	for i, s := range b.spec.Swaps {
		path := at("swaps", i)
		if s.Work == "" && s.Off == "" {
			b.f.add(path, "swaps nothing", "give it work: and off:, each a day")
		}
		if s.Work != "" {
			d, err := parseSpan(s.Work)
			b.f.err(path+".work", err)
			d.each(work.add)
		}
		if s.Off != "" {
			d, err := parseSpan(s.Off)
			b.f.err(path+".off", err)
			d.each(work.drop)
		}
	}
	b.c.sets[CalendarWork] = work
}

// set works out one of the site's own calendars; way is the calendars that
// asked for it.
func (b *calendarBuilder) set(i int, way []string) dayset {
	s := b.spec.Sets[i]
	path := at("calendars", i)
	if done := b.c.sets[s.Name]; done != nil {
		return done
	}
	if slices.Contains(way, s.Name) {
		b.f.add(path, strings.Join(append(way, s.Name), " needs "), "a calendar cannot be made of itself; take one of them out")
		return newDayset()
	}
	way = append(slices.Clone(way), s.Name)
	out := newDayset()
	b.ownDays(s, path, out)
	for j, name := range s.Include {
		out.join(b.other(name, at(path+".include", j), way))
	}
	for j, name := range s.Without {
		out.without(b.other(name, at(path+".without", j), way))
	}
	b.c.sets[s.Name] = out
	return out
}

// ownDays adds the days that a set names itself.
func (b *calendarBuilder) ownDays(s SetSpec, path string, out dayset) {
	for j, text := range s.Days {
		d, err := parseSpan(text)
		b.f.err(at(path+".days", j), err)
		if err == nil {
			d.each(out.add)
		}
	}
	for j, text := range s.Yearly {
		y, err := parseYearly(text)
		b.f.err(at(path+".yearly", j), err)
		if err == nil {
			everyYear(func(year int) { y.each(year, out.add) })
		}
	}
	for j, text := range s.Lunar {
		l, err := parseLunar(text)
		b.f.err(at(path+".lunar", j), err)
		if err == nil {
			l.each(out.add)
		}
	}
	if week := parseWeekdays(s.Weekdays, path+".weekdays", &b.f); week != 0 {
		everyDay(func(d paspeaker.Date) {
			if week&(1<<d.Weekday()) != 0 {
				out.add(d)
			}
		})
	}
}

// other returns a calendar that another is made of.
func (b *calendarBuilder) other(name, path string, way []string) dayset {
	if i, own := b.at[name]; own {
		return b.set(i, way)
	}
	if s := b.c.sets[name]; s != nil {
		return s
	}
	if name == CalendarOff { // not known before the closures are
		return b.daysOff()
	}
	b.f.add(path, "there is no calendar "+name, "the calendars are "+strings.Join(b.c.names, ", "))
	return newDayset()
}

// closures takes the days on which the site is closed from its working days,
// last of all: what is closed is closed, whatever was swapped.
func (b *calendarBuilder) closures() {
	work := b.c.sets[CalendarWork]
	for _, s := range b.spec.Sets {
		if s.Closed {
			work.without(b.c.sets[s.Name])
		}
	}
	b.c.sets[CalendarOff] = b.daysOff()
}

func (b *calendarBuilder) daysOff() dayset {
	off := newDayset()
	everyDay(off.add)
	off.without(b.c.sets[CalendarWork])
	return off
}

func everyYear(f func(year int)) {
	for y := paspeaker.FirstDate.Year() - 1; y <= paspeaker.LastDate.Year(); y++ {
		f(y)
	}
}

// Digest is a text that differs when any calendar or shift does.
func (c *Calendars) Digest() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.sets)) {
		h := uint64(14695981039346656037)
		for _, w := range c.sets[name] {
			h = (h ^ w) * 1099511628211
		}
		fmt.Fprintf(&b, "%s %s %x\n", name, c.titles[name], h)
	}
	for _, s := range c.shifts {
		fmt.Fprintf(&b, "shift %s %s %d %d\n", s.Name, s.Title, s.Begin, s.End)
	}
	return b.String()
}
