package audio

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// OggOpus writes mono Opus packets as pages of an Ogg stream (RFC 3533,
// RFC 7845). Every page is whole in itself, so a stream that breaks off after
// any of them can be played. One goroutine uses it.
type OggOpus struct {
	serial  uint32
	page    uint32
	granule int64 // of the last sample, at 48 kHz, the encoder's lead-in included
}

const (
	opusLeadIn   = 312 // samples of 48 kHz that Opus comes late
	oggFirstPage = 2   // flags
	oggLastPage  = 4
	oggSegments  = 255 // of a page at most, each of 255 bytes at most
)

// NewOggOpus begins a stream; serial tells it from others in one file.
func NewOggOpus(serial uint32) *OggOpus { return &OggOpus{serial: serial} }

// Head returns the two pages that come first; rate is that of the original, Hz,
// for people. Each comment is "KEY=value" in UTF-8.
func (o *OggOpus) Head(rate int, comments ...string) []byte {
	le := binary.LittleEndian
	head := append([]byte("OpusHead"), 1, 1)
	head = le.AppendUint16(head, opusLeadIn)
	head = le.AppendUint32(head, uint32(rate))
	head = append(head, 0, 0, 0) // gain 0 dB, mapping family 0
	tags := []byte("OpusTags")
	tags = appendText(tags, "paspeaker")
	tags = le.AppendUint32(tags, uint32(len(comments)))
	for _, c := range comments {
		tags = appendText(tags, c)
	}
	return append(o.write([][]byte{head}, oggFirstPage), o.write([][]byte{tags}, 0)...)
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

// Page returns a page of whole packets, which hold so many samples of 48 kHz
// together. They must fit: 50 packets of speech do. last ends the stream.
func (o *OggOpus) Page(packets [][]byte, samples int, last bool) []byte {
	o.granule += int64(samples)
	var flags byte
	if last {
		flags = oggLastPage
	}
	return o.write(packets, flags)
}

// write makes a page:
//
//	"OggS" | version 0 (1) | flags (1) | granule position (8) | serial (4) |
//	page number (4) | CRC-32 (4) | segments (1) | a length for each (1) | them
func (o *OggOpus) write(packets [][]byte, flags byte) []byte {
	le := binary.LittleEndian
	var table, body []byte
	for _, p := range packets {
		for n := len(p); ; n -= 255 {
			table = append(table, byte(min(n, 255)))
			if n < 255 {
				break
			}
		}
		body = append(body, p...)
	}
	if len(table) > oggSegments {
		panic("audio: an Ogg page of more than 255 segments")
	}
	page := append([]byte("OggS"), 0, flags)
	page = le.AppendUint64(page, uint64(o.granule))
	page = le.AppendUint32(page, o.serial)
	page = le.AppendUint32(page, o.page)
	page = append(page, 0, 0, 0, 0, byte(len(table)))
	page = append(append(page, table...), body...)
	le.PutUint32(page[22:], oggSum(page))
	o.page++
	return page
}

// oggSum is Ogg's CRC-32: the polynomial of everybody, bits the other way
// round, nothing inverted. It is the common one on mirrored bytes.
func oggSum(page []byte) uint32 {
	table := crc32.IEEETable
	crc := uint32(0)
	for _, b := range page {
		crc = table[byte(crc)^bits.Reverse8(b)] ^ crc>>8
	}
	return bits.Reverse32(crc)
}
