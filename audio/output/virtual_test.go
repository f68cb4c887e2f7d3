package output

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// A virtual card asks for frames by the host's clock; the program's own, which
// is an hour and 100 ppm off, learns card and rate from the requests alone.
func TestAVirtualCardIsLearnt(t *testing.T) {
	for _, position := range []string{"pull", "device"} {
		synctest.Test(t, func(t *testing.T) {
			local, host := bubbleClock(100), bubbleClock(0)
			spec := "virtual:ppm=-70,wander=1.5:10m,seed=5,jitter=4ms,latency=20ms,position=" + position
			s, err := Open(spec, Options{Clock: local, Host: host})
			require.NoError(t, err)
			drift := audio.Drift{PPM: -70, Wander: 1.5, Period: 10 * time.Minute, Seed: 5}
			start := host()
			worst := 0.0
			run(t, s, 600*audio.Rate, func(b audio.Beat) {
				heard := start + drift.When(b.Frame*62500/3) + int64(20*time.Millisecond)
				truth := local() + int64(float64(heard-host())*(1+100e-6))
				if b.Frame > 10*audio.Rate {
					worst = max(worst, math.Abs(float64(b.Heard-truth)))
					require.InDelta(t, 48000*(1-170e-6), b.Rate, 48000*10e-6)
				}
			})
			t.Logf("position=%s: worst error after 10 s: %.1f µs", position, worst/1e3)
			// The least of two dozen requests up to 4 ms late is 0.15 ms late.
			assert.Less(t, worst, map[string]float64{"pull": 500e3, "device": 5e3}[position])
			assert.Zero(t, s.State().Underruns)
		})
	}
}

// A stall by order: the recording is silent there, the frames go on, and the
// program notices within a tenth of a second.
func TestInjectedStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "x.wav")
		host := bubbleClock(0)
		s, err := Open("virtual:xrun=1s:50ms,buffer=20ms,file="+name, Options{Clock: bubbleClock(-50), Host: host})
		require.NoError(t, err)
		start := host()
		var off int64
		run(t, s, 5*audio.Rate, func(b audio.Beat) {
			stalls := (b.Frame - 1) / audio.Rate
			heard := start + b.Frame*62500/3 + stalls*50_000_000 + 10_000_000
			if missed := time.Duration(heard - b.Heard); missed > time.Millisecond {
				off++
				assert.Less(t, (b.Frame-1)%audio.Rate, int64(audio.Rate/10), "noticed")
			}
		})
		assert.Positive(t, off, "it can only be noticed afterwards")
		assert.EqualValues(t, 4, s.State().Underruns)
		pcm := readWAV(t, name)
		require.Len(t, pcm, 5*audio.Rate+4*2400)
		assert.NotZero(t, pcm[audio.Rate-1])
		assert.Zero(t, pcm[audio.Rate])
		assert.Zero(t, pcm[audio.Rate+2399])
		assert.NotZero(t, pcm[audio.Rate+2400])
	})
}

// A program that is held up for 0.7 s finds the card dry, once, and in time
// again a moment later; one that is held up for less than the card's buffer
// finds nothing changed.
func TestAProgramThatWasStopped(t *testing.T) {
	for hold, want := range map[time.Duration]uint64{700 * time.Millisecond: 1, 200 * time.Millisecond: 0} {
		synctest.Test(t, func(t *testing.T) {
			host := bubbleClock(0)
			s, err := Open("virtual:", Options{Clock: host, Host: host})
			require.NoError(t, err)
			start := host()
			held := false
			run(t, s, 5*audio.Rate, func(b audio.Beat) {
				if b.Frame == 2*audio.Rate && !held {
					held = true
					<-time.After(hold)
				}
				truth := start + b.Frame*62500/3 + 10_000_000
				if want > 0 && b.Frame > 2*audio.Rate {
					truth += int64(hold) - 10_000_000 // its own period was under way
				}
				if b.Frame > 2*audio.Rate+4800 {
					require.InDelta(t, truth, b.Heard, 1e6, "at frame %d", b.Frame)
				}
			})
			assert.Equal(t, want, s.State().Underruns, hold)
		})
	}
}

// Beside the recording lies the host's time of every period.
func TestARecordingCarriesTheHostsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "x.wav")
		host := bubbleClock(0)
		s, err := Open("virtual:ppm=+500,latency=15ms,xrun=1s:100ms,file="+name, Options{Clock: bubbleClock(77), Host: host})
		require.NoError(t, err)
		start := host()
		run(t, s, 3*audio.Rate, nil)
		f, err := os.Open(name + ".times")
		require.NoError(t, err)
		defer func() { require.NoError(t, f.Close()) }()
		last := int64(-1)
		lines := 0
		for in := bufio.NewScanner(f); in.Scan(); lines++ {
			var sample, at int64
			_, err := fmt.Sscanf(in.Text(), "%d %d", &sample, &at)
			require.NoError(t, err)
			require.Greater(t, sample, last)
			require.InDelta(t, start+int64(float64(sample)*1e9/(48000*(1+500e-6)))+15_000_000, at, 1000)
			last = sample
		}
		assert.Equal(t, 300+2, lines, "each period, and each stall")
	})
}

// On the machine's own clock, a card of this process and the times in its
// recording agree with CLOCK_MONOTONIC.
func TestAVirtualCardOnTheRealClock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.wav")
	s, err := Open("virtual:period=5ms,file="+name, Options{})
	require.NoError(t, err)
	m := newMetronome(nil)
	before := m.now()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, s.Run(ctx, func(out []float32, b audio.Beat) {
		clear(out)
		if b.Frame >= audio.FrameLen*5 {
			cancel()
		}
	}))
	b, err := os.ReadFile(name + ".times")
	require.NoError(t, err)
	var sample, at int64
	_, err = fmt.Sscanf(string(b), "%d %d", &sample, &at)
	require.NoError(t, err)
	assert.Zero(t, sample)
	assert.GreaterOrEqual(t, at, before)
	assert.LessOrEqual(t, at, m.now()+int64(5*time.Millisecond))
}

// A card can be pulled out and put back, and says so; one that is stuck says
// nothing. Both are silent meanwhile, and in time afterwards.
func TestACardThatIsPulledOutOrStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, key := range []string{"gone", "stuck"} {
			flag := filepath.Join(t.TempDir(), "flag")
			host := bubbleClock(0)
			s, err := Open("virtual:"+key+"="+flag, Options{Clock: host, Host: host})
			require.NoError(t, err)
			assert.Empty(t, s.State().Fault)
			start := host()
			put := false
			run(t, s, 3*audio.Rate, func(b audio.Beat) {
				if b.Frame == audio.Rate && !put {
					put = true
					require.NoError(t, os.WriteFile(flag, nil, 0o600))
					time.AfterFunc(time.Second, func() {
						if key == "gone" {
							assert.Contains(t, s.State().Fault, "pulled out")
						} else {
							assert.Empty(t, s.State().Fault)
						}
						assert.EqualValues(t, audio.Rate+480, s.State().Frames)
						assert.NoError(t, os.Remove(flag))
					})
				}
			})
			assert.InDelta(t, float64(4*time.Second), float64(host()-start), float64(50*time.Millisecond))
			assert.Empty(t, s.State().Fault)
		}
	})
	_, err := Open("virtual:gone=", Options{})
	assert.ErrorIs(t, err, ErrSpec)
}
