package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pa/audio"
	"pa/paspeaker"
)

// microphone is a virtual one: a client that speaks live, fed with samples as a
// capture device of that period would, each period when its last sample has
// been heard. A burst of noise comes every so often; the time of its first
// sample is known.
type microphone struct {
	period time.Duration
	every  time.Duration
	burst  []float32
	heard  []int64 // host ns at which the first sample of each burst was at the membrane
}

const (
	burstLen  = 256 // samples: 5 ms
	micPeriod = 2500 * time.Microsecond
)

func newMicrophone() *microphone {
	m := &microphone{period: micPeriod, every: 250 * time.Millisecond, burst: make([]float32, burstLen)}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range m.burst {
		m.burst[i] = 0.25 * float32(1-2*int(rng.Uint32()&1))
	}
	return m
}

// speak runs `paspeaker live` for so long, feeds it, and returns the session.
func (m *microphone) speak(p *park, zone string, length time.Duration) (s paspeaker.Session, err error) {
	cmd := exec.Command(filepath.Join(p.bin, "paspeaker"), "--url", "http://"+p.http, "--token-file", filepath.Join(p.dir, "state", "token"),
		"--json", "live", zone, "--stdin")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return s, err
	}
	if err := cmd.Start(); err != nil {
		return s, err
	}
	err = m.feed(in, length)
	_ = in.Close() // the end of the call
	if waitErr := cmd.Wait(); err == nil && waitErr != nil {
		err = fmt.Errorf("paspeaker live: %w", waitErr)
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(said.Bytes(), &s)
}

// feed writes in real time. It has its thread to itself: a microphone is never
// late.
func (m *microphone) feed(w io.Writer, length time.Duration) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	block := make([]byte, 2*int(m.period*audio.Rate/time.Second))
	every, first := int(m.every*audio.Rate/time.Second), audio.Rate
	began := hostTime()
	for n := 0; n < int(length*audio.Rate/time.Second); n += len(block) / 2 {
		for i := range len(block) / 2 {
			v := float32(0)
			if at := n + i - first; at >= 0 && at%every < burstLen {
				v = m.burst[at%every]
				if at%every == 0 {
					m.heard = append(m.heard, began+sampleTime(n+i))
				}
			}
			binary.LittleEndian.PutUint16(block[2*i:], uint16(int16(v*32767)))
		}
		sleepUntil(began + sampleTime(n+len(block)/2))
		if _, err := w.Write(block); err != nil {
			return fmt.Errorf("speak: %w", err)
		}
	}
	return nil
}

// sampleTime is how long n samples take, ns.
func sampleTime(n int) int64 { return int64(n) * int64(time.Second) / audio.Rate }

// hostTime is CLOCK_MONOTONIC, ns, the same in all processes.
func hostTime() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail: the clock exists
	return ts.Nano()
}

func sleepUntil(at int64) {
	ts := unix.NsecToTimespec(at)
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil) == unix.EINTR {
	}
}

// find looks for each burst in a recording whose samples sound when at says,
// within a second of its being spoken, and returns how long each took, ms, and
// how many are missing or torn. The recording's own first sample is not earlier
// than the call's.
func (m *microphone) find(pcm []float32, at func(sample int) int64, sample func(host int64) int) (took []float64, lost int) {
	var energy float64
	for _, v := range m.burst {
		energy += float64(v) * float64(v)
	}
	for _, spoken := range m.heard {
		from := max(0, sample(spoken))
		to := min(len(pcm)-burstLen, sample(spoken+int64(m.every)))
		best, where := 0.0, -1
		for i := from; i < to; i++ {
			var sum float64
			for k, v := range m.burst {
				sum += float64(v) * float64(pcm[i+k])
			}
			if sum > best {
				best, where = sum, i
			}
		}
		if where < 0 || best < 0.5*energy {
			lost++
			continue
		}
		took = append(took, float64(at(where)-spoken)/1e6)
	}
	return took, lost
}
