package output

import (
	"encoding/binary"
	"math"
)

// pcmFormat is how the card wants its samples.
type pcmFormat struct{ format, channels int }

// size is the bytes of one frame.
func (f pcmFormat) size() int {
	if f.format == formatS32 {
		return 4 * f.channels
	}
	return 2 * f.channels
}

// encode writes mono samples to all channels of dst, which has room for them.
// What is beyond full scale is cut off; what is no number is silence.
func (f pcmFormat) encode(dst []byte, pcm []float32) {
	at := 0
	for _, x := range pcm {
		v := level(x)
		for range f.channels {
			if f.format == formatS32 {
				binary.LittleEndian.PutUint32(dst[at:], uint32(int32(math.Round(v*(1<<31)))))
				at += 4
			} else {
				binary.LittleEndian.PutUint16(dst[at:], uint16(int16(math.Round(v*(1<<15)))))
				at += 2
			}
		}
	}
}

// level is x within what either format can say.
func level(x float32) float64 {
	const most = 1 - 1.0/(1<<15) // of S16; S32 could say a trifle more
	if x != x {
		return 0
	}
	return min(max(float64(x), -1), most)
}
