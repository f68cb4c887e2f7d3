package controller

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"pa/paspeaker"
)

// As many keys of one node are kept: one more for each time that it enrolled.
const keysKept = 24

// keysAgain is how long a store that does not answer is left alone.
const keysAgain = 2 * time.Second

// Why a receipt is refused, each a word for metrics.
const (
	refusedSignature = "signature"   // not signed by the key that it names
	refusedKey       = "unknown key" // signed by a key that is not its node's
)

// keyStore keeps the keys over restarts: bus.Bus.
type keyStore interface {
	NodeKeys(ctx context.Context) (map[paspeaker.SpeakerID][]paspeaker.NodeKey, error)
	KeepNodeKeys(ctx context.Context, id paspeaker.SpeakerID, keys []paspeaker.NodeKey) error
}

// keybook knows by which key each node signs its receipts. A key is pinned when
// its node enrols; that of a node which enrolled before it had one, when it is
// first used. It may be used from any goroutine.
type keybook struct {
	store keyStore
	now   func() time.Time
	note  func(id paspeaker.SpeakerID, key paspeaker.NodeKey) // a key was pinned

	mu      sync.Mutex
	loaded  bool
	keys    map[paspeaker.SpeakerID][]paspeaker.NodeKey // oldest first; the last one is in force unless it has an end
	dirty   map[paspeaker.SpeakerID]bool
	kick    chan struct{}
	refused map[string]uint64
}

func newKeybook(store keyStore, now func() time.Time, note func(paspeaker.SpeakerID, paspeaker.NodeKey)) *keybook {
	return &keybook{store: store, now: now, note: note, keys: make(map[paspeaker.SpeakerID][]paspeaker.NodeKey),
		dirty: make(map[paspeaker.SpeakerID]bool), kick: make(chan struct{}, 1), refused: make(map[string]uint64)}
}

// load reads what earlier runs have pinned, once. The lock is held.
func (k *keybook) load(ctx context.Context) error {
	if k.loaded {
		return nil
	}
	kept, err := k.store.NodeKeys(ctx)
	if err != nil {
		return err
	}
	for id, keys := range kept {
		k.keys[id] = append(keys, k.keys[id]...)
	}
	k.loaded = true
	return nil
}

// enrolled pins the key of a node that has just spent a join token, in place of
// the one before. A node that names none is given its key at its first use.
func (k *keybook) enrolled(ctx context.Context, id paspeaker.SpeakerID, key []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(ctx); err != nil {
		return err
	}
	if old := k.inForce(id); old != nil && bytes.Equal(old.Key, key) {
		return nil
	}
	k.revoke(id)
	if len(key) > 0 {
		k.pin(id, key, paspeaker.KeyEnrolled)
	}
	return nil
}

// revoke ends the key in force. The lock is held.
func (k *keybook) revoke(id paspeaker.SpeakerID) {
	if old := k.inForce(id); old != nil {
		old.Until = k.now()
		k.keep(id)
	}
}

// check returns the receipt of a signed one whose key is its node's.
// CodeUnavailable: nobody can say yet; CodeDenied: it is not.
func (k *keybook) check(ctx context.Context, s paspeaker.SignedReceipt) (paspeaker.Receipt, error) {
	r, err := s.Open()
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.refused[refusedSignature]++
		return r, err
	}
	if err := k.load(ctx); err != nil {
		return r, err
	}
	switch now := k.inForce(s.Node); {
	case now == nil:
		k.pin(s.Node, s.Key, paspeaker.KeyFirstUse)
	case !bytes.Equal(now.Key, s.Key):
		k.refused[refusedKey]++
		return r, paspeaker.Errorf(paspeaker.CodeDenied, "receipt of %s is signed by key %s, enrolled is %s", s.Node, paspeaker.KeyPrint(s.Key), now.Print)
	}
	return r, nil
}

