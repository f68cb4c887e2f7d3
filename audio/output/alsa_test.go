package output

import (
	"context"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pa/audio"
)

// bubbleKernel is the kernel's monotonic clock in a synctest bubble.
func bubbleKernel() func() int64 {
	start := time.Now()
	return func() int64 { return int64(5*time.Hour) + int64(time.Since(start)) }
}

// direct is the sink on a fake card.
func direct(t *testing.T, text string, opts Options, c *fakeCard) *alsa {
	t.Helper()
	s, err := parse(text)
	require.NoError(t, err)
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return newALSA(s, opts, c)
}

// counted says which frame it is.
func counted(frame int64) float32 { return float32(frame%30000+1) / 32768 }

// The sink keeps what every sink promises, on cards of all kinds; its frames
// come out whole, and exactly when its beats said.
func TestALSAConforms(t *testing.T) {
	for name, tc := range map[string]struct {
		spec   string
		card   func(*fakeCard)
		period time.Duration
	}{
		"plain":       {"alsa:hw:1", func(*fakeCard) {}, 5 * time.Millisecond},
		"by id":       {"alsa:hw:DAC,0,period=10ms,periods=2", func(*fakeCard) {}, 10 * time.Millisecond},
		"fast":        {"alsa:hw:1", func(c *fakeCard) { c.ppm = 100 }, 5 * time.Millisecond},
		"slow, fifo":  {"alsa:hw:1,period=2500us", func(c *fakeCard) { c.ppm, c.fifo = -100, 32 }, 2500 * time.Microsecond},
		"coarse":      {"alsa:hw:1", func(c *fakeCard) { c.grain, c.ppm = 32, 50 }, 5 * time.Millisecond},
		"16 bit mono": {"alsa:hw:1", func(c *fakeCard) { c.formats, c.channels = []int{formatS16}, [2]uint32{1, 1} }, 5 * time.Millisecond},
		"asked":       {"alsa:hw:1,format=s16,channels=1,latency=1ms", func(*fakeCard) {}, 5 * time.Millisecond},
		"eight":       {"alsa:hw:1", func(c *fakeCard) { c.channels = [2]uint32{8, 8} }, 5 * time.Millisecond},
		"its period":  {"alsa:hw:1,period=11ms", func(*fakeCard) {}, 1024 * time.Second / 48000},
		"its largest": {"alsa:hw:1,period=100ms", func(*fakeCard) {}, 1024 * time.Second / 48000},
	} {
		for _, ppm := range []float64{0, 100, -100} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					clock := bubbleClock(ppm)
					kernel := bubbleKernel()
					c := newFakeCard(kernel)
					tc.card(c)
					s := direct(t, tc.spec, Options{Clock: clock}, c)
					zero := kernel()
					first := conform(t, s, clock, 4*audio.Rate, counted)
					assert.NotZero(t, first.Heard)
					st := s.State()
					assert.Zero(t, st.Underruns)
					assert.Empty(t, st.Fault)
					assert.Equal(t, tc.period, st.Period)
					assert.InDelta(t, audio.Rate*(1+(c.ppm-ppm)*1e-6), st.Rate, audio.Rate*25e-6)
					checkSound(t, c, zero, 4*audio.Rate)
				})
			})
		}
	}
}

// checkSound listens to what the card played: silence first, then every frame
// once and in order, the same in all channels.
func checkSound(t *testing.T, c *fakeCard, zero, frames int64) {
	t.Helper()
	next := int64(0)
	for i, s := range c.heard {
		require.True(t, s.alike, "frame %d in all channels", i)
		if next == 0 && s.value == 0 {
			continue
		}
		require.InDelta(t, float64(counted(next)), s.value, 1e-7, "frame %d", next)
		next++
	}
	require.GreaterOrEqual(t, next, frames-1024)
}

// beatsOf plays on a card and returns, for every beat, how far it was from the
// truth, ns, and its beat.
func beatsOf(t *testing.T, s *alsa, c *fakeCard, local func(int64) int64, frames int64, at func(b audio.Beat)) (beats []audio.Beat, off []int64) {
	t.Helper()
	beats = run(t, s, frames, at)
	truth := make(map[int64]int64) // by value
	c.do(func() {
		for _, h := range c.heard {
			if v := int64(math.Round(h.value * 32768)); v > 0 {
				truth[v-1] = h.at
			}
		}
	})
	for _, b := range beats {
		if when, ok := truth[b.Frame%30000]; ok && b.Frame >= frames-30000 { // before that, values were others
			off = append(off, b.Heard-local(when))
		}
	}
	return beats, off
}

