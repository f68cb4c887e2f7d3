package wire

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"sync"
)

// witnessed is how many packets a Witness remembers: those that wait for the
// time, or go to many nodes one after another.
const witnessed = 64

// Witness lets the verifiers of one site that live in one process check each
// packet's tag and signature once: who asks first looks, the others are told.
// All else (targets, time, term, ends, copies) each decides for itself. The
// zero value is ready; it may be used from any goroutine.
type Witness struct {
	mu    sync.Mutex
	begun bool
	trust trust
	seen  [witnessed]testimony
}

// testimony is what became of a packet, byte for byte.
type testimony struct {
	packet []byte
	said   Refusal
}

// authentic returns what v, or another before it, finds out about b.
func (t *Witness) authentic(v *Verifier, b []byte, w *view, now Instant) Refusal {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := &t.seen[(binary.BigEndian.Uint16(b[2:])^binary.BigEndian.Uint16(b[10:]))%witnessed]
	if bytes.Equal(known.packet, b) {
		return known.said
	}
	r := v.examine(&t.trust, b, w, now)
	known.packet, known.said = append(known.packet[:0], b...), r
	return r
}

// setRoots makes the roots those of the verifier that was told last: they are
// of one site.
func (t *Witness) setRoots(roots []ed25519.PublicKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.begun {
		t.begun, t.trust = true, newTrust()
	}
	t.trust.setRoots(roots)
}