// inForce is the key that a node signs with now, or nil. The lock is held.
func (k *keybook) inForce(id paspeaker.SpeakerID) *paspeaker.NodeKey {
	keys := k.keys[id]
	if len(keys) == 0 || !keys[len(keys)-1].Until.IsZero() {
		return nil
	}
	return &keys[len(keys)-1]
}

func (k *keybook) pin(id paspeaker.SpeakerID, key []byte, how string) {
	pinned := paspeaker.NodeKey{Node: id, Key: slices.Clone(key), Print: paspeaker.KeyPrint(key), Since: k.now(), How: how}
	keys := append(k.keys[id], pinned)
	k.keys[id] = keys[max(0, len(keys)-keysKept):]
	k.keep(id)
	k.note(id, pinned)
}

// keep has the keys of a node written. The lock is held.
func (k *keybook) keep(id paspeaker.SpeakerID) {
	k.dirty[id] = true
	select {
	case k.kick <- struct{}{}:
	default:
	}
}

// run writes what was pinned until ctx is done, then once more. Nobody waits
// for it; what a crash loses is pinned again at its next use.
func (k *keybook) run(ctx context.Context) error {
	for {
		select {
		case <-k.kick:
		case <-ctx.Done():
			k.write(context.WithoutCancel(ctx))
			return nil
		}
		if k.write(ctx) {
			continue
		}
		select {
		case <-time.After(keysAgain):
			select {
			case k.kick <- struct{}{}:
			default:
			}
		case <-ctx.Done():
		}
	}
}

// write tells the store of every node whose keys have changed; false: of some
// it could not.
func (k *keybook) write(ctx context.Context) bool {
	k.mu.Lock()
	ids := slices.Sorted(maps.Keys(k.dirty))
	k.mu.Unlock()
	for _, id := range ids {
		k.mu.Lock()
		keys := slices.Clone(k.keys[id])
		delete(k.dirty, id)
		k.mu.Unlock()
		if err := k.store.KeepNodeKeys(ctx, id, keys); err != nil {
			k.mu.Lock()
			k.dirty[id] = true
			k.mu.Unlock()
			return false
		}
	}
	return true
}

// list returns every key, by node, the oldest first.
func (k *keybook) list(ctx context.Context) ([]paspeaker.NodeKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	out := []paspeaker.NodeKey{}
	for _, id := range slices.Sorted(maps.Keys(k.keys)) {
		out = append(out, k.keys[id]...)
	}
	return out, nil
}

// refusals counts the receipts that were refused, by why.
func (k *keybook) refusals() map[string]uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.refused)
}

// NodeKeys returns every key by which a node signs, or has signed, its
// receipts: what they are checked against afterwards.
func (c *Controller) NodeKeys(ctx context.Context) ([]paspeaker.NodeKey, error) {
	return c.keybook.list(ctx)
}

// keyPinned records whose receipts are signed by which key from now on.
func (c *Controller) keyPinned(id paspeaker.SpeakerID, key paspeaker.NodeKey) {
	c.record(paspeaker.Entry{What: paspeaker.WhatKey, Speakers: []paspeaker.SpeakerID{id}, Outcome: key.How,
		Detail: fmt.Sprintf("receipts are signed by key %s: Ed25519 %s", key.Print, hex.EncodeToString(key.Key))})
}

// takeReceipt checks a receipt's signature and hands it to the loop.
func (c *Controller) takeReceipt(s paspeaker.SignedReceipt) error {
	r, err := c.keybook.check(context.Background(), s)
	switch fault := "receipts/" + string(s.Node); {
	case err == nil:
		c.faults.clear(fault)
	case paspeaker.CodeOf(err) == paspeaker.CodeDenied:
		c.faults.set(fault, err.Error(), "is another machine running as "+string(s.Node)+"? a node that lost its state directory enrols again: paspeaker join-token "+string(s.Node))
		return err
	default:
		return err
	}
	c.post(func(time.Time) { c.onReceipt(r, s) })
	return nil
}
