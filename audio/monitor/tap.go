package monitor

import (
	"math"
	"sync"
	"time"

	"pa/audio"
)

// tapLen is how much sound a tap keeps, samples: 5.4 s. A power of two.
const tapLen = 1 << 18

// readBlock is how much is read under one lock, samples: some microseconds.
const readBlock = 2048

// Tap keeps the last seconds of a stream of sound and when it was heard. Write
// costs one copy and does not allocate; it waits for readers some microseconds
// at most.
type Tap struct {
	mu    sync.Mutex
	ring  []float32
	end   int64 // samples written
	stamp int64 // sample that at is of
	at    int64 // local ns at which it is heard
	rate  float64
}

// NewTap returns an empty tap.
func NewTap() *Tap { return &Tap{ring: make([]float32, tapLen), rate: audio.Rate} }

// Write adds a block whose first sample is heard at b.Heard.
func (t *Tap) Write(pcm []float32, b audio.Beat) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stamp, t.at = t.end, b.Heard
	if b.Rate > 0 {
		t.rate = b.Rate
	}
	if len(pcm) > tapLen {
		pcm = pcm[len(pcm)-tapLen:]
	}
	i := int(t.end & (tapLen - 1))
	n := copy(t.ring[i:], pcm)
	copy(t.ring, pcm[n:])
	t.end += int64(len(pcm))
}

// Newest is the local time of the last sample, 0 when there is none.
func (t *Tap) Newest() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.end == 0 {
		return 0
	}
	return t.time(t.end)
}

// time is when a sample is heard, local ns. The lock is held.
func (t *Tap) time(sample int64) int64 {
	return t.at + int64(float64(sample-t.stamp)*1e9/t.rate)
}

// Read fills dst with the sound that begins at a local time, silence where
// there is none any more or none yet. It returns when the first sample is heard.
func (t *Tap) Read(dst []float32, from int64) int64 {
	t.mu.Lock()
	first := t.stamp + int64(math.Round(float64(from-t.at)*t.rate/1e9))
	at := t.time(first)
	t.mu.Unlock()
	for i := 0; i < len(dst); i += readBlock {
		t.copy(dst[i:min(i+readBlock, len(dst))], first+int64(i))
	}
	return at
}

// copy takes the lock for a short block alone: the output never waits longer.
func (t *Tap) copy(dst []float32, first int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range dst {
		dst[i] = 0
		if at := first + int64(i); at >= max(0, t.end-tapLen) && at < t.end {
			dst[i] = t.ring[at&(tapLen-1)]
		}
	}
}

// LevelDB is the RMS of the sound before a local time, dBFS.
func (t *Tap) LevelDB(until int64, span time.Duration) float64 {
	n := int(span * audio.Rate / time.Second)
	buf := make([]float32, n)
	t.Read(buf, until-int64(span))
	var sum, dc float64
	for _, v := range buf {
		sum += float64(v) * float64(v)
		dc += float64(v)
	}
	dc /= float64(n) // a microphone's offset is no sound
	return decibel(math.Sqrt(max(0, sum/float64(n)-dc*dc)))
}
