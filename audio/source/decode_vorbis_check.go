package source

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// The Vorbis decoder that we use believes the sizes that headers tell: a file
// of a hundred bytes could have it ask for gigabytes, or count for ever. So the
// headers are read here first, after the Vorbis I specification, sections 3.2.1
// and 5.2, as far as sizes go.
const (
	maxCodebook  = 1 << 20 // values of one; encoders make some ten thousand
	maxCodebooks = 1 << 22 // of all
)

// checkVorbis returns ErrCorrupt when one of the three headers tells sizes that
// cannot be.
func checkVorbis(headers [][]byte) error {
	for i, kind := range []byte{1, 3, 5} {
		if h := headers[i]; len(h) < 7 || h[0] != kind || string(h[1:7]) != "vorbis" {
			return fmt.Errorf("%w: vorbis header %d", ErrCorrupt, i+1)
		}
	}
	if !commentsFit(headers[1][7:]) {
		return fmt.Errorf("%w: vorbis comments", ErrCorrupt)
	}
	r := &vorbisBits{b: headers[2][7:]}
	values := uint64(0)
	for n := r.read(8) + 1; n > 0; n-- {
		v, ok := r.codebook()
		if values += v; !ok || values > maxCodebooks {
			return fmt.Errorf("%w: vorbis codebook", ErrCorrupt)
		}
	}
	return nil
}

// commentsFit says whether a comment header holds as many comments as it says.
func commentsFit(b []byte) bool {
	take := func() (n uint32, ok bool) {
		if len(b) < 4 {
			return 0, false
		}
		n, b = binary.LittleEndian.Uint32(b), b[4:]
		return n, true
	}
	vendor, ok := take()
	if !ok || uint64(vendor) > uint64(len(b)) {
		return false
	}
	b = b[vendor:]
	count, ok := take()
	return ok && uint64(count)*4 <= uint64(len(b))
}

// vorbisBits reads numbers from the low bit up. Behind the end it reads zeros
// and says so.
type vorbisBits struct {
	b    []byte
	at   uint64 // bits
	over bool
}

func (r *vorbisBits) read(n uint) (v uint32) {
	for i := range n {
		if r.at >= 8*uint64(len(r.b)) {
			r.over = true
			return 0
		}
		v |= uint32(r.b[r.at/8]>>(r.at%8)&1) << i
		r.at++
	}
	return v
}

// skip passes over bits.
func (r *vorbisBits) skip(n uint64) {
	r.at += n
	r.over = r.over || r.at > 8*uint64(len(r.b))
}

// codebook reads over one codebook and returns how many values it unpacks to.
func (r *vorbisBits) codebook() (values uint64, ok bool) {
	const mark = 0x564342 // "BCV"
	if r.read(24) != mark {
		return 0, false
	}
	dimensions, entries := r.read(16), r.read(24)
	values = uint64(dimensions) * uint64(entries)
	if dimensions == 0 || entries == 0 || values > maxCodebook || !r.lengths(entries) {
		return 0, false
	}
	switch r.read(4) {
	case 0:
		return uint64(entries), !r.over
	case 1:
		r.multiplicands(uint64(root(entries, dimensions)))
	case 2:
		r.multiplicands(values)
	default:
		return 0, false
	}
	return values, !r.over
}

// lengths reads over the code lengths of a codebook's entries.
func (r *vorbisBits) lengths(entries uint32) bool {
	if ordered := r.read(1) == 1; !ordered {
		sparse := r.read(1) == 1
		for i := uint32(0); i < entries && !r.over; i++ {
			if !sparse || r.read(1) == 1 {
				r.skip(5)
			}
		}
		return !r.over
	}
	length := r.read(5) + 1
	for at := uint32(0); at < entries; length++ {
		n := r.read(uint(bits.Len32(entries - at)))
		if at += n; r.over || length > 32 || at > entries {
			return false
		}
	}
	return !r.over
}

// multiplicands reads over that many numbers, and what tells their size.
func (r *vorbisBits) multiplicands(n uint64) {
	r.skip(64) // minimum and step
	width := uint64(r.read(4)) + 1
	r.skip(1 + n*width)
}

// root is the largest whole number whose power is at most n. What floating
// point says may be one off.
func root(n, power uint32) uint32 {
	r := max(1, uint32(math.Pow(float64(n), 1/float64(power))))
	for fits(r+1, power, n) {
		r++
	}
	for r > 1 && !fits(r, power, n) {
		r--
	}
	return r
}

// fits says whether r to that power is at most n.
func fits(r, power, n uint32) bool {
	product := uint64(1)
	for range power {
		if product *= uint64(r); product > uint64(n) {
			return false
		}
	}
	return true
}
