package api

import (
	"encoding/binary"
	"math"
	"sync"
)

// silent is the level of nothing at all, dBFS.
const silent = -120

// meter measures the RMS level of what arrives, for the screen of the person
// who speaks. What the loudspeakers play is in their receipts.
type meter struct {
	mu  sync.Mutex
	sum float64 // of squares, full scale = 1
	n   int
}

// add takes s16le samples.
func (m *meter) add(pcm []byte) {
	var sum float64
	for b := pcm; len(b) >= 2; b = b[2:] {
		v := float64(int16(binary.LittleEndian.Uint16(b))) / 32768
		sum += v * v
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sum += sum
	m.n += len(pcm) / 2
}

// take returns the level since it was last taken, dBFS, and begins anew.
func (m *meter) take() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum, n := m.sum, m.n
	m.sum, m.n = 0, 0
	if n == 0 || sum == 0 {
		return silent
	}
	return math.Max(silent, 10*math.Log10(sum/float64(n)))
}
