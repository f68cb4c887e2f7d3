package ingest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/loudness"
	"pa/audio/source"
)

var forHorns = Treatment{Trim: true, Level: true, Aim: loudness.Aim{LUFS: -16, TruePeak: -1, MaxLimit: 6}, Long: 5 * time.Minute}

const slogan = "Công nhân KCX-KCN tích cực lao động sản xuất để xây dựng và bảo vệ Tổ quốc"

// spoken is a Vietnamese sentence, as espeak-ng writes it.
func spoken(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "slogan.wav")
	run(t, "espeak-ng", "-v", "vi", "-s", "150", "-w", path, slogan)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

func samples(t testing.TB, file []byte) []int16 {
	t.Helper()
	clip, err := source.Decode(t.Context(), bytes.NewReader(file), source.Limits{})
	require.NoError(t, err)
	return clip.PCM()
}

// voices are real recordings, and the espeak sentence.
func voices(t testing.TB) map[string][]int16 {
	t.Helper()
	out := map[string][]int16{"espeak": samples(t, spoken(t))}
	for _, path := range []string{
		"/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav", "/usr/share/asterisk/sounds/en_US_f_Allison/demo-echotest.wav",
		"/usr/share/asterisk/sounds/en_US_f_Allison/vm-intro.wav", "/usr/share/sounds/alsa/Front_Center.wav", "/usr/share/sounds/alsa/Rear_Right.wav",
	} {
		b, err := os.ReadFile(path)
		require.NoError(t, err, "this test needs real voices: apt-get install alsa-utils asterisk-core-sounds-en-wav")
		pcm := samples(t, b)
		out[filepath.Base(path)] = pcm[:min(len(pcm), 6*audio.Rate)]
	}
	return out
}

// with returns pcm, scaled, and something added to it.
func with(pcm []int16, scale float64, add func(i int) float64) []int16 {
	out := make([]int16, len(pcm))
	for i, v := range pcm {
		out[i] = audio.ToInt16(float32(scale*float64(v)/(1<<15) + add(i)))
	}
	return out
}

func quietness(int) float64 { return 0 }

func hiss(level float64) func(int) float64 {
	r := rand.New(rand.NewPCG(1, 2))
	a := float64(audio.DB(level))
	return func(int) float64 { return a * r.NormFloat64() }
}

func wave(freq, level float64) func(int) float64 {
	a := float64(audio.DB(level)) * math.Sqrt2
	return func(i int) float64 { return a * math.Sin(2*math.Pi*freq*float64(i)/audio.Rate) }
}

func padded(pcm []int16, before, after time.Duration) []int16 {
	n := func(d time.Duration) []int16 { return make([]int16, int(d.Seconds()*audio.Rate)) }
	return append(append(n(before), pcm...), n(after)...)
}

func kinds(f Facts) string {
	var out []string
	for _, w := range f.Warnings {
		out = append(out, w.Kind)
	}
	return strings.Join(out, " ")
}

// levelTo gives pcm an RMS of its loud parts, dBFS, that the tests can count on.
func levelTo(pcm []int16, db float64) []int16 {
	l := loudness.MeasureOf(pcm).LUFS
	return with(pcm, float64(audio.DB(db-l)), quietness)
}

func TestGoodRecordingsGetNoWarning(t *testing.T) {
	for name, pcm := range voices(t) {
		pcm, f, err := treat([][]int16{pcm}, forHorns)
		require.NoError(t, err, name)
		t.Logf("%s: %.1f s, cut %v %v, %.1f → %.1f LUFS, gain %.1f, limited %.1f, snr %.0f %v", name, f.Length.Seconds(), f.CutHead, f.CutTail,
			f.Before.LUFS, f.After.LUFS, f.GainDB, f.LimitedDB, f.SignalToNoise, f.Warnings)
		assert.Empty(t, kinds(f), name)
		assert.InDelta(t, -16, f.After.LUFS, 0.5, name)
		assert.LessOrEqual(t, f.After.TruePeak, -1.0, name)
		assert.Len(t, f.Overview, overviewBins)
		assert.EqualValues(t, len(pcm), f.SamplesOfSound)
	}
}

