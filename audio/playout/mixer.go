package playout

import (
	"log/slog"
	"sync"
	"time"

	"pa/audio"
	"pa/audio/codec"
)

const (
	maxDelay    = 2 * time.Second
	maxFinished = 256 // receipts kept until Finished is called
)

// Mixer plays the sessions of one loudspeaker. Its methods may be called from
// any goroutine, Read from one at a time.
//
// One lock covers it all: Read holds it for at most 10 ms of sound at a time,
// Push for the copy of one payload.
type Mixer struct {
	cfg        Config
	kernel     *kernel
	newDecoder func(codec.Profile) (codec.Decoder, error)

	mu       sync.Mutex
	streams  []*stream
	idle     []*stream // to be used again
	gone     memory
	finished []StreamStatus
	totals   Totals
	delay    int64 // ns
	duck     float64
	below    uint64  // streams of a lower rank are not heard
	pulled   instant // at which the next frame to be asked for is heard
	pulledAt int64   // local ns at which the last frame that was asked for is heard

	now                  instant // the beginning of the block under way
	pace                 float64 // media ns per local ns
	timescale            uint32  // of now
	feedMedia, feedLocal float64 // samples per frame of the card
	tail                 [crossfade]float32
	scratch              [crossfade]float32
	gain                 envelope
	limiter              limiter
	level                meter
}

// New returns a silent mixer.
func New(cfg Config) *Mixer {
	if cfg.MaxStreams <= 0 {
		cfg.MaxStreams = 8
	}
	cfg.MaxStreams = min(cfg.MaxStreams, 64)
	if cfg.DuckDB >= 0 {
		cfg.DuckDB = -18
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	m := &Mixer{cfg: cfg, kernel: newKernel(), newDecoder: codec.NewDecoder,
		duck: float64(audio.DB(cfg.DuckDB)), limiter: limiter{gain: 1}, pace: 1, feedMedia: 1, feedLocal: 1}
	m.gain.rest(float64(audio.DB(cfg.Gain)))
	m.SetDelay(cfg.Delay)
	return m
}

// Stop fades a session out (10 ms if fade is 0, at most 5 s) and refuses
// further packets of it, also if it has not begun.
func (m *Mixer) Stop(session uint64, fade time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone.add(session)
	for _, s := range m.streams {
		if s.session == session {
			s.stop(fade)
		}
	}
}

// StopAll stops, with a fade of 10 ms, every session whose first TPlay is
// before the given media time, ns.
func (m *Mixer) StopAll(before int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.streams {
		if s.began+s.shift < before {
			m.gone.add(s.session)
			s.stop(0)
		}
	}
}

func (s *stream) stop(fade time.Duration) {
	if s.stopping {
		return
	}
	if fade <= 0 {
		fade = 10 * time.Millisecond
	}
	s.stopping = true
	s.gain.move(0, int(min(fade, 5*time.Second)*audio.Rate/time.Second))
}

// SetGain changes the gain on everything, dB, over 10 ms.
func (m *Mixer) SetGain(db float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gain.move(float64(audio.DB(db)), crossfade)
}

// SetMute silences every stream whose rank is below the one given, in a
// crossfade; 0 silences none, 1<<32 all. They go on being decoded, count as
// Muted, and come back as after a preemption.
func (m *Mixer) SetMute(below uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.below = below
}

// SetDelay changes the acoustic delay, 0…2 s. What plays moves there: gently
// up to 5 ms, else by a crossfade, or a pause where it must wait.
func (m *Mixer) SetDelay(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delay = int64(min(max(d, 0), maxDelay))
}

// find returns the stream of a session and its place, or nil.
func (m *Mixer) find(session uint64) *stream {
	for _, s := range m.streams {
		if s.session == session {
			return s
		}
	}
	return nil
}

// finish ends a stream for good.
func (m *Mixer) finish(s *stream, ended bool) {
	for i, o := range m.streams {
		if o == s {
			last := len(m.streams) - 1
			m.streams[i] = m.streams[last]
			m.streams[last] = nil
			m.streams = m.streams[:last]
			break
		}
	}
	if ended {
		m.gone.add(s.session)
	}
	st := s.report(ended)
	st.Full, st.Ducked = false, false
	m.totals.Add(st)
	if len(m.finished) == maxFinished {
		m.finished = append(m.finished[:0], m.finished[1:]...)
	}
	m.finished = append(m.finished, st)
	*s = stream{ring: s.ring, win: s.win}
	m.idle = append(m.idle, s)
}

// memory keeps the last sessions that are over, so that stragglers of them do
// not begin again.
type memory struct {
	sessions [64]uint64
	known    [64]bool
	i        int
}

func (m *memory) has(session uint64) bool {
	for i, s := range m.sessions {
		if s == session && m.known[i] {
			return true
		}
	}
	return false
}

func (m *memory) add(session uint64) {
	if m.has(session) {
		return
	}
	m.sessions[m.i], m.known[m.i] = session, true
	m.i = (m.i + 1) % len(m.sessions)
}
