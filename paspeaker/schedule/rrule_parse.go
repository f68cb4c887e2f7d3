package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pa/paspeaker"
)

var rruleDays = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// maxCount bounds COUNT: so often nothing is said.
const maxCount = 10_000

// rruleParser reads one rule.
type rruleParser struct {
	r         *rrule
	z         *zone
	count     int
	haveUntil bool
}

// parseRRule reads a recurrence rule: "FREQ=WEEKLY;BYDAY=MO", with "RRULE:"
// before it or not, and with a line DTSTART before it or not. start is where it
// begins when there is no such line; startGiven says that somebody gave its
// time of day.
func parseRRule(text string, start paspeaker.Wall, startGiven bool, z *zone) (*rrule, error) {
	p := &rruleParser{z: z, r: &rrule{freq: -1, interval: 1, start: start, weekFrom: 1,
		until: paspeaker.Wall{Day: paspeaker.LastDate, At: paspeaker.DayEnd}}}
	rule := ""
	for line := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == '\n' || c == '\r' }) {
		line = strings.TrimSpace(line)
		name, value, has := strings.Cut(line, ":")
		name, params, _ := strings.Cut(strings.ToUpper(name), ";")
		switch {
		case has && name == "DTSTART":
			w, err := p.moment(value, params)
			if err != nil {
				return nil, err
			}
			p.r.start, startGiven = w, true
		case rule != "":
			return nil, fmt.Errorf("rrule: one rule at a time; %q is a second", line)
		case has && name == "RRULE":
			rule = value
		case !has:
			rule = line
		default:
			return nil, fmt.Errorf("rrule: %s is not read here; exceptions go under except, further moments under also", name)
		}
	}
	if rule == "" {
		return nil, fmt.Errorf("rrule: there is none; want something like FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=7;BYMINUTE=30")
	}
	if err := p.parts(rule); err != nil {
		return nil, err
	}
	return p.r, p.finish(startGiven)
}

// parts reads NAME=VALUE;…
func (p *rruleParser) parts(rule string) error {
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.TrimSuffix(strings.ToUpper(rule), ";"), ";") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || value == "" {
			return fmt.Errorf("rrule: %q is not NAME=VALUE", part)
		}
		if seen[name] {
			return fmt.Errorf("rrule: %s stands there twice", name)
		}
		seen[name] = true
		if err := p.part(name, value); err != nil {
			return err
		}
	}
	if p.r.freq < 0 {
		return fmt.Errorf("rrule: FREQ is missing")
	}
	if p.count > 0 && p.haveUntil {
		return fmt.Errorf("rrule: COUNT and UNTIL exclude each other")
	}
	return nil
}

