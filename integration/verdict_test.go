package integration

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/wire"
	"pa/paspeaker"
)

// verdictYAML has a zone for each way in which a loudspeaker can fail.
const verdictYAML = siteYAML + `
zones:
  - {id: well, name: Khu tốt}
  - {id: taken, name: Khu bị chiếm}
  - {id: yard, name: Sân, plain: {codec: pcmu}}
speakers:
  - {id: good, name: Loa tốt, kind: fixed, zones: [well]}
  - {id: hushed, name: Loa tắt tiếng, kind: fixed, zones: [well]}
  - {id: trimmed, name: Loa nhỏ, kind: fixed, zones: [well]}
  - {id: cardless, name: Loa mất card, kind: fixed, zones: [well]}
  - {id: broken, name: Loa hỏng tăng âm, kind: fixed, zones: [well]}
  - {id: dead, name: Loa chết, kind: fixed, zones: [well]}
  - {id: robbed, name: Loa bị lấy mất, kind: fixed, zones: [taken]}
  - {id: horn, name: Loa sân, kind: third-party, zones: [yard]}
`

// show runs `paspeaker show` and returns what it said and its exit code.
func (s *site) show(args ...string) (string, int) {
	s.t.Helper()
	p := s.cli(strings.NewReader(""), []string{"LANG=C"}, append([]string{"show"}, args...)...)
	<-p.done
	return p.log.String(), p.cmd.ProcessState.ExitCode()
}

// verdicts waits for the verdict on a session, and returns the lines by
// loudspeaker.
func (s *site) verdicts(id paspeaker.SessionID) (map[string]paspeaker.SpeakerVerdict, paspeaker.Session) {
	s.t.Helper()
	var over paspeaker.Session
	s.eventually("the verdict on "+id.String(), func() bool {
		over = s.session(id)
		return len(over.Verdicts) > 0
	})
	out := make(map[string]paspeaker.SpeakerVerdict)
	for _, v := range over.Verdicts {
		out[string(v.Speaker)] = v
	}
	return out, over
}

// TestEachVerdictIsProvoked plays one announcement to loudspeakers that each
// have a reason of their own.
func TestEachVerdictIsProvoked(t *testing.T) {
	t.Parallel()
	s := newSite(t, verdictYAML)
	s.startController()
	for id, more := range map[string][]string{
		"good": {"--monitor", "virtual:gain=-20,delay=15ms,noise=-70"}, "broken": {"--monitor", "virtual:muted,noise=-60"},
		"cardless": {"--output", "virtual:dead=500ms"}, "hushed": nil, "trimmed": nil, "dead": nil, "robbed": nil,
	} {
		s.enrol(id)
		s.runNode(id, more...)
	}
	for id := range s.nodes {
		s.online(id)
	}
	s.operate("mute", "hushed", "--for", "5m")
	s.operate("volume", "trimmed", "-40")
	s.eventually("its card is dead", func() bool { r := s.speaker("cardless").Report; return r != nil && r.Output.Fault != "" })

	call := s.announce(map[string]any{"zones": []string{"well", "taken", "yard"}, "source": "sweep", "freq": 300, "to": 3000, "length": "12s", "preempted": "drop"})
	s.eventually("it sounds", func() bool { return s.plays("robbed", call.ID) && s.plays("dead", call.ID) })
	_ = s.nodes["dead"].end(syscall.SIGKILL)
	s.announce(map[string]any{"zones": []string{"taken"}, "source": "tone", "freq": 700, "length": "1500ms", "priority": 150})

	got, over := s.verdicts(call.ID)
	for id, want := range map[string][2]string{
		"good": {"sounded", ""}, "hushed": {"silent", paspeaker.WhyMuted}, "trimmed": {"silent", paspeaker.WhyMuted},
		"cardless": {"silent", paspeaker.WhyNoOutput}, "broken": {"silent", paspeaker.WhyAmplifier},
		"dead": {"unknown", paspeaker.WhyOffline}, "robbed": {"partly", paspeaker.WhyTaken}, "horn": {"unknown", paspeaker.WhyThirdParty},
	} {
		v := got[id]
		assert.Equal(t, want, [2]string{string(v.Verdict), v.Why}, "%s: %+v", id, v)
	}
	assert.Contains(t, got["hushed"].Detail, "Lan")
	assert.Contains(t, got["cardless"].Detail, "dead")
	assert.NotZero(t, got["dead"].Since)
	require.NotNil(t, got["good"].Monitor)
	assert.Greater(t, got["good"].Monitor.Likeness, 0.7)
	assert.InDelta(t, got["good"].LevelDB-20, got["good"].Monitor.LevelDB, 6)
	assert.NotEmpty(t, got["robbed"].Gaps)
	assert.InDelta(t, got["good"].Frames.Due, got["robbed"].Frames.Due, 60, "both were due the same")
	assert.Contains(t, over.Summary, "1 of 7 sounded")
	assert.Contains(t, over.Summary, "dead offline since "+got["dead"].Since.In(over.Asked.Location()).Format("15:04"))
	s.shownAndProved(over)
}

