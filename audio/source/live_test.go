package source_test

import (
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/audio"
	"pa/audio/source"
)

// caller is a client's side of a live call in a test's own time: it hands over
// blocks as its clock says, each late by its own amount, none before the last.
type caller struct {
	rate   int
	block  time.Duration
	ppm    float64       // of its clock
	jitter time.Duration // a block is late by up to that
	stall  [2]time.Duration
	from   time.Duration // of its first block
	every  time.Duration // the pacer reads, and so much: 10 ms when 0
}

// air is what the other side gave, and what became of it.
type air struct {
	sound   []float32
	stats   source.LiveStats
	settled source.LiveStats // three seconds after the beginning
	latency []time.Duration  // waiting after each read
}

// talk lets the caller speak a 500 Hz tone for d while a pacer reads.
func (c caller) talk(l *source.Live, d time.Duration) (a air) {
	n := int(int64(c.block) * int64(c.rate) / int64(time.Second))
	period := float64(n) / float64(c.rate) / (1 + c.ppm*1e-6) // seconds
	late := rand.New(rand.NewPCG(1, 2))
	if c.every == 0 {
		c.every = 10 * time.Millisecond
	}
	frame := make([]float32, c.every*audio.Rate/time.Second)
	said, last := 0, time.Duration(0)
	due := func(k int) time.Duration {
		at := c.from + time.Duration(float64(k+1)*period*1e9)
		if c.jitter > 0 {
			at += time.Duration(late.Int64N(int64(c.jitter)))
		}
		if at >= c.stall[0] && at < c.stall[1] {
			at = c.stall[1]
		}
		last = max(last, at)
		return last
	}
	k, next := 0, due(0)
	for now := time.Duration(0); now < d; now += c.every {
		for ; next <= now; k, next = k+1, due(k+1) {
			l.Write(sine(said, n, c.rate))
			said += n
		}
		got, err := l.Read(frame)
		if err != nil {
			break
		}
		a.sound = append(a.sound, frame[:got]...)
		a.latency = append(a.latency, l.Stats().Queued)
		if now == 3*time.Second {
			a.settled = l.Stats()
		}
	}
	a.stats = l.Stats()
	return a
}

func sine(from, n, rate int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(0.5 * math.Sin(2*math.Pi*500*float64(from+i)/float64(rate)))
	}
	return out
}

// live is a call as the controller makes it.
func live(rate int) *source.Live {
	return source.NewLive(rate, source.LiveOptions{Target: 20 * time.Millisecond, Max: 120 * time.Millisecond})
}

// A recorder on a pipe gives an eighth of a second at a time, a browser 20 ms,
// a relay half a second: every word of it is heard.
func TestEveryBlockOfACallerIsHeardHoweverLong(t *testing.T) {
	for _, block := range []time.Duration{5, 10, 20, 50, 100, 125, 200, 350, 480} {
		block *= time.Millisecond
		for _, rate := range []int{8000, 44100, 48000} {
			a := caller{rate: rate, block: block, from: 37 * time.Millisecond}.talk(live(rate), 20*time.Second)
			assert.Zero(t, a.stats.Dropped, "%v at %d Hz", block, rate)
			assert.Zero(t, a.stats.Underruns, "%v at %d Hz", block, rate)
			for _, q := range a.latency {
				require.LessOrEqual(t, q, block+45*time.Millisecond, "%v at %d Hz", block, rate)
			}
		}
	}
}

// The caller's clock is wrong, its blocks are late now and then; after the
// first seconds nothing is lost, and what waits does not grow.
func TestALiveQueueFollowsAnyCaller(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := caller{
			rate:   rapid.SampledFrom([]int{8000, 16000, 44100, 48000, 96000}).Draw(t, "rate"),
			block:  time.Duration(rapid.IntRange(5, 400).Draw(t, "block ms")) * time.Millisecond,
			ppm:    rapid.Float64Range(-300, 300).Draw(t, "ppm"),
			jitter: time.Duration(rapid.IntRange(0, 4).Draw(t, "jitter ms")) * time.Millisecond,
			from:   time.Duration(rapid.IntRange(0, 100).Draw(t, "from ms")) * time.Millisecond,
		}
		a := c.talk(live(c.rate), 15*time.Second)
		lost := time.Duration(a.stats.Dropped-a.settled.Dropped) * time.Second / time.Duration(c.rate)
		assert.LessOrEqual(t, lost, 30*time.Millisecond, "dropped")
		assert.LessOrEqual(t, a.stats.Underruns-a.settled.Underruns, uint64(2), "underruns")
		for i, q := range a.latency {
			require.LessOrEqual(t, q, c.block+100*time.Millisecond, "at %d0 ms", i)
		}
	})
}

