package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/source"
)

// program fails the test when a program that makes its input is missing.
func program(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "this test needs %s: apt-get install %s", name, debian)
	return path
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
}

// toneFile makes half a second of 1 kHz, peak 0.5, as a WAV file.
func toneFile(t testing.TB, rate, channels int, bits ...string) string {
	path := filepath.Join(t.TempDir(), "tone.wav")
	args := append([]string{"-D", "-n", "-r", fmt.Sprint(rate), "-c", fmt.Sprint(channels)}, bits...)
	run(t, program(t, "sox", "sox"), append(args, path, "synth", "0.5", "sine", "1000", "vol", "0.5")...)
	return path
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

func decode(t testing.TB, file []byte) *source.Clip {
	t.Helper()
	clip, err := source.Decode(context.Background(), bytes.NewReader(file), source.Limits{})
	require.NoError(t, err)
	return clip
}

// snr compares the middle of got with a·sin at freq, best amplitude and phase,
// dB; delay is where that sine's zero lies, in samples at 48 kHz.
func snr(got []float32, freq float64) (db, amp, delay float64) {
	var s, c float64
	lo, hi := len(got)/8, len(got)-len(got)/8
	period := audio.Rate / freq
	hi = lo + int(math.Floor(float64(hi-lo)/period)*period)
	for i := lo; i < hi; i++ {
		w := 2 * math.Pi * freq * float64(i) / audio.Rate
		s += float64(got[i]) * math.Sin(w)
		c += float64(got[i]) * math.Cos(w)
	}
	s, c = 2*s/float64(hi-lo), 2*c/float64(hi-lo)
	var signal, noise float64
	for i := lo; i < hi; i++ {
		w := 2 * math.Pi * freq * float64(i) / audio.Rate
		want := s*math.Sin(w) + c*math.Cos(w)
		signal += want * want
		noise += (float64(got[i]) - want) * (float64(got[i]) - want)
	}
	return 10 * math.Log10(signal/(noise+1e-30)), math.Hypot(s, c), -math.Atan2(c, s) / (2 * math.Pi) * period
}

func TestEveryFormatSoundsTheSameTone(t *testing.T) {
	ffmpeg := program(t, "ffmpeg", "ffmpeg")
	for _, c := range []struct {
		name, debian string
		rate, chans  int
		make         func(in, out string) []string // nil: the WAV itself
		minSNR       float64
		slack        float64 // samples of length that the format may add
	}{
		{"wav 48k", "", 48000, 1, nil, 90, 0},
		{"wav 44.1k stereo", "", 44100, 2, nil, 88, 1},
		{"wav 8k", "", 8000, 1, nil, 80, 1},
		{"wav 96k six channels", "", 96000, 6, nil, 88, 1},
		{"flac", "flac", 44100, 2, func(in, out string) []string { return []string{"flac", "-s", "-o", out, in} }, 88, 1},
		{"flac 8k mono", "flac", 8000, 1, func(in, out string) []string { return []string{"flac", "-s", "-8", "-o", out, in} }, 80, 1},
		{"oggenc", "vorbis-tools", 44100, 2, func(in, out string) []string { return []string{"oggenc", "-Q", "-q", "6", "-o", out, in} }, 45, 1},
		{"oggenc 16k", "vorbis-tools", 16000, 1, func(in, out string) []string { return []string{"oggenc", "-Q", "-q", "8", "-o", out, in} }, 30, 1},
		{"opusenc", "opus-tools", 48000, 1, func(in, out string) []string {
			return []string{"opusenc", "--quiet", "--bitrate", "96", in, out}
		}, 30, 0},
		{"opusenc stereo", "opus-tools", 48000, 2, func(in, out string) []string {
			return []string{"opusenc", "--quiet", "--bitrate", "128", in, out}
		}, 30, 0},
		{"mp3", "ffmpeg", 44100, 1, func(in, out string) []string {
			return []string{ffmpeg, "-v", "error", "-i", in, "-f", "mp3", out}
		}, 40, 3000},
		{"mp3 of a speech service, MPEG-2", "ffmpeg", 24000, 1, func(in, out string) []string {
			return []string{ffmpeg, "-v", "error", "-i", in, "-f", "mp3", out}
		}, 40, 4000},
		{"m4a of a telephone, index at the end", "ffmpeg", 44100, 1, func(in, out string) []string {
			return []string{ffmpeg, "-v", "error", "-i", in, "-f", "mp4", out}
		}, 28, 3000},
		{"wav adpcm", "ffmpeg", 48000, 1, func(in, out string) []string {
			return []string{ffmpeg, "-v", "error", "-i", in, "-c:a", "adpcm_ms", "-f", "wav", out}
		}, 25, 3000},
		{"opus 5.1", "ffmpeg", 48000, 6, func(in, out string) []string {
			return []string{"opusenc", "--quiet", in, out}
		}, 20, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := toneFile(t, c.rate, c.chans, "-b", "16")
			file := in
			if c.make != nil {
				file = filepath.Join(t.TempDir(), "x")
				args := c.make(in, file)
				run(t, program(t, args[0], c.debian), args[1:]...)
			}
			clip := decode(t, read(t, file))
			assert.InDelta(t, audio.Rate/2, clip.Samples(), c.slack)
			db, amp, delay := snr(clip.Float32(), 1000)
			assert.Greater(t, db, c.minSNR, "SNR, dB")
			if c.chans < 6 || c.make == nil { // surround is mixed by ffmpeg's own weights
				assert.InDelta(t, 0.5, amp, 0.03, "amplitude")
			}
			if c.slack <= 1 {
				assert.InDelta(t, 0, delay, 0.1, "sample 0 has moved")
			}
			t.Logf("%.1f dB", db)
		})
	}
}

