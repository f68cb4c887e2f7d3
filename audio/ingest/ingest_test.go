package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pa/audio/source"
)

// The test program is the child, too: the real one, and some that misbehave.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if os.Args[1] == Mode {
			os.Exit(Main(os.Args[2:], os.Stdin, os.Stdout))
		}
		if f, ok := misfits[os.Args[1]]; ok {
			f()
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m)
}

func child(t testing.TB, mode string) *Ingester {
	return New(Config{Program: []string{"/proc/self/exe", mode}, Time: 20 * time.Second, TempDir: t.TempDir(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v (is it installed?): %s", name, args, out)
}

func made(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	run(t, "sox", append(append([]string{"-D", "-n", "-r", "44100", "-c", "2"}, path), args...)...)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

func tone(t testing.TB) []byte {
	return made(t, "tone.wav", "synth", "0.5", "sine", "1000", "vol", "0.5")
}

func TestAChildDecodesAsWeWouldOurselves(t *testing.T) {
	mp3 := filepath.Join(t.TempDir(), "x.mp3")
	wav := filepath.Join(t.TempDir(), "x.wav")
	require.NoError(t, os.WriteFile(wav, tone(t), 0o600))
	run(t, "ffmpeg", "-v", "error", "-i", wav, mp3)
	encoded, err := os.ReadFile(mp3)
	require.NoError(t, err)
	for name, file := range map[string][]byte{"wav": tone(t), "mp3, which needs ffmpeg": encoded} {
		t.Run(name, func(t *testing.T) {
			want, err := source.Decode(t.Context(), bytes.NewReader(file), source.Limits{})
			require.NoError(t, err)
			got, err := child(t, Mode).Decode(t.Context(), bytes.NewReader(file), source.Limits{})
			require.NoError(t, err)
			assert.Equal(t, want.PCM(), got.PCM())
		})
	}
}

func TestErrorsCrossThePipe(t *testing.T) {
	wav := tone(t)
	for _, c := range []struct {
		name   string
		file   []byte
		limits source.Limits
		want   error
	}{
		{"a letter", []byte("Kính gửi ban quản lý khu công nghiệp"), source.Limits{}, source.ErrUnknownSound},
		{"nothing", nil, source.Limits{}, source.ErrUnknownSound},
		{"a WAV without sound", wav[:44], source.Limits{}, source.ErrCorrupt},
		{"too many bytes", wav, source.Limits{MaxBytes: 1000}, source.ErrTooLarge},
		{"too long", wav, source.Limits{MaxLength: 400 * time.Millisecond}, source.ErrTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := child(t, Mode).Decode(t.Context(), bytes.NewReader(c.file), c.limits)
			require.ErrorIs(t, err, c.want)
			_, here := source.Decode(t.Context(), bytes.NewReader(c.file), bounded(c.limits))
			assert.EqualError(t, err, here.Error(), "the same words")
		})
	}
}

func TestTheReadersFaultIsNoFileFault(t *testing.T) {
	broken := errors.New("connection reset")
	_, err := child(t, Mode).Decode(t.Context(), io.MultiReader(bytes.NewReader(tone(t)), failing{broken}), source.Limits{})
	require.ErrorIs(t, err, broken)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestWhoGivesUpWaitsForNoChild(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := child(t, Mode).Decode(ctx, bytes.NewReader(tone(t)), source.Limits{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestAProgramThatIsMissing(t *testing.T) {
	g := New(Config{Program: []string{"/nonexistent"}, TempDir: t.TempDir()})
	_, err := g.Decode(t.Context(), bytes.NewReader(tone(t)), source.Limits{})
	require.ErrorIs(t, err, ErrNoChild)
	g = New(Config{Program: []string{"/proc/self/exe", Mode}, TempDir: "/nonexistent"})
	_, err = g.Decode(t.Context(), bytes.NewReader(tone(t)), source.Limits{})
	require.ErrorIs(t, err, ErrNoChild)
}

func TestNothingIsLeftBehind(t *testing.T) {
	g := child(t, Mode)
	_, err := g.Decode(t.Context(), bytes.NewReader(tone(t)), source.Limits{})
	require.NoError(t, err)
	left, err := os.ReadDir(g.cfg.TempDir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// What a child looks like from within, once it is confined.
func TestAChildHasNothingToLose(t *testing.T) {
	_, err := child(t, "confess").Decode(t.Context(), bytes.NewReader(nil), source.Limits{MaxBytes: 1 << 20, MaxLength: time.Minute})
	require.ErrorIs(t, err, errOther)
	said := strings.Fields(err.Error())
	t.Log(err)
	memory := order{Limits: source.Limits{MaxBytes: 1 << 20, MaxLength: time.Minute}}.memory()
	for _, want := range []string{
		"NoNewPrivs:1", "CapEff:0000000000000000", "CapPrm:0000000000000000", "CapAmb:0000000000000000",
		"nice:15", "data:" + fmt.Sprint(memory), "cpu:21", "core:0", "oom:1000", "group:own",
	} {
		assert.Contains(t, said, want)
	}
	if os.Geteuid() == 0 {
		assert.Contains(t, said, "Uid:65534")
		assert.Contains(t, said, "Gid:65534")
	}
	for _, w := range said {
		if env, ok := strings.CutPrefix(w, "env:"); ok {
			assert.Contains(t, "PATH LANG LC_ALL HOME TMPDIR GOMAXPROCS GOTRACEBACK GOMEMLIMIT", env)
		}
	}
}

func TestMisbehaviourEndsTheChildAlone(t *testing.T) {
	for _, c := range []struct {
		mode string
		time time.Duration
		want error
	}{
		{"crash", 20 * time.Second, ErrCrashed},
		{"silent", 20 * time.Second, ErrCrashed},
		{"nonsense", 20 * time.Second, ErrCrashed},
		{"boast", 20 * time.Second, ErrCrashed},
		{"cut-short", 20 * time.Second, ErrCrashed},
		{"grow", 20 * time.Second, ErrOutOfMemory},
		{"spin", time.Second, ErrOutOfTime},
		{"hang", 200 * time.Millisecond, ErrOutOfTime},
	} {
		t.Run(c.mode, func(t *testing.T) {
			var said bytes.Buffer
			g := New(Config{Program: []string{"/proc/self/exe", c.mode}, Time: c.time, TempDir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&said, nil))})
			_, err := g.Decode(t.Context(), bytes.NewReader(nil), source.Limits{MaxBytes: 1 << 20, MaxLength: time.Minute})
			require.ErrorIs(t, err, c.want, "%s", &said)
			_, err = child(t, Mode).Decode(t.Context(), bytes.NewReader(tone(t)), source.Limits{})
			require.NoError(t, err, "the next one")
		})
	}
}

// A line that its holder's end breaks, however it ends.
func lifeline(t *testing.T) (address string, held func() net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l.Addr().String(), func() net.Conn {
		c, err := l.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		return c
	}
}

// broken waits until the other end of a line is gone.
func broken(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err := c.Read(make([]byte, 1))
	var wait net.Error
	require.False(t, errors.As(err, &wait) && wait.Timeout(), "it still lives")
}

func TestAChildsOwnChildrenGoWithIt(t *testing.T) {
	address, held := lifeline(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := child(t, "brood").Decode(ctx, strings.NewReader(address), source.Limits{})
		done <- err
	}()
	young := held()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	broken(t, young)
}

func TestAChildDiesWithItsParent(t *testing.T) {
	address, held := lifeline(t)
	parent := exec.Command("/proc/self/exe", "parent")
	parent.Stdin = strings.NewReader(address)
	require.NoError(t, parent.Start())
	line := held()
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	broken(t, line)
}

func TestChildrenWaitForEachOther(t *testing.T) {
	address, held := lifeline(t)
	g := New(Config{Program: []string{"/proc/self/exe", "hold"}, Children: 1, TempDir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := g.Decode(ctx, strings.NewReader(address), source.Limits{})
			done <- err
		}()
	}
	first := held()
	assert.Len(t, g.decoding, 1)
	first.Close() // lets it end
	held()        // and the other begin
	require.ErrorIs(t, <-done, ErrCrashed)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}