func TestBadRecordingsGetTheirWarning(t *testing.T) {
	for _, c := range []struct {
		name string
		want string
		make func(pcm []int16) []int16
	}{
		{"overdriven", WarnClipping, func(p []int16) []int16 { return with(p, 30, quietness) }},
		{"overdriven, then softer", WarnClipping, func(p []int16) []int16 { return with(with(p, 30, quietness), 0.7, quietness) }},
		{"mains hum", WarnHum, func(p []int16) []int16 { return with(p, 1, wave(50, -45)) }},
		{"a rectifier's hum", WarnHum, func(p []int16) []int16 { return with(p, 1, wave(100, -45)) }},
		{"a noisy room", WarnNoise, func(p []int16) []int16 { return with(p, 1, hiss(-32)) }},
	} {
		for name, pcm := range voices(t) {
			pcm = levelTo(padded(pcm, 700*time.Millisecond, 700*time.Millisecond), -20)
			var f Facts
			f.inspect(c.make(pcm))
			assert.Equal(t, c.want, kinds(f), "%s: %s %v", name, c.name, f)
		}
	}
}

func TestTheNoiseIsMeasured(t *testing.T) {
	for name, pcm := range voices(t) {
		pcm = levelTo(padded(pcm, time.Second, time.Second), -20)
		for _, level := range []float64{-50, -40, -30} {
			var f Facts
			f.inspect(with(pcm, 1, hiss(level)))
			// A voice at −20 LUFS has −20 dBFS give or take its colour.
			assert.InDelta(t, -20-level, f.SignalToNoise, 4.5, "%s with noise at %.0f dBFS", name, level)
		}
	}
}

func TestWhatIsNoVoiceIsNotCalledNoisy(t *testing.T) {
	chime, err := source.Chime("gong")
	require.NoError(t, err)
	alert, err := source.Alert("slow-whoop", 5*time.Second)
	require.NoError(t, err)
	for name, pcm := range map[string][]int16{
		"tone":            with(make([]int16, 3*audio.Rate), 0, wave(440, -20)),
		"chord":           with(with(make([]int16, 3*audio.Rate), 0, wave(440, -20)), 1, wave(554.4, -20)),
		"chime":           chime.PCM(),
		"alert":           alert.PCM(),
		"a hundred hertz": with(make([]int16, 200), 0, wave(100, -20)),
		"nothing":         nil,
		"silence":         make([]int16, audio.Rate),
	} {
		var f Facts
		f.inspect(pcm)
		assert.Empty(t, kinds(f), name)
	}
}

func TestAWarningTellsThePerson(t *testing.T) {
	for _, w := range []Warning{{WarnClipping, 12}, {WarnHum, 50}, {WarnNoise, 12}, {WarnLong, 400}, {WarnSoft, 1.5}} {
		assert.NotEqual(t, w.Kind, w.Text())
	}
	assert.Contains(t, Warning{WarnLong, 400}.Text(), "6m40s")
	assert.Equal(t, "of a newer version", Warning{Kind: "of a newer version"}.Text())
}

func TestTheWorstOfSeveralPartsIsTold(t *testing.T) {
	var f Facts
	f.warn(WarnNoise, 15)
	f.warn(WarnNoise, 12)
	f.warn(WarnNoise, 18)
	f.warn(WarnClipping, 9)
	f.warn(WarnClipping, 90)
	assert.Equal(t, []Warning{{WarnNoise, 12}, {WarnClipping, 90}}, f.Warnings)
}

func TestSilenceIsCutAndNothingElse(t *testing.T) {
	for name, pcm := range voices(t) {
		bare, _, _ := trim(append([]int16(nil), pcm...)) // what it has of its own
		for _, c := range []struct {
			name string
			make func([]int16) []int16
		}{
			{"digital silence", func(p []int16) []int16 { return p }},
			{"a quiet room", func(p []int16) []int16 { return with(p, 1, hiss(-60)) }},
			{"a humming room", func(p []int16) []int16 { return with(p, 1, wave(50, -40)) }},
			{"a click at the very start", func(p []int16) []int16 { p[500] = 20000; return p }},
		} {
			in := c.make(padded(bare, 2*time.Second, 3*time.Second))
			got, head, tail := trim(in)
			assert.InDelta(t, 2, span(head).Seconds(), 0.16, "%s, %s: head", name, c.name)
			assert.InDelta(t, 3, span(tail).Seconds(), 0.26, "%s, %s: tail", name, c.name)
			assert.Equal(t, len(in), head+len(got)+tail)
			assert.InDelta(t, 0, float64(got[0]), 1)
			assert.InDelta(t, 0, float64(got[len(got)-1]), 1)
		}
	}
}

func TestWhatHasNoSilenceIsNotCut(t *testing.T) {
	for name, pcm := range map[string][]int16{
		"tone":    with(make([]int16, audio.Rate), 0, wave(440, -20)),
		"silence": make([]int16, audio.Rate),
		"short":   with(make([]int16, 900), 0, wave(440, -20)),
		"nothing": {},
		"noise":   with(make([]int16, audio.Rate), 0, hiss(-30)),
	} {
		want := append([]int16{}, pcm...)
		got, head, tail := trim(pcm)
		assert.Zero(t, head+tail, name)
		assert.Equal(t, want, got, name)
	}
}