// What recorders write: 24 bits come as EXTENSIBLE, telephones give µ-law.
func TestEveryKindOfWAVSoundsTheSameTone(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		minSNR float64
	}{
		"8 bit":    {[]string{"-b", "8"}, 35},
		"24 bit":   {[]string{"-b", "24"}, 88},
		"32 bit":   {[]string{"-b", "32"}, 88},
		"float":    {[]string{"-e", "floating-point", "-b", "32"}, 88},
		"double":   {[]string{"-e", "floating-point", "-b", "64"}, 88},
		"µ-law":    {[]string{"-e", "mu-law"}, 30},
		"A-law":    {[]string{"-e", "a-law"}, 30},
		"plain 24": {[]string{"-t", "wavpcm", "-b", "24"}, 88},
	} {
		t.Run(name, func(t *testing.T) {
			clip := decode(t, read(t, toneFile(t, 44100, 2, c.args...)))
			assert.InDelta(t, audio.Rate/2, clip.Samples(), 1)
			db, amp, _ := snr(clip.Float32(), 1000)
			assert.Greater(t, db, c.minSNR)
			assert.InDelta(t, 0.5, amp, 0.03)
		})
	}
}

func TestVorbisAndOpusAgreeWithTheReferenceDecoders(t *testing.T) {
	ffmpeg := program(t, "ffmpeg", "ffmpeg")
	speech := filepath.Join(t.TempDir(), "speech.wav")
	run(t, program(t, "espeak-ng", "espeak-ng"), "-v", "en", "-w", speech, "Attention please. This is a test of the loudspeakers.")
	wide := filepath.Join(t.TempDir(), "wide.wav")
	run(t, program(t, "sox", "sox"), speech, "-r", "48000", "-c", "1", wide)
	for _, c := range []struct {
		name   string
		enc    []string
		minSNR float64
	}{
		{"vorbis", []string{"oggenc", "-Q", "-o"}, 80},
		{"opus", []string{"opusenc", "--quiet", "--bitrate", "32"}, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, raw := filepath.Join(t.TempDir(), "x.ogg"), filepath.Join(t.TempDir(), "x.raw")
			args := append(c.enc[1:], out, wide)
			if c.name == "opus" {
				args = append(c.enc[1:], wide, out)
			}
			run(t, program(t, c.enc[0], c.name+"-tools"), args...)
			if c.name == "opus" { // ffmpeg's own decoder differs where the voice is narrow
				run(t, program(t, "opusdec", "opus-tools"), "--quiet", "--no-dither", "--rate", "48000", out, raw+".wav")
				run(t, ffmpeg, "-v", "error", "-i", raw+".wav", "-f", "s16le", raw)
			} else {
				run(t, ffmpeg, "-v", "error", "-i", out, "-ac", "1", "-ar", "48000", "-f", "s16le", raw)
			}
			want := read(t, raw)
			got := decode(t, read(t, out)).Float32()
			n := min(len(got), len(want)/2)
			assert.InDelta(t, len(want)/2, len(got), 960)
			var s, e float64
			for i := range n {
				w := float64(int16(uint16(want[2*i])|uint16(want[2*i+1])<<8)) / 32768
				s += w * w
				e += (w - float64(got[i])) * (w - float64(got[i]))
			}
			db := 10 * math.Log10(s/(e+1e-30))
			t.Logf("%.1f dB, %d against %d samples", db, len(got), len(want)/2)
			assert.Greater(t, db, c.minSNR)
		})
	}
}

