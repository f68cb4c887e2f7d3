package integration

import (
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/integration/ears"
	"pa/paspeaker"
	"pa/paspeaker/controller"
	"pa/paspeaker/hub"
)

// cluster is a NATS server beside the controller, as a site has one that gives
// --nats-url, and the cable to it, which the test can pull out.
type cluster struct {
	s    *site
	hub  *hub.Hub
	mu   sync.Mutex
	ends []net.Conn
	out  bool // the cable is pulled out
}

func (s *site) startCluster() *cluster {
	s.t.Helper()
	c := &cluster{s: s}
	var err error
	c.hub, err = hub.Start(hub.Config{Addr: "127.0.0.1:0", Dir: s.t.TempDir(), Allow: c.allow})
	require.NoError(s.t, err)
	cable, err := net.Listen("tcp", s.nats)
	require.NoError(s.t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.carry(cable)
	}()
	seed := s.path("nats.seed")
	require.NoError(s.t, os.WriteFile(seed, []byte(c.hub.Seed()), 0o600))
	s.more = []string{"--nats-url", "nats://" + s.nats, "--nats-seed-file", seed}
	s.t.Cleanup(func() { cable.Close(); c.pull(true); <-done; c.hub.Shutdown() })
	return c
}

// carry joins each connection with one to the server.
func (c *cluster) carry(cable net.Listener) {
	var copies sync.WaitGroup
	defer copies.Wait()
	for {
		near, err := cable.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", c.hub.Addr().String())
		c.mu.Lock()
		if err != nil || c.out {
			near.Close()
		} else {
			c.ends = append(c.ends, near, far)
			copies.Go(func() { _, _ = io.Copy(near, far); near.Close() })
			copies.Go(func() { _, _ = io.Copy(far, near); far.Close() })
		}
		c.mu.Unlock()
	}
}

// pull takes the cable out, or puts it back.
func (c *cluster) pull(out bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = out
	for _, end := range c.ends {
		end.Close()
	}
	c.ends = nil
}

// allow knows gate-1, by the secret that the controller keeps.
func (c *cluster) allow(public string) (string, bool) {
	text, err := os.ReadFile(c.s.path("state/site.secret"))
	if err != nil {
		return "", false
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return "", false
	}
	_, key, err := controller.NodeKey(secret, "gate-1")
	return "gate-1", err == nil && key == public
}

// TestALiveVoiceGoesOnWithNATSGone takes NATS away from everybody while
// somebody speaks, and triggers an emergency and stops it without.
func TestALiveVoiceGoesOnWithNATSGone(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(parkYAML, "%s", "pcmu", 1))
	nats := s.startCluster()
	s.startController()
	s.startNode("gate-1")
	mouth, _ := mouthOf(t, tone440(), true)
	call := s.cli(mouth, nil, "live", "gates", "--stdin")
	on := s.calling()
	s.eventually("she is heard", func() bool { return s.plays("gate-1", on.ID) })
	nats.pull(true)
	s.eventually("the fault is shown", func() bool { return slices.Contains(s.faults(), "nats") })
	assert.Equal(t, paspeaker.StatePlaying, s.session(on.ID).State, "she speaks on")
	var alarm paspeaker.Session
	s.must("POST", "/v1/emergencies", map[string]any{"emergency": "evacuate", "zones": []string{"office"}}, &alarm)
	assert.Equal(t, []paspeaker.SpeakerID{"desk-1"}, alarm.Sounding, "an emergency elsewhere is let in")
	s.must("POST", "/v1/stop", map[string]any{"sessions": []paspeaker.SessionID{alarm.ID}}, nil)
	assert.Equal(t, paspeaker.StatePlaying, s.session(on.ID).State, "and she speaks on")
	s.sounds("gate-1", 440)
	require.NoError(t, call.end(syscall.SIGINT), "%s", call.log)
	s.eventually("the call is over", func() bool { return !s.session(on.ID).Ended.IsZero() })
	assert.Equal(t, paspeaker.OutcomeDone, s.session(on.ID).Outcome)

	nats.pull(false)
	s.eventually("all is well again, and what waited is written", func() bool {
		return !slices.Contains(s.faults(), "nats") && slices.Contains(s.journal(on.ID), "end")
	})
	x := s.recording("gate-1")
	first, end := ears.Span(x, 0.01)
	assert.Greater(t, float64(end-first)/audio.Rate, 1.0)
	assert.Less(t, missing(x[first:end], 440), 0.15, "she was heard all the time")
}

// missing returns for how many seconds a tone of that frequency is not heard.
func missing(x []float32, freq float64) (seconds float64) {
	const piece = audio.Rate / 20
	for at := 0; at+piece <= len(x); at += piece {
		if ears.Tone(x[at:at+piece], freq) < -30 {
			seconds += float64(piece) / audio.Rate
		}
	}
	return seconds
}

// fullDisk makes the site's state directory a disk of its own, of so many
// bytes. fill takes what is left of it, empty gives it back.
func (s *site) fullDisk(size string) (fill, empty func()) {
	s.t.Helper()
	dir := s.path("state")
	require.NoError(s.t, os.MkdirAll(dir, 0o700))
	require.NoError(s.t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=0700"),
		"this test mounts a small disk, and so must run as root (CAP_SYS_ADMIN)")
	s.t.Cleanup(func() {
		s.close() // nobody may hold the disk
		assert.NoError(s.t, syscall.Unmount(dir, syscall.MNT_DETACH))
	})
	ballast := filepath.Join(dir, "ballast")
	fill = func() {
		f, err := os.Create(ballast)
		require.NoError(s.t, err)
		defer f.Close()
		for block := make([]byte, 4096); err == nil; {
			_, err = f.Write(block)
		}
		require.True(s.t, errors.Is(err, syscall.ENOSPC), "%v", err)
	}
	return fill, func() { require.NoError(s.t, os.Remove(ballast)) }
}

// TestAFullDiskSilencesNobody fills the disk under a running controller, and
// starts one on a full disk.
func TestAFullDiskSilencesNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(parkYAML, "%s", "pcmu", 1))
	fill, empty := s.fullDisk("64m")
	s.startController()
	s.startNode("gate-1")
	fill()
	mouth, _ := mouthOf(t, tone440(), true)
	call := s.cli(mouth, nil, "live", "gates", "--stdin")
	on := s.calling()
	s.eventually("a voice is heard", func() bool { return s.plays("gate-1", on.ID) })
	require.NoError(t, call.end(syscall.SIGINT), "%s", call.log)
	assert.Equal(t, paspeaker.OutcomeDone, s.over(on.ID, "gate-1").Outcome)
	tone := s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "length": "1s"})
	assert.GreaterOrEqual(t, s.over(tone.ID, "gate-1").Receipts[0].Played, uint64(95))
	s.eventually("the fault is shown", func() bool { return slices.Contains(s.faults(), "storage") })

	_ = s.ctl.end(syscall.SIGKILL)
	s.startController() // on the full disk
	assert.Contains(t, s.faults(), "disk")
	again := s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "freq": 2000, "length": "120s"})
	s.eventually("it is heard after a start on a full disk", func() bool {
		x, err := ears.Open(s.path("gate-1.wav"))
		_, end := ears.Span(x, 0.01)
		return err == nil && end > 9600 && ears.Tone(x[end-4800:end], 2000) > -24
	})
	empty()
	s.must("POST", "/v1/stop", map[string]any{"all": true}, nil)
	s.eventually("the journal goes on", func() bool {
		return slices.Contains(s.journal(again.ID), "play") && !slices.Contains(s.faults(), "storage")
	})
}
