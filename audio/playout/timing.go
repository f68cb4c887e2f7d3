package playout

import "math"

// The control law, from a simulation with ±100 ppm clocks: feed-forward of
// both measured rates, and a gentle pull on what error is left.
const (
	servoTime = 1.5    // s in which an error shrinks by 1 − 1/e
	gentle    = 300e-6 // pull while the error is below a millisecond
	firm      = 1000e-6
	maxRate   = 2000e-6 // of feed-forward: worse clocks are not believed

	stepAt     = 0.005 // s; three blocks in a row: crossfade to the right place
	stepAtOnce = 0.050 // s
	stepReach  = 9600  // samples ahead that a step decodes through; beyond, the talkspurt starts anew

	exactRate  = 5e-6  // clocks that agree this well begin on a whole sample
	exactLeave = 1.25  // samples off at which bit exactness ends
	exactDrift = 20e-6 // or such a rate
)

// instant is when the next frame will be heard.
type instant struct{ local, media int64 }

// want is the TPlay instant that s should sound at in.
func (m *Mixer) want(s *stream, in instant) int64 {
	if s.unlocked {
		return in.local - s.offset - unlockedLag - m.delay
	}
	return in.media - s.shift - m.delay
}

// feed is the samples of s that pass in one frame of the card.
func (m *Mixer) feed(s *stream) float64 {
	if s.unlocked {
		return m.feedLocal
	}
	return m.feedMedia
}

// measure reads the clock for a block that is heard from local on: where media
// time is, how fast it runs against local time, and from the card's rate in
// frames per local second how many samples pass in a frame.
func (m *Mixer) measure(local int64, rate float64) {
	const second = 1_000_000_000
	r := m.cfg.Clock.Read(local)
	ahead := m.cfg.Clock.Read(local + second)
	if ahead.Timescale != r.Timescale { // it changed between the two
		r = m.cfg.Clock.Read(local)
	}
	if r.Timescale != m.timescale {
		m.rescale(r.Timescale)
	}
	m.now = instant{local, r.Media}
	m.pace = clamp(float64(ahead.Media-r.Media)/second, 1, maxRate)
	m.feedLocal = 48000 / rate
	m.feedMedia = m.feedLocal * m.pace
}

// rescale goes over to another timescale. The streams of the one before keep
// theirs, continued from where the last block ended.
func (m *Mixer) rescale(timescale uint32) {
	step := int64(0)
	if m.timescale != 0 {
		step = m.cfg.Clock.Read(m.pulled.local).Media - m.pulled.media
	}
	for _, s := range m.streams {
		if s.timescale != timescale {
			s.shift += step
			s.timescale = timescale
		}
	}
	m.timescale = timescale
}

// instant is a local time near the block under way.
func (m *Mixer) instant(local int64) instant {
	return instant{local, m.now.media + int64(math.Round(float64(local-m.now.local)*m.pace))}
}

// clamp limits x to mid ± width; NaN is mid.
func clamp(x, mid, width float64) float64 {
	if math.IsNaN(x) {
		return mid
	}
	return min(max(x, mid-width), mid+width)
}

// steer sets the ratio of a stream for the block that begins at in.
func (m *Mixer) steer(s *stream, in instant) {
	want := s.position(m.want(s, in))
	off := want - s.cur.pos()
	e := off / 48000
	s.status.ErrorNS = int64(e * 1e9)
	if math.Abs(e) > stepAt {
		s.bad++
	} else {
		s.bad = 0
	}
	if math.Abs(e) > stepAtOnce || (s.bad >= 3 && s.entry.left() == 0) {
		m.resync(s, want)
		return
	}
	feed := m.feed(s)
	if s.exact && math.Abs(off) <= exactLeave && math.Abs(feed-1) <= exactDrift {
		s.ratio = 1
		return
	}
	s.exact = false
	pull := firm
	if math.Abs(e) < 0.001 {
		pull = gentle
	}
	s.ratio = feed * (1 + clamp(e/servoTime, 0, pull))
}

// place puts the reading position of s at pos: on a whole sample when the
// clocks are so alike that it can stay there.
func (m *Mixer) place(s *stream, pos float64) {
	s.ratio = m.feed(s)
	s.exact = math.Abs(s.ratio-1) <= exactRate
	if s.exact {
		pos, s.ratio = math.Round(pos), 1
	}
	s.cur = cursorAt(pos)
}

// resync crossfades s to where it should be. What is out of the window's reach
// ends the talkspurt; it begins anew where the packets say.
func (m *Mixer) resync(s *stream, want float64) {
	m.leave(s)
	s.status.Resyncs++
	s.bad = 0
	if want-taps < float64(s.win.base) || want > float64(s.decoded+stepReach) {
		s.sounding = false
		return
	}
	m.place(s, want)
	s.fill(s.cur.idx + after + 1)
	s.entry.rest(0)
	s.entry.move(1, crossfade)
}

// leave renders the 10 ms after the reading position of s, falling, to be
// mixed beneath whatever comes next.
func (m *Mixer) leave(s *stream) {
	if s.gain.silent() {
		return
	}
	s.fill(s.cur.idx + crossfade + taps)
	buf := m.scratch[:crossfade]
	s.win.read(m.kernel, buf, s.cur, s.ratio)
	fall := s.entry
	fall.move(0, crossfade)
	fall.apply(buf)
	g := float32(s.gain.gain())
	for i, v := range buf {
		m.tail[i] += v * g
	}
}
