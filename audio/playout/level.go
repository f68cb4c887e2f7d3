package playout

import (
	"math"

	"pa/audio"
)

// meterStep is a tenth of the second that a level is measured over.
const meterStep = audio.Rate / 10

// meter measures the RMS of the last second.
type meter struct {
	done [10]float64 // energies of the last ten steps
	i    int
	sum  float64
	n    int // frames in sum
}

// add takes in the energy of n frames.
func (m *meter) add(energy float64, n int) {
	m.sum += energy
	m.n += n
	for m.n >= meterStep {
		m.done[m.i] = m.sum
		m.i = (m.i + 1) % len(m.done)
		m.sum = 0
		m.n -= meterStep
	}
}

func (m *meter) db() float64 {
	var e float64
	for _, d := range m.done {
		e += d
	}
	return audio.ToDB(math.Sqrt(e / audio.Rate))
}

func energy(buf []float32) float64 {
	var e float64
	for _, v := range buf {
		e += float64(v) * float64(v)
	}
	return e
}