// A beat's time is when its frame leaves the loudspeaker, whatever the card's
// and our clock do, to a few hundredths of a millisecond.
func TestALSABeatsAreTrue(t *testing.T) {
	for name, tc := range map[string]struct {
		card func(*fakeCard)
		most float64 // ns
	}{
		"exact":  {func(c *fakeCard) { c.ppm = 80 }, 5_000},
		"fifo":   {func(c *fakeCard) { c.ppm, c.fifo = -80, 100 }, 5_000},
		"coarse": {func(c *fakeCard) { c.ppm, c.grain = 37, 16 }, 60_000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kernel := bubbleKernel()
				zero := kernel()
				began := time.Hour
				local := func(k int64) int64 { return int64(began) + int64(float64(k-zero)*(1-60e-6)) }
				c := newFakeCard(kernel)
				tc.card(c)
				s := direct(t, "alsa:hw:1", Options{Clock: func() int64 { return local(kernel()) }}, c)
				_, off := beatsOf(t, s, c, local, 15*audio.Rate, nil)
				require.NotEmpty(t, off)
				for _, o := range off {
					require.InDelta(t, 0, o, tc.most)
				}
			})
		})
	}
}

// A process that comes too late finds the card dry: one underrun, and at once
// the beats tell the new time.
func TestALSARecoversFromAnUnderrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kernel := bubbleKernel()
		c := newFakeCard(kernel)
		c.ppm = 100
		s := direct(t, "alsa:hw:1", Options{Clock: kernel}, c)
		same := func(k int64) int64 { return k }
		frames := int64(10 * audio.Rate)
		_, off := beatsOf(t, s, c, same, frames, func(b audio.Beat) {
			if b.Frame == frames-24000 {
				<-time.After(60 * time.Millisecond)
			}
		})
		assert.EqualValues(t, 1, s.State().Underruns)
		after := off[len(off)-95:] // of 100 since then; the block that was late is lost
		for _, o := range after {
			require.InDelta(t, 0, o, 30_000)
		}
		assert.InDelta(t, audio.Rate*(1+100e-6), s.State().Rate, audio.Rate*3e-6, "the rate is kept")
	})
}

// A card that is pulled out is a fault that says so; when it is back the sound
// goes on, without a restart and with frames that follow each other.
func TestALSASurvivesALostCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kernel := bubbleKernel()
		c := newFakeCard(kernel)
		s := direct(t, "alsa:hw:DAC", Options{Clock: kernel}, c)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var mu sync.Mutex
		var frames, last int64
		done := make(chan error)
		go func() {
			done <- s.Run(ctx, func(out []float32, b audio.Beat) {
				mu.Lock()
				defer mu.Unlock()
				assert.Equal(t, frames, b.Frame)
				assert.GreaterOrEqual(t, b.Heard, last)
				frames, last = frames+int64(len(out)), b.Heard
			})
		}()
		pulled := func() int64 { mu.Lock(); defer mu.Unlock(); return frames }
		<-time.After(2 * time.Second)
		assert.Empty(t, s.State().Fault)
		c.do(func() { c.gone = true })
		<-time.After(time.Second)
		fault := s.State().Fault
		assert.Contains(t, fault, "plugged in")
		before := pulled()
		<-time.After(10*time.Minute + alsaRetry/3)
		assert.Equal(t, before, pulled(), "nothing is taken for heard while there is no card")
		c.do(func() { c.gone, c.number = false, 3 }) // in another socket
		<-time.After(2 * time.Second)
		assert.Empty(t, s.State().Fault)
		assert.Greater(t, pulled(), before+audio.Rate)
		cancel()
		require.NoError(t, <-done)
		assert.Zero(t, c.fd, "the device is closed")
		assert.Equal(t, 2, c.opens)
	})
}

