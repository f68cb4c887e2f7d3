package integration

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// A loudspeaker that somebody has muted is silent, says whose mute it was, and
// lets an emergency through; it is still muted after a restart of its program,
// and can be found, trimmed and asked for its log.
func TestOneLoudspeakerIsLookedAfter(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	out, err := s.types("mute", "gate-1", "--for", "1h", "--by", "Lan")
	require.NoError(t, err, out)
	assert.Contains(t, out, "gate-1 is muted until")
	out, err = s.types("identify", "gate-1")
	assert.Equal(t, 3, exitOf(err), out)
	assert.Contains(t, out, "muted by Lan")

	silent := s.receiptOf("gate-1", s.announce(map[string]any{"source": "tone", "freq": 1000, "length": "1s", "speakers": []string{"gate-1"}}))
	assert.Zero(t, silent.Played)
	assert.Greater(t, silent.Muted, uint64(50))
	assert.Equal(t, "Lan", silent.MutedBy)
	loud := s.receiptOf("gate-1", s.announce(map[string]any{"source": "tone", "freq": 1000, "length": "1s", "speakers": []string{"gate-1"}, "priority": 240}))
	assert.Greater(t, loud.Played, uint64(50), "an emergency sounds all the same")
	assert.Empty(t, loud.MutedBy)

	require.NoError(t, s.nodes["gate-1"].end(syscall.SIGTERM))
	s.runNode("gate-1", "--output", "wav:"+s.path("second.wav"))
	s.online("gate-1")
	require.NotNil(t, s.speaker("gate-1").Report.Muted, "it is muted still")
	out, err = s.types("status")
	require.NoError(t, err)
	assert.Contains(t, out, "MUTED gate-1 by Lan until")
	out, err = s.types("unmute", "gate-1")
	require.NoError(t, err, out)
	s.heardAt("gate-1")

	out, err = s.types("volume", "gate-1", "-6")
	require.NoError(t, err, out)
	assert.Contains(t, out, "trim -6 dB")
	out, err = s.types("identify", "gate-1", "--for", "1s")
	require.NoError(t, err, out)
	assert.Contains(t, out, "chirped for")
	out, err = s.types("node", "logs", "gate-1")
	require.NoError(t, err, out)
	assert.Contains(t, out, "volume changed")
}

// receiptOf waits for the last receipt of a session from one loudspeaker.
func (s *site) receiptOf(id string, session paspeaker.Session) (out paspeaker.Receipt) {
	s.t.Helper()
	s.eventually(id+" has said what became of it", func() bool {
		for _, r := range s.session(session.ID).Receipts {
			if string(r.Node) == id && r.Done {
				out = r
				return true
			}
		}
		return false
	})
	return out
}

// New hardware takes a loudspeaker's id over while the old one still runs: that
// one is let in no more, and the new one is heard.
func TestNewHardwareTakesALoudspeakersPlace(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	out, err := s.types("adopt", "gate-1")
	assert.Equal(t, 3, exitOf(err), out)
	out, err = s.types("adopt")
	require.NoError(t, err)
	assert.Contains(t, out, "road-1")
	assert.NotContains(t, out, "gate-1 ")

	var join paspeaker.JoinToken
	s.must("POST", "/v1/speakers/gate-1/replace", map[string]any{}, &join)
	old := s.nodes["gate-1"]
	token := filepath.Join(s.dir, "replacement.token")
	require.NoError(t, os.WriteFile(token, []byte(join.Token), 0o600))
	s.last["gate-1"] = s.speaker("gate-1").Report.Instance
	fresh := s.start("paspeaker-node", "--controller", s.http, "--id", "gate-1", "--state", s.path("replacement"),
		"--token-file", token, "--output", "wav:"+s.path("replacement.wav"))
	s.nodes["gate-1"], s.nodes["the old gate-1"] = fresh, old
	s.online("gate-1")
	s.eventually("the old one has lost NATS", func() bool { return strings.Contains(old.log.String(), "lost NATS") })
	instance := s.speaker("gate-1").Report.Instance
	s.heardAt("gate-1")
	assert.Equal(t, instance, s.speaker("gate-1").Report.Instance, "nobody else reports as gate-1")
	assert.WithinDuration(t, time.Now(), s.speaker("gate-1").Enrolled, time.Minute)
}
