package output

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"pa/audio"
)

// recording is a WAV file of what a sink played, mono 16 bit at 48 kHz, valid
// at any time. Beside it lies FILE.t0, one line: local ns of sample 0, Unix
// time of sample 0 (9 decimals), nominal rate in frames per second of the
// sink's clock. A virtual card adds FILE.times: for each period a line with
// the number of its first sample and the host's CLOCK_MONOTONIC ns at which
// that sample left the loudspeaker. A nil recording records nothing.
type recording struct {
	file    *os.File
	wav     *audio.WAVWriter
	stamps  *os.File // FILE.times, nil when there is none
	times   *bufio.Writer
	line    []byte
	samples int64 // written so far
	fresh   int   // samples since the last flush
	quiet   [audio.FrameLen]float32
}

// moment is when sample 0 sounds.
type moment struct {
	local int64
	wall  time.Time
	rate  float64
}

func newRecording(name string, at moment, stamped bool) (*recording, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("create recording: %w", err)
	}
	r := &recording{file: f, line: make([]byte, 0, 48)}
	if r.wav, err = audio.NewWAVWriter(f, audio.Rate); err == nil && stamped {
		if r.stamps, err = os.Create(name + ".times"); err == nil {
			r.times = bufio.NewWriterSize(r.stamps, 16<<10)
		}
	}
	if err == nil {
		line := fmt.Sprintf("%d %d.%09d %.6f\n", at.local, at.wall.Unix(), at.wall.Nanosecond(), at.rate)
		err = os.WriteFile(name+".t0", []byte(line), 0o644)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create recording %s: %w", name, err), f.Close(), r.closeStamps())
	}
	return r, nil
}

// write appends samples, the first of which sounds at a host time, and once a
// second brings the files up to date.
func (r *recording) write(pcm []float32, host int64) error {
	if r == nil {
		return nil
	}
	err := r.stamp(host)
	if err == nil {
		err = r.add(pcm)
	}
	return err
}

func (r *recording) stamp(host int64) error {
	if r.times == nil {
		return nil
	}
	r.line = strconv.AppendInt(r.line[:0], r.samples, 10)
	r.line = strconv.AppendInt(append(r.line, ' '), host, 10)
	if _, err := r.times.Write(append(r.line, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", r.stamps.Name(), err)
	}
	return nil
}

func (r *recording) add(pcm []float32) error {
	err := r.wav.Write(pcm)
	r.samples += int64(len(pcm))
	if r.fresh += len(pcm); err == nil && r.fresh >= audio.Rate {
		r.fresh, err = 0, r.wav.Flush()
		if err == nil && r.times != nil {
			err = r.times.Flush()
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", r.file.Name(), err)
	}
	return nil
}

// silence appends n zero samples.
func (r *recording) silence(n, host int64) error {
	if r == nil {
		return nil
	}
	err := r.stamp(host)
	for ; err == nil && n > 0; n -= audio.FrameLen {
		err = r.add(r.quiet[:min(n, audio.FrameLen)])
	}
	return err
}

// end closes the files and adds what goes wrong there to err.
func (r *recording) end(err error) error {
	if r == nil {
		return err
	}
	return errors.Join(err, r.wav.Close(), r.file.Close(), r.closeStamps())
}

func (r *recording) closeStamps() error {
	if r.stamps == nil {
		return nil
	}
	var err error
	if r.times != nil {
		err = r.times.Flush()
	}
	return errors.Join(err, r.stamps.Close())
}
