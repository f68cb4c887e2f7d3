package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"pa/audio"
)

// otoSink is oto with the smallest buffers that play without holes.
const otoSink = "oto:10ms,5ms"

// liveLatencyOto is liveLatency with a node that plays through oto into a
// PulseAudio server of this bench's own, whose null sink is recorded from its
// monitor. A burst counts as heard when the recorder has it.
func liveLatencyOto(r *rig) ([]figure, error) {
	s, err := startSoundServer()
	if err != nil {
		return nil, err
	}
	defer s.close()
	old, had := os.LookupEnv("PULSE_SERVER")
	if err := os.Setenv("PULSE_SERVER", s.server); err != nil { // for the node
		return nil, err
	}
	defer func() {
		if had {
			_ = os.Setenv("PULSE_SERVER", old) // it has been set before
		} else {
			_ = os.Unsetenv("PULSE_SERVER")
		}
	}()
	m := newMicrophone()
	var rec *recorder
	session, err := m.call(r, otoSink, 0, func() (err error) {
		rec, err = s.record()
		return err
	})
	if err != nil {
		return nil, errors.Join(err, rec.close())
	}
	if err := rec.close(); err != nil {
		return nil, err
	}
	fmt.Fprintf(r.log, "  (live_latency_oto: sent %v ahead)\n", time.Duration(session.Lead))
	took, lost := m.find(rec.pcm, rec.time, rec.sample)
	return latencies("live_latency_oto", took, lost), nil
}

// soundServer is a private PulseAudio with one null sink, "card".
type soundServer struct {
	cmd         *exec.Cmd
	dir, server string
	env         []string
}

func startSoundServer() (*soundServer, error) {
	dir, err := os.MkdirTemp("", "pulse") // short: the path of a socket is at most 107 bytes
	if err != nil {
		return nil, err
	}
	s := &soundServer{dir: dir, server: "unix:" + filepath.Join(dir, "s")}
	s.env = append(os.Environ(), "XDG_RUNTIME_DIR="+dir, "PULSE_RUNTIME_PATH="+dir, "PULSE_STATE_PATH="+dir, "HOME="+dir, "PULSE_SERVER="+s.server)
	s.cmd = exec.Command("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=no",
		"-L", "module-native-protocol-unix auth-anonymous=1 socket="+filepath.Join(dir, "s"),
		"-L", "module-null-sink sink_name=card rate=48000 channels=1 norewinds=1")
	s.cmd.Env = s.env
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("%w; apt-get install pulseaudio", err)
	}
	for range 200 {
		ask := exec.Command("pactl", "info")
		ask.Env = s.env
		if ask.Run() == nil {
			return s, nil
		}
		<-time.After(50 * time.Millisecond)
	}
	s.close()
	return nil, errors.New("pulseaudio does not answer")
}

func (s *soundServer) close() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed: that is no news
	_ = os.RemoveAll(s.dir)
}

// recorder is the sink's monitor: its samples, and when each block came.
type recorder struct {
	cmd   *exec.Cmd
	done  chan error
	pcm   []float32
	ends  []int // samples that there were after each block
	times []int64
}

func (s *soundServer) record() (*recorder, error) {
	r := &recorder{done: make(chan error, 1)}
	r.cmd = exec.Command("parec", "-d", "card.monitor", "--format=s16le", "--rate=48000", "--channels=1", "--latency-msec=5")
	r.cmd.Env = s.env
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w; apt-get install pulseaudio-utils", err)
	}
	go func() { r.done <- r.read(out) }()
	return r, nil
}

// read takes blocks as they come.
func (r *recorder) read(from io.Reader) error {
	block := make([]byte, 4096)
	half := 0
	for {
		n, err := from.Read(block[half:])
		now := hostTime()
		n += half
		for i := range n / 2 {
			r.pcm = append(r.pcm, float32(int16(binary.LittleEndian.Uint16(block[2*i:])))/32768)
		}
		if half = n % 2; half == 1 {
			block[0] = block[n-1]
		}
		if n > 1 {
			r.ends, r.times = append(r.ends, len(r.pcm)), append(r.times, now)
		}
		if err != nil {
			return nil // its end
		}
	}
}

func (r *recorder) close() error {
	if r == nil {
		return nil
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	err := <-r.done
	_ = r.cmd.Wait() // says that it was terminated
	return err
}

// time is when a sample was recorded: by the block that brought it or, where
// this process was late to read, by those around it, of which the earliest is
// right.
func (r *recorder) time(sample int) int64 {
	best := int64(1<<63 - 1)
	for i, end := range r.ends {
		if end > sample && end < sample+audio.Rate || end <= sample && end > sample-audio.Rate {
			best = min(best, r.times[i]-sampleTime(end))
		}
	}
	return best + sampleTime(sample+1)
}

// sample is about the one that was recorded at a time.
func (r *recorder) sample(at int64) int {
	for i, t := range r.times {
		if t >= at {
			return max(0, r.ends[i]-audio.Rate/20)
		}
	}
	return len(r.pcm)
}
