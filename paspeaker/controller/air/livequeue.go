package air

import (
	"pa/audio"
	"pa/audio/source"
)

// liveQueue keeps a voice in time. The pacer's thread both fills and reads it,
// so nobody else's lock is ever in its way.
type liveQueue struct {
	*source.Live
	ring *Ring
	buf  [audio.FrameLen]float32
}

// newLiveQueue makes one that is read so many samples at a time.
func newLiveQueue(ring *Ring, f LiveFormat, frame int) *liveQueue {
	return &liveQueue{ring: ring, Live: source.NewLive(f.Rate, source.LiveOptions{Frame: frame, Target: f.Target, Max: f.Max})}
}

// take moves what the client has said into the queue.
func (q *liveQueue) take() {
	piece := q.ring.Piece()
	for {
		n, end := q.ring.Read(q.buf[:])
		q.WritePieces(q.buf[:n], piece)
		if end {
			q.CloseWrite()
		}
		if n < len(q.buf) {
			return
		}
	}
}
