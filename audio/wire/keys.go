package wire

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// RootKey signs certificates. It stays off the air; loudspeakers pin its
// public half at enrolment.
type RootKey = ed25519.PrivateKey

const (
	certVersion = 1
	certLen     = 105
	certContext = "pa-cert-v1"
)

// ErrCertificate is wrapped by every complaint about a certificate.
var ErrCertificate = errors.New("certificate")

// Certificate says that a root lets OnAir speak from NotBefore to NotAfter
// (whole seconds, Unix time below 2^32).
type Certificate struct {
	OnAir     ed25519.PublicKey // 32 bytes
	NotBefore time.Time
	NotAfter  time.Time
	Signature []byte // 64 bytes, Ed25519ctx of the root, context "pa-cert-v1"
}

// NewCertificate signs onAir with root. Times are cut to seconds and clamped
// to what 32 bits of Unix time hold. It panics when a key has the wrong size.
func NewCertificate(root ed25519.PrivateKey, onAir ed25519.PublicKey, notBefore, notAfter time.Time) Certificate {
	c := Certificate{OnAir: append(ed25519.PublicKey(nil), onAir...), NotBefore: certTime(notBefore), NotAfter: certTime(notAfter)}
	if len(onAir) != ed25519.PublicKeySize {
		panic("wire: on-air key has the wrong size")
	}
	sig, err := root.Sign(nil, c.signed(), &ed25519.Options{Context: certContext})
	if err != nil {
		panic("wire: " + err.Error())
	}
	c.Signature = sig
	return c
}

// Bytes returns the 105 bytes of element 2: version, key, times, signature.
// It returns nil for a Certificate that is not complete.
func (c Certificate) Bytes() []byte {
	if len(c.OnAir) != ed25519.PublicKeySize || len(c.Signature) != ed25519.SignatureSize {
		return nil
	}
	return append(c.signed(), c.Signature...)
}

// ParseCertificate reads what Bytes wrote. It checks the form, not the
// signature; see Verify. The result shares no memory with b.
func ParseCertificate(b []byte) (Certificate, error) {
	if len(b) != certLen {
		return Certificate{}, fmt.Errorf("parse %w: %d bytes, want %d", ErrCertificate, len(b), certLen)
	}
	if b[0] != certVersion {
		return Certificate{}, fmt.Errorf("parse %w: version %d, want %d", ErrCertificate, b[0], certVersion)
	}
	return Certificate{
		OnAir:     append(ed25519.PublicKey(nil), b[1:33]...),
		NotBefore: time.Unix(int64(binary.BigEndian.Uint32(b[33:])), 0).UTC(),
		NotAfter:  time.Unix(int64(binary.BigEndian.Uint32(b[37:])), 0).UTC(),
		Signature: append([]byte(nil), b[41:]...),
	}, nil
}

// Verify checks the root's signature, not the times.
func (c Certificate) Verify(root ed25519.PublicKey) error {
	if len(root) != ed25519.PublicKeySize || len(c.OnAir) != ed25519.PublicKeySize {
		return fmt.Errorf("verify %w: key has the wrong size", ErrCertificate)
	}
	if err := ed25519.VerifyWithOptions(root, c.signed(), c.Signature, &ed25519.Options{Context: certContext}); err != nil {
		return fmt.Errorf("verify %w: not signed by this root", ErrCertificate)
	}
	return nil
}

// KeyID is the byte by which a packet names the on-air key: the first of
// SHA-256(pub). Two keys may share it; receivers then try both.
func KeyID(pub ed25519.PublicKey) uint8 {
	sum := sha256.Sum256(pub)
	return sum[0]
}

func (c Certificate) signed() []byte {
	b := make([]byte, 0, certLen)
	b = append(b, certVersion)
	b = append(b, c.OnAir...)
	b = binary.BigEndian.AppendUint32(b, uint32(c.NotBefore.Unix()))
	return binary.BigEndian.AppendUint32(b, uint32(c.NotAfter.Unix()))
}

func certTime(t time.Time) time.Time {
	return time.Unix(min(max(t.Unix(), 0), 1<<32-1), 0).UTC()
}

// DeriveTagKey derives the key of the flood filter from the site's secret
// (HKDF-SHA256, RFC 5869). id (0–15) is named in each packet, so that keys can
// be changed while both are valid. Every loudspeaker holds it: it keeps
// strangers from costing time, it proves nothing.
func DeriveTagKey(siteSecret []byte, id uint8) [32]byte {
	return derive(siteSecret, fmt.Sprintf("pa tag v1 %d", id))
}

// DeriveClockKey derives the key that the controller shares with one node for
// the time exchange (HKDF-SHA256, RFC 5869).
func DeriveClockKey(siteSecret []byte, node string) [32]byte {
	return derive(siteSecret, "pa clock v1 "+node)
}

func derive(secret []byte, info string) (key [32]byte) {
	b, err := hkdf.Key(sha256.New, secret, nil, info, len(key))
	if err != nil {
		panic("wire: " + err.Error()) // only for lengths beyond 8160 bytes
	}
	copy(key[:], b)
	return key
}
