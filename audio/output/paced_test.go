package output

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// run plays a sink for some frames; at is called with each beat before its
// frames are counted out as 1/32768, 2/32768 …
func run(t *testing.T, s audio.Sink, frames int64, at func(b audio.Beat)) (beats []audio.Beat) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, s.Run(ctx, func(out []float32, b audio.Beat) {
		if at != nil {
			at(b)
		}
		for i := range out {
			out[i] = float32((b.Frame+int64(i))%30000+1) / 32768
		}
		beats = append(beats, b)
		if b.Frame+int64(len(out)) >= frames {
			cancel()
		}
	}))
	return beats
}

// A process that is late for less than a second catches up and drops nothing.
func TestLateCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := bubbleClock(0)
		s, err := Open("null", Options{Clock: clock})
		require.NoError(t, err)
		beats := run(t, s, 5*audio.Rate, func(b audio.Beat) {
			if b.Frame == audio.Rate {
				<-time.After(900 * time.Millisecond)
			}
		})
		for i, b := range beats {
			require.Equal(t, beats[0].Heard+int64(i)*10_000_000, b.Heard)
		}
		assert.Zero(t, s.State().Underruns)
	})
}

// Later than a second, it has fallen out of step for good: one underrun, and
// the line goes on from there. In the file the hole is silence, so that the
// file keeps the clock's time.
func TestStallMovesTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "x.wav")
		s, err := Open("wav:"+name, Options{Clock: bubbleClock(0)})
		require.NoError(t, err)
		beats := run(t, s, 3*audio.Rate, func(b audio.Beat) {
			if b.Frame == audio.Rate {
				<-time.After(1500 * time.Millisecond)
			}
		})
		assert.EqualValues(t, 1, s.State().Underruns)
		// The block that stalled was due in time; the next one is 1.49 s late.
		hole := int64(1490 * time.Millisecond)
		assert.Equal(t, beats[100].Heard+10_000_000+hole, beats[101].Heard)

		pcm := readWAV(t, name)
		require.Len(t, pcm, 3*audio.Rate+int(hole*48/1e6))
		for i, x := range pcm {
			frame := i
			switch skip := int(hole * 48 / 1e6); {
			case i >= audio.Rate+480+skip:
				frame = i - skip
			case i >= audio.Rate+480:
				require.Zero(t, x, i)
				continue
			}
			require.Equal(t, float32(frame%30000+1)/32768, x, i)
		}
	})
}

// The recording is a valid WAV every second, even if nobody closes it, and says
// beside it when its first sample sounded.
func TestRecordingIsValidMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := bubbleClock(0)
		began, wall := clock(), time.Now()
		name := filepath.Join(t.TempDir(), "x.wav")
		s, err := Open("virtual:ppm=+80,file="+name, Options{Clock: clock, Host: clock})
		require.NoError(t, err)
		run(t, s, 3*audio.Rate, func(b audio.Beat) {
			if b.Frame == 2*audio.Rate+960 {
				assert.Len(t, readWAV(t, name), 2*audio.Rate)
			}
		})
		assert.Len(t, readWAV(t, name), 3*audio.Rate)

		line, err := os.ReadFile(name + ".t0")
		require.NoError(t, err)
		heard := wall.Add(10 * time.Millisecond)
		assert.Equal(t, fmt.Sprintf("%d %d.%09d 48003.840000\n", began+10_000_000, heard.Unix(), heard.Nanosecond()), string(line))
	})
}

// A pull costs no allocation, with a recording or without.
func TestNoAllocationPerPull(t *testing.T) {
	rec, err := newRecording(filepath.Join(t.TempDir(), "x.wav"), moment{wall: time.Unix(0, 0), rate: audio.Rate}, true)
	require.NoError(t, err)
	pcm := make([]float32, audio.FrameLen)
	assert.Zero(t, testing.AllocsPerRun(300, func() { err = rec.write(pcm, 1<<50) }))
	require.NoError(t, err)
	require.NoError(t, rec.end(nil))
}

func readWAV(t *testing.T, name string) []float32 {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	w, err := audio.ReadWAV(f)
	require.NoError(t, err)
	require.Equal(t, audio.Rate, w.Rate)
	return w.Samples
}
