package schedule

import (
	"fmt"
	"strconv"
	"strings"

	"pa/paspeaker"
)

// cron is a rule in the five fields of cron(5): minute, hour, day of the
// month, month, day of the week.
type cron struct {
	clock              []paspeaker.TimeOfDay // of a day on which it fires
	days, months, week uint64                // bits
	either             bool                  // day of the month or of the week: both are restricted
}

// cronWords stand for five fields.
var cronWords = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
	"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

var cronMonths = []string{"", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// parseCron reads a line of cron. Names of months and weekdays, lists, runs
// and steps are known; 7 is Sunday as 0 is. When both the day of the month and
// the day of the week are restricted, either is enough.
func parseCron(s string) (*cron, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	if w, ok := cronWords[text]; ok {
		text = w
	}
	f := strings.Fields(text)
	if len(f) != 5 {
		return nil, fmt.Errorf("cron %q: want five fields: minute hour day month weekday, like */30 6-18 * * mon-fri", s)
	}
	var c cron
	var minutes, hours uint64
	for i, p := range []struct {
		to       *uint64
		what     string
		low, top int
		names    []string
	}{
		{&minutes, "minute", 0, 59, nil}, {&hours, "hour", 0, 23, nil}, {&c.days, "day of the month", 1, 31, nil},
		{&c.months, "month", 1, 12, cronMonths}, {&c.week, "day of the week", 0, 7, weekdayNames},
	} {
		set, err := cronField(f[i], p.low, p.top, p.names)
		if err != nil {
			return nil, fmt.Errorf("cron %q: %s %w", s, p.what, err)
		}
		*p.to = set
	}
	c.week |= c.week >> 7 & 1
	c.either = f[2][0] != '*' && f[4][0] != '*'
	for h := range 24 {
		for m := range 60 {
			if hours>>h&1 == 1 && minutes>>m&1 == 1 {
				c.clock = append(c.clock, paspeaker.TimeOfDay(h*3600+m*60))
			}
		}
	}
	return &c, nil
}

// cronField reads a list of values, runs and steps into bits.
func cronField(s string, low, top int, names []string) (set uint64, err error) {
	for part := range strings.SplitSeq(s, ",") {
		body, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > top {
				return 0, fmt.Errorf("%q: want a step from 1 to %d", part, top)
			}
		}
		from, to := low, top
		if body != "*" && body != "?" {
			a, b, run := strings.Cut(body, "-")
			if from, err = cronValue(a, low, top, names); err != nil {
				return 0, err
			}
			switch {
			case run:
				if to, err = cronValue(b, low, top, names); err != nil {
					return 0, err
				}
			case !stepped:
				to = from
			}
		} else if names != nil && low == 0 {
			to = 6 // Sunday once
		}
		if to < from {
			return 0, fmt.Errorf("%q: the end is before the begin", part)
		}
		for v := from; v <= to; v += step {
			set |= 1 << v
		}
	}
	return set, nil
}

func cronValue(s string, low, top int, names []string) (int, error) {
	if i := indexOf(names, s); i >= 0 && s != "" {
		return i, nil
	}
	v, err := strconv.Atoi(s)
	if err != nil || v < low || v > top || s[0] == '+' {
		return 0, fmt.Errorf("%q: want %d to %d", s, low, top)
	}
	return v, nil
}

// times implements rule.
func (c *cron) times(d paspeaker.Date, out []paspeaker.TimeOfDay) []paspeaker.TimeOfDay {
	_, month, day := d.Civil()
	if c.months>>month&1 == 0 {
		return out
	}
	inMonth, inWeek := c.days>>day&1 == 1, c.week>>d.Weekday()&1 == 1
	if inMonth && inWeek || c.either && (inMonth || inWeek) {
		return append(out, c.clock...)
	}
	return out
}
