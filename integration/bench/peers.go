package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"pa/audio"
	"pa/integration/ears"
	"pa/paspeaker/usage"
)

// The test signal: a quiet tone, in which a hole is heard, and every half
// second a burst of noise that is like no other.
const (
	spokenAtOnce = audio.Rate / 200 // 5 ms

	noiseEvery = audio.Rate / 2
	noiseLen   = audio.Rate / 50
	humLevel   = 0.05
	noiseLevel = 0.3
	holeLen    = audio.Rate / 200 // 5 ms
	holeLevel  = 0.25             // of the tone's level: less is a hole
	peerWindow = time.Second      // in which a burst must be heard
	resembles  = 0.5              // correlation of a burst that is one
	peerSettle = 4                // bursts at the start that do not count: buffers fill
	hearing    = 8                // bursts that tell whether a setting may do
	connecting = 4 * time.Second  // receivers find their sender; the recorder learns its clock
)

// peer is a way to bring a voice to two loudspeakers.
type peer struct {
	name     string // in figures
	settings []int  // what is tried, the smallest first; its meaning is the peer's
	unit     string // of a setting
	// start brings sound from the writer to speakers 1 and 2 of a card.
	start func(r *rig, c *soundCard, setting int) (*wiring, error)
}

// wiring is a peer that runs.
type wiring struct {
	in        io.Writer // 16 bit mono at 48 kHz, as it is spoken
	sender    []*exec.Cmd
	receivers []*exec.Cmd
	speakers  int    // that sound: 1 or 2
	close     func() // after the programs have ended
}

func (w *wiring) end() {
	if c, ok := w.in.(io.Closer); ok {
		_ = c.Close()
	}
	for _, cmd := range append(w.receivers, w.sender...) {
		end(cmd)
	}
	if w.close != nil {
		w.close()
	}
}

// alive says which program has ended already, if one has.
func (w *wiring) alive() error {
	for _, cmd := range append(slices.Clone(w.receivers), w.sender...) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		if _, state, ok := strings.Cut(string(stat), ") "); err != nil || ok && strings.HasPrefix(state, "Z") {
			return fmt.Errorf("%s ended by itself", filepath.Base(cmd.Path))
		}
	}
	return nil
}

// heardPeer is what one setting of a peer did.
type heardPeer struct {
	latency  []float64 // ms of each burst at speaker 1
	skew     []float64 // µs between the speakers
	holes    int
	missed   int
	send, rx float64 // % of a core: sender, one receiver
}

// peers runs every peer and ours through the same card, one after another.
func peers(r *rig) ([]figure, error) {
	var out []figure
	ours := 0.0
	fmt.Fprintf(r.log, "%-12s %9s | %8s %8s %7s | %9s %9s | %8s %10s\n", "", "setting", "p50 ms", "p99 ms", "ratio", "skew p50", "p99 us", "send CPU", "receiver %")
	for _, p := range allPeers {
		got, setting, err := p.best(r)
		if err != nil {
			fmt.Fprintf(r.log, "%-12s not measured: %v\n", p.name, err)
			continue
		}
		p50 := percentile(got.latency, 50)
		if p.name == "paspeaker" {
			ours = p50
		}
		skew50, skew99 := percentile(got.skew, 50), percentile(got.skew, 99)
		fmt.Fprintf(r.log, "%-12s %6d %-2s | %8.1f %8.1f %7.2f | %9.0f %9.0f | %8.1f %10.1f\n", p.name, setting, p.unit,
			p50, percentile(got.latency, 99), p50/ours, skew50, skew99, got.send, got.rx)
		out = append(out, figure{Name: p.name + "_latency_ms", Value: p50, Unit: "ms", N: len(got.latency)},
			figure{Name: p.name + "_setting", Value: float64(setting), Unit: p.unit, N: 1},
			figure{Name: p.name + "_sender_cpu_percent", Value: got.send, Unit: "%", N: 1},
			figure{Name: p.name + "_receiver_cpu_percent", Value: got.rx, Unit: "%", N: 1})
		if ours > 0 {
			out = append(out, figure{Name: p.name + "_latency_ratio", Value: p50 / ours, Unit: "", N: len(got.latency)})
		}
		if len(got.skew) > 0 {
			out = append(out, figure{Name: p.name + "_skew_p50_us", Value: skew50, Unit: "us", N: len(got.skew)},
				figure{Name: p.name + "_skew_p99_us", Value: skew99, Unit: "us", N: len(got.skew)})
		}
	}
	return out, nil
}

// best finds a peer's smallest setting that plays without a hole, and says what
// that one did.
func (p *peer) best(r *rig) (heardPeer, int, error) {
	first, last := 0, fmt.Errorf("no setting")
	// A short listening says where to begin: more buffer is never worse.
	for end := len(p.settings) - 1; first < end; {
		mid := (first + end) / 2
		if _, err := p.whole(r, mid, 2, hearing); err != nil {
			first = mid + 1
		} else {
			end = mid
		}
	}
	for i := first; i < len(p.settings); i++ {
		got, err := p.whole(r, i, 3, r.pick(40, 16))
		if err == nil {
			return got, p.settings[i], nil
		}
		last = err
	}
	return heardPeer{}, 0, last
}

