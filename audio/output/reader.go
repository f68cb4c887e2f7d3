package output

import (
	"encoding/binary"
	"math"
	"sync/atomic"
	"time"

	"pa/audio"
)

// reader is what oto reads from. It learns the card's clock from when it is
// asked.
type reader struct {
	pull  audio.Pull
	clock audio.Clock
	guess *estimate
	buf   [audio.FrameLen]float32

	frames atomic.Int64
}

func newReader(clock audio.Clock, latency time.Duration) *reader {
	return &reader{clock: clock, guess: newEstimate(latency)}
}

// Read implements io.Reader in little-endian float32. It never blocks, fails or
// allocates.
func (r *reader) Read(b []byte) (int, error) {
	n := len(b) / 4
	frame := r.frames.Load()
	r.guess.note(frame, r.clock())
	for done := 0; done < n; {
		out := r.buf[:min(n-done, len(r.buf))]
		r.pull(out, r.guess.beat(frame+int64(done)))
		for i, x := range out {
			binary.LittleEndian.PutUint32(b[4*(done+i):], math.Float32bits(x))
		}
		done += len(out)
	}
	r.frames.Add(int64(n))
	return 4 * n, nil
}

func (r *reader) state() audio.SinkState {
	return audio.SinkState{Frames: r.frames.Load(), Rate: r.guess.known(), Underruns: r.guess.underruns.Load(), Latency: r.guess.latency}
}
