package playout

// alarm is the lowest priority beneath which nothing may sound, not even
// ducked: the recorded emergencies (rank >> 24).
const alarm = 224

// role is what a stream may do.
type role uint8

const (
	muted role = iota
	ducked
	full
)

// floor is who sounds: one at full level, at most one ducked beneath it.
type floor struct{ full, ducked *stream }

func (f floor) role(s *stream) role {
	switch s {
	case f.full:
		return full
	case f.ducked:
		return ducked
	}
	return muted
}

// above orders streams: rank first; the same rank cannot be, but if it is, all
// loudspeakers must choose alike.
func (s *stream) above(o *stream) bool {
	if o == nil || s.rank != o.rank {
		return o == nil || s.rank > o.rank
	}
	return s.session < o.session
}

// claims tells whether s takes part in who sounds: it sounds, or will within
// horizon frames. An alarm keeps the floor in its pauses too.
func (s *stream) claims(horizon int) bool {
	switch {
	case s.stopping:
		return false
	case s.sounding:
		return true
	case s.everBegun && s.rank>>24 >= alarm:
		return true
	}
	return s.lead > 0 && s.lead <= horizon
}

// heard tells whether s takes part in who sounds and is not muted.
func (m *Mixer) heard(s *stream, horizon int) bool {
	return uint64(s.rank) >= m.below && s.claims(horizon)
}

// floorAt is who will sound when everything that begins within horizon frames
// has begun.
func (m *Mixer) floorAt(horizon int) floor {
	var f floor
	for _, s := range m.streams {
		if m.heard(s, horizon) && s.above(f.full) {
			f.full = s
		}
	}
	if f.full == nil || f.full.rank>>24 >= alarm {
		return f
	}
	for _, s := range m.streams {
		if s != f.full && s.flags&Duckable != 0 && m.heard(s, horizon) && s.above(f.ducked) {
			f.ducked = s
		}
	}
	return f
}

// assign gives every stream its role. One programme gives way to another in a
// crossfade that begins with the newcomer's first sample, so that the power is
// never less than either's. Only a level that stays, ducked, falls ahead of it.
func (m *Mixer) assign() {
	near, far := m.floorAt(0), m.floorAt(duckAtt)
	for _, s := range m.streams {
		if s.stopping {
			continue
		}
		r, by := near.role(s), near.full
		if r == full && far.role(s) == ducked {
			r, by = ducked, far.full
		}
		m.setRole(s, r, by)
	}
}

// setRole moves the level of s to that of r, because of by.
func (m *Mixer) setRole(s *stream, r role, by *stream) {
	level := [...]float64{muted: 0, ducked: m.duck, full: 1}[r]
	old := s.role
	s.role = r
	if s.fresh || !s.sounding {
		s.gain.rest(level)
		s.fresh = s.fresh && !s.sounding
		return
	}
	if r == old {
		return
	}
	frames := comeBack
	switch {
	case r == muted:
		frames = crossfade
	case r == ducked && old == full:
		frames = duckAtt
	case r == full && old == ducked:
		frames = duckRel
	}
	if r < old && by != nil && !by.sounding && by.lead > 0 {
		frames = min(frames, by.lead)
	}
	s.gain.move(level, frames)
}
