package loudness_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/audio"
	"pa/audio/loudness"
)

func sine(freq, amp float64, d time.Duration) []float32 {
	out := make([]float32, int(d.Seconds()*audio.Rate))
	for i := range out {
		out[i] = float32(amp * math.Sin(2*math.Pi*freq*float64(i)/audio.Rate))
	}
	return out
}

func noise(amp float64, d time.Duration) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]float32, int(d.Seconds()*audio.Rate))
	for i := range out {
		out[i] = float32(amp * (2*r.Float64() - 1))
	}
	return out
}

func join(parts ...[]float32) (out []float32) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func speech(t testing.TB) []float32 {
	t.Helper()
	path := filepath.Join(t.TempDir(), "speech.wav")
	out, err := exec.Command("espeak-ng", "-v", "vi", "-w", path,
		"Công nhân tích cực lao động sản xuất để xây dựng và bảo vệ Tổ quốc. Cùng nhau giữ gìn an ninh trật tự.").CombinedOutput()
	require.NoError(t, err, "this test needs espeak-ng: apt-get install espeak-ng: %s", out)
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	wav, err := audio.ReadWAV(f)
	require.NoError(t, err)
	return audio.Resample(wav.Samples, wav.Rate, audio.Rate)
}

// ffmpegSays returns ffmpeg's integrated loudness and true peak.
func ffmpegSays(t testing.TB, samples []float32) (lufs, dbtp float64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.wav")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	w, err := audio.NewWAVWriter(f, audio.Rate)
	require.NoError(t, err)
	require.NoError(t, w.Write(samples))
	require.NoError(t, w.Close())
	out, err := exec.Command("ffmpeg", "-hide_banner", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-").CombinedOutput()
	require.NoError(t, err, "this test needs ffmpeg: apt-get install ffmpeg: %s", out)
	number := func(label string) float64 {
		found := regexp.MustCompile(label+`:\s+(-?[0-9.]+|-?inf)`).FindAllStringSubmatch(string(out), -1)
		require.NotEmpty(t, found, "%s", out)
		v, err := strconv.ParseFloat(found[len(found)-1][1], 64)
		require.NoError(t, err)
		return v
	}
	return number("I"), number("Peak")
}

func TestLoudnessAgreesWithFFmpeg(t *testing.T) {
	for _, c := range []struct {
		name    string
		samples []float32
	}{
		{"tone at −20 dBFS", sine(1000, 0.1, 3*time.Second)},
		{"noise", noise(0.3, 3*time.Second)},
		{"low hum, which the ear hears less", sine(60, 0.5, 3*time.Second)},
		{"speech", speech(t)},
		{"words, then silence: the gate", join(speech(t), make([]float32, 5*audio.Rate))},
		{"loud and soft", join(sine(500, 0.3, 4*time.Second), sine(500, 0.01, 4*time.Second))},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := loudness.NewMeter(audio.Rate)
			m.Write(c.samples)
			lufs, dbtp := ffmpegSays(t, c.samples)
			t.Logf("%.2f LUFS, ffmpeg %.1f; %.2f dBTP, ffmpeg %.1f", m.Integrated(), lufs, m.TruePeak(), dbtp)
			assert.InDelta(t, lufs, m.Integrated(), 0.2, "LUFS")
			assert.InDelta(t, dbtp, m.TruePeak(), 0.3, "dBTP")
		})
	}
}

func TestTheStandardsToneReadsAsTheStandardSays(t *testing.T) {
	// BS.1770-4: a sine of 997 Hz at full scale in one channel is −3.01 LKFS.
	for _, rate := range []int{8000, 16000, 44100, 48000, 96000} {
		m := loudness.NewMeter(rate)
		tone := make([]float32, rate*2)
		for i := range tone {
			tone[i] = float32(math.Sin(2 * math.Pi * 997 * float64(i) / float64(rate)))
		}
		m.Write(tone)
		assert.InDelta(t, -3.01, m.Integrated(), 0.06, "%d Hz", rate)
		assert.InDelta(t, -3.01, m.Momentary(), 0.06, "%d Hz, momentary", rate)
	}
}

func TestAPeakBetweenSamplesIsSeen(t *testing.T) {
	// A quarter of the rate at 45°: every sample is 3 dB below the crest.
	x := make([]float32, audio.Rate)
	for i := range x {
		x[i] = float32(math.Sin(math.Pi/2*float64(i) + math.Pi/4))
	}
	fade := 2400
	for i := range fade { // the edges ring, which is not the matter here
		g := float32(i) / float32(fade)
		x[i] *= g
		x[len(x)-1-i] *= g
	}
	m := loudness.NewMeter(audio.Rate)
	m.Write(x)
	assert.InDelta(t, -3.01, audio.ToDB(audio.Peak(x)), 0.01)
	assert.InDelta(t, 0, m.TruePeak(), 0.1)
}

func TestSilenceHasNoLoudness(t *testing.T) {
	m := loudness.NewMeter(audio.Rate)
	assert.Equal(t, loudness.Floor, m.Integrated())
	m.Write(make([]float32, audio.Rate))
	assert.Equal(t, loudness.Floor, m.Integrated())
	assert.Equal(t, loudness.Floor, m.Momentary())
	assert.EqualValues(t, audio.FloorDB, m.TruePeak())
	assert.Zero(t, loudness.Normalise(nil, -16, -1))
	assert.Zero(t, loudness.Normalise(make([]float32, 9), -16, -1))
}

func TestNormalise(t *testing.T) {
	for _, c := range []struct {
		name          string
		samples       []float32
		target, peak  float64
		want, withinn float64
	}{
		{"a soft tone comes up", sine(1000, 0.01, time.Second), -20, -1, 23, 0.1},
		{"a loud one goes down", sine(1000, 0.9, time.Second), -20, -1, -16.1, 0.1},
		{"the peak decides", sine(1000, 0.5, time.Second), 0, -1, 5.02, 0.05},
		{"a beep shorter than a block", sine(1000, 0.1, 50*time.Millisecond), -20, -1, 3.0, 0.2},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.InDelta(t, c.want, loudness.Normalise(c.samples, c.target, c.peak), c.withinn)
		})
	}
}

func TestMeasuringInPiecesChangesNothing(t *testing.T) {
	whole := join(sine(700, 0.4, 700*time.Millisecond), noise(0.8, 300*time.Millisecond))
	want := loudness.NewMeter(audio.Rate)
	want.Write(whole)
	rapid.Check(t, func(t *rapid.T) {
		m := loudness.NewMeter(audio.Rate)
		for rest := whole; len(rest) > 0; {
			n := min(len(rest), rapid.IntRange(1, 3000).Draw(t, "n"))
			m.Write(rest[:n])
			rest = rest[n:]
		}
		if m.Integrated() != want.Integrated() || m.TruePeak() != want.TruePeak() {
			t.Fatalf("%v %v, whole %v %v", m.Integrated(), m.TruePeak(), want.Integrated(), want.TruePeak())
		}
	})
}

func BenchmarkMeter(b *testing.B) {
	m, x := loudness.NewMeter(audio.Rate), speech(b)[:audio.Rate]
	for b.Loop() {
		m.Write(x)
	}
}

func ExampleNormalise() {
	samples := sine(1000, 0.1, time.Second)
	fmt.Printf("%+.1f dB\n", loudness.Normalise(samples, -16, -1))
	// Output: +7.0 dB
}
