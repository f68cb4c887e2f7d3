package integration

import (
	"encoding/binary"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/integration/ears"
	"pa/paspeaker"
)

// cli starts paspeaker, as a person at the controller would.
func (s *site) cli(stdin io.Reader, env []string, args ...string) *process {
	s.t.Helper()
	args = append([]string{"--url", "http://" + s.http, "--token-file", s.path("state/token"), "--by", "Lan"}, args...)
	p := &process{cmd: exec.Command(filepath.Join(s.bin, "paspeaker"), args...), done: make(chan struct{}), log: &lockedBuffer{}}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, p.log, p.log
	p.cmd.Env = append(os.Environ(), env...)
	p.run(s.t)
	return p
}

// calling returns the live call on air, when there is one.
func (s *site) calling() paspeaker.Session {
	s.t.Helper()
	var call paspeaker.Session
	s.eventually("the call is on air", func() bool {
		i := slices.IndexFunc(s.sessions(), func(a paspeaker.Session) bool {
			call = a
			return a.Kind == paspeaker.KindLive && a.State == paspeaker.StatePlaying
		})
		return i >= 0
	})
	return call
}

// mouthOf is a pipe into which a voice speaks raw s16le at its own pace: x
// once and then silence without end, or for ever again. said is closed when
// all of x was written.
func mouthOf(t *testing.T, x []float32, again bool) (mouth io.Reader, said <-chan struct{}) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	done, all := make(chan struct{}), make(chan struct{})
	finished := sync.OnceFunc(func() { close(all) })
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		began := time.Now()
		frame := make([]byte, 960)
		for n := 0; ; <-tick.C {
			for owed := int(time.Since(began) / (10 * time.Millisecond)); n <= owed; n++ {
				for i := range 480 {
					var v float32
					if at := n*480 + i; again || at < len(x) {
						v = x[at%len(x)]
					}
					binary.LittleEndian.PutUint16(frame[2*i:], uint16(int16(v*32767)))
				}
				if _, err := w.Write(frame); err != nil {
					return
				}
				if n*480 >= len(x) {
					finished()
				}
			}
		}
	}()
	t.Cleanup(func() { r.Close(); w.Close(); <-done })
	return r, all
}

// tone440 is a second of 440 Hz at −20 dBFS.
func tone440() []float32 {
	x := make([]float32, audio.Rate)
	for i := range x {
		x[i] = 0.14 * float32(math.Sin(2*math.Pi*440*float64(i)/audio.Rate))
	}
	return x
}

// understood judges a live voice. Its client's clock is not the pacer's, so
// the sound is stretched a little, and may skip where the machine stalled:
// piece by piece it is looked for about where it must be.
func understood(t *testing.T, who string, ref, x []float32) {
	t.Helper()
	const piece = audio.Rate / 4
	origin, _ := ears.Find(ref, x)
	var likeness []float64
	for at := 0; at+piece <= len(ref); at += piece {
		if ears.DB(ref[at:at+piece]) < -33 {
			continue
		}
		lo := max(0, int(origin)+at-audio.Rate/3)
		hi := min(len(x), int(origin)+at+piece+audio.Rate/3)
		if hi-lo < piece {
			likeness = append(likeness, 0)
			continue
		}
		_, l := ears.Find(ref[at:at+piece], x[lo:hi])
		likeness = append(likeness, l)
	}
	require.NotEmpty(t, likeness)
	slices.Sort(likeness)
	t.Logf("%s: begins at %.2f s, likeness of %d pieces: worst %.3f, median %.4f", who, origin/audio.Rate, len(likeness), likeness[0], likeness[len(likeness)/2])
	assert.Greater(t, likeness[len(likeness)/2], 0.85, "%s: half of all pieces are as they were said", who)
	assert.Greater(t, likeness[len(likeness)/3], 0.7, "%s: two thirds are there", who)
}

