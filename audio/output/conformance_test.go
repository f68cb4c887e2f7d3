package output

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pa/audio"
)

// childEnv names the part that a process plays that a test started from its own
// program, as a process can open a card but once.
const childEnv = "OUTPUT_TEST_CARD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(m.Run()) // oto's goroutines live as long as the process
	}
	goleak.VerifyTestMain(m)
}

// conform is what every sink promises. It plays sound, of frames or a little
// more, and returns the first beat.
func conform(t *testing.T, s audio.Sink, clock audio.Clock, frames int64, sound func(frame int64) float32) audio.Beat {
	t.Helper()
	state := s.State()
	require.NotEmpty(t, state.Name)
	assert.Zero(t, state.Frames, "frames before Run")
	assert.Zero(t, state.Underruns)
	assert.Positive(t, state.Latency)
	assert.Positive(t, state.Period)
	assert.Empty(t, state.Fault)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var first, last audio.Beat
	var next int64
	var inside, ended atomic.Bool
	err := s.Run(ctx, func(out []float32, b audio.Beat) {
		assert.False(t, inside.Swap(true), "two pulls at once")
		assert.False(t, ended.Load(), "a pull after Run")
		assert.NotEmpty(t, out)
		assert.Equal(t, next, b.Frame, "frames follow each other")
		assert.InDelta(t, audio.Rate, b.Rate, audio.Rate*1.1e-3)
		assert.Less(t, b.Heard-clock(), int64(2*time.Second), "heard in the far future")
		if next == 0 {
			first = b
		} else {
			assert.GreaterOrEqual(t, b.Heard, last.Heard, "time runs on")
		}
		for i := range out {
			out[i] = sound(next + int64(i))
		}
		last, next = b, next+int64(len(out))
		if next >= frames {
			cancel()
		}
		assert.Equal(t, s.State().Name, state.Name)
		inside.Store(false)
	})
	ended.Store(true)
	require.NoError(t, err, "a sink that ctx ended")
	assert.GreaterOrEqual(t, next, frames)
	assert.Equal(t, next, s.State().Frames)
	return first
}

// bubbleClock is local time in a synctest bubble: an hour ahead, and fast or
// slow against the time by which the sink sleeps.
func bubbleClock(ppm float64) audio.Clock {
	start := time.Now()
	return func() int64 { return int64(time.Hour) + int64(float64(time.Since(start))*(1+ppm*1e-6)) }
}

func silence(int64) float32 { return 0 }

func TestSinksConform(t *testing.T) {
	dir := t.TempDir()
	for _, spec := range []string{
		"null",
		"wav:" + filepath.Join(dir, "a.wav"),
		"virtual",
		"virtual:",
		"virtual:ppm=+80",
		"virtual:ppm=-100,period=5ms,latency=15ms,file=" + filepath.Join(dir, "b.wav"),
		"virtual:period=20ms",
		"virtual:wander=50:10s,seed=3,jitter=8ms,xrun=1s:40ms",
		"virtual:position=device,ppm=+30,jitter=5ms",
	} {
		for _, ppm := range []float64{0, 100, -100} {
			t.Run(spec, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					clock := bubbleClock(ppm)
					s, err := Open(spec, Options{Clock: clock, Host: bubbleClock(0)})
					require.NoError(t, err)
					began := clock()
					first := conform(t, s, clock, 3*audio.Rate, silence)
					// A card's first request may be irregular like any other.
					assert.InDelta(t, began+int64(s.State().Latency), first.Heard, float64(8*time.Millisecond))
				})
			})
		}
	}
}

// Without a clock or a log a sink takes the process's own time.
func TestDefaults(t *testing.T) {
	s, err := Open("null", Options{})
	require.NoError(t, err)
	conform(t, s, audio.Now, 2*audio.FrameLen, silence)
}

// A context that is done already plays nothing and is no error.
func TestDoneBeforeRun(t *testing.T) {
	for _, spec := range []string{"null", "wav:" + filepath.Join(t.TempDir(), "x.wav"), "virtual"} {
		s, err := Open(spec, Options{})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.NoError(t, s.Run(ctx, func([]float32, audio.Beat) { t.Error("pulled") }))
	}
}

// A file that cannot be written is a missing device, and the error says which.
func TestNoFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "no", "such", "dir.wav")
	s, err := Open("wav:"+name, Options{})
	require.NoError(t, err)
	err = s.Run(t.Context(), func([]float32, audio.Beat) {})
	assert.True(t, errors.Is(err, ErrNoDevice), err)
	assert.ErrorContains(t, err, name)
	s, err = Open("wav:/dev/full", Options{})
	require.NoError(t, err)
	assert.ErrorContains(t, s.Run(t.Context(), func([]float32, audio.Beat) {}), "no space left")
}
