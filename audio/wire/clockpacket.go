package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// The clock exchange is NTPv4 (RFC 5905 §7.3): a header of 48 bytes, one
// extension field of ours (RFC 7822), and a MAC. Question and answer have one
// length, so that an answer never amplifies. See docs/wire.md.
const (
	ntpAsk    = 4<<3 | 3        // no leap warning, version 4, mode 3: client
	ntpAnswer = 3<<6 | 4<<3 | 4 // "not synchronised" to UTC, version 4, mode 4: server
	ntpRefID  = "XPAM"          // X…: for private use
	ntpOld    = 16              // stratum: not synchronised
	ntpUnix   = 2_208_988_800   // seconds from NTP's epoch to Unix's

	ntpOrigin   = 24
	ntpReceive  = 32
	ntpTransmit = 40

	fieldAt     = 48
	fieldType   = 0xF5AC // from the range for experiments (RFC 9748)
	fieldLen    = 64
	fieldKind   = 1 // version of what is in it
	timescaleAt = 52
	eraAt       = 56
	kindAt      = 60
	idLenAt     = 61
	cookieAt    = 64
	nodeAt      = 80
	maxNodeID   = 32

	macAt    = fieldAt + fieldLen
	macKeyID = 1 // of the node's one key
	digestAt = macAt + 4
	clockLen = digestAt + 16
)

var errClock = errors.New("not a clock packet")

// clockRequest is a node's question for the time.
type clockRequest struct {
	Node   string
	Nonce  uint64   // in the place of the client's own time, which is nobody's business
	Cookie [16]byte // what the last answer carried: proves the return path
}

// clockReply is the controller's answer.
type clockReply struct {
	Nonce     uint64
	Timescale uint32
	T2, T3    int64 // media ns: question received, answer sent
	Cookie    [16]byte
}

// isClock says whether a datagram claims to be of the exchange. An RTP packet
// never does: its first byte is 0x80 or 0x90.
func isClock(b []byte) bool { return len(b) > 0 && (b[0] == ntpAsk || b[0] == ntpAnswer) }

// put writes the question into b, clockLen long, with its MAC.
func (q *clockRequest) put(b []byte, key *[32]byte) {
	clear(b)
	b[0] = ntpAsk
	binary.BigEndian.PutUint64(b[ntpTransmit:], q.Nonce)
	b[idLenAt] = byte(len(q.Node))
	copy(b[nodeAt:macAt], q.Node)
	seal(b, &q.Cookie, key)
}

// put writes the answer into b, clockLen long, with its MAC.
func (r *clockReply) put(b []byte, key *[32]byte) {
	clear(b)
	b[0], b[1] = ntpAnswer, ntpOld
	copy(b[12:], ntpRefID)
	binary.BigEndian.PutUint64(b[ntpOrigin:], r.Nonce)
	era, t2 := toNTP(r.T2)
	_, t3 := toNTP(r.T3)
	binary.BigEndian.PutUint64(b[ntpReceive:], t2)
	binary.BigEndian.PutUint64(b[ntpTransmit:], t3)
	binary.BigEndian.PutUint32(b[eraAt:], uint32(era))
	binary.BigEndian.PutUint32(b[timescaleAt:], r.Timescale)
	seal(b, &r.Cookie, key)
}

// seal puts in what both have, the MAC last.
func seal(b []byte, cookie *[16]byte, key *[32]byte) {
	binary.BigEndian.PutUint16(b[fieldAt:], fieldType)
	binary.BigEndian.PutUint16(b[fieldAt+2:], fieldLen)
	b[kindAt] = fieldKind
	copy(b[cookieAt:nodeAt], cookie[:])
	binary.BigEndian.PutUint32(b[macAt:], macKeyID)
	mac := clockMAC(b, key)
	copy(b[digestAt:], mac[:])
}

// clockForm checks what both have but for the MAC.
func clockForm(b []byte, first byte) bool {
	return len(b) == clockLen && b[0] == first && binary.BigEndian.Uint16(b[fieldAt:]) == fieldType &&
		binary.BigEndian.Uint16(b[fieldAt+2:]) == fieldLen && b[kindAt] == fieldKind &&
		binary.BigEndian.Uint32(b[macAt:]) == macKeyID
}

// parseClockRequest reads the form; the MAC is checked with the node's key.
func parseClockRequest(b []byte) (clockRequest, error) {
	if !clockForm(b, ntpAsk) {
		return clockRequest{}, errClock
	}
	n := int(b[idLenAt])
	if n == 0 || n > maxNodeID || len(bytes.Trim(b[nodeAt+n:macAt], "\x00")) > 0 {
		return clockRequest{}, errClock
	}
	q := clockRequest{Node: string(b[nodeAt : nodeAt+n]), Nonce: binary.BigEndian.Uint64(b[ntpTransmit:])}
	copy(q.Cookie[:], b[cookieAt:])
	return q, nil
}

// parseClockReply reads the form; the MAC is checked by the caller.
func parseClockReply(b []byte) (clockReply, error) {
	if !clockForm(b, ntpAnswer) {
		return clockReply{}, errClock
	}
	r := clockReply{Nonce: binary.BigEndian.Uint64(b[ntpOrigin:]), Timescale: binary.BigEndian.Uint32(b[timescaleAt:])}
	era := int32(binary.BigEndian.Uint32(b[eraAt:]))
	t2, t3 := binary.BigEndian.Uint64(b[ntpReceive:]), binary.BigEndian.Uint64(b[ntpTransmit:])
	r.T2 = fromNTP(era, t2)
	if t3 < t2 { // the era ended between the two
		era++
	}
	r.T3 = fromNTP(era, t3)
	copy(r.Cookie[:], b[cookieAt:])
	return r, nil
}

// toNTP is media ns as RFC 5905 §6 writes time: the era, and seconds since
// its beginning with a fraction of 32 bits. The fraction is finer than a ns.
func toNTP(media int64) (era int32, stamp uint64) {
	seconds, ns := floorDiv(media, 1e9)
	seconds += ntpUnix
	return int32(seconds >> 32), uint64(seconds)<<32 | (uint64(ns)<<32+1e9/2)/1e9
}

// fromNTP is the inverse of toNTP. What is beyond the years that ns can
// say wraps; nobody sends it.
func fromNTP(era int32, stamp uint64) int64 {
	seconds := int64(era)<<32 + int64(stamp>>32) - ntpUnix
	return seconds*1e9 + int64((stamp&0xffffffff*1e9+1<<31)>>32)
}

func floorDiv(x, by int64) (quotient, rest int64) {
	quotient, rest = x/by, x%by
	if rest < 0 {
		quotient, rest = quotient-1, rest+by
	}
	return quotient, rest
}

// clockMAC is HMAC-SHA256 (RFC 2104) of header and extension field, cut to 128
// bits. crypto/hmac allocates for each new key, and a controller has a thousand
// of them to answer every second.
func clockMAC(b []byte, key *[32]byte) (mac [clockLen - digestAt]byte) {
	var inner [sha256.BlockSize + macAt]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	copy(inner[:], key[:])
	copy(outer[:], key[:])
	for i := range sha256.BlockSize {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	copy(inner[sha256.BlockSize:], b[:macAt])
	sum := sha256.Sum256(inner[:])
	copy(outer[sha256.BlockSize:], sum[:])
	sum = sha256.Sum256(outer[:])
	copy(mac[:], sum[:])
	return mac
}

// clockGenuine checks a packet's MAC in constant time.
func clockGenuine(b []byte, key *[32]byte) bool {
	mac := clockMAC(b, key)
	return hmac.Equal(b[digestAt:clockLen], mac[:])
}