// shownAndProved looks at the same with the command line, and proves it.
func (s *site) shownAndProved(over paspeaker.Session) {
	t, id := s.t, over.ID.String()
	s.eventually("the journal has it", func() bool { text, _ := s.show(id); return strings.Contains(text, over.Summary) })
	text, code := s.show(id, "--verify")
	assert.Equal(t, 7, code, text)
	for _, word := range []string{"amplifier fault", "no output", "muted", "by Lan", "third-party", "taken away", "% like", "enrolled", "6 of 6 right"} {
		assert.Contains(t, text, word)
	}
	text, code = s.show(id, "--json")
	assert.Equal(t, 7, code)
	var shown struct {
		paspeaker.Fate
		Summary string
	}
	text, _, _ = strings.Cut(text, "\n}\n")
	require.NoError(t, json.Unmarshal([]byte(text+"\n}"), &shown))
	assert.Len(t, shown.Verdicts, 8)
	assert.Equal(t, over.Summary, shown.Summary)
	proofs := s.operate("log", "--verify", "--since", "1h")
	assert.NotContains(t, proofs, "WRONG")
	_, code = s.show("00000000000abc00")
	assert.Equal(t, 5, code)
}

// lossyAir is a network in the way of a mobile unit's packets. It loses some of
// those with sound, and knows which.
type lossyAir struct {
	mu         sync.Mutex
	rng        *rand.Rand
	share      float64
	sent, lost map[uint16]bool // sequence numbers of the session
	session    paspeaker.SessionID
}

// pass says whether a packet gets through.
func (l *lossyAir) pass(b []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(b) < 114 || b[0] != 0x90 || b[19]&byte(wire.FlagStop|wire.FlagBeacon) != 0 || binary.BigEndian.Uint64(b[25:]) != uint64(l.session) {
		return true
	}
	if len(b) == 16+4*int(binary.BigEndian.Uint16(b[14:])) {
		return true // an end without sound
	}
	seq := binary.BigEndian.Uint16(b[2:])
	if !l.sent[seq] {
		l.sent[seq] = true
		l.lost[seq] = l.rng.Float64() < l.share
	}
	return !l.lost[seq]
}

// counts returns how many packets were sent, and lost on the way.
func (l *lossyAir) counts() (sent, lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, gone := range l.lost {
		if gone {
			lost++
		}
	}
	return len(l.sent), lost
}

// relay carries datagrams between a unit and the controller's clock port, where
// its voice comes from. It listens at another address of this computer.
func (s *site) relay(l *lossyAir) (host string) {
	s.t.Helper()
	real, err := net.ResolveUDPAddr("udp", s.clock)
	require.NoError(s.t, err)
	host = strings.Replace(real.IP.String(), "127.", "127.2", 1)
	if net.ParseIP(host) == nil {
		host = "127.251.7.7"
	}
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host), Port: real.Port})
	require.NoError(s.t, err)
	back, err := net.DialUDP("udp", nil, real)
	require.NoError(s.t, err)
	var unit net.Addr
	var mu sync.Mutex
	var done sync.WaitGroup
	done.Go(func() {
		b := make([]byte, 2048)
		for {
			n, from, err := front.ReadFrom(b)
			if err != nil {
				return
			}
			mu.Lock()
			unit = from
			mu.Unlock()
			_, _ = back.Write(b[:n])
		}
	})
	done.Go(func() {
		b := make([]byte, 2048)
		for {
			n, err := back.Read(b)
			if err != nil {
				return
			}
			mu.Lock()
			to := unit
			mu.Unlock()
			if to != nil && l.pass(b[:n]) {
				_, _ = front.WriteTo(b[:n], to)
			}
		}
	})
	s.t.Cleanup(func() { front.Close(); back.Close(); done.Wait() })
	return host
}

