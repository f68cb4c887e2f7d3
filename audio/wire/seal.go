package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"sync"
)

// MaxTargets is how many targets one seal holds. Stream.Packet splits longer
// lists; Sealer.Stop and Sealer.Beacon refuse them (call once per Chunk).
const MaxTargets = 40

// MaxPacket is the longest sealed packet, bytes: one Ethernet frame without
// IP and UDP headers.
const MaxPacket = 1472

// Everybody is the target that every loudspeaker accepts.
const Everybody uint32 = 0

// Flags say what a sealed packet is.
type Flags uint8

// The flags of a sealed packet.
const (
	FlagEnd      Flags = 1 << iota // the session's sound ends with this packet
	FlagDrill                      // an exercise, not the real thing
	FlagStop                       // a StopOrder, no sound
	FlagDuckable                   // may be turned down under speech of higher rank
	FlagLive                       // a microphone, not a recording
	FlagStart                      // first packet of a talkspurt
	FlagBeacon                     // no sound: proof that this group's path works
)

var (
	// ErrTargets means no target, or more than a packet can hold.
	ErrTargets = errors.New("number of targets")
	// ErrTooLong means that the payload exceeds MaxPayload.
	ErrTooLong = errors.New("payload too long")
	// ErrSealer means that keys and certificate do not belong together.
	ErrSealer = errors.New("sealer keys")
)

// SealerConfig is what a controller speaks with.
type SealerConfig struct {
	OnAir    ed25519.PrivateKey
	Cert     Certificate // for OnAir, by the root
	TagKeyID uint8       // 0–15
	TagKey   [32]byte
	Term     uint32
}

// Sealer signs for one term with one on-air key. It may be used from any
// goroutine; a Stream from one only.
type Sealer struct {
	cfg   SealerConfig
	cert  []byte
	keyID uint8
	err   error

	mu   sync.Mutex // guards the stream of stops and beacons
	ssrc uint32
	seq  uint16
}

// NewSealer returns a Sealer. Keys that do not fit the certificate are
// reported by Err, and by every Packet and Stop.
func NewSealer(cfg SealerConfig) *Sealer {
	s := &Sealer{cfg: cfg, cert: cfg.Cert.Bytes()}
	switch {
	case len(cfg.OnAir) != ed25519.PrivateKeySize:
		s.err = fmt.Errorf("%w: on-air key has %d bytes", ErrSealer, len(cfg.OnAir))
	case !bytes.Equal(cfg.OnAir[32:], cfg.Cert.OnAir) || s.cert == nil:
		s.err = fmt.Errorf("%w: certificate is for another key", ErrSealer)
	case cfg.TagKeyID > 15:
		s.err = fmt.Errorf("%w: tag key id %d, want 0 to 15", ErrSealer, cfg.TagKeyID)
	default:
		s.keyID = KeyID(cfg.Cert.OnAir)
	}
	s.ssrc, s.seq = random32(), uint16(random32())
	return s
}

// Err is nil when the keys fit the certificate, else wraps ErrSealer.
func (s *Sealer) Err() error { return s.err }

// Term is the term that every packet carries.
func (s *Sealer) Term() uint32 { return s.cfg.Term }

// StopKind says how much a StopOrder ends.
type StopKind uint8

// The kinds of stop.
const (
	StopSession StopKind = 1 // this session
	StopBefore  StopKind = 2 // every session whose sound began before T
	StopGoodbye StopKind = 3 // as StopBefore, and the controller leaves
)

// StopOrder is a verified stop packet.
type StopOrder struct {
	Kind    StopKind
	Session uint64 // of StopSession, else 0
	Before  int64  // media ns: of StopBefore and StopGoodbye, else 0
}

// Stop returns a stop packet for 1 to MaxTargets targets; tPlay is media time
// now, ns. Send it five times over 100 ms to every group and unit concerned. A
// stop is final: a node that hears it never plays that session again. To take
// one zone out of a running session, leave it out of Frame.Targets instead.
// A recording that was sent ahead begins at its first T_play: to catch it too,
// StopBefore needs a T beyond that. Wraps ErrTargets or ErrSealer.
func (s *Sealer) Stop(kind StopKind, session uint64, before int64, tPlay int64, targets []uint32) ([]byte, error) {
	if kind == StopSession {
		before = 0
	} else {
		session = 0
	}
	return s.control(&fields{flags: FlagStop, session: session, rank: ^uint32(0), tPlay: tPlay,
		targets: targets, payload: appendStop(nil, kind, before)})
}

// Beacon returns a packet without sound for 1 to MaxTargets targets. Sent to a
// group now and then, it shows each node that the group's path works, and
// brings the certificate to those that wait for it. tPlay is media time now.
func (s *Sealer) Beacon(tPlay int64, targets []uint32) ([]byte, error) {
	return s.control(&fields{flags: FlagBeacon, tPlay: tPlay, targets: targets})
}

// control seals a packet of the Sealer's own stream, always with certificate.
func (s *Sealer) control(f *fields) ([]byte, error) {
	if err := s.check(f.targets, MaxTargets); err != nil {
		return nil, err
	}
	s.mu.Lock()
	f.ssrc, f.seq = s.ssrc, s.seq
	s.seq++
	s.mu.Unlock()
	f.cert = s.cert
	return s.seal(newSealBuffer(), f, newTagger(s.cfg.TagKey)), nil
}

func (s *Sealer) check(targets []uint32, most int) error {
	if s.err != nil {
		return fmt.Errorf("seal packet: %w", s.err)
	}
	if len(targets) == 0 || len(targets) > most {
		return fmt.Errorf("seal packet: %w: %d, want 1 to %d", ErrTargets, len(targets), most)
	}
	return nil
}

// newSealBuffer returns room for a packet and, before it, for what is signed
// with it: the two lie together, so that signing copies and allocates nothing.
func newSealBuffer() []byte { return make([]byte, 0, len(sealContext)+MaxPacket) }

// seal writes a packet into a buffer of newSealBuffer, signs and tags it.
func (s *Sealer) seal(buf []byte, f *fields, t *tagger) []byte {
	const at = len(sealContext)
	buf = append(buf[:0], sealContext...)
	b := f.build(buf[at:], s.cfg.TagKeyID, s.keyID, s.cfg.Term)
	copy(b[offSig:], ed25519.Sign(s.cfg.OnAir, buf[:at+len(b)]))
	copy(b[offTag:], t.tag(b))
	return b
}

// Chunks cuts targets into runs of at most MaxTargets that share its memory.
func Chunks(targets []uint32) [][]uint32 {
	var out [][]uint32
	for len(targets) > MaxTargets {
		out = append(out, targets[:MaxTargets:MaxTargets])
		targets = targets[MaxTargets:]
	}
	if len(targets) > 0 {
		out = append(out, targets)
	}
	return out
}

// tagger computes keyed tags without allocating. One goroutine uses it.
type tagger struct {
	mac  hash.Hash
	zero [tagLen]byte
	sum  [sha256.Size]byte
}

func newTagger(key [32]byte) *tagger { return &tagger{mac: hmac.New(sha256.New, key[:])} }

// tag is the tag of b, whatever b holds at the tag's place.
func (t *tagger) tag(b []byte) []byte {
	t.mac.Reset()
	t.mac.Write(b[:offTag])
	t.mac.Write(t.zero[:])
	t.mac.Write(b[offTag+tagLen:])
	return t.mac.Sum(t.sum[:0])[:tagLen]
}

func random32() uint32 {
	var b [4]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return binary.BigEndian.Uint32(b[:])
}
