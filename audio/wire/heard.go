package wire

import "time"

const (
	maxStreams = 256
	window     = 1024 // sequence numbers remembered of a stream
	// After so much media time the 16-bit sequence numbers of a stream may have
	// gone half round: what they say about old and new is void.
	windowLife = int64(60 * time.Second)
)

// streamKey names a stream; sessions choose SSRCs at random, so the session is
// part of it.
type streamKey struct {
	session uint64
	ssrc    uint32
}

// streams remembers which packets were heard. Only authentic packets are
// marked, so a stranger cannot push anything out.
type streams struct {
	m map[streamKey]*heardStream
}

type heardStream struct {
	top    uint16 // newest sequence number
	tPlay  int64  // its T_play
	used   int64  // local ns
	bitmap [window / 64]uint64
}

func newStreams() streams { return streams{m: make(map[streamKey]*heardStream, maxStreams)} }

// heard says that the packet was marked before, or is too old to know.
func (s *streams) heard(key streamKey, seq uint16, tPlay int64) bool {
	h := s.m[key]
	if h == nil || tPlay-h.tPlay > windowLife {
		return false
	}
	ahead := int16(seq - h.top)
	if ahead > 0 {
		return false
	}
	if -int(ahead) >= window {
		return true
	}
	return h.bitmap[seq%window/64]&(1<<(seq%64)) != 0
}

func (s *streams) mark(key streamKey, seq uint16, tPlay, local int64) {
	h := s.m[key]
	if h == nil {
		h = s.room()
		s.m[key] = h
		*h = heardStream{top: seq, tPlay: tPlay}
	}
	ahead := int(int16(seq - h.top))
	switch {
	case tPlay-h.tPlay > windowLife || ahead >= window:
		h.bitmap = [window / 64]uint64{}
		h.top, h.tPlay = seq, tPlay
	case ahead > 0:
		for n := h.top + 1; n != seq+1; n++ {
			h.bitmap[n%window/64] &^= 1 << (n % 64)
		}
		h.top, h.tPlay = seq, tPlay
	}
	h.bitmap[seq%window/64] |= 1 << (seq % 64)
	h.used = local
}

// room returns a stream to fill, the one unused for longest when all are taken.
func (s *streams) room() *heardStream {
	if len(s.m) < maxStreams {
		return new(heardStream)
	}
	var oldest streamKey
	var h *heardStream
	for k, c := range s.m {
		if h == nil || c.used < h.used {
			oldest, h = k, c
		}
	}
	delete(s.m, oldest)
	return h
}

// floor is the media time that must have been reached: an authentic packet is
// at most earlyBy ahead of its time, and time has gone on since.
type floor struct {
	media, local int64
	known        bool
}

func (f *floor) raise(tPlay, local int64) {
	if m := tPlay - earlyBy; !f.known || m > f.media+(local-f.local) {
		*f = floor{media: m, local: local, known: true}
	}
}

func (f *floor) below(tPlay, local int64) bool {
	return f.known && tPlay < f.media+(local-f.local)-lateBy
}
