package air

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"pa/audio"
)

// feedEvery is how often a feed fills its ring: the controller may be busy with
// other things for the rest of what the ring holds.
const feedEvery = 100 * time.Millisecond

// Feed reads a recording ahead into a ring. Who makes one calls Run.
type Feed struct {
	ring *Ring
	src  audio.Source
	buf  [audio.FrameLen]float32
	end  bool
	stop chan struct{}
	once sync.Once
}

// NewFeed returns a Feed with its ring full, so that a programme can play at
// once. src is the Feed's alone from now on.
func NewFeed(src audio.Source) (*Feed, error) {
	ring, err := NewRing()
	if err != nil {
		return nil, err
	}
	f := &Feed{ring: ring, src: src, stop: make(chan struct{})}
	f.fill()
	return f, nil
}

// Run reads on until the source has ended, Stop is called, or over is closed.
func (f *Feed) Run(over <-chan struct{}) {
	next := time.NewTicker(feedEvery)
	defer next.Stop()
	for {
		if f.fill(); f.end {
			return
		}
		select {
		case <-next.C:
		case <-f.stop:
			return
		case <-over:
			return
		}
	}
}

// Stop ends Run; nobody wants more.
func (f *Feed) Stop() { f.once.Do(func() { close(f.stop) }) }

// fill reads whole frames while there is room.
func (f *Feed) fill() {
	for !f.end && f.ring.Free() >= len(f.buf) {
		n, err := f.src.Read(f.buf[:])
		f.ring.Write(f.buf[:n])
		if err != nil || n < len(f.buf) {
			f.ring.Close()
			f.end = true
		}
	}
}

// Voice passes a client's samples on to the programmes of its session, in the
// client's own rate. What is said while none plays is not kept.
type Voice struct {
	Format LiveFormat

	mu    sync.Mutex
	parts map[*atomic.Bool]*Ring // by whether it plays
	ended bool
	last  atomic.Int64 // local ns
}

// NewVoice returns a Voice without a programme.
func NewVoice(f LiveFormat) *Voice {
	v := &Voice{Format: f, parts: make(map[*atomic.Bool]*Ring)}
	v.last.Store(audio.Now())
	return v
}

// part makes the ring of one more programme. playing says whether it is on air.
func (v *Voice) part(playing *atomic.Bool) (*Ring, error) {
	ring, err := NewRing()
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.parts[playing] = ring
	if v.ended {
		ring.Close()
	}
	return ring, nil
}

// Leave forgets the programme of which playing told.
func (v *Voice) Leave(playing *atomic.Bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.parts, playing)
}

// Write takes samples and never waits. What has no room is lost: its programme
// has not been read for half a second.
func (v *Voice) Write(pcm []float32) {
	v.last.Store(audio.Now())
	v.mu.Lock()
	defer v.mu.Unlock()
	for playing, ring := range v.parts {
		if playing.Load() && !v.ended {
			ring.Write(pcm)
		}
	}
}

// CloseWrite says that no more comes: what is queued is still heard.
func (v *Voice) CloseWrite() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
	for _, ring := range v.parts {
		ring.Close()
	}
}

// Quiet is for how long nothing has been written.
func (v *Voice) Quiet() time.Duration { return time.Duration(audio.Now() - v.last.Load()) }

// NewLoad is the order that gives a programme its sound: a recording, a voice
// while playing says that it is on air, or one after the other. Either may be
// nil.
func NewLoad(id uint64, recording *Feed, v *Voice, playing *atomic.Bool) (*Load, error) {
	l := &Load{ID: id}
	if recording != nil {
		l.HasSound, l.sound = true, recording.ring
	}
	if v == nil {
		return l, nil
	}
	l.Live = &v.Format
	var err error
	l.live, err = v.part(playing)
	return l, err
}

var _ audio.Source = (*sound)(nil)

// sound is a programme's source in the engine.
type sound struct {
	ring    *Ring // nil: nothing before the voice
	live    *liveQueue
	starved *atomic.Uint64
}

// Read implements audio.Source. An empty ring whose writer is late gives
// silence, and is counted.
func (s *sound) Read(dst []float32) (int, error) {
	if s.live != nil {
		s.live.take()
	}
	n := 0
	if s.ring != nil {
		k, end := s.ring.Read(dst)
		n = k
		switch {
		case end:
			s.ring = nil
		case n < len(dst):
			clear(dst[n:])
			s.starved.Add(1)
			return len(dst), nil
		}
	}
	switch {
	case n == len(dst):
		return n, nil
	case s.live != nil:
		k, err := s.live.Read(dst[n:])
		return n + k, err
	}
	return n, io.EOF
}
