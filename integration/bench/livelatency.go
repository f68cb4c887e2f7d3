package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"pa/audio"
	"pa/integration/ears"
	"pa/paspeaker"
)

// liveSink is the shortest virtual card that plays without holes: what a board
// with a direct output of two periods of 2.5 ms has.
const liveSink = "virtual:period=2500us,latency=2500us,file="

// liveLatency speaks through a virtual microphone (periods of 2.5 ms, a client
// process) and times each burst from the membrane to the loudspeaker, by the
// host's clock at both ends; alone, then with two processes that keep the
// processors busy.
func liveLatency(r *rig) ([]figure, error) {
	var out []figure
	for _, load := range []struct {
		name string
		hogs int
	}{{"live_latency", 0}, {"live_latency_busy", 2}} {
		took, lost, lead, err := spokenToVirtual(r, load.hogs)
		if err != nil {
			return out, err
		}
		fmt.Fprintf(r.log, "  (%s: sent %v ahead)\n", load.name, lead)
		out = append(out, latencies(load.name, took, lost)...)
	}
	return out, nil
}

// latencies are the figures of one call.
func latencies(name string, took []float64, lost int) []figure {
	return []figure{
		{Name: name + "_p50_ms", Value: percentile(took, 50), Unit: "ms", N: len(took)},
		{Name: name + "_p99_ms", Value: percentile(took, 99), Unit: "ms", N: len(took)},
		{Name: name + "_bursts_lost", Value: float64(lost), Unit: "", N: len(took) + lost},
	}
}

// spokenToVirtual makes one call to a node with a virtual card.
func spokenToVirtual(r *rig, hogs int) (took []float64, lost int, lead time.Duration, err error) {
	dir, err := os.MkdirTemp("", "paspeaker-bench-")
	if err != nil {
		return nil, 0, 0, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "gate-1.wav")
	m := newMicrophone()
	s, err := m.call(r, liveSink+file, hogs, func() error { return nil })
	if err != nil {
		return nil, 0, 0, err
	}
	pcm, at, err := heardAt(file)
	if err != nil {
		return nil, 0, 0, err
	}
	took, lost = m.find(pcm, at.time, at.sample)
	return took, lost, time.Duration(s.Lead), nil
}

// call starts a park with one node, and speaks to it while so many hogs run.
// ready is called when the node is there. Everything has ended when it returns.
func (m *microphone) call(r *rig, output string, hogs int, ready func() error) (s paspeaker.Session, err error) {
	p, err := startPark(r, smallSite)
	if err != nil {
		return s, err
	}
	defer p.close()
	if _, err := p.node("gate-1", output); err != nil {
		return s, err
	}
	if err := ready(); err != nil {
		return s, err
	}
	stop, err := busy(hogs)
	if err != nil {
		return s, err
	}
	defer stop()
	return m.speak(p, "gates", time.Duration(r.pick(60, 8))*time.Second)
}

// busy starts processes that want all of a processor each.
func busy(n int) (stop func(), err error) {
	var hogs []*exec.Cmd
	stop = func() {
		for _, h := range hogs {
			_ = h.Process.Kill()
			_ = h.Wait() // it was killed: that is no news
		}
		hogs = nil
	}
	for range n {
		h := exec.Command("sh", "-c", "while :; do :; done")
		h.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := h.Start(); err != nil {
			stop()
			return nil, err
		}
		hogs = append(hogs, h)
	}
	return stop, nil
}

// stamps are the host's times of a recording's samples, rising.
type stamps struct {
	samples []int
	times   []int64
}

// heardAt reads a virtual card's recording and when it sounded.
func heardAt(file string) ([]float32, *stamps, error) {
	pcm, err := ears.Open(file)
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(file + ".times")
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	s := &stamps{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var n int
		var at int64
		if _, err := fmt.Sscan(strings.TrimSpace(lines.Text()), &n, &at); err != nil {
			return nil, nil, fmt.Errorf("read %s.times: %w", file, err)
		}
		s.samples, s.times = append(s.samples, n), append(s.times, at)
	}
	if len(s.times) == 0 {
		return nil, nil, fmt.Errorf("read %s.times: it is empty", file)
	}
	return pcm, s, nil
}

// time is when a sample sounded.
func (s *stamps) time(sample int) int64 {
	i := max(0, sort.SearchInts(s.samples, sample+1)-1)
	return s.times[i] + sampleTime(sample-s.samples[i])
}

// sample is the one that sounded at a time.
func (s *stamps) sample(at int64) int {
	i := max(0, sort.Search(len(s.times), func(i int) bool { return s.times[i] > at })-1)
	return s.samples[i] + int((at-s.times[i])*audio.Rate/int64(time.Second))
}
