package playout

const (
	stalledAfter = 1_000_000_000 // ns without a pull: the card plays nothing
	stalledEnd   = 300_000_000   // ns after a session's END
)

// Expire ends, when nothing is pulled any more, the sessions of which nothing
// comes any more: what is pulled ends by itself. local is now. It is for who
// must say what was played though the sound card is gone.
func (m *Mixer) Expire(local int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if local-m.pulledAt < stalledAfter {
		return
	}
	for i := len(m.streams) - 1; i >= 0; i-- {
		s := m.streams[i]
		quiet := local - s.arrived
		if quiet > forgetAfter || s.endSeq > 0 && quiet > stalledEnd {
			s.abandon()
			m.finish(s, s.endSeq > 0)
		}
	}
}

// abandon counts everything that waits as passed over.
func (s *stream) abandon() {
	for head := s.ring.first(); head != nil; head = s.ring.first() {
		s.passOver(head.seq, head.tplay)
		if head.size > 0 {
			s.status.Gaps.Add(head.tplay, head.tplay+s.frameNS(), Missing)
			s.status.Skipped++
		}
		s.ring.take(head)
	}
	s.status.Due += s.refused
	s.status.Skipped += s.refused
	s.status.Stalled = true
}
