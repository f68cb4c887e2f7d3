package output

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// TestCardChild is what the other tests of this file start in a process of its
// own; in any other it has nothing to do.
func TestCardChild(t *testing.T) {
	part := os.Getenv(childEnv)
	if part == "" {
		return
	}
	s, err := Open("oto:20ms,10ms", Options{})
	require.NoError(t, err)
	switch part {
	case "conform":
		conform(t, s, audio.Now, 3*audio.Rate, func(frame int64) float32 {
			return float32(0.25 * math.Sin(2*math.Pi*1000*float64(frame)/audio.Rate))
		})
		again, err := Open("oto", Options{})
		require.NoError(t, err)
		assert.ErrorContains(t, again.Run(t.Context(), nil), "already created")
	case "missing":
		err := s.Run(t.Context(), func([]float32, audio.Beat) {})
		assert.ErrorIs(t, err, ErrNoDevice)
		assert.ErrorContains(t, err, "aplay -l")
	case "lost":
		told := false
		err := s.Run(t.Context(), func(out []float32, b audio.Beat) {
			if b.Frame > 3*audio.Rate && !told {
				told = true
				fmt.Println("playing")
			}
			clear(out)
		})
		assert.ErrorIs(t, err, ErrDeviceLost)
		assert.ErrorContains(t, err, "started again")
	default:
		t.Fatalf("no part %q", part)
	}
}

// The card passes the same test as every sink, and its tone comes out of the
// sound server.
func TestCardConforms(t *testing.T) {
	daemon := startPulse(t)
	rec := exec.CommandContext(t.Context(), program(t, "parec", "pulseaudio-utils"), "-d", "card.monitor", "--format=s16le", "--rate=48000", "--channels=1", "--latency-msec=20")
	rec.Env = daemon.env
	heard, err := rec.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, rec.Start())
	sound := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(heard) // ends with the recorder
		sound <- b
	}()
	child := cardChild(t, "conform", daemon.env)
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, rec.Process.Signal(syscall.SIGTERM))
	pcm := <-sound
	_ = rec.Wait() // says that it was terminated

	samples, last := tone(pcm), 0
	for i, x := range samples {
		if x != 0 {
			last = i
		}
	}
	require.Greater(t, last, audio.Rate, "the server heard nothing; %s", out)
	// A busy machine may starve the sound server for a moment: the pitch is
	// judged where nothing is missing.
	whole := unbroken(samples[:last])
	require.Greater(t, len(whole), audio.Rate/5, "a fifth of a second without a hole; %s", out)
	assert.InDelta(t, 1000, frequency(whole), 5)
}

// A process without a card or server says so, and what to look at.
func TestCardMissing(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "alsa.conf")
	require.NoError(t, os.WriteFile(conf, nil, 0o600))
	child := cardChild(t, "missing", append(os.Environ(), "PULSE_SERVER=unix:/nonexistent", "ALSA_CONFIG_PATH="+conf))
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
}

// A server that dies, or that lives on and never asks again, is a lost card.
func TestCardLost(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "hung": syscall.SIGSTOP} {
		t.Run(name, func(t *testing.T) {
			daemon := startPulse(t)
			child := cardChild(t, "lost", daemon.env)
			said, err := child.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, child.Start())
			var all strings.Builder
			for lines := bufio.NewScanner(said); lines.Scan(); {
				all.WriteString(lines.Text() + "\n")
				if lines.Text() == "playing" {
					require.NoError(t, daemon.cmd.Process.Signal(sig))
				}
			}
			require.NoError(t, child.Wait(), all.String())
			assert.Contains(t, all.String(), "playing")
		})
	}
}

// cardChild is this test program, playing one part of TestCardChild.
func cardChild(t *testing.T, part string, env []string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestCardChild$", "-test.count=1")
	cmd.Env = append(append([]string{}, env...), childEnv+"="+part)
	return cmd
}

// pulse is a private sound server with one null sink, "card".
type pulse struct {
	cmd *exec.Cmd
	env []string // for its clients
}

func startPulse(t *testing.T) pulse {
	t.Helper()
	path := program(t, "pulseaudio", "pulseaudio")
	dir, err := os.MkdirTemp("", "pulse") // short: the path of a socket is at most 107 bytes
	require.NoError(t, err)
	socket := filepath.Join(dir, "s")
	env := append(os.Environ(), "XDG_RUNTIME_DIR="+dir, "PULSE_RUNTIME_PATH="+dir, "PULSE_STATE_PATH="+dir, "HOME="+dir)
	cmd := exec.Command(path, "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=no", "--log-target=stderr",
		"-L", "module-native-protocol-unix auth-anonymous=1 socket="+socket,
		"-L", "module-null-sink sink_name=card rate=48000 channels=1 norewinds=1")
	var log bytes.Buffer
	cmd.Env, cmd.Stderr = env, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be dead already: that is a test's subject
		_ = cmd.Wait()
		require.NoError(t, os.RemoveAll(dir))
	})
	env = append(env, "PULSE_SERVER=unix:"+socket)
	pactl := program(t, "pactl", "pulseaudio-utils")
	deadline, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	for again := time.NewTicker(50 * time.Millisecond); ; {
		ask := exec.CommandContext(deadline, pactl, "info")
		ask.Env = env
		if ask.Run() == nil {
			again.Stop()
			return pulse{cmd, env}
		}
		select {
		case <-again.C:
		case <-deadline.Done():
			require.NoError(t, cmd.Process.Kill())
			t.Fatalf("pulseaudio does not answer")
		}
	}
}

// program finds a program; missing, the test fails and says what to install.
func program(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "%s is missing: apt-get install %s", name, pkg)
	return path
}

// tone is the recording without the silence before its first sound.
func tone(raw []byte) []int16 {
	var pcm []int16
	for i := 0; i+1 < len(raw); i += 2 {
		if x := int16(binary.LittleEndian.Uint16(raw[i:])); len(pcm) > 0 || x > 300 || x < -300 {
			pcm = append(pcm, x)
		}
	}
	return pcm
}

// frequency counts rising zero crossings, Hz.
func frequency(pcm []int16) float64 {
	first, last, n := -1, 0, -1
	for i := 1; i < len(pcm); i++ {
		if pcm[i-1] < 0 && pcm[i] >= 0 {
			if n++; first < 0 {
				first = i
			}
			last = i
		}
	}
	return float64(n) * audio.Rate / float64(last-first)
}

// unbroken returns the longest stretch without a hole of a millisecond.
func unbroken(pcm []int16) []int16 {
	var best []int16
	begin, zeros := 0, 0
	for i, x := range pcm {
		if x != 0 {
			zeros = 0
			continue
		}
		if zeros++; zeros < audio.Rate/1000 {
			continue
		}
		if end := i - zeros + 1; end-begin > len(best) {
			best = pcm[begin:end]
		}
		begin = i + 1
	}
	if len(pcm)-begin > len(best) {
		best = pcm[begin:]
	}
	return best
}
