package loudness_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"pa/audio"
	"pa/audio/loudness"
)

func limited(l *loudness.Limiter, in []float32) []float32 {
	out := append([]float32(nil), in...)
	for rest := out; len(rest) > 0; {
		n := min(len(rest), audio.FrameLen)
		l.Process(rest[:n])
		rest = rest[n:]
	}
	return out
}

func truePeak(x []float32) float64 {
	m := loudness.NewMeter(audio.Rate)
	m.Write(x)
	return m.TruePeak()
}

func amplified(x []float32, db float64) []float32 {
	out := append([]float32(nil), x...)
	for i := range out {
		out[i] *= audio.DB(db)
	}
	return out
}

func TestNothingPassesTheCeiling(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []float32
		most float64 // dBTP
	}{
		{"a shout: speech 15 dB too loud", amplified(speech(t), 15), -0.9},
		{"a tone 12 dB above full scale", sine(1000, 4, time.Second), -0.9},
		{"a high tone, whose peaks lie between samples", sine(11000, 2, time.Second), -0.9},
		{"white noise, up to where a short filter is blind", noise(3, time.Second), 0.6},
		{"one click", append(make([]float32, 5000), append([]float32{8}, make([]float32, 5000)...)...), -0.9},
	} {
		for _, ahead := range []time.Duration{500 * time.Microsecond, 2 * time.Millisecond, 5 * time.Millisecond} {
			t.Run(c.name+" "+ahead.String(), func(t *testing.T) {
				out := limited(loudness.NewLimiter(-1, ahead), c.in)
				assert.LessOrEqual(t, audio.ToDB(audio.Peak(out)), -0.999)
				t.Logf("%.2f dBTP", truePeak(out))
				assert.LessOrEqual(t, truePeak(out), c.most)
			})
		}
	}
}

func TestWhatIsFarBelowIsOnlyDelayed(t *testing.T) {
	in := amplified(speech(t), -20)
	l := loudness.NewLimiter(-1, 2*time.Millisecond)
	assert.Equal(t, 96, l.Latency())
	out := limited(l, in)
	assert.Equal(t, in[:len(in)-96], out[96:])
}

func TestLatencyIsWhatItSays(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Millisecond, 7 * time.Millisecond, time.Hour} {
		l := loudness.NewLimiter(-1, ahead)
		in := make([]float32, 4000)
		in[100] = 0.1
		out := limited(l, in)
		assert.Equal(t, float32(0.1), out[100+l.Latency()])
	}
}

func TestGainReturnsAfterAPeak(t *testing.T) {
	in := append(sine(500, 3, 200*time.Millisecond), sine(500, 0.3, time.Second)...)
	out := limited(loudness.NewLimiter(-1, 2*time.Millisecond), in)
	assert.InDelta(t, 0.3/math.Sqrt2, audio.RMS(out[len(out)-4800:]), 1e-3)
}

func TestTurningDownDoesNotClick(t *testing.T) {
	in := append(sine(300, 0.5, 300*time.Millisecond), sine(300, 2, 300*time.Millisecond)...)
	out := limited(loudness.NewLimiter(-1, 2*time.Millisecond), in)
	// The second difference of a clean 300 Hz sine at the ceiling is small;
	// the input's own step in amplitude falls on a zero and adds a corner.
	var worst float64
	for i := 2; i < len(out); i++ {
		worst = max(worst, math.Abs(float64(out[i]-2*out[i-1]+out[i-2])))
	}
	assert.Less(t, worst, 0.08)
}

func TestBrokenNumbersDoNotStick(t *testing.T) {
	l := loudness.NewLimiter(-1, time.Millisecond)
	bad := make([]float32, 480)
	bad[3], bad[50], bad[90] = float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))
	l.Process(bad)
	for _, v := range bad {
		assert.False(t, math.IsNaN(float64(v)))
	}
	in := sine(440, 0.5, 2*time.Second)
	out := limited(l, in)
	assert.InDelta(t, 0.5/math.Sqrt2, audio.RMS(out[48000:]), 1e-3)
}

func TestCeilingHoldsForAnySound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := loudness.NewLimiter(-1, time.Duration(rapid.IntRange(0, 20000).Draw(t, "µs"))*time.Microsecond)
		for range rapid.IntRange(1, 20).Draw(t, "blocks") {
			amp := rapid.SampledFrom([]float64{0, 0.1, 0.9, 1.5, 10}).Draw(t, "amp")
			freq := rapid.Float64Range(20, 20000).Draw(t, "freq")
			block := sine(freq, amp, time.Duration(rapid.IntRange(1, 40).Draw(t, "ms"))*time.Millisecond)
			l.Process(block)
			if p := audio.Peak(block); p > float64(audio.DB(-1)) {
				t.Fatalf("peak %v", p)
			}
		}
	})
}

func TestLimiterDoesNotAllocate(t *testing.T) {
	l, buf := loudness.NewLimiter(-1, 2*time.Millisecond), noise(2, 10*time.Millisecond)
	assert.Zero(t, testing.AllocsPerRun(100, func() { l.Process(buf) }))
}

func BenchmarkLimiterIdle(b *testing.B) {
	l, x := loudness.NewLimiter(-1, 2*time.Millisecond), sine(500, 0.1, time.Second)
	for b.Loop() {
		l.Process(x)
	}
}

func BenchmarkLimiterWorking(b *testing.B) {
	l, x := loudness.NewLimiter(-1, 2*time.Millisecond), make([]float32, audio.Rate)
	loud := noise(2, time.Second)
	for b.Loop() {
		copy(x, loud)
		l.Process(x)
	}
}