// TestTheVerdictCountsWhatTheNetworkLost loses three packets in ten on the way
// to a mobile unit: the verdict's figures are the network's own.
func TestTheVerdictCountsWhatTheNetworkLost(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("unit-1")
	require.NoError(t, s.nodes["unit-1"].end(syscall.SIGTERM))
	l := &lossyAir{rng: rand.New(rand.NewPCG(1, 1)), share: 0.3, sent: make(map[uint16]bool), lost: make(map[uint16]bool)}
	host := s.relay(l)
	_, port, err := net.SplitHostPort(s.http)
	require.NoError(t, err)
	s.runNode("unit-1", "--controller", net.JoinHostPort(host, port))
	s.online("unit-1")
	call := s.announce(map[string]any{"zones": []string{"mobile"}, "source": "tone", "freq": 500, "length": "12s", "delay": "2s"})
	l.mu.Lock()
	l.session = call.ID
	l.mu.Unlock()
	got, _ := s.verdicts(call.ID)
	v := got["unit-1"]
	sent, lost := l.counts()
	t.Logf("the network: %d sent, %d lost; the verdict: %+v", sent, lost, v.Frames)
	require.Greater(t, sent, 500)
	const packet = 2 // frames
	for what, c := range map[string][2]int{
		"due":       {packet * sent, int(v.Frames.Due)},
		"played":    {packet * (sent - lost), int(v.Frames.Played)},
		"concealed": {packet * lost, int(v.Frames.Concealed)},
		"lost":      {packet * lost, int(time.Duration(v.Lost) / paspeaker.FrameTime)},
	} {
		assert.InDelta(t, c[0], c[1], float64(c[0])/100, what)
	}
	assert.Equal(t, [2]string{"partly", paspeaker.WhyLost}, [2]string{string(v.Verdict), v.Why})
	var told time.Duration
	for _, g := range v.Gaps {
		told += time.Duration(g.Lost)
		assert.True(t, !g.To.Before(g.From) && g.From.After(call.Asked), "%+v", g)
	}
	assert.InDelta(t, time.Duration(v.Lost).Seconds(), told.Seconds(), time.Duration(v.Lost).Seconds()/50, "and when it was lost")
	text, _ := s.show(call.ID.String())
	assert.Contains(t, text, fmt.Sprintf("unit-1 partly: %.1f s lost", time.Duration(v.Lost).Seconds()))
}

// TestALoudspeakerIsCalibratedByItsMonitor measures a loudspeaker that is soft
// and slow, tunes it, and finds it as it should be.
func TestALoudspeakerIsCalibratedByItsMonitor(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("corner", "--monitor", "virtual:gain=-26,delay=12ms,noise=-80")
	var got struct{ Before, After []paspeaker.Tuning }
	require.NoError(t, json.Unmarshal([]byte(s.operate("calibrate", "corner", "--target", "-42", "--delay", "30ms", "--apply", "--json")), &got))
	require.Len(t, got.After, 1)
	before, after := got.Before[0], got.After[0]
	t.Logf("before: %+v\nafter: %+v", before, after)
	assert.InDelta(t, -46, before.HeardDB, 1)
	assert.InDelta(t, 4, before.TrimDB, 1)
	assert.InDelta(t, 12, time.Duration(before.Path).Seconds()*1000, 3)
	assert.InDelta(t, 18, time.Duration(before.DelayTrim).Seconds()*1000, 3)
	assert.InDelta(t, -42, after.HeardDB, 1, "it is heard as it should be")
	assert.Equal(t, before.DelayTrim, after.Measured.DelayTrim, "the node keeps it")
}
