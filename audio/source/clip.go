package source

import (
	"io"
	"time"

	"pa/audio"
)

// Clip is a recording held in memory: mono, 48 kHz, 16 bit. It never changes,
// so any number of goroutines may play it at once.
type Clip struct{ pcm []int16 }

// Seeker is a source that can go to a sample; Clip.Source gives one.
type Seeker interface {
	audio.Source
	// Seek makes the next Read begin at that sample, counted from the start
	// and kept between 0 and the length.
	Seek(sample int)
}

// NewClip keeps a copy of samples, mono at 48 kHz, rounded to 16 bit.
func NewClip(samples []float32) *Clip {
	pcm := make([]int16, len(samples))
	for i, v := range samples {
		pcm[i] = audio.ToInt16(v)
	}
	return &Clip{pcm: pcm}
}

// NewClip16 makes a clip of samples of 16 bit, mono at 48 kHz, and keeps them:
// they must not change any more.
func NewClip16(pcm []int16) *Clip { return &Clip{pcm: pcm} }

// PCM returns the samples themselves, which must not be changed.
func (c *Clip) PCM() []int16 { return c.pcm }

// Samples is the length in samples.
func (c *Clip) Samples() int { return len(c.pcm) }

// Len is the length in time.
func (c *Clip) Len() time.Duration { return length(int64(len(c.pcm))) }

// Float32 returns a copy of all samples, −1 ≤ v < 1.
func (c *Clip) Float32() []float32 {
	out := make([]float32, len(c.pcm))
	for i, v := range c.pcm {
		out[i] = audio.FromInt16(v)
	}
	return out
}

// Source returns a reader of its own that begins at sample 0; it is a Seeker.
func (c *Clip) Source() audio.Source { return &clipReader{pcm: c.pcm} }

type clipReader struct {
	pcm []int16
	at  int
}

func (r *clipReader) Read(dst []float32) (int, error) {
	src := r.pcm[r.at:]
	n := min(len(dst), len(src))
	for i, v := range src[:n] {
		dst[i] = audio.FromInt16(v)
	}
	r.at += n
	if n < len(dst) {
		return n, io.EOF
	}
	return n, nil
}

func (r *clipReader) Seek(sample int) { r.at = min(max(sample, 0), len(r.pcm)) }

// length turns samples at 48 kHz into time.
func length(samples int64) time.Duration {
	return time.Duration(samples) * time.Second / audio.Rate
}

// samplesIn turns time into samples at 48 kHz, rounded to the nearest.
func samplesIn(d time.Duration) int64 {
	whole, rest := d/time.Second, d%time.Second
	return int64(whole)*audio.Rate + int64((rest*audio.Rate+time.Second/2)/time.Second)
}
