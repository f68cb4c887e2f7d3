package loudness_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/audio"
	"pa/audio/loudness"
)

var speechAim = loudness.Aim{LUFS: -16, TruePeak: -1, MaxLimit: 6}

func pcm16(x []float32) []int16 {
	out := make([]int16, len(x))
	for i, v := range x {
		out[i] = audio.ToInt16(v)
	}
	return out
}

func float(pcm []int16) []float32 {
	out := make([]float32, len(pcm))
	for i, v := range pcm {
		out[i] = audio.FromInt16(v)
	}
	return out
}

// recordings are real voices from Debian's packages, at 48 kHz.
func recordings(t testing.TB) map[string][]float32 {
	t.Helper()
	out := map[string][]float32{"espeak vi": speech(t)}
	for _, path := range []string{
		"/usr/share/sounds/alsa/Front_Center.wav", "/usr/share/sounds/alsa/Side_Left.wav",
		"/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav", "/usr/share/asterisk/sounds/en_US_f_Allison/vm-intro.wav",
		"/usr/share/asterisk/sounds/en_US_f_Allison/tt-weasels.wav", "/usr/share/asterisk/sounds/en_US_f_Allison/demo-nogo.wav",
	} {
		f, err := os.Open(path)
		require.NoError(t, err, "this test needs real voices: apt-get install alsa-utils asterisk-core-sounds-en-wav")
		wav, err := audio.ReadWAV(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		out[filepath.Base(path)] = audio.Resample(wav.Samples, wav.Rate, audio.Rate)
	}
	return out
}

// Real recordings, before and after, by our meter and by ffmpeg's ebur128.
func TestRealRecordingsComeOutAtTheTarget(t *testing.T) {
	for name, sound := range recordings(t) {
		for _, from := range []float64{0, -20} {
			t.Run(name, func(t *testing.T) {
				pcm := pcm16(amplified(sound, from))
				wasLUFS, _ := ffmpegSays(t, float(pcm))
				l := loudness.Level(pcm, speechAim)
				lufs, dbtp := ffmpegSays(t, float(pcm))
				t.Logf("%.2f → %.2f LUFS (ffmpeg %.1f → %.1f), %.2f → %.2f dBTP (%.1f), gain %.2f, limited %.2f dB",
					l.Before.LUFS, l.After.LUFS, wasLUFS, lufs, l.Before.TruePeak, l.After.TruePeak, dbtp, l.GainDB, l.LimitedDB)
				assert.InDelta(t, wasLUFS, l.Before.LUFS, 0.2, "before")
				assert.InDelta(t, lufs, l.After.LUFS, 0.2, "after")
				assert.LessOrEqual(t, l.After.TruePeak, -1.0)
				assert.LessOrEqual(t, dbtp, -0.9, "ffmpeg writes one decimal")
				assert.LessOrEqual(t, l.LimitedDB, 6.001)
				if l.LimitedDB < 5.9 {
					assert.InDelta(t, -16, lufs, 0.2, "the target is met where headroom allows")
				} else {
					assert.Greater(t, l.Short(speechAim), 0.0)
				}
			})
		}
	}
}

func TestLevelKnowsItsLimits(t *testing.T) {
	peaky := make([]float32, 3*audio.Rate)
	for i := 0; i < len(peaky); i += 4800 {
		copy(peaky[i:], sine(2000, 0.9, time.Millisecond))
	}
	for _, c := range []struct {
		name           string
		in             []float32
		aim            loudness.Aim
		gain, limited  float64
		lufs, truePeak float64 // NaN: whatever it is
	}{
		{"a soft tone comes up", sine(1000, 0.01, time.Second), speechAim, 27.0, 0, -16, math.NaN()},
		{"a loud one goes down", sine(1000, 0.9, time.Second), speechAim, -12.1, 0, -16, math.NaN()},
		{"without a limiter the peak decides", peaky, loudness.Aim{LUFS: -16, TruePeak: -1}, -0.1, 0, math.NaN(), -1},
		{"with one it gains as much as that may take", peaky, speechAim, 5.9, 6, math.NaN(), -1.2},
		{"what is almost nothing is not blown up", sine(1000, 0.001, time.Second), speechAim, 40, 0, -23, math.NaN()},
		{"unless it is allowed", sine(1000, 0.001, time.Second), loudness.Aim{LUFS: -16, TruePeak: -1, MaxGainDB: 60}, 47, 0, -16, math.NaN()},
		{"a beep shorter than a block", sine(1000, 0.01, 50*time.Millisecond), speechAim, 27, 0, -16, math.NaN()},
	} {
		t.Run(c.name, func(t *testing.T) {
			pcm := pcm16(c.in)
			l := loudness.Level(pcm, c.aim)
			assert.InDelta(t, c.gain, l.GainDB, 0.3, "gain")
			assert.InDelta(t, c.limited, l.LimitedDB, 0.2, "limited")
			if !math.IsNaN(c.lufs) {
				assert.InDelta(t, c.lufs, l.After.LUFS, 0.2)
			}
			if !math.IsNaN(c.truePeak) {
				assert.InDelta(t, c.truePeak, l.After.TruePeak, 0.15)
			}
			assert.Equal(t, loudness.MeasureOf(pcm), l.After, "what it says is what is there")
		})
	}
}

func TestSilenceIsLeftAlone(t *testing.T) {
	for _, pcm := range [][]int16{nil, {0}, make([]int16, audio.Rate)} {
		l := loudness.Level(pcm, speechAim)
		assert.Zero(t, l.GainDB)
		assert.Equal(t, loudness.Floor, l.After.LUFS)
		assert.NotContains(t, pcm, int16(1))
	}
}

func TestLevellingMovesNothingInTime(t *testing.T) {
	in := amplified(speech(t), 3)
	pcm := pcm16(in)
	l := loudness.Level(pcm, loudness.Aim{LUFS: -12, TruePeak: -1, MaxLimit: 12})
	require.Greater(t, l.LimitedDB, 1.0)
	require.Len(t, pcm, len(in))
	best, at := 0.0, 0
	for lag := -300; lag <= 300; lag++ {
		var sum float64
		for i := 1000; i < len(in)-1000; i++ {
			sum += float64(in[i]) * float64(pcm[i+lag])
		}
		if sum > best {
			best, at = sum, lag
		}
	}
	assert.Zero(t, at, "samples of delay")
}

func TestNoSoundExceedsTheAim(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in []float32
		for range rapid.IntRange(1, 8).Draw(t, "parts") {
			amp := rapid.SampledFrom([]float64{0, 0.001, 0.1, 0.9, 1}).Draw(t, "amp")
			freq := rapid.Float64Range(20, 23000).Draw(t, "freq")
			in = append(in, sine(freq, amp, time.Duration(rapid.IntRange(1, 300).Draw(t, "ms"))*time.Millisecond)...)
		}
		aim := loudness.Aim{
			LUFS:     rapid.Float64Range(-30, -5).Draw(t, "lufs"),
			TruePeak: rapid.Float64Range(-6, -0.5).Draw(t, "peak"),
			MaxLimit: rapid.Float64Range(0, 12).Draw(t, "limit"),
		}
		pcm := pcm16(in)
		l := loudness.Level(pcm, aim)
		if l.Before.LUFS <= loudness.Floor {
			return
		}
		if l.After.TruePeak > aim.TruePeak+0.001 {
			t.Fatalf("%.3f dBTP, aim %.3f", l.After.TruePeak, aim.TruePeak)
		}
		if l.After.LUFS > aim.LUFS+0.3 {
			t.Fatalf("%.2f LUFS, aim %.2f", l.After.LUFS, aim.LUFS)
		}
		if headroom := aim.TruePeak - l.Before.TruePeak; l.GainDB > headroom+aim.MaxLimit+0.001 {
			t.Fatalf("gain %.2f with %.2f of headroom", l.GainDB, headroom)
		}
	})
}
