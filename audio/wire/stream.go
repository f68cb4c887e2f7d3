package wire

import (
	"fmt"
	"time"
)

// MaxStreamTargets is how many targets Stream.Packet splits over packets.
const MaxStreamTargets = 4096

// Certificates ride on the first packets, so that a node that has just joined
// plays at once, and then twice a second at 10 ms.
const (
	certFirst = 10
	certEvery = 50
)

// Frame is one packet's worth of sound on its way out.
type Frame struct {
	Payload []byte   // encoded sound, at most MaxPayload bytes
	Samples uint32   // RTP clock units that Payload spans
	TPlay   int64    // media ns at which its first sample leaves the reference loudspeaker
	Rank    uint32   // the Arbiter's ruling; the higher is heard
	Flags   Flags    // FlagStart also sets the RTP marker; FlagStop and FlagBeacon are dropped
	Targets []uint32 // who plays it: 1 to MaxStreamTargets tags, Everybody allowed among them
}

// Stream is one SSRC of one session. One goroutine uses it.
type Stream struct {
	sealer  *Sealer
	session uint64
	ssrc    uint32
	pt      uint8
	seq     uint16
	ts      uint32
	sent    uint32 // frames
	octets  uint32 // of payload, RFC 3550 §6.4.1
	tagger  *tagger
	bufs    [][]byte // of newSealBuffer, one for each packet of a frame
	packets [][]byte // in bufs
}

// NewStream begins a stream with a random sequence number and timestamp. pt is
// the RTP payload type, 0–127.
func (s *Sealer) NewStream(session uint64, ssrc uint32, pt uint8) *Stream {
	return &Stream{sealer: s, session: session, ssrc: ssrc, pt: pt,
		seq: uint16(random32()), ts: random32(), tagger: newTagger(s.cfg.TagKey)}
}

// Packet seals a frame. It returns one packet for every MaxTargets targets,
// the same sound under the same sequence number; send all of them to all
// destinations. The buffers are valid until the next call. Once it has sealed a
// frame of that many packets it allocates nothing. Wraps ErrTooLong, ErrTargets
// or ErrSealer.
func (st *Stream) Packet(f Frame) ([][]byte, error) {
	if err := st.sealer.check(f.Targets, MaxStreamTargets); err != nil {
		return nil, err
	}
	if len(f.Payload) > MaxPayload {
		return nil, fmt.Errorf("seal packet: %w: %d bytes, want at most %d", ErrTooLong, len(f.Payload), MaxPayload)
	}
	h := fields{marker: f.Flags&FlagStart != 0, pt: st.pt, seq: st.seq, ts: st.ts, ssrc: st.ssrc,
		flags: f.Flags &^ (FlagStop | FlagBeacon), session: st.session, rank: f.Rank, tPlay: f.TPlay, payload: f.Payload}
	if st.sent < certFirst || st.sent%certEvery == 0 || f.Flags&(FlagStart|FlagEnd) != 0 {
		h.cert = st.sealer.cert
	}
	st.packets = st.packets[:0]
	for rest := f.Targets; len(rest) > 0; {
		k := min(len(rest), MaxTargets)
		h.targets, rest = rest[:k], rest[k:]
		n := len(st.packets)
		if n == len(st.bufs) {
			st.bufs = append(st.bufs, newSealBuffer())
		}
		st.packets = append(st.packets, st.sealer.seal(st.bufs[n], &h, st.tagger))
	}
	st.seq++
	st.ts += f.Samples
	st.sent++
	st.octets += uint32(len(f.Payload))
	return st.packets, nil
}

// Skip moves the RTP timestamp over a pause of units.
func (st *Stream) Skip(units uint32) { st.ts += units }

// SenderReport returns an RTCP compound packet (SR and SDES, RFC 3550 §6) that
// says: the next packet's timestamp belongs to the wall time ntp. It is not
// sealed; loudspeakers of this house ignore it.
func (st *Stream) SenderReport(ntp time.Time, cname string) []byte {
	return senderReport(st.ssrc, st.ts, st.sent, st.octets, ntp, cname)
}
