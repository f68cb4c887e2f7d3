package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"pa/audio"
	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// talk is a call in progress: push-to-talk, samples, meter.
type talk struct {
	g     *globals
	open  atomic.Bool
	alive bool          // a microphone that says nothing is no dead client
	awake chan struct{} // closed when the first samples have come

	mu    sync.Mutex
	call  *client.LiveCall // nil until the call is accepted
	frame []int16
	last  time.Time // of samples
	heard map[paspeaker.SpeakerID]bool
	err   error
}

func newTalk(g *globals) *talk {
	return &talk{g: g, awake: make(chan struct{}), heard: make(map[paspeaker.SpeakerID]bool)}
}

// answer makes what is said from now on part of the call.
func (t *talk) answer(call *client.LiveCall) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.call = call
}

// run waits for the end of the voice or of the call, and says how it ended.
func (t *talk) run(hush func(), ended <-chan error) error {
	restore := t.watchKeys()
	over := make(chan struct{})
	go func() { // the controller may end the call first
		defer close(over)
		for ev := range t.call.Events() {
			t.note(ev)
		}
		hush()
	}()
	meter := t.showMeter(over)
	err := <-ended
	hush()
	meter()
	restore() // a second Ctrl-C finds the terminal as it was
	s, closeErr := t.call.Close()
	if err == nil || errors.Is(err, context.Canceled) {
		err = closeErr
	}
	if t.g.json {
		_ = encode(t.g.out, s)
	} else {
		<-over
		fmt.Fprintf(t.g.out, "%s: %s; %s\n", s.Name, first(s.Outcome, "cut off"), t.hearers(s, 0))
	}
	return err
}

// note remembers which loudspeakers have said that they sound it.
func (t *talk) note(ev paspeaker.Event) {
	if ev.Receipt == nil || ev.Receipt.Played == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heard[ev.Receipt.Node] = true
}

// hearers says who hears the speaker, by the loudspeakers' own receipts, in at
// most that many characters when that is not 0.
func (t *talk) hearers(s paspeaker.Session, width int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	heard, missing := 0, []string(nil)
	for _, id := range s.Targets {
		if t.heard[id] {
			heard++
		} else {
			missing = append(missing, string(id))
		}
	}
	out := fmt.Sprintf("heard on %d of %d loudspeakers", heard, len(s.Targets))
	if len(missing) > 0 {
		out += ", no word from " + strings.Join(missing, ", ")
	}
	if r := []rune(out); width > 0 && len(r) > width {
		out = string(r[:max(0, width-1)]) + "…"
	}
	return out
}

// write sends samples; a closed microphone sends silence, so that the call
// lives on.
func (t *talk) write(pcm []float32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.IsZero() {
		close(t.awake)
	}
	t.last = time.Now()
	t.send(pcm)
}

// send passes samples on; what was said before the call is nobody's. The lock
// is held.
func (t *talk) send(pcm []float32) {
	if t.err != nil || t.call == nil {
		return
	}
	t.frame = t.frame[:0]
	for _, v := range pcm {
		if !t.open.Load() {
			v = 0
		}
		t.frame = append(t.frame, int16(max(-32768, min(32767, v*32768))))
	}
	t.err = t.call.Write(t.frame)
}

// watchKeys makes the space bar open and close the microphone. It returns what
// puts the terminal back.
func (t *talk) watchKeys() (restore func()) {
	if !isTerminal(os.Stdin) || t.g.in != io.Reader(os.Stdin) || t.open.Load() {
		return func() {}
	}
	fd := int(os.Stdin.Fd())
	old, err := term.MakeRaw(fd)
	if err != nil {
		return func() {}
	}
	go func() {
		key := make([]byte, 1)
		for {
			if _, err := os.Stdin.Read(key); err != nil {
				return
			}
			switch key[0] {
			case ' ':
				t.open.Store(!t.open.Load())
			case 3, 4, 'q': // raw mode: Ctrl-C comes as a key
				if p, err := os.FindProcess(os.Getpid()); err == nil {
					_ = p.Signal(os.Interrupt)
				}
			}
		}
	}()
	return func() { _ = term.Restore(fd, old) }
}

// showMeter draws level and listeners on one line, ten times a second, and
// keeps a call alive whose microphone stands still for a moment, until the call
// is over or stop is called.
func (t *talk) showMeter(over <-chan struct{}) (stop func()) {
	draw := !t.g.json && isTerminal(t.g.errOut)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				t.keepAlive()
				if draw {
					fmt.Fprintf(t.g.errOut, "\r%s\x1b[K", t.meterLine(width(t.g.errOut)))
				}
				continue
			case <-over:
			case <-done:
			}
			if draw {
				fmt.Fprint(t.g.errOut, "\r\x1b[K")
			}
			return
		}
	}()
	return func() { close(done); <-gone }
}

// keepAlive says silence for a microphone from which nothing has come.
func (t *talk) keepAlive() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.alive && time.Since(t.last) > 300*time.Millisecond {
		t.send(make([]float32, audio.FrameLen))
	}
}

// meterLine is what a speaker sees in so many columns: open or closed, the
// level, who hears.
func (t *talk) meterLine(columns int) string {
	state := "▌▌ closed, space opens"
	if t.open.Load() {
		state = "● ON AIR"
	}
	db := t.call.LevelDB()
	bars := int(max(0, min(20, (db+60)/3)))
	line := fmt.Sprintf("%s [%s%s] %4.0f dB · ", state, strings.Repeat("█", bars), strings.Repeat("·", 20-bars), db)
	return line + t.hearers(t.call.Session(), max(20, columns-len([]rune(line))-1))
}