func (p *rruleParser) part(name, value string) (err error) {
	r := p.r
	switch name {
	case "FREQ":
		i := slices.Index([]string{"MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, value)
		if i < 0 {
			return fmt.Errorf("rrule: FREQ=%s: want MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY", value)
		}
		r.freq = freq(i)
	case "INTERVAL":
		r.interval, err = rruleNumber(name, value, 1, 100_000)
	case "COUNT":
		p.count, err = rruleNumber(name, value, 1, maxCount)
	case "UNTIL":
		p.haveUntil = true
		r.until, err = p.until(value)
	case "WKST":
		if r.weekFrom = slices.Index(rruleDays, value); r.weekFrom < 0 {
			err = fmt.Errorf("rrule: WKST=%s: want a day such as MO", value)
		}
	case "BYDAY":
		r.days, err = rruleWeekdays(value)
	case "BYMONTH":
		r.months, err = rruleList(name, value, 1, 12, false)
	case "BYMONTHDAY":
		r.monthDays, err = rruleList(name, value, 1, 31, true)
	case "BYYEARDAY":
		r.yearDays, err = rruleList(name, value, 1, 366, true)
	case "BYWEEKNO":
		r.weekNos, err = rruleList(name, value, 1, 53, true)
	case "BYHOUR":
		r.hours, err = rruleList(name, value, 0, 23, false)
	case "BYMINUTE":
		r.minutes, err = rruleList(name, value, 0, 59, false)
	case "BYSECOND":
		if r.seconds, err = rruleList(name, value, 0, 59, false); len(r.seconds) > 1 {
			err = fmt.Errorf("rrule: BYSECOND=%s: one second of a minute, no more", value)
		}
	case "BYSETPOS":
		r.positions, err = rruleList(name, value, 1, 366, true)
	default:
		err = fmt.Errorf("rrule: %s is not a part of a rule", name)
	}
	return err
}

// finish fills in what the rule leaves to its start, and checks what does not
// go together.
func (p *rruleParser) finish(startGiven bool) error {
	r := p.r
	if !startGiven && (len(r.hours) == 0 && r.freq > hourly) {
		return fmt.Errorf("rrule: at which time? give BYHOUR and BYMINUTE, or start: the first moment")
	}
	ordinals := slices.ContainsFunc(r.days, func(d nth) bool { return d.n != 0 })
	switch {
	case ordinals && r.freq != monthly && r.freq != yearlyFreq:
		return fmt.Errorf("rrule: BYDAY with a number goes with MONTHLY and YEARLY alone")
	case len(r.weekNos) > 0 && (r.freq != yearlyFreq || ordinals):
		return fmt.Errorf("rrule: BYWEEKNO goes with YEARLY alone, and with plain days")
	case len(r.positions) > 0 && r.freq < daily:
		return fmt.Errorf("rrule: BYSETPOS is read with DAILY and rarer rules")
	}
	r.ofYear = r.freq == yearlyFreq && len(r.months) == 0
	p.defaults()
	for _, h := range r.hours {
		for _, m := range r.minutes {
			for _, s := range r.seconds {
				r.clock = append(r.clock, paspeaker.TimeOfDay(h*3600+m*60+s))
			}
		}
	}
	if r.freq == yearlyFreq && len(r.positions) > 0 {
		r.pickYears()
	}
	if p.count > 0 {
		r.countTo(p.count)
	}
	return nil
}

// defaults takes from the start what no part says.
func (p *rruleParser) defaults() {
	r := p.r
	_, month, day := r.start.Day.Civil()
	if len(r.weekNos)+len(r.yearDays)+len(r.monthDays)+len(r.days) == 0 {
		switch r.freq {
		case yearlyFreq:
			if len(r.months) == 0 {
				r.months = []int{int(month)}
			}
			r.monthDays = []int{day}
		case monthly:
			r.monthDays = []int{day}
		case weekly:
			r.days = []nth{{weekday: int(r.start.Day.Weekday())}}
		}
	}
	if len(r.hours) == 0 && r.freq > hourly {
		r.hours = []int{int(r.start.At) / 3600}
	}
	if len(r.minutes) == 0 && r.freq > minutely {
		r.minutes = []int{int(r.start.At) / 60 % 60}
	}
	if len(r.seconds) == 0 {
		r.seconds = []int{int(r.start.At) % 60}
	}
}

// until reads UNTIL: a day (to its end), a moment, or one of UTC.
func (p *rruleParser) until(s string) (paspeaker.Wall, error) {
	if len(s) == 8 {
		w, err := p.moment(s, "")
		w.At = paspeaker.DayEnd
		return w, err
	}
	return p.moment(s, "")
}

// moment reads 20261005, 20261005T063000 or 20261005T063000Z into the site's
// wall clock. A TZID must be the site's own zone.
func (p *rruleParser) moment(s, params string) (paspeaker.Wall, error) {
	if id, ok := strings.CutPrefix(params, "TZID="); ok && !strings.EqualFold(id, p.z.loc.String()) {
		return paspeaker.Wall{}, fmt.Errorf("rrule: TZID=%s is not the site's time zone, %s", id, p.z.loc)
	}
	for _, form := range []string{"20060102T150405", "20060102T150405Z", "20060102"} {
		t, err := time.Parse(form, s)
		if err != nil || t.Year() < 1971 || t.Year() > 2199 {
			continue
		}
		if strings.HasSuffix(form, "Z") {
			return p.z.wall(t.Unix()), nil
		}
		return paspeaker.WallOf(t), nil
	}
	return paspeaker.Wall{}, fmt.Errorf("rrule: %q is no moment; want a form like 20261005T063000", s)
}

func rruleNumber(name, s string, low, top int) (int, error) {
	v, err := strconv.Atoi(s)
	if err != nil || v < low || v > top {
		return 0, fmt.Errorf("rrule: %s=%s: want %d to %d", name, s, low, top)
	}
	return v, nil
}

// rruleList reads numbers; signed ones may be negative, counted from the end.
func rruleList(name, s string, low, top int, signed bool) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(s, ",") {
		v, err := strconv.Atoi(part)
		size := v
		if signed && v < 0 {
			size = -v
		}
		if err != nil || size < low || size > top {
			return nil, fmt.Errorf("rrule: %s=%s: want %d to %d", name, part, low, top)
		}
		out = append(out, v)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func rruleWeekdays(s string) ([]nth, error) {
	var out []nth
	for part := range strings.SplitSeq(s, ",") {
		n := 0
		if len(part) > 2 {
			var err error
			if n, err = strconv.Atoi(part[:len(part)-2]); err != nil || n == 0 || n > 53 || n < -53 {
				return nil, fmt.Errorf("rrule: BYDAY=%s: want a day such as MO, or 1MO, or -1FR", part)
			}
		}
		w := -1
		if len(part) >= 2 {
			w = slices.Index(rruleDays, part[len(part)-2:])
		}
		if w < 0 {
			return nil, fmt.Errorf("rrule: BYDAY=%s: want a day such as MO, or 1MO, or -1FR", part)
		}
		out = append(out, nth{n, w})
	}
	return out, nil
}
