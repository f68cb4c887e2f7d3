package monitor

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// hiss is noise of the band that people speak in.
func hiss(seed uint64, n int, rms float64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float32, n)
	var low float64
	for i := range out {
		low += (r.NormFloat64() - low) * 0.2
		out[i] = float32(low * rms * 3)
	}
	return out
}

// tapped is a tap that has heard x from a local time on.
func tapped(x []float32, from int64) *Tap {
	t := NewTap()
	for i := 0; i+480 <= len(x); i += 480 {
		t.Write(x[i:i+480], audio.Beat{Heard: from + int64(i)*1e9/audio.Rate, Rate: audio.Rate})
	}
	return t
}

const second = int64(time.Second)

// What was sent is found in what was heard: softer, later, with noise, turned
// about; something else is not.
func TestTheMixersSoundIsFoundInWhatIsHeard(t *testing.T) {
	x := hiss(1, 3*audio.Rate, 0.1)
	shift := func(d time.Duration) []float32 {
		return append(make([]float32, int(d*audio.Rate/time.Second)), x...)
	}
	mix := func(a []float32, gain float64, b []float32) []float32 {
		out := make([]float32, len(a))
		for i := range a {
			out[i] = float32(gain) * a[i]
			if i < len(b) {
				out[i] += b[i]
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		heard       []float32
		least, most float64
		delay       time.Duration
	}{
		"as it is":              {shift(0), 0.99, 1, 0},
		"12 ms later":           {shift(12 * time.Millisecond), 0.99, 1, 12 * time.Millisecond},
		"half a second later":   {shift(500 * time.Millisecond), 0.99, 1, 500 * time.Millisecond},
		"40 dB softer":          {mix(shift(7*time.Millisecond), 0.01, nil), 0.99, 1, 7 * time.Millisecond},
		"turned about":          {mix(shift(7*time.Millisecond), -0.5, nil), 0.99, 1, 7 * time.Millisecond},
		"in as much noise":      {mix(shift(20*time.Millisecond), 1, hiss(2, 4*audio.Rate, 0.1)), 0.5, 0.9, 20 * time.Millisecond},
		"somebody else's noise": {hiss(3, 4*audio.Rate, 0.1), 0, 0.2, -1},
		"nothing":               {make([]float32, 4*audio.Rate), 0, 0, -1},
	} {
		w, ok := newComparer().window(tapped(x, 10*second), tapped(c.heard, 10*second), 12*second)
		require.True(t, ok, name)
		assert.GreaterOrEqual(t, w.Likeness, c.least, name)
		assert.LessOrEqual(t, w.Likeness, c.most, name)
		assert.Equal(t, c.delay >= 0, w.Like(), name)
		if c.delay >= 0 {
			assert.InDelta(t, c.delay.Seconds(), w.Delay.Seconds(), 50e-6, name)
		}
	}
	_, ok := newComparer().window(tapped(make([]float32, 3*audio.Rate), 10*second), tapped(x, 10*second), 12*second)
	assert.False(t, ok, "while the mixer is silent there is nothing to compare")
}

// Two voices are not alike, tones of one frequency are.
func TestSlowSoundsAreToldApart(t *testing.T) {
	voice := func(seed uint64, f0 float64) []float32 {
		r := rand.New(rand.NewPCG(seed, 9))
		out := make([]float32, 3*audio.Rate)
		phase, loud := 0.0, 0.0
		for i := range out {
			if i%4800 == 0 {
				f0 *= 1 + 0.1*(r.Float64()-0.5)
				loud = r.Float64()
			}
			phase += 2 * math.Pi * f0 / audio.Rate
			for h := 1.0; h < 12; h++ {
				out[i] += float32(0.02 * loud * math.Sin(h*phase))
			}
		}
		return out
	}
	for seed := range uint64(8) {
		a, b := tapped(voice(seed, 120), 10*second), tapped(voice(seed+100, 130), 10*second)
		w, ok := newComparer().window(a, b, 12*second)
		require.True(t, ok)
		assert.False(t, w.Like(), "%.2f", w.Likeness)
		w, _ = newComparer().window(a, a, 12*second)
		assert.Greater(t, w.Likeness, 0.99)
	}
}

func TestATapKeepsTheLastSecondsAndTheirTime(t *testing.T) {
	tap := NewTap()
	block := make([]float32, 480)
	for i := range 1000 { // ten seconds
		for k := range block {
			block[k] = float32(i*480+k) / 1e6
		}
		tap.Write(block, audio.Beat{Heard: second + int64(i)*10_000_000, Rate: audio.Rate})
	}
	assert.Equal(t, 11*second, tap.Newest())
	got := make([]float32, 4)
	at := tap.Read(got, 9*second)
	assert.Equal(t, 9*second, at)
	assert.InDelta(t, 0.384, float64(got[0]), 1e-6)
	tap.Read(got, 2*second)
	assert.Zero(t, got[0], "too long ago")
	tap.Read(got, 20*second)
	assert.Zero(t, got[0], "not yet")
	assert.Zero(t, testing.AllocsPerRun(100, func() { tap.Write(block, audio.Beat{Heard: 1, Rate: audio.Rate}) }))
	assert.InDelta(t, -20, tapped(hiss(1, audio.Rate, 0.1), 0).LevelDB(second, time.Second), 3)
	dc := make([]float32, audio.Rate)
	for i := range dc {
		dc[i] = 0.5
	}
	assert.Equal(t, silence, tapped(dc, 0).LevelDB(second, time.Second), "an offset is no sound")
}

// A day of a monitor: it hears, its amplifier breaks, its source is lost.
func TestAMonitorSaysWhatItHears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		clock := func() int64 { return int64(time.Since(began)) + second }
		var broken, lost atomic.Bool
		ctx, cancel := context.WithCancel(t.Context())
		opener := func(tap *Tap) (Source, error) {
			return sourceFunc(func(ctx context.Context, write func([]float32)) error {
				tick := time.NewTicker(10 * time.Millisecond)
				defer tick.Stop()
				pcm := make([]float32, 480)
				for !lost.Load() {
					select {
					case <-tick.C:
					case <-ctx.Done():
						return nil
					}
					tap.Read(pcm, clock()-10_000_000-20_000_000)
					if broken.Load() {
						clear(pcm)
					}
					write(pcm)
				}
				return os.ErrClosed
			}), nil
		}
		m := New(Config{Name: "test", Open: opener, Clock: clock})
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		x := hiss(1, 30*audio.Rate, 0.1)
		play := func(d time.Duration) {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for range d / (10 * time.Millisecond) {
				<-tick.C
				m.Tap().Write(x[:480], audio.Beat{Heard: clock(), Rate: audio.Rate})
				x = x[480:]
			}
		}
		play(4 * time.Second)
		synctest.Wait()
		s := m.State()
		assert.Greater(t, s.Likeness, 0.95)
		assert.InDelta(t, 0.02, s.Delay.Seconds(), 0.011)
		assert.InDelta(t, s.SentDB, s.LevelDB, 2)
		assert.Empty(t, s.Fault)
		ws := m.Windows()
		require.NotEmpty(t, ws)
		assert.True(t, ws[len(ws)-1].Like())
		assert.Empty(t, m.Windows(), "each is given once")

		broken.Store(true)
		play(4 * time.Second)
		synctest.Wait()
		assert.Zero(t, m.State().Likeness)
		assert.Equal(t, silence, m.State().LevelDB)
		ws = m.Windows()
		assert.False(t, ws[len(ws)-1].Like())

		lost.Store(true)
		play(4 * time.Second)
		synctest.Wait()
		assert.NotEmpty(t, m.State().Fault)
		lost.Store(false)
		broken.Store(false)
		play(6 * time.Second)
		synctest.Wait()
		assert.Empty(t, m.State().Fault, "it is opened again")
		assert.Greater(t, m.State().Likeness, 0.95)
		cancel()
		require.NoError(t, <-done)
	})
}

