package wire

import "encoding/binary"

// Offsets in a sealed packet; docs/wire.md draws them.
const (
	rtpLen     = 12
	sealID     = 1
	certID     = 2
	sealAt     = 18 // first byte of the seal, after RTP, extension and element headers
	sealFixed  = 95
	sealVer    = 1
	offFlags   = sealAt + 1
	offKeyID   = sealAt + 2
	offTerm    = sealAt + 3
	offSession = sealAt + 7
	offRank    = sealAt + 15
	offTPlay   = sealAt + 19
	offTag     = sealAt + 27
	tagLen     = 4
	offSig     = sealAt + 31
	sigLen     = 64
	offTargets = sealAt + sealFixed

	twoByteForm = 0x1000      // RFC 8285 §4.3, appbits 0
	sealContext = "pa-rtp-v1" // signed before the packet: a signature under this key means nothing else
)

// TermOf is the term that a sealed packet claims, unchecked; 0 when b is too
// short to be one.
func TermOf(b []byte) uint32 {
	if len(b) < offTerm+4 {
		return 0
	}
	return binary.BigEndian.Uint32(b[offTerm:])
}

// SessionOf is the session that a sealed packet claims to be of, unchecked; 0
// when b is too short to be one.
func SessionOf(b []byte) uint64 {
	if len(b) < offSession+8 {
		return 0
	}
	return binary.BigEndian.Uint64(b[offSession:])
}

// MaxPayload is the longest payload that fits MaxPacket whatever the number of
// targets, certificate included, bytes.
const MaxPayload = MaxPacket - (offTargets + 4*MaxTargets + 2 + certLen)

// fields are what a sender writes into a sealed packet.
type fields struct {
	marker  bool
	pt      uint8
	seq     uint16
	ts      uint32
	ssrc    uint32
	flags   Flags
	session uint64
	rank    uint32
	tPlay   int64
	targets []uint32
	cert    []byte // nil = left out
	payload []byte
}

// build writes the packet into dst[:0], with tag and signature zero.
func (f *fields) build(dst []byte, tagKeyID, onAirID uint8, term uint32) []byte {
	ext := 2 + sealFixed + 4*len(f.targets)
	if f.cert != nil {
		ext += 2 + certLen
	}
	words := (ext + 3) / 4
	be := binary.BigEndian
	b := append(dst[:0], 0x90, f.pt&0x7f)
	if f.marker {
		b[1] |= 0x80
	}
	b = be.AppendUint16(b, f.seq)
	b = be.AppendUint32(b, f.ts)
	b = be.AppendUint32(b, f.ssrc)
	b = be.AppendUint16(b, twoByteForm)
	b = be.AppendUint16(b, uint16(words))
	b = append(b, sealID, byte(sealFixed+4*len(f.targets)), sealVer<<4|tagKeyID&0xf, byte(f.flags), onAirID)
	b = be.AppendUint32(b, term)
	b = be.AppendUint64(b, f.session)
	b = be.AppendUint32(b, f.rank)
	b = be.AppendUint64(b, uint64(f.tPlay))
	b = append(b, make([]byte, tagLen+sigLen)...)
	for _, t := range f.targets {
		b = be.AppendUint32(b, t)
	}
	if f.cert != nil {
		b = append(b, certID, certLen)
		b = append(b, f.cert...)
	}
	for len(b) < rtpLen+4+4*words {
		b = append(b, 0)
	}
	return append(b, f.payload...)
}

// view is a sealed packet taken apart; slices point into the datagram.
type view struct {
	tagKeyID uint8
	onAirID  uint8
	flags    Flags
	term     uint32
	session  uint64
	rank     uint32
	tPlay    int64
	targets  []byte // 4 bytes each
	cert     []byte // nil when absent
	payload  []byte
}

// parse takes a datagram apart without trusting it. It is strict where a
// lenient reader would let two packets mean the same: fixed first byte, seal
// first, at most one certificate. Elements of other ids are skipped, so that
// later versions can add some.
func parse(b []byte) (w view, r Refusal) {
	if len(b) < rtpLen || len(b) > MaxPacket || b[0]>>6 != 2 {
		return w, Malformed
	}
	if b[0]&0x10 == 0 {
		return w, Unsealed
	}
	if b[0] != 0x90 || len(b) < rtpLen+4 {
		return w, Malformed
	}
	be := binary.BigEndian
	if be.Uint16(b[12:]) != twoByteForm {
		return w, Unsealed
	}
	end := rtpLen + 4 + 4*int(be.Uint16(b[14:]))
	if end > len(b) || end < offTargets+4 {
		return w, Malformed
	}
	n := int(b[17])
	if b[16] != sealID {
		return w, Unsealed
	}
	if n < sealFixed+4 || (n-sealFixed)%4 != 0 || sealAt+n > end || b[sealAt]>>4 != sealVer {
		return w, Malformed
	}
	w = view{
		tagKeyID: b[sealAt] & 0xf,
		onAirID:  b[offKeyID],
		flags:    Flags(b[offFlags]),
		term:     be.Uint32(b[offTerm:]),
		session:  be.Uint64(b[offSession:]),
		rank:     be.Uint32(b[offRank:]),
		tPlay:    int64(be.Uint64(b[offTPlay:])),
		targets:  b[offTargets : sealAt+n],
		payload:  b[end:],
	}
	w.cert, r = parseElements(b[sealAt+n : end])
	return w, r
}

// parseElements walks what follows the seal in the extension.
func parseElements(b []byte) (cert []byte, r Refusal) {
	for len(b) > 0 {
		if b[0] == 0 { // padding, RFC 8285 §4.3
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) || b[0] == sealID {
			return nil, Malformed
		}
		if b[0] == certID {
			if cert != nil || b[1] != certLen {
				return nil, Malformed
			}
			cert = b[2 : 2+certLen]
		}
		b = b[2+int(b[1]):]
	}
	return cert, OK
}

// stopLen is the payload of a stop packet: kind, three zero bytes, T.
const stopLen = 12

func appendStop(dst []byte, kind StopKind, before int64) []byte {
	dst = append(dst, byte(kind), 0, 0, 0)
	return binary.BigEndian.AppendUint64(dst, uint64(before))
}

// parseStop reads the payload of a stop packet for session, as in its seal.
func parseStop(session uint64, b []byte) (StopOrder, bool) {
	if len(b) != stopLen || b[1]|b[2]|b[3] != 0 {
		return StopOrder{}, false
	}
	o := StopOrder{Kind: StopKind(b[0])}
	before := int64(binary.BigEndian.Uint64(b[4:]))
	switch o.Kind {
	case StopSession:
		o.Session = session
		return o, before == 0
	case StopBefore, StopGoodbye:
		o.Before = before
		return o, session == 0
	}
	return o, false
}
