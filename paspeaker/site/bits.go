package site

import (
	"iter"
	mathbits "math/bits"
)

// bits is a set of small numbers: loudspeakers by their place in
// Site.Speakers. Sets that meet have one length.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }

// add joins c to b; it says whether b grew.
func (b bits) add(c bits) (grew bool) {
	for i, w := range c {
		grew = grew || w&^b[i] != 0
		b[i] |= w
	}
	return grew
}

// remove takes c out of b.
func (b bits) remove(c bits) {
	for i, w := range c {
		b[i] &^= w
	}
}

// within says whether all of b is in c.
func (b bits) within(c bits) bool {
	for i, w := range b {
		if w&^c[i] != 0 {
			return false
		}
	}
	return true
}

// shared returns how many b and c have in common.
func (b bits) shared(c bits) (n int) {
	for i, w := range b {
		n += mathbits.OnesCount64(w & c[i])
	}
	return n
}

func (b bits) count() (n int) { return b.shared(b) }

func (b bits) empty() bool { return b.count() == 0 }

func (b bits) clone() bits { return append(bits(nil), b...) }

// each yields the numbers in rising order.
func (b bits) each() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range b {
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + mathbits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}