func TestSeveralPartsAreEquallyLoud(t *testing.T) {
	all := voices(t)
	parts := [][]int16{levelTo(all["espeak"], -35), levelTo(all["vm-intro.wav"], -20)}
	treatment := forHorns
	treatment.Gap = 500 * time.Millisecond
	n := len(parts[0])
	pcm, f, err := treat(parts, treatment)
	require.NoError(t, err)
	assert.InDelta(t, -16, f.After.LUFS, 0.3)
	first, second := loudness.MeasureOf(pcm[:n/2]), loudness.MeasureOf(pcm[len(pcm)-n/2:])
	assert.InDelta(t, first.LUFS, second.LUFS, 2)
	assert.InDelta(t, (span(len(parts[0])+len(parts[1])) + treatment.Gap).Seconds(), f.Length.Seconds(), 0.001)
}

func TestKeptAsItIs(t *testing.T) {
	pcm := samples(t, spoken(t))
	want := append([]int16(nil), pcm...)
	got, f, err := treat([][]int16{pcm}, Treatment{})
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Zero(t, f.GainDB)
	assert.Equal(t, f.Before, f.After)
}

func TestLongAndSoftAreTold(t *testing.T) {
	treatment := forHorns
	treatment.Long = time.Second
	clicks := make([]int16, 3*audio.Rate)
	for i := 0; i < len(clicks); i += 4800 {
		for k := range 24 {
			clicks[i+k] = int16(20000 * math.Sin(math.Pi*float64(k)/12))
		}
	}
	_, f, err := treat([][]int16{clicks}, treatment)
	require.NoError(t, err)
	assert.Contains(t, kinds(f), WarnLong)
	assert.Contains(t, kinds(f), WarnSoft)
	_, _, err = treat([][]int16{make([]int16, audio.Rate)}, treatment)
	require.ErrorIs(t, err, ErrSilent)
}

func TestThePictureShowsTheWave(t *testing.T) {
	pcm := append(make([]int16, audio.Rate), with(make([]int16, audio.Rate), 0, wave(440, -9))...)
	o := overview(pcm)
	require.Len(t, o, overviewBins)
	assert.Zero(t, o[10])
	assert.InDelta(t, 255*0.5, float64(o[300]), 5)
	assert.Len(t, overview(make([]int16, 7)), 7)
	assert.Empty(t, overview(nil))
	assert.EqualValues(t, 255, overview([]int16{-32768})[0])
}

func TestFLACGivesBackEverySample(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	random := make([]int16, 5000)
	for i := range random {
		random[i] = int16(r.Uint32())
	}
	square := make([]int16, 4000)
	for i := range square {
		square[i] = int16(32767 - 65535*(i/7%2))
	}
	for name, pcm := range map[string][]int16{
		"speech": samples(t, spoken(t)), "random": random, "square": square, "silence": make([]int16, 3000), "one": {-32768}, "a block": random[:flacBlock],
	} {
		file, err := encodeFLAC(pcm)
		require.NoError(t, err, name)
		assert.Equal(t, pcm, samples(t, file), name)
		again, err := encodeFLAC(pcm)
		require.NoError(t, err)
		assert.Equal(t, file, again, "%s: the same sound is the same file", name)
		path := filepath.Join(t.TempDir(), "x.flac")
		require.NoError(t, os.WriteFile(path, file, 0o600))
		run(t, "flac", "-s", "-t", "-w", path)
		t.Logf("%s: %.2f of its size", name, float64(len(file))/float64(2*len(pcm)))
	}
}

func TestPrepareInAChild(t *testing.T) {
	file, f, err := child(t, Mode).Prepare(t.Context(), bytes.NewReader(spoken(t)), source.Limits{}, forHorns)
	require.NoError(t, err)
	pcm := samples(t, file)
	assert.EqualValues(t, f.SamplesOfSound, len(pcm))
	assert.Equal(t, f.After, loudness.MeasureOf(pcm))
	assert.InDelta(t, -16, f.After.LUFS, 0.1)
	t.Logf("%d bytes, %+v", len(file), f.After)

	_, _, err = child(t, Mode).Prepare(t.Context(), bytes.NewReader(made(t, "s.wav", "trim", "0", "1")), source.Limits{}, forHorns)
	require.ErrorIs(t, err, ErrSilent)
	_, _, err = child(t, Mode).Prepare(t.Context(), strings.NewReader("một lá thư"), source.Limits{}, forHorns)
	require.ErrorIs(t, err, source.ErrUnknownSound)
}

