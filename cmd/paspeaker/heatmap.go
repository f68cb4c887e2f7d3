package main

import (
	"fmt"
	"strings"
	"time"

	"pa/paspeaker"
)

// weekTable prints a row for each day: its calendars, how much sounds, from
// when to when.
func (g *globals) weekTable(plan paspeaker.Plan) {
	l := g.language()
	t := newTable(g.out, l.trs("day", "calendars", "lunar", "runs", "sound", "from", "to", "refused")...)
	t.without(l.trs("lunar", "calendars")...)
	for _, d := range plan.Days {
		var runs, seconds, refused int
		firstHour, lastHour := "", ""
		for h, hour := range d.Hours {
			runs, seconds, refused = runs+hour.Runs, seconds+hour.Seconds, refused+hour.Refused
			if hour.Runs > 0 {
				lastHour = fmt.Sprintf("%02d:59", h)
				if firstHour == "" {
					firstHour = fmt.Sprintf("%02d:00", h)
				}
			}
		}
		t.row(planDay(l, d.Day), strings.Join(d.Calendar, ", "), d.Lunar, fmt.Sprint(runs), lengthText(time.Duration(seconds)*time.Second), firstHour, lastHour, noZero(refused))
	}
	t.print()
}

func noZero(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func planDay(l language, day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return dayText(l, t)
}

// heatSteps are the characters of a map without colours, and the colours of one
// with (of the 256 of terminals), from silence to an hour full of sound.
var heatSteps = []struct {
	mark   string
	colour int
	from   float64 // share of the hour that sounds
}{{"·", 236, 0}, {"░", 22, 0}, {"▒", 28, 0.05}, {"▓", 100, 0.15}, {"█", 166, 0.30}, {"█", 196, 0.60}}

// heatMap draws hours across and days down: how much of each hour sounds, and
// where the guard refuses something.
func (g *globals) heatMap(days []paspeaker.PlanDay) {
	l := g.language()
	fmt.Fprintf(g.out, "%14s ", "")
	for h := 0; h < 24; h += 3 {
		fmt.Fprintf(g.out, "%02d    ", h)
	}
	fmt.Fprintln(g.out)
	for _, d := range days {
		fmt.Fprintf(g.out, "%s ", padded(planDay(l, d.Day), 14))
		for _, hour := range d.Hours {
			fmt.Fprint(g.out, g.heat(hour))
		}
		fmt.Fprintln(g.out, " "+strings.Join(d.Calendar, ", "))
	}
	fmt.Fprintln(g.out, l.tr("·  silence   ░ ▒ ▓ █  more and more of the hour sounds   ✗  the guard refuses something"))
}

// heat is one hour of the map, two columns wide.
func (g *globals) heat(h paspeaker.HourPlan) string {
	step := heatSteps[0]
	if h.Runs > 0 {
		for _, s := range heatSteps[1:] {
			if float64(h.Seconds)/3600 >= s.from {
				step = s
			}
		}
	}
	cell := step.mark + step.mark
	if h.Refused > 0 {
		cell = step.mark + "✗"
	}
	if !isTerminal(g.out) {
		return cell
	}
	return fmt.Sprintf("\x1b[38;5;%dm%s\x1b[0m", step.colour, cell)
}

func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-len([]rune(s))))
}