// whole tries a setting until it plays without a hole, so many times: the
// machine may hiccup.
func (p *peer) whole(r *rig, i, times, bursts int) (got heardPeer, err error) {
	for range times {
		got, err = p.try(r, p.settings[i], bursts)
		if err != nil {
			return got, err
		}
		if got.holes == 0 && got.missed == 0 {
			return got, nil
		}
		err = fmt.Errorf("at %d %s there are %d holes, and %d bursts are missing", p.settings[i], p.unit, got.holes, got.missed)
		fmt.Fprintf(r.log, "  %s %v\n", p.name, err)
	}
	return got, err
}

// try plays so many bursts through a peer at one setting and listens.
func (p *peer) try(r *rig, setting, bursts int) (got heardPeer, err error) {
	card, err := openCard(3)
	if err != nil {
		return got, err
	}
	defer card.close()
	w, err := p.start(r, card, setting)
	if err != nil {
		return got, err
	}
	defer w.end()
	rec, err := card.record()
	if err != nil {
		return got, err
	}
	defer rec.end()
	<-time.After(connecting)
	if err := w.alive(); err != nil {
		return got, err
	}
	signal := testSignal(bursts + peerSettle)
	send, rx := usageOf(w.sender), usageOf(w.receivers)
	began, err := speak(w.in, signal)
	if err != nil {
		return got, fmt.Errorf("%s takes no sound: %w", p.name, err)
	}
	got.send = usageOf(w.sender).Percent(send)
	got.rx = usageOf(w.receivers).Percent(rx) / float64(max(1, len(w.receivers)))
	<-time.After(peerWindow)
	got.judge(rec, signal, began, w.speakers)
	return got, nil
}

// usageOf adds up programs; our own park's are whole families.
func usageOf(programs []*exec.Cmd) usage.Usage {
	sum := usage.Usage{At: time.Now()}
	for _, cmd := range programs {
		sum.Ticks += usage.Of(cmd.Process.Pid).Ticks
	}
	return sum
}

// testSignal is n bursts over a tone.
func testSignal(n int) []float32 {
	noise := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, (n+1)*noiseEvery)
	for i := range x {
		x[i] = humLevel * float32(math.Sin(2*math.Pi*1000*float64(i)/audio.Rate))
	}
	for k := range n {
		for i := range noiseLen {
			x[(k+1)*noiseEvery-noiseEvery/2+i] = noiseLevel * (2*noise.Float32() - 1)
		}
	}
	return x
}

// speak writes the signal in the time in which it is spoken, 5 ms at once as a
// sound card gives it, and returns the local time of its first sample: a block
// is complete when its last sample has been spoken. It has its thread to
// itself: a sound card is never late.
func speak(w io.Writer, x []float32) (began int64, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began = audio.Now()
	host := hostTime()
	buf := make([]byte, 2*spokenAtOnce)
	for n := 0; n+spokenAtOnce <= len(x); n += spokenAtOnce {
		for i, v := range x[n : n+spokenAtOnce] {
			s := audio.ToInt16(v)
			buf[2*i], buf[2*i+1] = byte(s), byte(s>>8)
		}
		sleepUntil(host + sampleTime(n+spokenAtOnce))
		if p, ok := w.(interface{ SetWriteDeadline(time.Time) error }); ok {
			_ = p.SetWriteDeadline(time.Now().Add(peerWindow)) // a fifo that cannot: then it waits
		}
		if _, err := w.Write(buf); err != nil {
			return began, err
		}
	}
	return began, nil
}

// judge finds each burst at each speaker, and holes in the tone between the
// first and the last.
func (got *heardPeer) judge(rec *recording, signal []float32, began int64, speakers int) {
	bursts := len(signal)/noiseEvery - 1
	for k := peerSettle; k < bursts; k++ {
		at := (k+1)*noiseEvery - noiseEvery/2
		spoken := began + int64(at)*int64(time.Second)/audio.Rate
		ref := signal[at : at+noiseLen]
		var heard [2]float64
		ok := true
		for s := range speakers {
			x, t0 := rec.speaker(1+s, spoken)
			x = x[:min(len(x), int(peerWindow.Seconds()*audio.Rate))]
			begin, like := ears.Find(ref, x)
			heard[s] = (t0-float64(spoken))/1e6 + begin*1e3/audio.Rate + cardEarly
			ok = ok && like > resembles
		}
		if !ok {
			got.missed++
			continue
		}
		got.latency = append(got.latency, heard[0])
		if speakers == 2 {
			got.skew = append(got.skew, math.Abs(heard[1]-heard[0])*1e3)
		}
	}
	if len(got.latency) == 0 {
		return
	}
	from := began + int64((peerSettle+1)*noiseEvery)*int64(time.Second)/audio.Rate + int64(percentile(got.latency, 100)*1e6)
	for s := range speakers {
		x, _ := rec.speaker(1+s, from)
		got.holes += holesIn(x[:min(len(x), (bursts-peerSettle-2)*noiseEvery)])
	}
}

// holesIn counts the runs of 5 ms in which the tone is not there.
func holesIn(x []float32) (n int) {
	level := ears.DB(testSignal(0)[:holeLen]) + 20*math.Log10(holeLevel)
	inside := false
	for ; len(x) >= holeLen; x = x[holeLen:] {
		silent := ears.DB(x[:holeLen]) < level
		if silent && !inside {
			n++
		}
		inside = silent
	}
	return n
}