func TestWhatDecodeRefuses(t *testing.T) {
	wav := read(t, toneFile(t, 48000, 1, "-b", "16"))
	long := read(t, toneFile(t, 8000, 1, "-b", "16"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name   string
		ctx    context.Context
		file   []byte
		limits source.Limits
		want   error
	}{
		{"nothing", context.Background(), nil, source.Limits{}, source.ErrUnknownSound},
		{"a letter", context.Background(), []byte("Kính gửi ban quản lý khu công nghiệp, …"), source.Limits{}, source.ErrUnknownSound},
		{"a playlist that names a file", context.Background(), []byte("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"), source.Limits{}, source.ErrUnknownSound},
		{"a WAV without sound", context.Background(), wav[:44], source.Limits{}, source.ErrCorrupt},
		{"a WAV cut in its header", context.Background(), wav[:30], source.Limits{}, source.ErrCorrupt},
		{"too many bytes", context.Background(), wav, source.Limits{MaxBytes: 1000}, source.ErrTooLarge},
		{"too long", context.Background(), wav, source.Limits{MaxLength: 400 * time.Millisecond}, source.ErrTooLong},
		{"too long at another rate", context.Background(), long, source.Limits{MaxLength: 400 * time.Millisecond}, source.ErrTooLong},
		{"the caller gave up", ctx, wav, source.Limits{}, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			clip, err := source.Decode(c.ctx, bytes.NewReader(c.file), c.limits)
			assert.Nil(t, clip)
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestDecodePassesOnTheReadersFault(t *testing.T) {
	_, err := source.Decode(context.Background(), io.MultiReader(bytes.NewReader(make([]byte, 10)), broken{}), source.Limits{})
	require.ErrorIs(t, err, errBroken)
}

var errBroken = errors.New("connection reset")

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }

func TestWithoutFFmpegTheErrorSaysWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := source.Decode(context.Background(), bytes.NewReader([]byte("ID3 something")), source.Limits{})
	require.ErrorIs(t, err, source.ErrUnknownFormat)
	assert.ErrorContains(t, err, "install ffmpeg or convert to WAV, FLAC or Ogg")
}

func TestALengthBeyondTheLimitEndsFFmpeg(t *testing.T) {
	in, out := toneFile(t, 44100, 1, "-b", "16"), filepath.Join(t.TempDir(), "x.mp3")
	run(t, program(t, "ffmpeg", "ffmpeg"), "-v", "error", "-stream_loop", "20", "-i", in, out)
	_, err := source.Decode(context.Background(), bytes.NewReader(read(t, out)), source.Limits{MaxLength: time.Second})
	require.ErrorIs(t, err, source.ErrTooLong)
}

// encoded gives one small file of each format that we decode ourselves.
func encoded(t testing.TB) map[string][]byte {
	in := toneFile(t, 16000, 1, "-b", "16")
	files := map[string][]byte{"wav": read(t, in)}
	for name, args := range map[string][]string{
		"flac":   {"flac", "-s", "-o", "OUT", in},
		"vorbis": {"oggenc", "-Q", "-o", "OUT", in},
		"opus":   {"opusenc", "--quiet", in, "OUT"},
	} {
		out := filepath.Join(t.TempDir(), name)
		for i, a := range args {
			if a == "OUT" {
				args[i] = out
			}
		}
		run(t, program(t, args[0], "flac vorbis-tools opus-tools"), args[1:]...)
		files[name] = read(t, out)
	}
	return files
}

func TestDamagedFilesAreRefusedNotPlayed(t *testing.T) {
	for name, file := range encoded(t) {
		if name == "wav" { // has no checksum: it plays what is there
			continue
		}
		t.Run(name+" with a flipped bit", func(t *testing.T) {
			bad := bytes.Clone(file)
			bad[len(bad)*3/4] ^= 0x10
			_, err := source.Decode(context.Background(), bytes.NewReader(bad), source.Limits{})
			require.ErrorIs(t, err, source.ErrCorrupt)
		})
		t.Run(name+" cut off", func(t *testing.T) {
			_, err := source.Decode(context.Background(), bytes.NewReader(file[:len(file)*3/4]), source.Limits{})
			require.ErrorIs(t, err, source.ErrCorrupt)
		})
	}
}

func TestAChainOfOggStreamsIsNotCutShort(t *testing.T) {
	file := encoded(t)["opus"]
	chain := append(bytes.Clone(file), file...)
	clip, err := source.Decode(context.Background(), bytes.NewReader(chain), source.Limits{})
	if err == nil { // ffmpeg plays chains, its versions differ in how exactly
		assert.Greater(t, clip.Len(), 900*time.Millisecond)
	}
}

// FuzzDecode meets files from anywhere; where no format of ours fits there is
// no ffmpeg to ask.
func FuzzDecode(f *testing.F) {
	for _, file := range encoded(f) {
		f.Add(file[:min(len(file), 4096)])
	}
	f.Add([]byte("OggS"))
	f.Fuzz(func(t *testing.T, file []byte) {
		t.Setenv("PATH", "/nonexistent")
		clip, err := source.Decode(context.Background(), bytes.NewReader(file), source.Limits{MaxBytes: 1 << 20, MaxLength: 10 * time.Second})
		if err == nil && (clip.Samples() == 0 || clip.Len() > 10*time.Second) {
			t.Fatalf("%d samples", clip.Samples())
		}
	})
}
