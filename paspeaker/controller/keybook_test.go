package controller

import (
	"context"
	"crypto/ed25519"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/bus"
)

// memoryKeys is a store of keys that may be away.
type memoryKeys struct {
	mu   sync.Mutex
	away bool
	kept map[paspeaker.SpeakerID][]paspeaker.NodeKey
}

func (m *memoryKeys) NodeKeys(context.Context) (map[paspeaker.SpeakerID][]paspeaker.NodeKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return nil, paspeaker.Errorf(paspeaker.CodeUnavailable, "away")
	}
	return m.kept, nil
}

func (m *memoryKeys) KeepNodeKeys(_ context.Context, id paspeaker.SpeakerID, keys []paspeaker.NodeKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return paspeaker.Errorf(paspeaker.CodeUnavailable, "away")
	}
	m.kept[id] = keys
	return nil
}

func nodeKey(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func public(n byte) []byte { return nodeKey(n).Public().(ed25519.PublicKey) }

func signedBy(t *testing.T, n byte, id paspeaker.SpeakerID) paspeaker.SignedReceipt {
	t.Helper()
	s, err := paspeaker.SignReceipt(nodeKey(n), paspeaker.Receipt{Node: id, Session: 0x100})
	require.NoError(t, err)
	return s
}

func TestAReceiptIsTakenFromTheKeyThatIsPinned(t *testing.T) {
	store := &memoryKeys{kept: make(map[paspeaker.SpeakerID][]paspeaker.NodeKey), away: true}
	var noted []string
	now := time.Unix(1_800_000_000, 0)
	book := func() *keybook {
		return newKeybook(store, func() time.Time { return now }, func(_ paspeaker.SpeakerID, k paspeaker.NodeKey) { noted = append(noted, k.How) })
	}
	k, ctx := book(), t.Context()
	takes := func(n byte, id paspeaker.SpeakerID) paspeaker.Code {
		if _, err := k.check(ctx, signedBy(t, n, id)); err != nil {
			return paspeaker.CodeOf(err)
		}
		return ""
	}
	assert.Equal(t, paspeaker.CodeUnavailable, takes(1, "gate-1"), "what was pinned before cannot be read")
	store.away = false
	require.NoError(t, k.enrolled(ctx, "gate-1", public(1)))
	assert.Empty(t, takes(1, "gate-1"))
	assert.Equal(t, paspeaker.CodeDenied, takes(2, "gate-1"), "somebody else")
	assert.Empty(t, takes(3, "gate-2"), "one that enrolled before it had a key")
	assert.Equal(t, paspeaker.CodeDenied, takes(1, "gate-2"), "from then on it is pinned")

	forged := signedBy(t, 1, "gate-1")
	forged.Body[12] ^= 1
	_, err := k.check(ctx, forged)
	assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err))
	assert.Equal(t, map[string]uint64{"unknown key": 2, "signature": 1}, k.refusals())

	require.True(t, k.write(ctx))
	k = book() // a new start
	assert.Equal(t, paspeaker.CodeDenied, takes(2, "gate-1"))
	now = now.Add(time.Hour)
	require.NoError(t, k.enrolled(ctx, "gate-1", public(2)))
	require.NoError(t, k.enrolled(ctx, "gate-1", public(2)), "the same again changes nothing")
	assert.Empty(t, takes(2, "gate-1"), "new hardware has enrolled")
	assert.Equal(t, paspeaker.CodeDenied, takes(1, "gate-1"), "the old one speaks for it no more")
	assert.Equal(t, []string{"enrolled", "first use", "enrolled"}, noted)

	keys, err := k.list(ctx)
	require.NoError(t, err)
	require.Len(t, keys, 3)
	assert.Equal(t, now, keys[0].Until, "the old one is kept, for what it signed then")
	assert.Zero(t, keys[1].Until)
}

func TestANodeThatEnrolsWithoutAKeyIsPinnedAtItsFirstReceipt(t *testing.T) {
	k := newKeybook(&memoryKeys{kept: make(map[paspeaker.SpeakerID][]paspeaker.NodeKey)}, time.Now, func(paspeaker.SpeakerID, paspeaker.NodeKey) {})
	require.NoError(t, k.enrolled(t.Context(), "gate-1", public(1)))
	require.NoError(t, k.enrolled(t.Context(), "gate-1", nil))
	_, err := k.check(t.Context(), signedBy(t, 2, "gate-1"))
	require.NoError(t, err)
	for range 3 * keysKept {
		require.NoError(t, k.enrolled(t.Context(), "gate-1", public(1)))
		require.NoError(t, k.enrolled(t.Context(), "gate-1", public(2)))
	}
	keys, err := k.list(t.Context())
	require.NoError(t, err)
	assert.Len(t, keys, keysKept, "no list grows for ever")
}

func TestKeysAreWrittenWhenTheStoreIsBack(t *testing.T) {
	store := &memoryKeys{kept: make(map[paspeaker.SpeakerID][]paspeaker.NodeKey)}
	k := newKeybook(store, time.Now, func(paspeaker.SpeakerID, paspeaker.NodeKey) {})
	require.NoError(t, k.enrolled(t.Context(), "gate-1", public(1)))
	store.away = true
	assert.False(t, k.write(t.Context()))
	store.away = false
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, k.run(ctx))
	assert.Len(t, store.kept["gate-1"], 1, "at the latest when the controller ends")
}

// A receipt in a node's name that its key has not signed changes nothing, and
// is a fault; what was signed is in the journal and can be proved.
func TestWhatANodeSignedIsInTheJournal(t *testing.T) {
	r := newRig(t, "")
	s, err := r.Announce(t.Context(), paspeaker.Announcement{Speakers: []paspeaker.SpeakerID{"gate-1"}}, tone(300*time.Millisecond))
	require.NoError(t, err)
	r.says("gate-1", s.ID, 300*time.Millisecond)
	r.ended(s.ID)
	assert.Equal(t, paspeaker.VerdictSounded, r.verdicts(s.ID)["gate-1"].Verdict)

	seed, _, err := NodeKey(r.identity.Secret, "gate-1")
	require.NoError(t, err)
	thief, err := bus.Connect(t.Context(), bus.Config{URL: r.hub.URL(), NkeySeed: seed, Name: "gate-1", Key: nodeKey(9)})
	require.NoError(t, err)
	t.Cleanup(thief.Close)
	r.until("the fault", func(ev paspeaker.Event) bool {
		return ev.Fault != nil && ev.Fault.ID == "receipts/gate-1" && !ev.Cleared
	}, func() {
		require.NoError(t, thief.PublishReceipt(paspeaker.Receipt{Node: "gate-1", Session: s.ID, Done: true}))
	})
	assert.Equal(t, paspeaker.VerdictSounded, r.verdicts(s.ID)["gate-1"].Verdict)
	keys, err := r.NodeKeys(t.Context())
	require.NoError(t, err)
	proofs := paspeaker.Prove(r.entries(s.ID), keys)
	require.Len(t, proofs, 1)
	assert.True(t, proofs[0].Good, proofs[0].Why)
	r.until("its end", func(ev paspeaker.Event) bool {
		return ev.Fault != nil && ev.Fault.ID == "receipts/gate-1" && ev.Cleared
	}, func() {
		r.says("gate-1", s.ID, 300*time.Millisecond)
	})
}
