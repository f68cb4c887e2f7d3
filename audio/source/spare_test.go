package source_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/source"
)

// Where blocks are short, little has to wait, whichever way the clocks slide
// along each other; and nothing of it is lost.
func TestFineBlocksWaitShortly(t *testing.T) {
	const fine = 2500 * time.Microsecond
	for _, ppm := range []float64{0, 100, -100, 250, -250} {
		a := caller{rate: 48000, block: fine, ppm: ppm, from: 3 * time.Millisecond}.talk(live(48000), 3*time.Minute)
		assert.Zero(t, a.stats.Dropped, ppm)
		assert.Zero(t, a.stats.Underruns, ppm)
		assert.Less(t, mean(a.latency[9000:]), 7*time.Millisecond, ppm)
		assert.InDelta(t, ppm, a.stats.PPM, 400, "nobody hears that")
	}
}

// A voice is read in 5 ms. Whatever the blocks, and whichever way the clocks
// slide along each other, what waits is enough for a block that comes just too
// late, and no more than that: another read of it.
func TestShortReadsNeedLess(t *testing.T) {
	const read = 5 * time.Millisecond
	for _, block := range []time.Duration{2500 * time.Microsecond, 5 * time.Millisecond, 7500 * time.Microsecond, 10 * time.Millisecond} {
		for _, ppm := range []float64{150, -150} {
			l := source.NewLive(48000, source.LiveOptions{Frame: 240, Target: 20 * time.Millisecond, Max: 120 * time.Millisecond})
			a := caller{rate: 48000, block: block, ppm: ppm, from: 3 * time.Millisecond, every: read}.talk(l, 90*time.Second)
			assert.Zero(t, a.stats.Dropped, "%v at %v ppm", block, ppm)
			assert.Zero(t, a.stats.Underruns, "%v at %v ppm", block, ppm)
			assert.Less(t, mean(a.latency[9000:]), min(block, read)+block/2+3*time.Millisecond, "%v at %v ppm", block, ppm)
		}
	}
}

// A caller who is late now and then is given the time, once it has been seen,
// and no more than allowed.
func TestAnUnpunctualCallerIsGivenTime(t *testing.T) {
	for _, jitter := range []time.Duration{5, 9, 14} {
		jitter *= time.Millisecond
		a := caller{rate: 48000, block: 2500 * time.Microsecond, jitter: jitter}.talk(live(48000), time.Minute)
		assert.LessOrEqual(t, a.stats.Underruns, uint64(4), jitter)
		assert.LessOrEqual(t, a.stats.Underruns-a.settled.Underruns, uint64(2), jitter)
		assert.Less(t, mean(a.latency[3000:]), 30*time.Millisecond, jitter)
	}
}

// What waits needlessly, because the call began with a backlog, goes in a
// pause between words: every word stays whole.
func TestWhatIsTooMuchGoesInAPause(t *testing.T) {
	l := live(48000)
	said, heard := 0, 0
	frame := make([]float32, audio.FrameLen)
	word := func(n int) []float32 { // half a second of words, half a second of none
		block := sine(said, n, 48000)
		if said/24000%2 == 1 {
			clear(block)
		}
		said += n
		return block
	}
	l.Write(word(14 * 48)) // the backlog
	for range 600 {
		for range 4 {
			l.Write(word(120))
		}
		n, err := l.Read(frame)
		require.NoError(t, err)
		for _, v := range frame[:n] {
			if v > 0.05 || v < -0.05 {
				heard++
			}
		}
	}
	st := l.Stats()
	assert.Less(t, st.Queued, 8*time.Millisecond)
	assert.NotZero(t, st.Dropped)
	assert.Zero(t, st.Underruns)
	spoken := 0
	for i := range said {
		if v := sine(i, 1, 48000)[0]; i/24000%2 == 0 && (v > 0.05 || v < -0.05) {
			spoken++
		}
	}
	assert.InDelta(t, spoken, heard, 700, "of %d", spoken)
}
