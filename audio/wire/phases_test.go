package wire

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPhasesAreFilledEvenlyAndSoon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period := rapid.SampledFrom([]int64{100_000, phaseSlot, 10 * ms, 20 * ms, 10*ms + 70_000}).Draw(t, "period")
		now := rapid.Int64Range(0, 1e15).Draw(t, "now")
		f := newPhases(period)
		var taken []int64
		for range rapid.IntRange(1, 150).Draw(t, "ticks") {
			due := f.take(now)
			assert.Greater(t, due, now)
			assert.LessOrEqual(t, due, now+period, "nobody waits longer than a period")
			taken = append(taken, due)
		}
		least, most := f.load[0], f.load[0]
		for _, n := range f.load {
			least, most = min(least, n), max(most, n)
		}
		assert.LessOrEqual(t, most-least, 1)
		for i, due := range taken {
			f.leave(due + int64(i)*period) // the grid goes on: the slot stays the same
		}
		for _, n := range f.load {
			assert.Zero(t, n)
		}
	})
}

// stepped is a pacer whose clock the test moves.
func stepped() (p *Pacer, now *int64) {
	now = new(int64)
	return NewPacer(PacerConfig{Now: func() int64 { return *now }}), now
}

// runDue runs what is due, as Run's loop does.
func runDue(p *Pacer) {
	for {
		t, now := p.next()
		if t == nil || t.due > now {
			return
		}
		p.run(t)
	}
}

func TestProgrammesThatBeginTogetherAreSpread(t *testing.T) {
	p, now := stepped()
	*now = 5 * ms
	due := make(map[int64]int)
	for range 80 {
		p.Spread(10*time.Millisecond, func(k, at int64) bool { due[at]++; return k < 2 })
	}
	require.Equal(t, 80, p.Len())
	for *now < 50*ms {
		*now += phaseSlot
		runDue(p)
	}
	assert.Zero(t, p.Len())
	assert.Len(t, due, 3*40, "40 slots in each of three periods")
	for at, n := range due {
		assert.Equal(t, 2, n, "at %d", at)
	}
	for _, n := range p.phases[10*ms].load {
		assert.Zero(t, n, "who ends leaves its slot")
	}
}

func TestASpreadTickWithoutAPeriodRunsOnce(t *testing.T) {
	p, _ := stepped()
	runs := 0
	p.Spread(0, func(int64, int64) bool { runs++; return true })
	runDue(p)
	assert.Equal(t, 1, runs)
	assert.Zero(t, p.Len())
}

func TestALateTickIsRunAndCounted(t *testing.T) {
	p, now := stepped()
	var dues []int64
	p.Add(ms, 10*time.Millisecond, func(k, due int64) bool { dues = append(dues, due); return k < 4 })
	*now = 35 * ms
	runDue(p)
	assert.Equal(t, []int64{ms, 11 * ms, 21 * ms, 31 * ms}, dues, "nothing is skipped")
	late := p.Lateness()
	assert.Equal(t, uint64(4), late.Count)
	assert.InDelta(t, 0.034, late.Max, 1e-9)
	assert.InDelta(t, 0.034+0.024+0.014+0.004, late.Sum, 1e-9)
}

func TestAPacerThatCannotKeepUpLeavesTheCoreToOthersNowAndThen(t *testing.T) {
	p, now := stepped()
	var waits []int64
	p.Add(0, time.Millisecond, func(int64, int64) bool { *now += 2 * ms; return true }) // twice what there is time for
	ctx, end := context.WithCancel(t.Context())
	p.loop(ctx, func(ns int64) {
		waits = append(waits, ns)
		if *now += ns; len(waits) == 5 {
			end()
		}
	})
	assert.Equal(t, []int64{rest, rest, rest, rest, rest}, waits)
	assert.InDelta(t, 5*(restless+rest), *now, float64(15*ms), "a fifth of the time, and the rest is used")
}

func TestAPacedTickAllocatesNothing(t *testing.T) {
	p, now := stepped()
	for range 100 {
		p.Spread(10*time.Millisecond, func(int64, int64) bool { return true })
	}
	assert.Zero(t, testing.AllocsPerRun(200, func() { *now += 10 * ms; runDue(p) }))
}

func TestHistogramsOfSeveralPacersAddUp(t *testing.T) {
	a, b := newHistogram(), newHistogram()
	for i := range int64(100) {
		a.observe(i * 1000)
		b.observe(i * 100_000)
	}
	sum := Histogram{}.Plus(a).Plus(b)
	assert.Equal(t, uint64(200), sum.Count)
	assert.Equal(t, b.Max, sum.Max)
	assert.InDelta(t, a.Sum+b.Sum, sum.Sum, 1e-12)
	assert.Equal(t, uint64(200), sum.Cumulative()[0.01])
	assert.Equal(t, uint64(100), a.Count, "the parts are as they were")
	assert.Equal(t, 5e-3, sum.Quantile(0.7))
}

func TestAPacerSaysOnceThatItHasNoPriority(t *testing.T) {
	refused := make(chan error, 2)
	p := NewPacer(PacerConfig{Priority: 1000, Refused: func(err error) { refused <- err }}) // no such priority
	ran := make(chan struct{})
	p.Add(0, time.Millisecond, func(k, _ int64) bool {
		if k == 3 {
			close(ran)
		}
		return k < 3
	})
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	<-ran
	end()
	require.NoError(t, <-done)
	assert.Error(t, <-refused)
	assert.Empty(t, refused, "and paces all the same")
}
