package wire

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A path as measured between namespaces on a busy machine: most packets take
// 30 µs, some wait for the scheduler.
func wired(r *rand.Rand) int64 {
	d := 30_000 + int64(r.ExpFloat64()*10_000)
	if r.IntN(20) == 0 {
		d += int64(r.ExpFloat64() * 3e6)
	}
	return d
}

func wireless(r *rand.Rand) int64 { return 800_000 + int64(r.ExpFloat64()*1_500_000) }
func cellular(r *rand.Rand) int64 { return 25_000_000 + int64(r.ExpFloat64()*15_000_000) }

// TestTheClockFindsOffsetAndRate drives the regression with a node whose clock
// is an hour and 100 ppm off and bends, over paths with queues in them.
func TestTheClockFindsOffsetAndRate(t *testing.T) {
	for name, tt := range map[string]struct {
		path         func(*rand.Rand) int64
		worst, later float64 // ns: a second ahead, from the first lock on; in the 99th percentile after a minute
	}{
		"wired": {wired, 100e3, 12e3}, "wireless": {wireless, 3e6, 0.6e6}, "cellular": {cellular, 30e6, 6e6},
	} {
		for _, ppm := range []float64{-100, 0, 100} {
			r := rand.New(rand.NewPCG(7, 7))
			// ±1.5 ppm over ten minutes, as of the temperature.
			bent := func(media int64) int64 { return int64(1.5e-6 * 95.5e9 * math.Sin(float64(media)/95.5e9)) }
			local := func(media int64) int64 {
				return media + int64(float64(media)*ppm*1e-6) + bent(media) + int64(time.Hour)
			}
			var f clockFit
			var worst float64
			var later []float64
			every := int64(20 * time.Millisecond)
			for media := int64(0); media < int64(10*time.Minute); media += every {
				if media > int64(time.Second) {
					every = int64(time.Second)
				}
				there, back := tt.path(r), tt.path(r)
				t1, t2, t4 := local(media), media+there, local(media+there+back)
				line, ok := f.add(clockSample{at: t4, offset: (t2-t1)/2 + (t2-t4)/2, rtt: t4 - t1})
				require.True(t, ok)
				if line == nil {
					continue
				}
				ahead := media + int64(time.Second)
				off := math.Abs(float64(line.media(local(ahead)) - ahead))
				worst = max(worst, off)
				if media > int64(time.Minute) {
					later = append(later, off)
				}
			}
			p99 := nth(later, 0.99)
			t.Logf("%s %+.0f ppm: worst %.1f µs, p99 after a minute %.1f µs", name, ppm, worst/1e3, p99/1e3)
			assert.Less(t, worst, tt.worst, name)
			assert.Less(t, p99, tt.later, name)
		}
	}
}

func TestTheErrorIsHonest(t *testing.T) {
	for name, path := range map[string]func(*rand.Rand) int64{"wired": wired, "wireless": wireless} {
		within, all := 0, 0
		for seed := range uint64(200) {
			r := rand.New(rand.NewPCG(seed, 1))
			var f clockFit
			var line *clockLine
			for i := range int64(60) {
				there, back := path(r), path(r)
				at := i * int64(time.Second)
				line, _ = f.add(clockSample{at: at + there + back, offset: (there - back) / 2, rtt: there + back})
			}
			now := int64(61 * time.Second)
			if math.Abs(float64(line.media(now)-now)) < 2*line.err(now) {
				within++
			}
			all++
		}
		assert.Greater(t, within, all*85/100, "%s: within two standard deviations", name)
	}
}

func TestHoldOver(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	local := func(media int64) int64 { return media + int64(float64(media)*87e-6) }
	var f clockFit
	var line *clockLine
	for media := int64(0); media < int64(time.Minute); media += int64(time.Second) {
		there, back := wired(r), wired(r)
		t1, t2, t4 := local(media), media+there, local(media+there+back)
		line, _ = f.add(clockSample{at: t4, offset: (t2-t1)/2 + (t2-t4)/2, rtt: t4 - t1})
	}
	in := local(int64(2 * time.Minute))
	assert.InDelta(t, 2*time.Minute, line.media(in), 60e3, "a minute without a controller")
	assert.Greater(t, line.err(in), 50e3, "the error grows with it")
	assert.Less(t, line.err(in), 300e3)
	assert.Less(t, line.err(local(int64(time.Hour))), freeRunFrom, "an hour later it is still a clock")
	assert.Greater(t, line.err(local(int64(24*time.Hour))), freeRunFrom, "a day later it is not")
}

// A sample that the line rules out is left aside; a clock that has jumped is
// noticed within a few.
func TestAJumpIsToldFromAnOutlier(t *testing.T) {
	var f clockFit
	var line *clockLine
	sample := func(i int, offset int64) clockSample {
		return clockSample{at: int64(i) * int64(time.Second), offset: offset, rtt: 60_000}
	}
	for i := range 30 {
		line, _ = f.add(sample(i, 1000))
	}
	got, ok := f.add(sample(30, 1_000_000))
	assert.True(t, ok)
	assert.Equal(t, line, got, "one alone changes nothing")
	got, ok = f.add(sample(31, 1000))
	assert.True(t, ok)
	assert.InDelta(t, 1000, got.media(31e9)-31e9, 10)
	for i := range oddMost {
		_, ok = f.add(sample(32+i, int64(time.Minute)))
	}
	assert.False(t, ok)
	f.reset()
	for i := range lockSamples {
		got, _ = f.add(sample(40+i, int64(time.Minute)))
	}
	assert.InDelta(t, int64(time.Minute), got.media(43e9)-43e9, 10)
	assert.Less(t, got.SigmaRate, 11e-6, "the rate was known before")
}

func TestALineIsItsOwnInverse(t *testing.T) {
	l := clockLine{A: 3.6e12, B: 250e-6, At: 1e9}
	for _, at := range []int64{0, 1e9, 5e12} {
		assert.InDelta(t, at, l.local(l.media(at)), 2)
	}
}
