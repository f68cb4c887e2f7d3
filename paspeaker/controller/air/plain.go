package air

import (
	"sync"
	"time"

	"pa/audio/codec"
	"pa/audio/wire"
)

// plainStream is the one stream that a zone's plain group carries, whatever
// programme speaks in it: a third-party receiver has no mixer, and many take a
// new SSRC, or a sequence number out of the order, for a fault. Programmes of
// several pacers may meet in it for a moment, while one takes over from another.
type plainStream struct {
	profile codec.Profile

	mu     sync.Mutex
	rtp    *wire.Plain
	next   int64 // media ns of the next packet; 0 before the first
	report int64 // media ns at which the next RTCP report is due
}

// plainStream returns the stream of a zone's plain group. It is made once: the
// SSRC stays while the engine lives. The orders' goroutine alone calls it.
func (e *Engine) plainStream(zone string, profile codec.Profile) *plainStream {
	key := zone + " " + profile.Name
	s := e.plain[key]
	if s == nil {
		s = &plainStream{profile: profile, rtp: wire.NewPlain(newSSRC(), profile.PayloadType)}
		e.plain[key] = s
	}
	return s
}

// send puts a packet on the group whose first sample belongs to media, and a
// report once a second. The timestamp passes over pauses. What comes for a time
// that is taken already is not sent: it is the end of a programme whose
// successor has begun.
func (s *plainStream) send(payload []byte, media int64, start bool, to *Leg, e *Engine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gap := media - s.next
	switch {
	case s.next == 0:
		s.next = media
	case gap < -int64(FrameTime):
		return
	case gap > int64(FrameTime):
		s.rtp.Skip(uint32(gap / int64(time.Microsecond) * int64(s.profile.ClockRate) / 1e6))
		s.next, start = media, true
	}
	if media >= s.report {
		s.report = media + int64(time.Second)
		sr := s.rtp.SenderReport(time.Unix(0, s.next), e.cname)
		for _, g := range to.Groups {
			e.report(sr, g)
		}
	}
	b := s.rtp.Packet(payload, s.profile.Units(), start)
	s.next += int64(s.profile.Duration())
	for _, g := range to.Groups {
		e.send(b, g)
	}
}
