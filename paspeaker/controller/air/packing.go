package air

import (
	"time"

	"pa/audio/codec"
)

// Packing is how much older than a programme's frame the first sample of the
// packet is that the frame completes: the limiter looks ahead, and some codecs
// take several frames.
func Packing(profile string, frame time.Duration) time.Duration {
	p, _ := codec.ProfileByName(profile)
	return lookahead + max(0, p.Duration()-frame)
}
