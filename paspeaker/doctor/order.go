package doctor

// span is how many sequence numbers are remembered behind the newest.
const span = 64

// order follows the sequence numbers of a stream (RFC 3550 §5.1).
type order struct {
	begun    bool
	newest   uint16
	bitmap   uint64 // bit i: newest−i was seen
	expected int    // from the first to the newest
	unique   int
}

// add takes a number in. A number that is older than the window counts as
// reordered: nothing can say whether it came before.
func (o *order) add(seq uint16) (duplicate, late bool) {
	if !o.begun {
		*o = order{begun: true, newest: seq, bitmap: 1, expected: 1, unique: 1}
		return false, false
	}
	ahead := int(int16(seq - o.newest))
	switch {
	case ahead > 0:
		o.bitmap = o.bitmap<<uint(min(ahead, span)) | 1
		o.newest = seq
		o.expected += ahead
		o.unique++
		return false, false
	case -ahead >= span:
		o.unique++
		return false, true
	case o.bitmap&(1<<uint(-ahead)) != 0:
		return true, false
	}
	o.bitmap |= 1 << uint(-ahead)
	o.unique++
	return false, true
}

// lost is how many numbers never came.
func (o *order) lost() int { return max(0, o.expected-o.unique) }
