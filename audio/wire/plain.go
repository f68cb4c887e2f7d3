package wire

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// Plain is a stream of plain RTP (RFC 3550, no extension) for receivers of
// other makers, some of which cannot skip an extension. One goroutine uses it.
type Plain struct {
	head   rtp.Header
	buf    []byte
	sent   uint32
	octets uint32
}

// NewPlain begins a stream with a random sequence number and timestamp. pt is
// the RTP payload type, 0–127.
func NewPlain(ssrc uint32, pt uint8) *Plain {
	return &Plain{head: rtp.Header{Version: 2, PayloadType: pt & 0x7f, SSRC: ssrc,
		SequenceNumber: uint16(random32()), Timestamp: random32()}}
}

// Packet wraps payload, which spans units of the RTP clock. marker begins a
// talkspurt (RFC 3551 §4.1). The buffer is valid until the next call. It does
// not allocate once payloads stop growing.
func (p *Plain) Packet(payload []byte, units uint32, marker bool) []byte {
	p.head.Marker = marker
	if need := rtpLen + len(payload); cap(p.buf) < need {
		p.buf = make([]byte, need)
	}
	p.buf = p.buf[:rtpLen]
	if _, err := p.head.MarshalTo(p.buf); err != nil {
		panic("wire: " + err.Error()) // only when the buffer is short
	}
	p.buf = append(p.buf, payload...)
	p.head.SequenceNumber++
	p.head.Timestamp += units
	p.sent++
	p.octets += uint32(len(payload))
	return p.buf
}

// Skip moves the timestamp over a pause of units.
func (p *Plain) Skip(units uint32) { p.head.Timestamp += units }

// SenderReport returns an RTCP compound packet (SR and SDES, RFC 3550 §6) that
// says: the next packet's timestamp belongs to the wall time ntp. Send it
// every second to the port above that of the sound. cname names the sender,
// at most 255 bytes.
func (p *Plain) SenderReport(ntp time.Time, cname string) []byte {
	return senderReport(p.head.SSRC, p.head.Timestamp, p.sent, p.octets, ntp, cname)
}

func senderReport(ssrc, ts, packets, octets uint32, ntp time.Time, cname string) []byte {
	if len(cname) > 255 {
		cname = cname[:255]
	}
	b, err := rtcp.Marshal([]rtcp.Packet{
		&rtcp.SenderReport{SSRC: ssrc, NTPTime: ntpTime(ntp), RTPTime: ts, PacketCount: packets, OctetCount: octets},
		&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{Source: ssrc,
			Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: cname}}}}},
	})
	if err != nil {
		panic("wire: " + err.Error()) // only for a name over 255 bytes
	}
	return b
}

// ntpTime is 32.32 fixed point seconds since 1900 (RFC 5905 §6), modulo 2^32 s.
func ntpTime(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1_000_000_000
}
