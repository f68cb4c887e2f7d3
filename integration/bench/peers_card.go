package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"pa/audio"
)

// cardEarly is how much too early the recorder stamps: PulseAudio hands out a
// block when it begins, not when it has sounded. It is added to every latency,
// ours and the peers', ms.
const cardEarly = 5.0

// soundCard is a virtual sound card for this bench: a PulseAudio of its own
// with one null sink of several speakers, which all sound by one clock, and a
// microphone that programs can record.
type soundCard struct {
	dir, server string
	speakers    int
	daemon      *exec.Cmd
}

// openCard starts one.
func openCard(speakers int) (*soundCard, error) {
	dir, err := os.MkdirTemp("", "paspeaker-card-")
	if err != nil {
		return nil, err
	}
	c := &soundCard{dir: dir, server: "unix:" + filepath.Join(dir, "pulse.sock"), speakers: speakers}
	if err := c.start(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *soundCard) start() error {
	var script strings.Builder
	var names []string
	for i := range c.speakers {
		names = append(names, fmt.Sprintf("aux%d", i))
	}
	places := strings.Join(names, ",")
	fmt.Fprintf(&script, "load-module module-native-protocol-unix auth-anonymous=1 socket=%s/pulse.sock\n", c.dir)
	fmt.Fprintf(&script, "load-module module-null-sink sink_name=card rate=48000 channels=%d channel_map=%s norewinds=1\n", c.speakers, places)
	for i := range c.speakers {
		fmt.Fprintf(&script, "load-module module-remap-sink sink_name=spk%d master=card channels=1 channel_map=mono master_channel_map=aux%d remix=no\n", i, i)
	}
	script.WriteString("load-module module-null-sink sink_name=mic rate=48000 channels=1 norewinds=1\nset-default-source mic.monitor\nset-default-sink spk0\n")
	file := filepath.Join(c.dir, "card.pa")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		return err
	}
	c.daemon = exec.Command("pulseaudio", "-n", "-F", file, "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=yes",
		"--high-priority=yes", "--log-target=file:"+filepath.Join(c.dir, "log"))
	c.daemon.Env = append(os.Environ(), "HOME="+c.dir, "XDG_RUNTIME_DIR="+c.dir, "PULSE_RUNTIME_PATH="+c.dir, "PULSE_STATE_PATH="+c.dir)
	c.daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.daemon.Start(); err != nil {
		return fmt.Errorf("start a virtual sound card (apt-get install pulseaudio): %w", err)
	}
	for range 100 {
		if c.pactl("info") == nil {
			return c.alsa()
		}
		<-time.After(50 * time.Millisecond)
	}
	return errors.New("the virtual sound card did not come up")
}

// alsa writes a configuration by which ALSA programs find the speakers.
func (c *soundCard) alsa() error {
	plugins, err := filepath.Glob("/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so")
	if err != nil || len(plugins) == 0 {
		return errors.New("ALSA has no way to PulseAudio (apt-get install libasound2-plugins)")
	}
	for i := range c.speakers {
		text := fmt.Sprintf("pcm_type.pulse { lib %q }\nctl_type.pulse { lib %q }\n"+
			"pcm.!default { type pulse server %q device \"spk%d\" }\npcm.mic { type pulse server %q device \"mic.monitor\" }\n",
			plugins[0], strings.Replace(plugins[0], "_pcm_", "_ctl_", 1), c.server, i, c.server)
		if err := os.WriteFile(c.config(i), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (c *soundCard) config(i int) string { return filepath.Join(c.dir, fmt.Sprintf("spk%d.conf", i)) }

// through is the environment in which an ALSA program plays on speaker i alone.
func (c *soundCard) through(i int) []string {
	return append(os.Environ(), "ALSA_CONFIG_PATH="+c.config(i), "PULSE_SERVER=unix:/nonexistent")
}

// direct is the environment of programs that talk to PulseAudio themselves.
func (c *soundCard) direct() []string { return append(os.Environ(), "PULSE_SERVER="+c.server) }

func (c *soundCard) pactl(args ...string) error {
	cmd := exec.Command("pactl", args...)
	cmd.Env = c.direct()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("pactl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// streams are the numbers of what plays on the card.
func (c *soundCard) streams() ([]string, error) {
	cmd := exec.Command("pactl", "list", "short", "sink-inputs")
	cmd.Env = c.direct()
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("pactl list: %w", err)
	}
	var ids []string
	for line := range strings.Lines(string(out)) {
		if id, _, ok := strings.Cut(line, "\t"); ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// seat puts the stream that was not there before on speaker i: oto always
// plays on the default one.
func (c *soundCard) seat(i int, before []string) error {
	for range 100 {
		now, err := c.streams()
		if err != nil {
			return err
		}
		for _, id := range now {
			if !slices.Contains(before, id) {
				return c.pactl("move-sink-input", id, fmt.Sprintf("spk%d", i))
			}
		}
		<-time.After(50 * time.Millisecond)
	}
	return fmt.Errorf("nothing plays that could be put on speaker %d", i)
}

func (c *soundCard) close() {
	end(c.daemon)
	_ = os.RemoveAll(c.dir)
}

// end ends a program that runs.
func end(cmd *exec.Cmd) {
	if cmd == nil || cmd.Process == nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	dead := time.AfterFunc(2*time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	dead.Stop()
}

// recording is what the card's speakers have sounded, all by one clock.
type recording struct {
	cmd   *exec.Cmd
	done  chan struct{}
	count int // speakers

	mu     sync.Mutex
	pcm    []int16 // interleaved
	origin float64 // local ns of sample 0
}

// record begins a recording of all speakers.
func (c *soundCard) record() (*recording, error) {
	var names []string
	for i := range c.speakers {
		names = append(names, fmt.Sprintf("aux%d", i))
	}
	r := &recording{done: make(chan struct{}), count: c.speakers, origin: math.Inf(1)}
	r.cmd = exec.Command("parec", "-d", "card.monitor", "--raw", "--format=s16le", "--rate=48000", fmt.Sprintf("--channels=%d", c.speakers),
		"--channel-map="+strings.Join(names, ","), "--latency-msec=5", "--no-remix")
	r.cmd.Env = c.direct()
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("record the virtual sound card (apt-get install pulseaudio-utils): %w", err)
	}
	go func() {
		defer close(r.done)
		buf := make([]byte, 1<<16)
		have := 0
		for {
			n, err := out.Read(buf[have:])
			now := float64(audio.Now())
			have += n
			whole := have - have%(2*r.count)
			r.take(buf[:whole], now)
			have = copy(buf, buf[whole:have])
			if err != nil {
				return
			}
		}
	}()
	return r, nil
}

// take keeps what was read now. No read comes before its samples have sounded,
// so the earliest tells when sample 0 did.
func (r *recording) take(b []byte, now float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; len(b) > 1; b = b[2:] {
		r.pcm = append(r.pcm, int16(binary.LittleEndian.Uint16(b)))
	}
	r.origin = min(r.origin, now-float64(len(r.pcm)/r.count)*1e9/audio.Rate)
}

// end ends the recording.
func (r *recording) end() {
	end(r.cmd)
	<-r.done
}

// speaker returns what speaker i sounded from a local time on, and the exact
// local time of the first of these samples, ns.
func (r *recording) speaker(i int, from int64) (x []float32, at float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := max(0, int((float64(from)-r.origin)/1e9*audio.Rate))
	for n := first; n < len(r.pcm)/r.count; n++ {
		x = append(x, float32(r.pcm[n*r.count+i])/32768)
	}
	return x, r.origin + float64(first)*1e9/audio.Rate
}