type sourceFunc func(context.Context, func([]float32)) error

func (f sourceFunc) Run(ctx context.Context, write func([]float32)) error { return f(ctx, write) }

func TestSourcesAreSpelled(t *testing.T) {
	for _, good := range []string{"file:/tmp/x", "virtual:", "virtual", "virtual:gain=-20,delay=12ms,noise=-60,muted", "virtual:mute-after=5s"} {
		open, err := Parse(good)
		require.NoError(t, err, good)
		_, err = open(NewTap())
		require.NoError(t, err, good)
	}
	for _, bad := range []string{"", "file", "file:", "tape:x", "virtual:gain=loud", "virtual:gain=NaN", "virtual:delay=-1s", "virtual:delay=2h", "virtual:colour"} {
		_, err := Parse(bad)
		assert.ErrorIs(t, err, ErrSpec, bad)
		assert.ErrorContains(t, err, Forms, bad)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("virtual:gain=-20,delay=12ms")
	f.Add("file:x")
	f.Fuzz(func(t *testing.T, spec string) {
		if open, err := Parse(spec); (err == nil) == (open == nil) {
			t.Fatal("either or")
		}
	})
}

func TestAFileIsReadAsItIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	open, err := Parse("file:" + path)
	require.NoError(t, err)
	src, err := open(nil)
	require.NoError(t, err)
	wrote := make(chan error, 1)
	go func() {
		out, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			raw := make([]byte, 2*audio.FrameLen*3)
			binary.LittleEndian.PutUint16(raw, 0x4000)
			_, err = out.Write(raw)
			out.Close()
		}
		wrote <- err
	}()
	var got []float32
	err = src.Run(t.Context(), func(pcm []float32) { got = append(got, pcm...) })
	assert.ErrorContains(t, err, "nobody writes")
	require.NoError(t, <-wrote)
	assert.Len(t, got, 3*audio.FrameLen)
	assert.Equal(t, float32(0.5), got[0])
	assert.Error(t, file{path + "x"}.Run(t.Context(), func([]float32) {}))
}

