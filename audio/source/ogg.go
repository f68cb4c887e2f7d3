package source

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Ogg pages, RFC 3533 section 6:
//
//	0               1               2               3
//	"OggS"                                                          |
//	version = 0   | flags         | granule position (8 bytes) …    |
//	serial number (4) | page number (4) | CRC-32 (4) | segments (1) |
//	segment table (one length byte a segment) | the segments        |
const (
	oggHeader    = 27
	oggContinued = 1 // flags: the first segment goes on with a packet
	oggFirst     = 2
	oggLast      = 4
	oggNoGranule = -1 // no packet ends on this page
)

// oggReader takes the packets of one logical stream, the first that begins,
// out of a file in memory. It keeps no copy of them.
type oggReader struct {
	rest    []byte
	serial  uint32
	next    uint32 // page number that must follow
	begun   bool
	body    bool   // a page that is not a beginning has been seen
	partial []byte // of a packet that goes on
}

// oggPage is what one page completes.
type oggPage struct {
	packets [][]byte
	granule int64 // of the last sample of the last packet, oggNoGranule when none ends here
	last    bool
}

// page reads the next page of the stream, io.EOF at the end of the file.
// Damage is ErrCorrupt; a chain of streams is errForeign.
func (o *oggReader) page() (oggPage, error) {
	for {
		if len(o.rest) == 0 {
			return oggPage{}, io.EOF
		}
		head, table, body, err := o.cut()
		if err != nil {
			return oggPage{}, err
		}
		flags, serial := head[5], binary.LittleEndian.Uint32(head[14:])
		if flags&oggFirst == 0 {
			o.body = true
		} else if o.body {
			return oggPage{}, errForeign
		}
		if !o.begun {
			o.begun, o.serial, o.next = true, serial, binary.LittleEndian.Uint32(head[18:])
		}
		if serial != o.serial {
			continue
		}
		if number := binary.LittleEndian.Uint32(head[18:]); number != o.next {
			return oggPage{}, fmt.Errorf("%w: ogg page %d where %d should be", ErrCorrupt, number, o.next)
		}
		o.next++
		if (flags&oggContinued != 0) != (o.partial != nil) {
			return oggPage{}, fmt.Errorf("%w: ogg packet broken at page %d", ErrCorrupt, o.next-1)
		}
		return oggPage{
			packets: o.packets(table, body),
			granule: int64(binary.LittleEndian.Uint64(head[6:])),
			last:    flags&oggLast != 0,
		}, nil
	}
}

// cut takes one page of any stream off the file and checks it.
func (o *oggReader) cut() (head, table, body []byte, err error) {
	b := o.rest
	if len(b) < oggHeader || string(b[:4]) != "OggS" || b[4] != 0 {
		return nil, nil, nil, fmt.Errorf("%w: no ogg page where one should be", ErrCorrupt)
	}
	segments := oggHeader + int(b[26])
	if len(b) < segments {
		return nil, nil, nil, fmt.Errorf("%w: cut off in an ogg page", ErrCorrupt)
	}
	head, table = b[:oggHeader], b[oggHeader:segments]
	size := segments
	for _, n := range table {
		size += int(n)
	}
	if len(b) < size {
		return nil, nil, nil, fmt.Errorf("%w: cut off in an ogg page", ErrCorrupt)
	}
	if oggChecksum(b[:size]) != binary.LittleEndian.Uint32(b[22:]) {
		return nil, nil, nil, fmt.Errorf("%w: ogg page with a wrong checksum", ErrCorrupt)
	}
	o.rest = b[size:]
	return head, table, b[segments:size], nil
}

// packets splits a page's body by the segment table: a packet ends with a
// segment shorter than 255 bytes.
func (o *oggReader) packets(table, body []byte) [][]byte {
	var done [][]byte
	from, at := 0, 0
	for _, n := range table {
		at += int(n)
		if n == 255 {
			continue
		}
		packet := body[from:at]
		if o.partial != nil {
			packet = append(o.partial, packet...)
			o.partial = nil
		}
		done = append(done, packet)
		from = at
	}
	if len(table) > 0 && table[len(table)-1] == 255 {
		o.partial = append(o.partial, body[from:]...)
	}
	return done
}

var oggCRC = func() (table [256]uint32) {
	for i := range table {
		crc := uint32(i) << 24
		for range 8 {
			carry := crc & (1 << 31)
			crc <<= 1
			if carry != 0 {
				crc ^= 0x04c11db7
			}
		}
		table[i] = crc
	}
	return table
}()

// oggChecksum is the CRC-32 of a page with its checksum field taken as zero.
func oggChecksum(page []byte) uint32 {
	var crc uint32
	for i, b := range page {
		if i >= 22 && i < 26 {
			b = 0
		}
		crc = crc<<8 ^ oggCRC[byte(crc>>24)^b]
	}
	return crc
}

// oggTrim keeps of a stream's sound what its granule positions say is in it.
type oggTrim struct {
	c        *collector
	channels int
	skip     int64 // frames still to be left out at the beginning
	begun    bool
	held     []float32 // the first page's sound, until its granule is read
	first    int64     // granule at which the sound begins
	kept     int64     // frames given on, skipped ones included
}

// page takes the interleaved sound that one page's packets made.
func (t *oggTrim) page(frames []float32, granule int64, last bool) error {
	if !t.begun {
		t.held = append(t.held, frames...)
		if granule == oggNoGranule && !last {
			return nil
		}
		frames = t.held
		t.begun, t.held = true, nil
		if n := int64(len(frames) / t.channels); !last {
			t.first = granule - n
			if t.first < 0 { // the encoder's lead-in
				t.skip += -t.first
			}
		}
	}
	n := int64(len(frames) / t.channels)
	if last && granule != oggNoGranule { // the last page may hold padding
		n = min(n, max(0, granule-t.first-t.kept))
	}
	t.kept += n
	drop := min(t.skip, n)
	t.skip -= drop
	return t.c.addInterleaved(frames[drop*int64(t.channels):n*int64(t.channels)], t.channels)
}