func TestSeveralFilesInOneUpload(t *testing.T) {
	one, two := tone(t), spoken(t)
	treatment := Treatment{Sizes: []int64{int64(len(one)), int64(len(two))}, Gap: 250 * time.Millisecond}
	both := append(append([]byte(nil), one...), two...)
	file, _, err := child(t, Mode).Prepare(t.Context(), bytes.NewReader(both), source.Limits{}, treatment)
	require.NoError(t, err)
	want := len(samples(t, one)) + audio.Rate/4 + len(samples(t, two))
	assert.Len(t, samples(t, file), want)

	treatment.Sizes = []int64{int64(len(one)), 10}
	_, _, err = child(t, Mode).Prepare(t.Context(), bytes.NewReader(both), source.Limits{}, treatment)
	require.ErrorIs(t, err, source.ErrUnknownSound)
	assert.ErrorContains(t, err, "file 2")

	treatment.Sizes = []int64{int64(len(one)), int64(len(two))}
	_, _, err = child(t, Mode).Prepare(t.Context(), bytes.NewReader(both), source.Limits{MaxLength: time.Second}, treatment)
	require.ErrorIs(t, err, source.ErrTooLong)
}

func speech(command ...string) Treatment {
	t := forHorns
	t.Speech = command
	return t
}

func TestATextIsSpoken(t *testing.T) {
	espeak, err := exec.LookPath("espeak-ng")
	require.NoError(t, err, "this test needs espeak-ng: apt-get install espeak-ng")
	for _, voice := range []string{"vi", "vi-vn-x-central", "vi-vn-x-south", "en"} {
		file, f, err := child(t, Mode).Prepare(t.Context(), strings.NewReader(slogan), source.Limits{}, speech(espeak, "-v", voice, "-s", "150", "--stdin", "--stdout"))
		require.NoError(t, err)
		assert.Greater(t, f.Length.Seconds(), 3.0, voice)
		assert.NotEmpty(t, file)
	}
}

func TestWhenNothingSpeaks(t *testing.T) {
	for _, c := range []struct {
		name    string
		command []string
		want    error
		says    string
	}{
		{"missing", []string{"no-such-speech"}, ErrNoSpeech, "no-such-speech"},
		{"unknown voice", []string{"espeak-ng", "-v", "klingon-x", "--stdin", "--stdout"}, ErrSpeech, "voice"},
		{"mute", []string{"true"}, ErrSpeech, "wrote no recording"},
		{"talks in letters", []string{"cat"}, ErrSpeech, "wrote no recording"},
		{"talks for ever", []string{"yes"}, source.ErrTooLarge, "1 MiB"},
		{"hangs", []string{"sleep", "1000"}, ErrOutOfTime, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := New(Config{Program: []string{"/proc/self/exe", Mode}, Time: 2 * time.Second, TempDir: t.TempDir()})
			_, _, err := g.Prepare(t.Context(), strings.NewReader(slogan), source.Limits{MaxBytes: 1 << 20, MaxLength: time.Second}, speech(c.command...))
			require.ErrorIs(t, err, c.want)
			assert.ErrorContains(t, err, c.says)
		})
	}
}

// What a text says is never a command, an option or a file's name.
func TestATextIsOnlySpoken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, text := range []string{"$(touch " + path + ")", "`touch " + path + "`", "; touch " + path, "-w " + path, "-f /etc/passwd"} {
		_, _, err := child(t, Mode).Prepare(t.Context(), strings.NewReader(text), source.Limits{}, speech("espeak-ng", "-v", "vi", "--stdin", "--stdout"))
		require.NoError(t, err)
		assert.NoFileExists(t, path)
	}
}

func TestMemoryAndTimeGrowWithTheOrder(t *testing.T) {
	small := order{Limits: source.Limits{MaxBytes: 1 << 20, MaxLength: time.Minute}}
	large := order{Limits: source.Limits{MaxBytes: 64 << 20, MaxLength: time.Hour}, Treat: &Treatment{}}
	talk := order{Limits: small.Limits, Treat: &Treatment{Speech: []string{"x"}}}
	assert.Less(t, small.memory(), large.memory())
	assert.Less(t, small.memory(), talk.memory())
	assert.LessOrEqual(t, small.memory()-instruments, int64(256<<20))
	assert.Equal(t, time.Minute, small.time(time.Minute))
	assert.Equal(t, 16*time.Minute, large.time(time.Minute))
	assert.Equal(t, fmt.Sprint(time.Hour), fmt.Sprint(bounded(source.Limits{MaxLength: 9 * time.Hour}).MaxLength))
}
