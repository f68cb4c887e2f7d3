package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/integration/ears"
	"pa/paspeaker"
)

// TestADrillTakesTheGatesAndTheRoadPlaysOn: preemption where the zones
// overlap, resumption when the drill is over, and stop --all.
func TestADrillTakesTheGatesAndTheRoadPlaysOn(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	for _, id := range []string{"gate-1", "corner", "road-1"} {
		s.startNode(id)
	}
	slogan := s.announce(map[string]any{"zones": []string{"gates", "roads"}, "source": "tone", "freq": 500, "length": "120s", "preempted": "resume"})
	s.eventually("the slogan sounds", func() bool {
		return s.plays("road-1", slogan.ID) && s.plays("gate-1", slogan.ID) && s.plays("corner", slogan.ID)
	})
	s.sounds("gate-1", 500)
	s.sounds("corner", 500)
	var drill paspeaker.Session
	s.must("POST", "/v1/emergencies", map[string]any{"emergency": "evacuate", "zones": []string{"gates"}, "drill": true}, &drill)
	assert.Equal(t, paspeaker.PriorityDrillMax, drill.Level)
	assert.Contains(t, drill.Name, "DRILL")
	s.eventually("the drill sounds at the gates", func() bool { return s.plays("gate-1", drill.ID) && s.plays("corner", drill.ID) })
	assert.True(t, s.plays("road-1", slogan.ID), "the road plays on")
	s.must("POST", "/v1/stop", map[string]any{"sessions": []paspeaker.SessionID{drill.ID}}, nil)
	s.eventually("the slogan goes on at the gates", func() bool { return s.plays("gate-1", slogan.ID) && s.plays("corner", slogan.ID) })
	s.sounds("gate-1", 500)
	s.sounds("corner", 500)
	s.must("POST", "/v1/stop", map[string]any{"all": true}, nil)
	assert.Equal(t, paspeaker.OutcomeStopped, s.over(slogan.ID, "road-1", "gate-1", "corner").Outcome)

	road := s.recording("road-1")
	first, end := ears.Span(road, 0.001)
	assert.Greater(t, ears.Tone(road[first+2400:end-2400], 500), -21.0, "the road hears the slogan, all the time")
	assert.Less(t, ears.Step(road), 0.02, "no click")
	for _, id := range []string{"gate-1", "corner"} {
		x := s.recording(id)
		first, end := ears.Span(x, 0.001)
		assert.Greater(t, ears.Tone(x[first+2400:first+12000], 500), -22.0, "%s begins with the slogan", id)
		assert.Greater(t, ears.Tone(x[end-12000:end-2400], 500), -22.0, "%s ends with the slogan", id)
		assert.Greater(t, withoutTone(x[first:end], 500), 0.3, "%s: the drill was heard", id)
		assert.Equal(t, ears.Silence, ears.DB(x[len(x)-480:]), "%s is silent after stop --all", id)
	}
}

// withoutTone returns for how many seconds something else than a tone of that
// frequency sounds.
func withoutTone(x []float32, freq float64) (seconds float64) {
	const piece = audio.Rate / 20
	for at := 0; at+piece <= len(x); at += piece {
		if level := ears.DB(x[at : at+piece]); level > -50 && ears.Tone(x[at:at+piece], freq) < level-6 {
			seconds += float64(piece) / audio.Rate
		}
	}
	return seconds
}

func TestTheRealThingTakesOverADrillAndALiveVoiceTheRecording(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	var drill, real paspeaker.Session
	s.must("POST", "/v1/emergencies", map[string]any{"emergency": "evacuate", "zones": []string{"gates"}, "drill": true}, &drill)
	s.must("POST", "/v1/emergencies", map[string]any{"emergency": "fire", "zones": []string{"gates"}}, &real)
	s.eventually("the real one sounds", func() bool { return s.plays("gate-1", real.ID) })
	mouth, _ := mouthOf(t, tone440(), true)
	chief := s.cli(mouth, nil, "live", "gates", "--stdin", "--emergency")
	voice := s.calling()
	assert.Equal(t, paspeaker.PriorityLiveEmergency, voice.Level)
	s.eventually("the chief is heard over the recording", func() bool { return s.plays("gate-1", voice.ID) && !s.plays("gate-1", real.ID) })
	require.NoError(t, chief.end(syscall.SIGINT), "%s", chief.log)
	s.eventually("the recording goes on", func() bool { return s.plays("gate-1", real.ID) })
	assert.False(t, s.plays("gate-1", drill.ID))
}

func TestStopAllSilencesWithNATSHung(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	tone := s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "length": "120s"})
	s.eventually("it sounds", func() bool { return s.plays("gate-1", tone.ID) })
	require.NoError(t, os.RemoveAll(s.path("state/nats"))) // its journal can write nothing more
	s.must("POST", "/v1/stop", map[string]any{"all": true}, nil)
	assert.Equal(t, paspeaker.OutcomeStopped, s.over(tone.ID, "gate-1").Outcome)
	x := s.recording("gate-1")
	first, end := ears.Span(x, 0.001)
	assert.Less(t, float64(end-first)/48000, 60.0)
	assert.Less(t, ears.Step(x[first:end]), 0.02, "no click at the stop")
	assert.Equal(t, ears.Silence, ears.DB(x[len(x)-480:]))
}