func TestAVirtualMicrophoneHearsTheMixer(t *testing.T) {
	v, err := parseVirtual("gain=-20,delay=10ms,mute-after=1s")
	require.NoError(t, err)
	x := hiss(1, 2*audio.Rate, 0.1)
	v.tap = tapped(x, second)
	pcm := make([]float32, 480)
	v.block(pcm, second+500_000_000, 0)
	assert.InDelta(t, float64(x[24000-480])*0.1, float64(pcm[0]), 1e-6)
	v.block(pcm, second+500_000_000, time.Second)
	assert.Zero(t, pcm[0])
	v.muteAfter, v.noise = 0, 0.1
	v.block(pcm, 0, 0)
	assert.NotZero(t, pcm[0], "noise of its own")
}

// BenchmarkWindow is the price of one comparison, of which there are two a
// second.
func BenchmarkWindow(b *testing.B) {
	x := hiss(1, 4*audio.Rate, 0.1)
	sent, ear, c := tapped(x, 10*second), tapped(x, 10*second), newComparer()
	for b.Loop() {
		c.window(sent, ear, 12*second)
	}
}

// A source that says nothing is a fault, and is none any more when it speaks.
func TestASilentSourceIsAFaultAsLongAsItIsSilent(t *testing.T) {
	now := 10 * second
	m := New(Config{Name: "test", Clock: func() int64 { return now }})
	c := newComparer()
	m.look(c, now)
	assert.Equal(t, "no sound comes from test", m.State().Fault)
	for range 200 {
		now += 10_000_000
		m.hear(make([]float32, 480))
	}
	m.look(c, now)
	assert.Empty(t, m.State().Fault)
	m.fault("the microphone is gone")
	m.look(c, now)
	assert.Equal(t, "the microphone is gone", m.State().Fault, "another fault stays")
}

// Blocks that come late by turns do not shake the time at which they were
// heard.
func TestLateBlocksDoNotShakeTheTime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	late := int64(0)
	var due int64
	m := New(Config{Name: "test", Clock: func() int64 { return due + late }})
	for i := range int64(500) {
		due, late = second+(i+1)*10_000_000, r.Int64N(4_000_000)
		m.hear(make([]float32, 480))
		if i > 200 {
			assert.InDelta(t, due, m.ear.Newest(), 1e6)
		}
	}
}
