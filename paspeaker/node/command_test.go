package node

import (
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/playout"
	"pa/paspeaker"
	"pa/paspeaker/state"
)

// rootKey is the site's in these tests.
func rootKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, 32)) }

// atBench is a node as far as commands go, in a state directory.
func atBench(t *testing.T, path string) (n *Node, end func()) {
	t.Helper()
	dir, err := state.Open(path)
	require.NoError(t, err)
	n = &Node{cfg: Config{ID: "gate-1", Version: "test", Now: audio.Now, State: dir}, log: slog.New(slog.DiscardHandler)}
	n.conf.Store(&paspeaker.NodeConfig{ID: "gate-1", Root: rootKey().Public().(ed25519.PublicKey)})
	n.memory, err = remember(dir)
	require.NoError(t, err)
	n.bench = recallBench(dir, n.commandTime)
	n.mixer = playout.New(playout.Config{Clock: &n.time})
	end = sync.OnceFunc(func() { dir.Close() })
	t.Cleanup(end)
	return n, end
}

// order signs a command for gate-1.
func order(t *testing.T, verb string, args any, change func(*paspeaker.NodeCommand)) paspeaker.SignedCommand {
	t.Helper()
	raw, err := json.Marshal(args)
	require.NoError(t, err)
	now := time.Now()
	c := paspeaker.NodeCommand{Node: "gate-1", ID: paspeaker.NewCommandID(), Issued: now, Expires: now.Add(time.Minute), Verb: verb, Args: raw}
	if change != nil {
		change(&c)
	}
	s, err := paspeaker.SignCommand(rootKey(), c)
	require.NoError(t, err)
	return s
}

func TestANodeObeysItsOwnControllerOnce(t *testing.T) {
	path := t.TempDir()
	n, end := atBench(t, path)
	_, err := n.accept(order(t, "x", nil, nil))
	require.NoError(t, err)

	forged := order(t, "x", nil, nil)
	forged.Sig[0] ^= 1
	again := order(t, paspeaker.VerbUnmute, nil, nil)
	require.Nil(t, n.obey(t.Context(), again).Error)
	look := order(t, paspeaker.VerbVolume, nil, nil)
	require.Nil(t, n.obey(t.Context(), look).Error)
	for _, c := range []struct {
		kind   string
		signed paspeaker.SignedCommand
	}{
		{commandForged, forged},
		{commandForged, paspeaker.SignedCommand{}},
		{commandForeign, order(t, "x", nil, func(c *paspeaker.NodeCommand) { c.Node = "gate-2" })},
		{commandExpired, order(t, "x", nil, func(c *paspeaker.NodeCommand) {
			c.Issued, c.Expires = c.Issued.Add(-time.Hour), c.Issued.Add(-30*time.Minute)
			c.Issued = c.Expires.Add(-time.Minute)
		})},
		{commandRepeated, again},
		{commandUnknown, order(t, "dance", nil, nil)},
	} {
		before, after := make(map[string]uint64), make(map[string]uint64)
		n.commands.counts(before)
		a := n.obey(t.Context(), c.signed)
		n.commands.counts(after)
		require.NotNil(t, a.Error, c.kind)
		assert.Nil(t, a.Result)
		assert.Equal(t, before[c.kind]+1, after[c.kind], c.kind)
	}

	// A restart forgets nothing.
	n.memory.write()
	end()
	n, _ = atBench(t, path)
	for _, s := range []paspeaker.SignedCommand{again, look} {
		a := n.obey(t.Context(), s)
		require.NotNil(t, a.Error)
		assert.Contains(t, a.Error.What, "before")
	}
	for range 2 * maxSeen {
		require.True(t, n.memory.newCommand(paspeaker.NewCommandID()))
	}
	assert.Len(t, n.memory.heard.Commands, maxSeen)
}

// The node's own wall clock judges only while it does not keep the
// controller's time.
func TestACommandExpiresByTheControllersTime(t *testing.T) {
	n, _ := atBench(t, t.TempDir())
	n.cfg.Wall = func(unix int64) int64 { return unix + int64(time.Hour) }
	_, err := n.accept(order(t, "x", nil, nil))
	assert.ErrorContains(t, err, "is the node's clock right?")

	addr := freeAddr(t)
	station := newStation(t, addr, 1, 0)
	defer station.end()
	l, run := listener(t, addr)
	run()
	require.Eventually(t, func() bool { return l.time.Read(audio.Now()).Locked }, 20*time.Second, time.Millisecond)
	n.time.client.Store(l.time.client.Load())
	at := func(media int64) paspeaker.SignedCommand {
		return order(t, "x", nil, func(c *paspeaker.NodeCommand) {
			c.Issued = time.Unix(0, media)
			c.Expires = c.Issued.Add(time.Minute)
		})
	}
	_, err = n.accept(at(station.media(audio.Now())))
	assert.NoError(t, err)
	_, err = n.accept(at(station.media(audio.Now()) - int64(2*time.Minute)))
	assert.ErrorContains(t, err, "over")
}

func FuzzCommand(f *testing.F) {
	f.Add("volume", `{"db":-3}`)
	f.Add("mute", `{"for":"10m"}`)
	f.Add("identify", `{"for":5}`)
	f.Add("x", `{`)
	f.Fuzz(func(t *testing.T, verb, args string) {
		n, _ := atBench(t, t.TempDir())
		body, err := json.Marshal(map[string]any{"node": "gate-1", "id": paspeaker.NewCommandID(), "issued": time.Now(),
			"expires": time.Now().Add(time.Millisecond), "verb": verb, "args": json.RawMessage(args)})
		if err != nil {
			return // args are no JSON
		}
		s := paspeaker.SignedCommand{Body: body, Sig: ed25519.Sign(rootKey(), append([]byte("pa-node-command-v1\x00"), body...))}
		a := n.obey(t.Context(), s)
		_, err = json.Marshal(a)
		require.NoError(t, err)
		require.True(t, (a.Error == nil) != (a.Result == nil))
	})
}
