package playout

import (
	"math"

	"pa/audio"
)

// block is the most that is mixed under one lock, frames.
const block = 480

// Read fills out with the mix. It is an audio.Pull: it never waits for
// packets and does not allocate.
func (m *Mixer) Read(out []float32, b audio.Beat) {
	rate := clamp(b.Rate, audio.Rate, audio.Rate*maxRate)
	for i := 0; i < len(out); i += block {
		m.block(out[i:min(i+block, len(out))], b.Heard+frameNS(i, rate), rate)
	}
}

// frameNS is the time of n frames of the card, local ns.
func frameNS(n int, rate float64) int64 { return int64(math.Round(float64(n) * 1e9 / rate)) }

// block mixes up to 10 ms, in pieces between which nothing begins or ends.
func (m *Mixer) block(out []float32, heard int64, rate float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.measure(heard, rate)
	in := m.now
	for _, s := range m.streams {
		if s.sounding {
			m.steer(s, in)
		}
	}
	for i := 0; i < len(out); {
		in = m.instant(heard + frameNS(i, rate))
		n := len(out) - i
		for k := len(m.streams) - 1; k >= 0; k-- {
			n = m.advance(m.streams[k], in, n)
		}
		m.assign()
		m.mix(out[i:i+n], in)
		i += n
	}
	m.pulled = m.instant(heard + frameNS(len(out), rate))
	m.pulledAt = heard
	m.gain.apply(out)
	m.limiter.process(out)
	m.level.add(energy(out), len(out))
}

// advance brings s up to date at in and returns how many of the next n frames
// pass before something happens to it.
func (m *Mixer) advance(s *stream, in instant, n int) int {
	if s.stopping {
		if !s.sounding || s.gain.silent() {
			m.finish(s, true)
			return n
		}
		n = max(min(n, s.gain.left()), 1)
	}
	for {
		if s.sounding {
			s.fill(s.cur.idx + int64(float64(n)*s.ratio) + after + 2)
			if !s.final {
				return n
			}
			if left := (float64(s.decoded) - s.cur.pos()) / s.ratio; left > 0 {
				return min(n, int(math.Ceil(left)))
			}
			m.leave(s)
			s.sounding = false
		}
		if s.over {
			m.finish(s, true)
			return n
		}
		head := s.head(m.want(s, in))
		if head == nil || s.over {
			if s.over || in.local-s.arrived > forgetAfter {
				m.finish(s, s.over)
			}
			return n
		}
		ahead := float64(head.tplay-m.want(s, in)) * perSample / m.feed(s)
		lead := int(math.Round(min(ahead, 1<<30)))
		if lead <= 0 {
			m.begin(s, head, in)
			continue
		}
		s.lead = lead
		return notOver(min(n, lead), lead, duckAtt)
	}
}

// notOver shortens n so that it does not step over the frame that is mark
// before lead.
func notOver(n, lead, mark int) int {
	if lead > mark {
		return min(n, lead-mark)
	}
	return n
}

// head is the packet that begins the next talkspurt, or nil; what is past is
// passed over.
func (s *stream) head(want int64) *slot {
	s.lead = 0
	for {
		head := s.ring.first()
		if head == nil {
			s.over = s.over || (s.endSeq > 0 && s.ring.begun && s.ring.next > s.endSeq)
			return nil
		}
		if head.size > 0 && head.tplay+s.spanNS() > want {
			return head
		}
		if head.size == 0 && head.tplay > want {
			return nil // an end that is still to come
		}
		s.passOver(head.seq, head.tplay)
		if head.size > 0 {
			s.status.Gaps.Add(head.tplay, head.tplay+s.frameNS(), Missing)
			s.status.Skipped++
		}
		s.ring.take(head)
		s.over = head.flags&End != 0 && s.ring.count == 0
	}
}

// begin starts a talkspurt: exactly where it should be at in, from silence.
func (m *Mixer) begin(s *stream, head *slot, in instant) {
	s.passOver(head.seq, head.tplay)
	s.sounding, s.everBegun, s.fresh = true, true, true
	s.final, s.padded, s.tail, s.lead, s.bad = false, false, 0, 0, 0
	s.origin, s.decoded = head.tplay, 0
	s.win.reset()
	m.place(s, s.position(m.want(s, in)))
	s.role = m.floorAt(0).role(s)
	s.entry.rest(0)
	frames := fadeIn
	if m.audible(s) {
		frames = crossfade // as whoever sounds now fades out
	}
	s.entry.move(1, frames)
}

// audible tells whether any other stream is heard at full level.
func (m *Mixer) audible(but *stream) bool {
	for _, s := range m.streams {
		if s != but && s.sounding && s.role == full && !s.gain.silent() {
			return true
		}
	}
	return false
}

// mix renders the next frames of all streams into out.
func (m *Mixer) mix(out []float32, in instant) {
	clear(out)
	for _, s := range m.streams {
		m.render(s, out, in)
	}
	n := len(out)
	for i := range out {
		out[i] += m.tail[i]
	}
	copy(m.tail[:], m.tail[n:])
	clear(m.tail[crossfade-n:])
}

// render adds the next frames of s to out.
func (m *Mixer) render(s *stream, out []float32, in instant) {
	if !s.sounding || s.gain.silent() {
		if s.sounding {
			s.cur.advance(len(out), s.ratio)
			s.entry.advance(len(out))
		}
		s.level.add(0, len(out))
		return
	}
	buf := m.scratch[:len(out)]
	s.cur = s.win.read(m.kernel, buf, s.cur, s.ratio)
	s.entry.apply(buf)
	s.gain.apply(buf)
	s.level.add(energy(buf), len(buf))
	for i, v := range buf {
		out[i] += v
	}
	if s.status.FirstHeard == 0 {
		s.status.FirstHeard = in.media - s.shift
	}
	s.status.LastHeard = in.media - s.shift + sampleNS(int64(len(out)))
}
