package playout

const (
	windowLen = 8192 // samples that a stream keeps decoded
	history   = 2400 // of them behind the reading position, for small steps back
	padLen    = 512  // invented after the end of a talkspurt, to fade on
)

// cursor is a position in a talkspurt, in samples of the decoder's output.
type cursor struct {
	idx  int64
	frac float64 // 0 ≤ frac < 1
}

func cursorAt(pos float64) cursor {
	idx := int64(pos)
	if float64(idx) > pos {
		idx--
	}
	return cursor{idx, pos - float64(idx)}
}

func (c cursor) pos() float64 { return float64(c.idx) + c.frac }

// advance moves on by n output frames at ratio input samples each.
func (c *cursor) advance(n int, ratio float64) {
	if ratio == 1 {
		c.idx += int64(n)
		return
	}
	*c = cursor{c.idx, 0}.plus(c.frac + float64(n)*ratio)
}

func (c cursor) plus(d float64) cursor {
	e := cursorAt(d)
	return cursor{c.idx + e.idx, e.frac}
}

// window is the decoded sound around the reading position, addressed by
// sample index in the talkspurt.
type window struct {
	data []float32
	base int64 // index of data[0]
	n    int   // valid samples
}

// reset empties the window; the next sample appended has index 0, and before
// it lies silence.
func (w *window) reset() {
	clear(w.data[:taps])
	w.base, w.n = -taps, taps
}

// end is the index of the next sample to be appended.
func (w *window) end() int64 { return w.base + int64(w.n) }

// room returns space for n more samples, forgetting what lies more than the
// history before keep.
func (w *window) room(n int, keep int64) []float32 {
	if w.n+n > len(w.data) {
		drop := int(min(max(keep-history-w.base, 0), int64(w.n)))
		if w.n-drop+n > len(w.data) {
			drop = w.n + n - len(w.data)
		}
		copy(w.data, w.data[drop:w.n])
		w.base += int64(drop)
		w.n -= drop
	}
	return w.data[w.n : w.n+n]
}

// pad appends an echo of the last samples, mirrored and falling to nothing, so
// that a sound cut off there can be faded. It does not count as decoded.
func (w *window) pad(keep int64) {
	dst := w.room(padLen, keep)
	last := w.data[:w.n]
	for i := range dst {
		dst[i] = 0
		if i < len(last) {
			dst[i] = last[len(last)-1-i] * (1 - float32(i)/padLen)
		}
	}
	w.n += padLen
}

// holds tells whether the interpolator can read from first to last.
func (w *window) holds(first, last int64) bool {
	return first-before >= w.base && last+after < w.end()
}

// read interpolates len(dst) frames from c on and returns where it got to.
// Outside of the window there is silence.
func (w *window) read(k *kernel, dst []float32, c cursor, ratio float64) cursor {
	if ratio == 1 && c.frac == 0 && w.holds(c.idx, c.idx+int64(len(dst))) {
		copy(dst, w.data[c.idx-w.base:])
		c.idx += int64(len(dst))
		return c
	}
	for i := range dst {
		at := c.idx - before - w.base
		if at >= 0 && at+taps <= int64(w.n) {
			dst[i] = k.at(w.data[at:at+taps], c.frac)
		} else {
			dst[i] = 0
		}
		c.frac += ratio
		step := int64(c.frac)
		c.idx += step
		c.frac -= float64(step)
	}
	return c
}
