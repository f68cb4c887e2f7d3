package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

// plan measures the operator's plan: a look at the clock with ten campaigns and
// with ten thousand, and a month's preview of ten thousand.
func plan(r *rig) ([]figure, error) {
	figures, err := scheduleTicks(r)
	if err != nil {
		return figures, err
	}
	p, err := newBigPlan()
	if err != nil {
		return figures, err
	}
	for _, span := range []struct {
		name  string
		days  int
		least int
	}{{"preview_month_ms_10000_campaigns", 31, 500_000}, {"preview_day_ms_10000_campaigns", 1, 20_000}} {
		ms, err := p.preview(span.days, span.least, r.pick(5, 2))
		if err != nil {
			return figures, err
		}
		figures = append(figures, figure{Name: span.name, Value: percentile(ms, 50), Unit: "ms", N: len(ms)})
	}
	return figures, nil
}

var tickLine = regexp.MustCompile(`BenchmarkTick/(\d+)\S*\s+(\d+)\s+([\d.]+) ns/op`)

// scheduleTicks runs the scheduler's own benchmark: it is a part of the
// controller that nobody outside can reach.
func scheduleTicks(r *rig) ([]figure, error) {
	out, err := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkTick$", "-benchtime", strconv.Itoa(r.pick(200_000, 50_000))+"x",
		"./paspeaker/controller").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("measure the scheduler: %w\n%s", err, out)
	}
	var figures []figure
	for _, m := range tickLine.FindAllStringSubmatch(string(out), -1) {
		n, _ := strconv.Atoi(m[2]) // digits, by the expression
		ns, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return nil, fmt.Errorf("measure the scheduler: %w", err)
		}
		figures = append(figures, figure{Name: "schedule_tick_us_" + m[1] + "_campaigns", Value: ns / 1000, Unit: "us", N: n})
	}
	if len(figures) != 2 {
		return nil, fmt.Errorf("measure the scheduler: no figures in\n%s", out)
	}
	return figures, nil
}

// bigPlan is 10,000 campaigns of three runs a working day, under a guard.
type bigPlan struct {
	ground *schedule.Ground
	guard  *schedule.Guard
	all    []*schedule.Entrant
}

func newBigPlan() (*bigPlan, error) {
	loc, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		return nil, err
	}
	ground := schedule.NewGround(loc, schedule.DefaultCalendars())
	guard, faults := schedule.NewGuard(schedule.GuardSpec{Limits: []schedule.LimitSpec{{Hours: []string{"05:30-18:30"}}}}, ground, nil)
	if len(faults) > 0 {
		return nil, fmt.Errorf("make a guard: %s", faults[0])
	}
	var all []*schedule.Entrant
	for i := range 10_000 {
		t, faults := schedule.Compile(paspeaker.Campaign{
			ID: fmt.Sprintf("c-%d", i), Messages: []paspeaker.CampaignMessage{{Name: "slogan-1"}, {Name: "slogan-2"}}, Begin: "2026-10-01", Keep: []string{schedule.CalendarWork},
			Zones: []paspeaker.ZoneID{paspeaker.ZoneID(fmt.Sprintf("z-%d", i%40))},
			Rules: []paspeaker.Rule{{At: []string{fmt.Sprintf("%02d:%02d:%02d", 6+i%11, i%60, i*7%60), fmt.Sprintf("%02d:%02d", 7+i%10, i*13%60), fmt.Sprintf("16:%02d:%02d", i%60, i%59)}}},
		}, ground)
		if len(faults) > 0 {
			return nil, fmt.Errorf("make a campaign: %s", faults[0])
		}
		e := schedule.NewEntrant(t, func(string) time.Duration { return 10 * time.Second }, 2*time.Second)
		e.Zones, e.Speakers, e.Priority, e.Class = t.Campaign().Zones, []uint64{1 << (i % 40)}, paspeaker.PriorityRoutine, paspeaker.ClassRoutine
		all = append(all, e)
	}
	return &bigPlan{ground, guard, all}, nil
}

// preview previews so many days, so many times; what it takes, ms.
func (b *bigPlan) preview(days, least, times int) ([]float64, error) {
	from := time.Date(2026, 12, 1, 0, 0, 0, 0, b.ground.Location())
	var ms []float64
	for range times {
		begin := time.Now()
		p := schedule.MakePlan(b.ground, b.guard, b.all, paspeaker.PlanQuery{From: from, To: from.AddDate(0, 0, days)}, nil)
		ms = append(ms, float64(time.Since(begin).Microseconds())/1000)
		if p.Counts.Planned < least {
			return nil, fmt.Errorf("preview %d days: %d runs", days, p.Counts.Planned)
		}
	}
	return ms, nil
}
