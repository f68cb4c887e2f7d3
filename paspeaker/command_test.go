package paspeaker

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func aCommand(change func(*NodeCommand)) NodeCommand {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	c := NodeCommand{Node: "gate-1", ID: NewCommandID(), Issued: now, Expires: now.Add(10 * time.Second), Verb: "identify", Args: json.RawMessage(`{"for":5}`)}
	change(&c)
	return c
}

func TestACommandIsOpenedByTheRootThatSignedIt(t *testing.T) {
	ours, theirs := ed25519.NewKeyFromSeed(make([]byte, 32)), ed25519.NewKeyFromSeed(append(make([]byte, 31), 1))
	root := ours.Public().(ed25519.PublicKey)
	c := aCommand(func(*NodeCommand) {})
	s, err := SignCommand(ours, c)
	require.NoError(t, err)
	got, err := OpenCommand(root, s)
	require.NoError(t, err)
	assert.Equal(t, c, got)

	_, err = OpenCommand(theirs.Public().(ed25519.PublicKey), s)
	assert.Equal(t, CodeDenied, CodeOf(err))
	_, err = OpenCommand(nil, s)
	assert.Equal(t, CodeDenied, CodeOf(err))
	s.Body[3] ^= 1
	_, err = OpenCommand(root, s)
	assert.Equal(t, CodeDenied, CodeOf(err))
	// What the root has signed for another purpose is no command.
	body, err := json.Marshal(c)
	require.NoError(t, err)
	_, err = OpenCommand(root, SignedCommand{Body: body, Sig: ed25519.Sign(ours, append([]byte("pa-node-config-v1\x00"), body...))})
	assert.Equal(t, CodeDenied, CodeOf(err))
}

func TestACommandThatIsNotWholeIsRefused(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	for name, change := range map[string]func(*NodeCommand){
		"no node":          func(c *NodeCommand) { c.Node = "" },
		"no id":            func(c *NodeCommand) { c.ID = "" },
		"a long id":        func(c *NodeCommand) { c.ID += "x" },
		"no verb":          func(c *NodeCommand) { c.Verb = "" },
		"a long verb":      func(c *NodeCommand) { c.Verb = strings.Repeat("x", 33) },
		"no length":        func(c *NodeCommand) { c.Expires = c.Issued },
		"it never expires": func(c *NodeCommand) { c.Expires = c.Issued.Add(24 * time.Hour) },
	} {
		s, err := SignCommand(key, aCommand(change))
		require.NoError(t, err)
		_, err = OpenCommand(key.Public().(ed25519.PublicKey), s)
		assert.Equal(t, CodeInvalid, CodeOf(err), name)
	}
}

func FuzzOpenCommand(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	s, err := SignCommand(key, aCommand(func(*NodeCommand) {}))
	require.NoError(f, err)
	f.Add(s.Body, s.Sig)
	f.Add([]byte(`{"node":"gate-1"}`), []byte(nil))
	f.Fuzz(func(t *testing.T, body, sig []byte) {
		root := key.Public().(ed25519.PublicKey)
		c, err := OpenCommand(root, SignedCommand{Body: body, Sig: sig})
		if err == nil && c.Verb == "" {
			t.Fatal("opened a command that is none")
		}
		// The form is judged behind the signature; no bytes may break it.
		signed := SignedCommand{Body: body, Sig: ed25519.Sign(key, append([]byte(commandContext), body...))}
		if c, err = OpenCommand(root, signed); err == nil {
			again, err := SignCommand(key, c)
			require.NoError(t, err)
			_, err = OpenCommand(root, again)
			require.NoError(t, err)
		}
	})
}
