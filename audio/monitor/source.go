package monitor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"pa/audio"
)

// ErrSpec says that a source is not spelled as Forms tells.
var ErrSpec = errors.New("not a monitor")

// Forms lists the spellings that Parse takes, for help texts and errors. Others
// of the node's own come before it.
const Forms = "file:PATH (raw s16le, 48 kHz, mono, from a file or a pipe that is written at the pace of the clock) | " +
	"virtual:gain=-20,delay=12ms,noise=-60,muted,mute-after=5s (for tests, each part optional: what the mixer puts out, as if heard)"

// Parse returns what opens a source, for a spelling of Forms.
func Parse(spec string) (Opener, error) {
	kind, rest, _ := strings.Cut(spec, ":")
	switch kind {
	case "file":
		if rest == "" {
			return nil, fmt.Errorf("monitor %q: %w: file needs a path; use %s", spec, ErrSpec, Forms)
		}
		return func(*Tap) (Source, error) { return file{rest}, nil }, nil
	case "virtual":
		v, err := parseVirtual(rest)
		if err != nil {
			return nil, fmt.Errorf("monitor %q: %w: %w; use %s", spec, ErrSpec, err, Forms)
		}
		return func(tap *Tap) (Source, error) {
			s := v
			s.tap = tap
			return &s, nil
		}, nil
	}
	return nil, fmt.Errorf("monitor %q: %w: unknown kind; use %s", spec, ErrSpec, Forms)
}

// file is raw sound that somebody writes as it comes.
type file struct{ path string }

// fileBlock is how much is read at once, bytes: 10 ms.
const fileBlock = 2 * audio.FrameLen

// Run implements Source. A pipe is opened without waiting for its writer.
func (f file) Run(ctx context.Context, write func([]float32)) error {
	in, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("monitor: %w", err)
	}
	defer in.Close()
	stop := context.AfterFunc(ctx, func() { in.Close() })
	defer stop()
	raw, pcm := make([]byte, fileBlock), make([]float32, fileBlock/2)
	for {
		if _, err := io.ReadFull(in, raw); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return fmt.Errorf("monitor: nobody writes to %s any more", f.path)
			}
			return fmt.Errorf("monitor: read %s: %w", f.path, err)
		}
		for i := range pcm {
			pcm[i] = float32(int16(binary.LittleEndian.Uint16(raw[2*i:]))) / 32768
		}
		write(pcm)
	}
}

// virtual is a microphone made of what the mixer puts out.
type virtual struct {
	tap       *Tap
	gain      float64 // linear
	noise     float64 // linear, RMS
	delay     time.Duration
	muted     bool
	muteAfter time.Duration // since Run; 0: never
}

func parseVirtual(text string) (virtual, error) {
	v := virtual{gain: 1}
	if text == "" {
		return v, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, "=")
		var err error
		switch key {
		case "gain":
			v.gain, err = amplitude(value)
		case "noise":
			v.noise, err = amplitude(value)
		case "delay":
			v.delay, err = length(value)
		case "mute-after":
			v.muteAfter, err = length(value)
		case "muted":
			v.muted = true
		default:
			err = fmt.Errorf("unknown part %q", part)
		}
		if err != nil {
			return v, err
		}
	}
	return v, nil
}

func amplitude(db string) (float64, error) {
	x, err := strconv.ParseFloat(db, 64)
	if err != nil || !(x >= -120 && x <= 20) { // NaN too
		return 0, fmt.Errorf("%q is no level from -120 to 20 dB", db)
	}
	return float64(audio.DB(x)), nil
}

func length(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > time.Hour {
		return 0, fmt.Errorf("%q is no duration from 0 to 1h", text)
	}
	return d, nil
}

// Run implements Source: what leaves the output now is heard a delay later.
func (v *virtual) Run(ctx context.Context, write func([]float32)) error {
	const block = 10 * time.Millisecond
	tick := time.NewTicker(block)
	defer tick.Stop()
	pcm := make([]float32, audio.FrameLen)
	began := audio.Now()
	for n := int64(0); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		for now := audio.Now(); began+(n+1)*int64(block) <= now; n++ {
			v.block(pcm, began+n*int64(block), time.Duration(n)*block)
			write(pcm)
		}
	}
}

// block is what is heard from a local time on.
func (v *virtual) block(pcm []float32, from int64, since time.Duration) {
	v.tap.Read(pcm, from-int64(v.delay))
	gain := float32(v.gain)
	if v.muted || v.muteAfter > 0 && since >= v.muteAfter {
		gain = 0
	}
	for i := range pcm {
		pcm[i] = pcm[i]*gain + float32(rand.NormFloat64()*v.noise)
	}
}
