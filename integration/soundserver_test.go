package integration

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// soundServer is a PulseAudio of the test's own, with a virtual sound card
// "card", which is its default output, and a virtual microphone "mic.monitor",
// into which is spoken by playing to "mic".
type soundServer struct {
	t   *testing.T
	env []string
}

func startSoundServer(t *testing.T) *soundServer {
	t.Helper()
	dir := t.TempDir()
	socket := filepath.Join(dir, "pulse.sock")
	script := "load-module module-native-protocol-unix auth-anonymous=1 socket=" + socket + "\n" +
		"load-module module-null-sink sink_name=card rate=48000 channels=1 norewinds=1\n" +
		"load-module module-null-sink sink_name=mic rate=48000 channels=1 norewinds=1\n" +
		"set-default-sink card\nset-default-source mic.monitor\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rig.pa"), []byte(script), 0o600))
	own := []string{"XDG_RUNTIME_DIR=" + dir, "PULSE_RUNTIME_PATH=" + dir, "PULSE_STATE_PATH=" + dir, "HOME=" + dir}
	p := &process{cmd: exec.Command("pulseaudio", "-n", "-F", filepath.Join(dir, "rig.pa"), "--daemonize=no", "--use-pid-file=no",
		"--exit-idle-time=-1", "--realtime=no", "--resample-method=speex-float-5"), done: make(chan struct{}), log: &lockedBuffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.Env = append(os.Environ(), own...)
	p.run(t)
	t.Cleanup(func() { _ = p.end(syscall.SIGTERM) })
	s := &soundServer{t: t, env: append(own, "PULSE_SERVER=unix:"+socket)}
	(&site{t: t}).eventually("the sound server answers", func() bool { return s.command("pactl", "info").Run() == nil })
	return s
}

// command is a program that finds this sound server.
func (s *soundServer) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), s.env...)
	return cmd
}

// say plays a recording to a sink and returns when it has sounded.
func (s *soundServer) say(file, sink string) {
	s.t.Helper()
	out, err := s.command("paplay", "-d", sink, file).CombinedOutput()
	require.NoError(s.t, err, "%s", out)
}

// listen records what a sink plays until the function that it returns is
// called.
func (s *soundServer) listen(sink string) func() []float32 {
	s.t.Helper()
	raw := &lockedBuffer{}
	p := &process{cmd: s.command("parec", "-d", sink+".monitor", "--format=s16le", "--rate=48000", "--channels=1"), done: make(chan struct{}), log: &lockedBuffer{}}
	p.cmd.Stdout, p.cmd.Stderr = raw, p.log
	p.run(s.t)
	s.t.Cleanup(func() { _ = p.end(syscall.SIGKILL) })
	(&site{t: s.t}).eventually("the recorder hears "+sink, func() bool { return raw.size() > 0 })
	return func() []float32 {
		_ = p.end(syscall.SIGTERM)
		b := []byte(raw.String())
		x := make([]float32, len(b)/2)
		for i := range x {
			x[i] = float32(int16(binary.LittleEndian.Uint16(b[2*i:]))) / 32768
		}
		return x
	}
}