// After a stall the caller's backlog comes at once: it is old, and dropped, so
// that the next word is as fresh as those before the stall.
func TestAfterAStallOldSoundIsDropped(t *testing.T) {
	for _, block := range []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 125 * time.Millisecond} {
		for _, stall := range []time.Duration{150 * time.Millisecond, 400 * time.Millisecond, 850 * time.Millisecond} {
			c := caller{rate: 48000, block: block, stall: [2]time.Duration{5 * time.Second, 5*time.Second + stall}}
			a := c.talk(live(48000), 12*time.Second)
			assert.Equal(t, uint64(1), a.stats.Underruns, "%v, %v", block, stall)
			before := mean(a.latency[300:500])
			after := mean(a.latency[800:])
			assert.InDelta(t, float64(before), float64(after), float64(25*time.Millisecond), "%v, %v", block, stall)
			if stall > block+150*time.Millisecond {
				assert.NotZero(t, a.stats.Dropped, "%v, %v", block, stall)
			}
		}
	}
}

func mean(d []time.Duration) time.Duration {
	var sum time.Duration
	for _, v := range d {
		sum += v
	}
	return sum / time.Duration(len(d))
}

// Where the microphone gives 10 ms, the way is short.
func TestAMicrophoneWaitsTwentyMilliseconds(t *testing.T) {
	for _, ppm := range []float64{0, 250, -250} { // of two minutes: 30 ms
		a := caller{rate: 48000, block: 10 * time.Millisecond, ppm: ppm}.talk(live(48000), 2*time.Minute)
		assert.Zero(t, a.stats.Dropped, ppm)
		assert.Zero(t, a.stats.Underruns, ppm)
		assert.LessOrEqual(t, mean(a.latency[1000:]), 30*time.Millisecond, ppm)
	}
}

// What was said before anybody listened is not said later.
func TestWhatWasSaidBeforeIsNotSaidLater(t *testing.T) {
	l := live(48000)
	for range 300 {
		l.Write(sine(0, 480, 48000))
	}
	assert.LessOrEqual(t, l.Stats().Queued, 120*time.Millisecond)
	a := caller{rate: 48000, block: 10 * time.Millisecond}.talk(l, 5*time.Second)
	assert.LessOrEqual(t, mean(a.latency[100:]), 45*time.Millisecond)
}

func TestTheLastWordIsHeardAndThenItEnds(t *testing.T) {
	l := live(48000)
	frame := make([]float32, audio.FrameLen)
	for i := range 20 {
		l.Write(sine(480*i, 480, 48000))
		_, err := l.Read(frame)
		require.NoError(t, err)
	}
	queued := l.Stats().Queued
	l.CloseWrite()
	l.Write(sine(0, 480, 48000)) // too late
	l.CloseWrite()
	var rest int
	for {
		n, err := l.Read(frame)
		rest += n
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
	}
	assert.GreaterOrEqual(t, rest, int(queued.Seconds()*audio.Rate))
	assert.Zero(t, l.Stats().Queued)
	n, err := l.Read(frame)
	assert.Zero(t, n)
	assert.Equal(t, io.EOF, err)
}

func TestACallerWhoIsGoneStarves(t *testing.T) {
	l := live(48000)
	l.Write(sine(0, 4800, 48000))
	frame := make([]float32, audio.FrameLen)
	for range 100 {
		_, err := l.Read(frame)
		require.NoError(t, err)
	}
	assert.Equal(t, time.Second, l.Starved())
	l.Write(sine(0, 480, 48000))
	assert.Zero(t, l.Starved())
}

func TestALiveQueueDoesNotAllocate(t *testing.T) {
	l := live(48000)
	frame, block := make([]float32, audio.FrameLen), sine(0, 480, 48000)
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		l.Write(block)
		_, _ = l.Read(frame)
	}))
}
