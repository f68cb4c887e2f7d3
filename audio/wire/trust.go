package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/subtle"
	"time"
)

const (
	maxCerts  = 16             // on-air keys remembered; a site uses one or two at a time
	certGrace = 24 * time.Hour // a node's wall clock may be this wrong
)

// trust knows the roots and the on-air keys that they vouch for.
type trust struct {
	roots []ed25519.PublicKey
	certs []cert                             // oldest first
	msg   [len(sealContext) + MaxPacket]byte // the packet as it was signed, behind its context
}

type cert struct {
	Certificate
	raw []byte
	id  uint8
}

func newTrust() (t trust) {
	copy(t.msg[:], sealContext)
	return t
}

// setRoots replaces the roots and forgets the keys that they do not vouch for.
func (t *trust) setRoots(roots []ed25519.PublicKey) {
	t.roots = nil
	for _, r := range roots {
		if len(r) == ed25519.PublicKeySize {
			t.roots = append(t.roots, bytes.Clone(r))
		}
	}
	var kept []cert
	for _, c := range t.certs {
		if t.vouched(c.Certificate) {
			kept = append(kept, c)
		}
	}
	t.certs = kept
}

func (t *trust) vouched(c Certificate) bool {
	for _, r := range t.roots {
		if c.Verify(r) == nil {
			return true
		}
	}
	return false
}

// check verifies the signature of b with the keys that its key id may mean:
// those known, else the one that it brings.
func (t *trust) check(b []byte, w *view, wall time.Time) Refusal {
	msg := t.msg[:len(sealContext)+copy(t.msg[len(sealContext):], b)]
	clear(msg[len(sealContext)+offTag:][:tagLen+sigLen])
	sig := b[offSig : offSig+sigLen]
	r, brought := UnknownKey, w.cert == nil
	for i := range t.certs {
		c := &t.certs[i]
		if c.id != w.onAirID {
			continue
		}
		brought = brought || bytes.Equal(c.raw, w.cert)
		if !c.valid(wall) {
			continue
		}
		if ed25519.Verify(c.OnAir, msg, sig) {
			return OK
		}
		r = BadSignature
	}
	if brought {
		return r
	}
	c, err := ParseCertificate(w.cert)
	if err != nil || KeyID(c.OnAir) != w.onAirID || !c.valid(wall) {
		return r
	}
	if !ed25519.Verify(c.OnAir, msg, sig) {
		return BadSignature
	}
	if !t.vouched(c) {
		return UnknownKey
	}
	if len(t.certs) == maxCerts {
		t.certs = append(t.certs[:0], t.certs[1:]...)
	}
	t.certs = append(t.certs, cert{Certificate: c, raw: bytes.Clone(w.cert), id: w.onAirID})
	return OK
}

// valid allows a day of error of the wall clock; a zero wall is no clock.
func (c Certificate) valid(wall time.Time) bool {
	return wall.IsZero() || (!wall.Before(c.NotBefore.Add(-certGrace)) && !wall.After(c.NotAfter.Add(certGrace)))
}

func equalTag(tag, packet []byte) bool { return subtle.ConstantTimeCompare(tag, packet[:tagLen]) == 1 }

// bucket rations costly checks, in checks a second.
type bucket struct {
	rate, burst float64
	level       float64
	at          int64
	begun       bool
}

func (b *bucket) take(local int64) bool {
	if !b.begun {
		b.begun, b.level = true, b.burst
	} else if local > b.at {
		b.level = min(b.burst, b.level+float64(local-b.at)/1e9*b.rate)
	}
	b.at = max(b.at, local)
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}
