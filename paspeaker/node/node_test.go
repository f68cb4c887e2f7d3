package node

import (
	"crypto/ed25519"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/playout"
	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/state"
)

func signed(t *testing.T, key ed25519.PrivateKey, change func(*paspeaker.NodeConfig)) paspeaker.SignedConfig {
	t.Helper()
	conf := paspeaker.NodeConfig{ID: "gate-1", Serial: 1, ClockKey: make([]byte, 32), Root: key.Public().(ed25519.PublicKey),
		Groups: []string{"239.255.1.1:5004"}, TagKeys: map[uint8][]byte{0: make([]byte, 32)}}
	change(&conf)
	body, err := json.Marshal(conf)
	require.NoError(t, err)
	return paspeaker.SignedConfig{Body: body, Sig: ed25519.Sign(key, append([]byte(configContext), body...))}
}

func TestAConfigurationMustBeSignedByThePinnedRoot(t *testing.T) {
	ours, theirs := ed25519.NewKeyFromSeed(make([]byte, 32)), ed25519.NewKeyFromSeed(append(make([]byte, 31), 1))
	keep := func(*paspeaker.NodeConfig) {}
	conf, err := openConfig(signed(t, ours, keep), ours.Public().(ed25519.PublicKey))
	require.NoError(t, err)
	assert.Equal(t, paspeaker.SpeakerID("gate-1"), conf.ID)

	_, err = openConfig(signed(t, theirs, keep), ours.Public().(ed25519.PublicKey))
	assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err))
	altered := signed(t, ours, keep)
	altered.Body[10] ^= 1
	_, err = openConfig(altered, ours.Public().(ed25519.PublicKey))
	assert.Error(t, err)
	for name, change := range map[string]func(*paspeaker.NodeConfig){
		"a short clock key": func(c *paspeaker.NodeConfig) { c.ClockKey = nil },
		"a short tag key":   func(c *paspeaker.NodeConfig) { c.TagKeys[1] = []byte{1} },
		"no id":             func(c *paspeaker.NodeConfig) { c.ID = "Gate 1" },
		"no group":          func(c *paspeaker.NodeConfig) { c.Groups = []string{"10.0.0.1:5004"} },
		"no root":           func(c *paspeaker.NodeConfig) { c.Root = nil },
	} {
		_, err = openConfig(signed(t, ours, change), ours.Public().(ed25519.PublicKey))
		assert.Error(t, err, name)
	}
}

func TestARestartedNodeRemembersTermAndEnds(t *testing.T) {
	dir, err := state.Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	defer dir.Close()
	m, err := remember(dir)
	require.NoError(t, err)
	m.setTerm(9)
	m.setTerm(7)
	m.addEnded(1001, 5)
	m.write()
	require.NoError(t, m.trouble())

	m, err = remember(dir)
	require.NoError(t, err)
	term, ended := m.recall()
	assert.EqualValues(t, 9, term, "a term never falls")
	assert.Equal(t, map[uint64]int64{1001: 5}, ended)

	for i := range uint64(2 * maxEnded) {
		m.addEnded(5000+i, int64(i))
	}
	_, ended = m.recall()
	assert.LessOrEqual(t, len(ended), maxEnded)
	assert.Contains(t, ended, uint64(5000+2*maxEnded-1), "the newest stay")

	require.NoError(t, dir.Write(heardFile, []byte("{")))
	m, err = remember(dir)
	require.NoError(t, err, "a damaged memory silences nobody")
	assert.ErrorContains(t, m.trouble(), heardFile, "but it is told")
	kept, err := dir.Read(damagedFile)
	require.NoError(t, err)
	assert.Equal(t, "{", string(kept))
	m.setTerm(3)
	m.write()
	assert.Error(t, m.trouble(), "until the next start")
	m, err = remember(dir)
	require.NoError(t, err)
	require.NoError(t, m.trouble())
	term, _ = m.recall()
	assert.EqualValues(t, 3, term)
}

func TestTheControllersAddressesAreFilledIn(t *testing.T) {
	assert.Equal(t, "10.1.0.2:7081", hostPort("10.1.0.2:7080", 7081))
	assert.Equal(t, "pa.example:7081", hostPort("pa.example", 7081))
	assert.Equal(t, "[::1]:7081", hostPort("[::1]:7080", 7081))
	assert.Equal(t, "tls://10.1.0.2:4222", natsURL("tls://0.0.0.0:4222", "10.1.0.2:7080"))
	assert.Equal(t, "nats://127.0.0.1:4222", natsURL("nats://127.0.0.1:4222", "10.1.0.2"))
}

func TestMarksReachTheMixer(t *testing.T) {
	assert.Equal(t, playout.End|playout.Drill, mixerFlags(wire.FlagEnd|wire.FlagDrill|wire.FlagStart))
	assert.Equal(t, playout.Duckable|playout.Live, mixerFlags(wire.FlagDuckable|wire.FlagLive))
}

func TestASessionThatPausedIsOneReceipt(t *testing.T) {
	r := receipts{sums: make(map[uint64]playout.StreamStatus)}
	r.sum(playout.StreamStatus{Session: 1, Played: 100, FirstHeard: 5})
	s := r.sum(playout.StreamStatus{Session: 1, Played: 50, Muted: 3, FirstHeard: 9})
	assert.EqualValues(t, 150, s.Played)
	assert.EqualValues(t, 3, s.Muted)
	assert.EqualValues(t, 5, s.FirstHeard)
	other := r.sum(playout.StreamStatus{Session: 2, Played: 1})
	assert.EqualValues(t, 1, other.Played)
	n := &Node{cfg: Config{ID: "gate-1"}}
	got := n.receipt(s, true)
	assert.Equal(t, time.Unix(0, 5).UTC(), got.First)
	assert.True(t, got.Done)
}

// What a receipt says is the level at the output, the loudspeaker's own gain
// included.
func TestAReceiptTellsTheLevelAtTheOutput(t *testing.T) {
	for _, c := range []struct{ db, gain, want float64 }{
		{-20, 0, -20}, {-20, -9, -29}, {-20, 4, -16}, {-3, 20, 0}, {-120, 20, -120}, {-100, -60, -120},
	} {
		n := &Node{}
		n.conf.Store(&paspeaker.NodeConfig{GainDB: c.gain})
		assert.Equal(t, c.want, n.receipt(playout.StreamStatus{LevelDB: c.db}, true).LevelDB)
	}
}
