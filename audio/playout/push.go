package playout

import "pa/audio/codec"

// Push takes a packet in. It copies the payload, and does not allocate once
// the packet's session is known.
func (m *Mixer) Push(p Packet) PushResult {
	r, need := m.push(&p, nil)
	if !need {
		return r
	}
	// A new session: its decoder is made outside of the lock.
	prof, ok := codec.ProfileByPayloadType(p.PT)
	if !ok {
		return m.refuse(UnknownCodec)
	}
	dec, err := m.newDecoder(prof)
	if err != nil {
		m.cfg.Log.Error("make decoder", "codec", prof.Name, "err", err)
		return m.refuse(UnknownCodec)
	}
	r, _ = m.push(&p, &voice{prof, dec})
	return r
}

// voice is what a stream needs to decode.
type voice struct {
	profile codec.Profile
	dec     codec.Decoder
}

func (m *Mixer) refuse(r PushResult) PushResult {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.totals.Refused[r]++
	return r
}

// push takes a packet in under the lock. It asks for a decoder when it needs
// one and v is nil.
func (m *Mixer) push(p *Packet, v *voice) (r PushResult, need bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, r := m.route(p)
	if r == Accepted && s == nil {
		if v == nil {
			return r, true
		}
		s = m.admit(p, v)
	}
	if r == Accepted {
		r = s.accept(p, m.reached(s, p))
	}
	if r != Accepted {
		m.totals.Refused[r]++
	}
	return r, false
}

// route finds the stream that a packet belongs to; nil: it may begin one.
func (m *Mixer) route(p *Packet) (*stream, PushResult) {
	switch {
	case len(p.Payload) > codec.MaxPayload, len(p.Payload) == 0 && p.Flags&End == 0:
		return nil, UnknownCodec
	case m.gone.has(p.Session):
		return nil, Ended
	}
	s := m.find(p.Session)
	switch {
	case s != nil && s.ssrc == p.SSRC && s.profile.PayloadType == p.PT:
		return s, Accepted
	case s != nil && p.Arrived-s.arrived <= takeover:
		return nil, Surplus
	case len(p.Payload) == 0:
		return nil, Late // the end of what was never heard
	case s == nil && len(m.streams) == m.cfg.MaxStreams && p.Rank <= m.lowest().rank:
		return nil, Full
	}
	return nil, Accepted
}

// lowest is the stream that gives way first.
func (m *Mixer) lowest() *stream {
	low := m.streams[0]
	for _, s := range m.streams {
		if low.above(s) {
			low = s
		}
	}
	return low
}

// admit makes p's a new stream, or the new voice of its session.
func (m *Mixer) admit(p *Packet, v *voice) *stream {
	s := m.find(p.Session)
	if s != nil {
		if s.sounding {
			m.leave(s)
		}
		stopping := s.stopping
		s.reset(p, v.profile, v.dec)
		s.stopping = stopping
		return s
	}
	if len(m.streams) == m.cfg.MaxStreams {
		low := m.lowest()
		if low.sounding {
			m.leave(low)
		}
		m.finish(low, false)
	}
	if n := len(m.idle); n > 0 {
		s, m.idle = m.idle[n-1], m.idle[:n-1]
	} else {
		s = &stream{ring: newRing(), win: window{data: make([]float32, windowLen)}}
	}
	s.reset(p, v.profile, v.dec)
	r := m.cfg.Clock.Read(p.Arrived)
	s.timescale = r.Timescale
	if !r.Locked {
		s.unlocked = true
	}
	m.totals.Streams++
	m.streams = append(m.streams, s)
	return s
}

// reached is the instant, as TPlay, up to which s has been handed to the card.
// A stream that plays on arrival has none, but goes over to media time when
// there is one.
func (m *Mixer) reached(s *stream, p *Packet) int64 {
	local := max(p.Arrived, m.pulled.local)
	r := m.cfg.Clock.Read(local)
	if s.unlocked && r.Locked && !p.Unlocked {
		s.unlocked = false
	}
	switch {
	case s.unlocked:
		return p.TPlay - 1_000_000_000
	case r.Timescale != s.timescale: // the next block will see to that
		return m.want(s, m.pulled)
	}
	return m.want(s, instant{local, r.Media})
}