func TestAControllerThatIsKilledComesBackAndItsNodesWithIt(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	tone := s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "freq": 500, "length": "120s"})
	s.eventually("it sounds", func() bool { return s.plays("gate-1", tone.ID) })
	_ = s.ctl.end(syscall.SIGKILL)
	before := s.term()
	s.startController()
	assert.Greater(t, s.status().Term, before)
	s.last["gate-1"] = "" // the node is the one from before
	s.online("gate-1")
	again := s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "freq": 2000, "length": "1s"})
	over := s.over(again.ID, "gate-1")
	require.Len(t, over.Receipts, 1)
	assert.GreaterOrEqual(t, over.Receipts[0].Played, uint64(95), "a new term mutes nobody")
	assert.Contains(t, s.journal(tone.ID), "play", "what was recorded survived kill -9")

	x := s.recording("gate-1")
	_, end := ears.Span(x, 0.01)
	assert.Greater(t, ears.Tone(x[end-24000:end-2400], 2000), -22.0, "the new one is heard")
	assert.Less(t, ears.Tone(x[end-24000:end-2400], 500), -60.0, "and nothing of the old one beneath it")
}

// journal returns what was recorded of a session.
func (s *site) journal(id paspeaker.SessionID) []string {
	s.t.Helper()
	var log []paspeaker.Entry
	code, b := s.request("GET", "/v1/log?session="+id.String(), nil, "")
	if code == 503 { // the journal is away
		return nil
	}
	require.NoError(s.t, json.Unmarshal(b, &log), "%s", b)
	var words []string
	for _, e := range log {
		words = append(words, e.What)
	}
	return words
}

func (s *site) term() uint32 {
	b, err := os.ReadFile(s.path("state/term"))
	require.NoError(s.t, err)
	var term uint32
	require.NoError(s.t, json.Unmarshal(bytes.TrimSpace(b), &term))
	return term
}

func TestANodeThatIsKilledComesBackIntoWhatPlays(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	tone := s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "length": "180s"})
	s.eventually("it sounds", func() bool { return s.plays("gate-1", tone.ID) })
	_ = s.nodes["gate-1"].end(syscall.SIGKILL)
	s.eventually("it is shown offline", func() bool { return !s.speaker("gate-1").Online })
	s.eventually("and as a fault", func() bool { return slices.Contains(s.faults(), "offline/gate-1") })
	s.runNode("gate-1") // the token is spent; it is not needed
	s.online("gate-1")
	s.sounds("gate-1", 1000)
	s.eventually("the fault is over", func() bool { return !slices.Contains(s.faults(), "offline/gate-1") })
	x := s.recording("gate-1")
	first, end := ears.Span(x, 0.01)
	require.Greater(t, end-first, 9600)
	assert.Greater(t, ears.Tone(x[first+2400:end-2400], 1000), -22.0)
}

func TestANodePlaysWithTheControllersNATSNeverSeen(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	require.NoError(t, s.nodes["gate-1"].end(syscall.SIGTERM))
	require.NoError(t, s.ctl.end(syscall.SIGTERM))
	s.nats = freePort(t, "tcp") // the node will look for NATS in vain
	s.startController()
	s.runNode("gate-1")
	s.eventually("it is known by its questions for the time", func() bool { return s.speaker("gate-1").Online })
	tone := s.announce(map[string]any{"zones": []string{"all"}, "source": "tone", "length": "120s"})
	s.eventually("it is heard", func() bool { // nothing but the recording can tell
		x, err := ears.Open(s.path("gate-1.wav"))
		_, end := ears.Span(x, 0.01)
		return err == nil && end > 0
	})
	assert.NotEmpty(t, tone.ID)
	assert.Greater(t, ears.DB(s.recording("gate-1")), -60.0, "voice never waits for control")
}

func TestABadReloadIsRefusedAndTheSiteRunsOn(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	tone := s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "length": "120s"})
	s.eventually("it sounds", func() bool { return s.plays("gate-1", tone.ID) })
	good := s.readSite()
	s.writeSite(strings.Replace(good, "kind: mobile", "kind: balloon", 1))
	code, body := s.request("POST", "/v1/reload", nil, "")
	assert.Equal(t, 422, code, "%s", body)
	assert.Contains(t, string(body), "balloon")
	assert.Contains(t, s.faults(), "config")
	require.NoError(t, s.ctl.cmd.Process.Signal(syscall.SIGHUP))
	s.eventually("the log says so", func() bool { return strings.Contains(s.ctl.log.String(), "reload refused") })
	assert.Equal(t, paspeaker.StatePlaying, s.session(tone.ID).State, "what plays, plays on")
	s.sounds("gate-1", 1000)
	x := s.recording("gate-1")
	first, end := ears.Span(x, 0.01)
	assert.Greater(t, ears.Tone(x[first+2400:end-2400], 1000), -21.0, "without a hole")

	require.NoError(t, s.ctl.end(syscall.SIGTERM))
	s.startController() // a bad file at boot starts the last good one
	assert.Contains(t, s.faults(), "config")
	s.writeSite(good)
	s.must("POST", "/v1/reload", nil, nil)
	assert.NotContains(t, s.faults(), "config")
}

func TestASecondDaemonAndABusyPortAreOneClearLine(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	for name, args := range map[string][]string{
		"same state":       {"--config", s.path("zones.yaml"), "--state", s.path("state"), "--http", freePort(t, "tcp")},
		"busy port":        {"--config", s.path("zones.yaml"), "--state", s.path("other"), "--http", s.http},
		"unwritable state": {"--config", s.path("zones.yaml"), "--state", "/proc/nowhere", "--http", freePort(t, "tcp")},
		"no state":         {"--config", s.path("zones.yaml")},
		"bad site":         {"--config", "/dev/null", "--state", s.path("third"), "--http", freePort(t, "tcp"), "--nats", freePort(t, "tcp")},
	} {
		p := s.start("paspeakerd", args...)
		<-p.done
		assert.Error(t, p.err, name)
		lines := 0
		for line := range strings.Lines(p.log.String()) {
			if strings.HasPrefix(line, "paspeakerd: ") {
				lines++
			}
		}
		assert.Equal(t, 1, lines, "%s:\n%s", name, p.log)
	}
}