// TestALiveVoiceFromStandardInput speaks real speech into `paspeaker live
// --stdin`; Ctrl-C ends the call, and the last word is still heard.
func TestALiveVoiceFromStandardInput(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	s.startNode("desk-1")
	_, ref := speech(t, "48000")
	mouth, said := mouthOf(t, ref, false)
	call := s.cli(mouth, nil, "live", "gates", "--stdin")
	on := s.calling()
	<-said
	require.NoError(t, call.end(syscall.SIGINT), "%s", call.log)
	over := s.over(on.ID, "gate-1")
	assert.Equal(t, paspeaker.OutcomeDone, over.Outcome)
	assert.Equal(t, "Lan", over.By)
	understood(t, "gate-1", ref, s.recording("gate-1"))
	assert.Equal(t, ears.Silence, ears.DB(s.recording("desk-1")))
}

// TestALiveVoiceFromAMicrophoneToASoundCard speaks real speech into a virtual
// microphone. gate-1 records it; corner plays it through oto to a virtual
// sound card, whose sound server tells what it heard.
func TestALiveVoiceFromAMicrophoneToASoundCard(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	server := startSoundServer(t)
	s.startNode("gate-1")
	s.enrol("corner")
	s.nodeEnv = server.env
	s.runNode("corner", "--output", "oto:100ms,60ms") // a sound server on a busy machine
	s.online("corner")
	heard := server.listen("card")
	file, ref := speech(t, "48000")
	call := s.cli(nil, server.env, "live", "gates", "--device", "mic.monitor", "--open-mic")
	on := s.calling()
	server.say(file, "mic")
	require.NoError(t, call.end(syscall.SIGINT), "%s", call.log)
	assert.Equal(t, paspeaker.OutcomeDone, s.over(on.ID, "gate-1", "corner").Outcome)
	require.NoError(t, s.nodes["corner"].end(syscall.SIGTERM), "%s", s.nodes["corner"].log)
	understood(t, "gate-1", ref, s.recording("gate-1"))
	understood(t, "corner, through oto", ref, heard())
}

// TestAForgottenMicrophoneIsClosed leaves a call open: it expires, the command
// says so and ends, and the loudspeakers are silent.
func TestAForgottenMicrophoneIsClosed(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	mouth, _ := mouthOf(t, tone440(), true)
	call := s.cli(mouth, nil, "live", "gates", "--stdin", "--max-length", "2s")
	on := s.calling()
	assert.Equal(t, paspeaker.OutcomeExpired, s.over(on.ID, "gate-1").Outcome)
	<-call.done
	assert.Contains(t, call.log.String(), paspeaker.OutcomeExpired)
	first, end := ears.Span(s.recording("gate-1"), 0.01)
	heard := float64(end-first) / audio.Rate
	assert.True(t, heard > 0.5 && heard < 2.2, "it was heard for as long as it might: %.2f s", heard)
}

// TestADeadClientsCallIsOver kills the program that speaks: no last word.
func TestADeadClientsCallIsOver(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	mouth, _ := mouthOf(t, tone440(), true)
	call := s.cli(mouth, nil, "live", "gates", "--stdin")
	on := s.calling()
	s.eventually("it is heard", func() bool { return s.plays("gate-1", on.ID) })
	_ = call.end(syscall.SIGKILL)
	assert.Equal(t, paspeaker.OutcomeLost, s.over(on.ID, "gate-1").Outcome)

	// One that hangs, with its connection open, is dead as well.
	mouth, _ = mouthOf(t, tone440(), true)
	call = s.cli(mouth, nil, "live", "gates", "--stdin")
	on = s.calling()
	require.NoError(t, call.cmd.Process.Signal(syscall.SIGSTOP))
	over := s.over(on.ID, "gate-1")
	assert.Equal(t, paspeaker.OutcomeLost, over.Outcome)
	_ = call.end(syscall.SIGKILL)
	x := s.recording("gate-1")
	assert.Equal(t, ears.Silence, ears.DB(x[len(x)-4800:]), "nothing goes on sounding")
}
