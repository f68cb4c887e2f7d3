package source

import (
	"io"
	"time"

	"pa/audio"
)

// cutFade is how long Limit fades what it cuts off, samples: 5 ms.
const cutFade = audio.Rate / 200

// Sequence plays its parts one after another, without a gap.
func Sequence(parts ...audio.Source) audio.Source { return &sequence{parts: parts} }

type sequence struct{ parts []audio.Source }

func (s *sequence) Read(dst []float32) (int, error) {
	n := 0
	for len(s.parts) > 0 {
		k, err := s.parts[0].Read(dst[n:])
		n += k
		switch {
		case err == io.EOF:
			s.parts = s.parts[1:]
		case err != nil:
			return n, err
		}
		if n == len(dst) {
			return n, nil
		}
	}
	return n, io.EOF
}

// Silence is d of digital silence; nothing when d is zero or less.
func Silence(d time.Duration) audio.Source { return &silence{left: samplesIn(max(d, 0))} }

type silence struct{ left int64 }

func (s *silence) Read(dst []float32) (int, error) {
	n := int(min(int64(len(dst)), s.left))
	clear(dst[:n])
	s.left -= int64(n)
	if n < len(dst) {
		return n, io.EOF
	}
	return n, nil
}

// Repeat plays what open gives, n times or, when n is negative, for ever, with
// a pause between. open is called before each time; where it returns nil the
// whole ends, as it does with a source that has no sample.
func Repeat(n int, pause time.Duration, open func() audio.Source) audio.Source {
	return &repeat{left: n, pause: pause, open: open}
}

type repeat struct {
	left   int
	pause  time.Duration
	open   func() audio.Source
	now    audio.Source
	played int64 // samples of the present turn, its pause included
}

func (r *repeat) Read(dst []float32) (int, error) {
	n := 0
	for n < len(dst) {
		if r.now == nil && !r.next() {
			return n, io.EOF
		}
		k, err := r.now.Read(dst[n:])
		n += k
		r.played += int64(k)
		switch {
		case err == io.EOF && r.played == 0:
			return n, io.EOF
		case err == io.EOF:
			r.now = nil
		case err != nil:
			return n, err
		}
	}
	return n, nil
}

// next begins a turn: the pause, then the sound; the first has no pause.
func (r *repeat) next() bool {
	if r.left == 0 {
		return false
	}
	src := r.open()
	if src == nil {
		r.left = 0
		return false
	}
	if r.left > 0 {
		r.left--
	}
	if r.played > 0 && r.pause > 0 {
		src = Sequence(Silence(r.pause), src)
	}
	r.now, r.played = src, 0
	return true
}

// Gain plays src louder or, below zero, softer by db.
func Gain(src audio.Source, db float64) audio.Source {
	return &gain{src: src, factor: audio.DB(db)}
}

type gain struct {
	src    audio.Source
	factor float32
}

func (g *gain) Read(dst []float32) (int, error) {
	n, err := g.src.Read(dst)
	for i := range dst[:n] {
		dst[i] *= g.factor
	}
	return n, err
}

// Limit ends src after that many samples, with 5 ms of fade when it cuts.
func Limit(src audio.Source, samples int64) audio.Source {
	return &limit{src: src, left: max(samples, 0)}
}

type limit struct {
	src  audio.Source
	left int64
}

func (l *limit) Read(dst []float32) (int, error) {
	want := int(min(int64(len(dst)), l.left))
	n, err := l.src.Read(dst[:want])
	for i := max(0, l.left-cutFade); i < int64(n); i++ {
		dst[i] *= float32(l.left-i-1) / cutFade
	}
	l.left -= int64(n)
	if err == nil && n < len(dst) {
		err = io.EOF
	}
	return n, err
}