// A card that cannot be had says why, is tried again, and plays when it can be.
func TestALSAWaitsForACard(t *testing.T) {
	for name, tc := range map[string]struct {
		card func(*fakeCard)
		says string
		mend func(*fakeCard)
	}{
		"busy":      {func(c *fakeCard) { c.openErr = unix.EBUSY }, "another program", func(c *fakeCard) { c.openErr = nil }},
		"forbidden": {func(c *fakeCard) { c.openErr = unix.EACCES }, "group audio", func(c *fakeCard) { c.openErr = nil }},
		"44.1 kHz":  {func(c *fakeCard) { c.rates = [2]uint32{44100, 44100} }, "does not play at 48000 Hz", func(c *fakeCard) { c.rates[1] = 48000 }},
		"24 bit":    {func(c *fakeCard) { c.formats = []int{32} }, "neither 16 nor 32 bit", func(c *fakeCard) { c.formats = []int{formatS32} }},
		"one block": {func(c *fakeCard) { c.periods = [2]uint32{1, 1} }, "no two periods", func(c *fakeCard) { c.periods[1] = 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kernel := bubbleKernel()
				c := newFakeCard(kernel)
				tc.card(c)
				var log strings.Builder
				s := direct(t, "alsa:hw:1", Options{Clock: kernel, Log: slog.New(slog.NewTextHandler(&log, nil))}, c)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- s.Run(ctx, func([]float32, audio.Beat) {}) }()
				<-time.After(time.Minute + alsaRetry/2) // not in the middle of an attempt
				assert.Contains(t, s.State().Fault, tc.says)
				c.do(func() { tc.mend(c) })
				<-time.After(time.Second)
				assert.Empty(t, s.State().Fault)
				assert.Positive(t, s.State().Frames)
				cancel()
				require.NoError(t, <-done)
				assert.Equal(t, 1, strings.Count(log.String(), "sound card lost"), "said once in a minute")
			})
		})
	}
}

// A suspended card is resumed, or started anew where the driver cannot.
func TestALSAWakesASuspendedCard(t *testing.T) {
	for name, asleep := range map[string]int{"resumes": 7, "cannot": -1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kernel := bubbleKernel()
				c := newFakeCard(kernel)
				s := direct(t, "alsa:hw:1", Options{Clock: kernel}, c)
				same := func(k int64) int64 { return k }
				frames := int64(4 * audio.Rate)
				_, off := beatsOf(t, s, c, same, frames, func(b audio.Beat) {
					if b.Frame == frames-28800 {
						c.do(func() { c.suspend(asleep) })
					}
				})
				assert.EqualValues(t, 1, s.State().Underruns)
				for _, o := range off[len(off)-100:] {
					require.InDelta(t, 0, o, 30_000)
				}
				assert.Equal(t, 1, c.opens)
			})
		})
	}
}

// A full card and one that takes crumbs lose nothing; a card whose pointer stands still is opened anew.
func TestALSAFullAndStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kernel := bubbleKernel()
		zero := kernel()
		c := newFakeCard(kernel)
		s := direct(t, "alsa:hw:1", Options{Clock: kernel}, c)
		run(t, s, 2*audio.Rate, func(b audio.Beat) {
			if b.Frame == audio.Rate {
				c.do(func() { c.full, c.crumbs = 3, 5 })
			}
		})
		checkSound(t, c, zero, 2*audio.Rate)
		assert.Zero(t, s.State().Underruns)

		c = newFakeCard(kernel)
		s = direct(t, "alsa:hw:1", Options{Clock: kernel}, c)
		run(t, s, 2*audio.Rate, func(b audio.Beat) {
			switch b.Frame {
			case audio.Rate:
				c.do(func() { c.stuck, c.stopped = true, c.pointer() })
				time.AfterFunc(3*time.Second, func() {
					assert.Contains(t, s.State().Fault, "asked for no sound")
					c.do(func() { c.stuck = false })
				})
			}
		})
		assert.GreaterOrEqual(t, c.opens, 2)
	})
}

// A period costs no allocation.
func TestALSAAllocatesNothing(t *testing.T) {
	now := int64(0)
	c := newFakeCard(func() int64 { return now })
	s := direct(t, "alsa:hw:1", Options{Clock: c.clock}, c)
	var err error
	s.pcm, err = openPCM(c, *s.spec.alsa)
	require.NoError(t, err)
	s.mono, s.bytes, s.silence = make([]float32, 240), make([]byte, 240*8), make([]byte, 240*8)
	require.NoError(t, s.begin())
	c.heard = make([]sounded, 0, 1<<20)
	pull := func([]float32, audio.Beat) {}
	assert.Zero(t, testing.AllocsPerRun(200, func() {
		now += 5_000_000
		_, err = s.serve(t.Context(), pull)
	}))
	require.NoError(t, err)
	assert.Positive(t, s.frames.Load())
	assert.Zero(t, s.underruns.Load())
}

// Without a sound card in the machine, the real kernel says so.
func TestALSAOnThisKernel(t *testing.T) {
	s, err := Open("alsa:hw:31", Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx, func([]float32, audio.Beat) {}) }()
	require.Eventually(t, func() bool { return s.State().Fault != "" }, 10*time.Second, time.Millisecond)
	assert.Contains(t, s.State().Fault, "/dev/snd/pcmC31D0p")
	cancel()
	require.NoError(t, <-done)
}
