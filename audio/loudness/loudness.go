// Package loudness measures how loud a programme is after ITU-R BS.1770-4,
// says by how much to correct it, and keeps peaks below a ceiling, so that
// every message comes out of a horn equally loud and none of them distorted.
package loudness

import (
	"math"

	"pa/audio"
)

// Floor is the loudness of silence, LUFS: the absolute gate of BS.1770-4.
const Floor = -70.0

const (
	relativeGate = 10.0 // LU below the mean of what passed the absolute gate
	loudOffset   = -0.691
	binWidth     = 0.02 // LU
	binCount     = 4500 // Floor … +20 LUFS
	hops         = 4    // 100 ms each, in a block of 400 ms
)

// Meter measures one mono programme as it passes. It uses fixed memory,
// however long the programme; one goroutine uses it.
type Meter struct {
	hop    int // samples in 100 ms
	weight [2]biquad
	peak   truePeak

	sum    float64 // weighted energy of the present hop
	count  int
	recent [hops]float64 // energies of the last hops
	seen   int           // hops
	bins   [binCount]bin // of blocks, by loudness
}

type bin struct {
	blocks int
	energy float64
}

// NewMeter returns a meter for sound at rate, Hz.
func NewMeter(rate int) *Meter {
	return &Meter{hop: max(rate/10, 1), weight: kWeighting(float64(max(rate, 1))), peak: newTruePeak()}
}

// Write measures samples. It does not allocate.
func (m *Meter) Write(samples []float32) {
	m.peak.write(samples)
	for _, v := range samples {
		y := m.weight[1].next(m.weight[0].next(float64(v)))
		m.sum += y * y
		if m.count++; m.count == m.hop {
			m.endHop()
		}
	}
}

func (m *Meter) endHop() {
	m.recent[m.seen%hops] = m.sum / float64(m.hop)
	m.seen++
	m.sum, m.count = 0, 0
	if m.seen < hops {
		return
	}
	energy := m.block()
	if loud := lufs(energy); loud > Floor {
		b := &m.bins[min(int((loud-Floor)/binWidth), binCount-1)]
		b.blocks++
		b.energy += energy
	}
}

func (m *Meter) block() float64 {
	var sum float64
	for _, e := range m.recent {
		sum += e
	}
	return sum / hops
}

// Momentary is the loudness of the last 400 ms, LUFS; Floor in silence.
func (m *Meter) Momentary() float64 {
	return max(Floor, lufs(m.block()))
}

// Integrated is the gated loudness of the whole programme, LUFS; Floor when
// nothing passed the gate or there has not been a block of 400 ms yet.
func (m *Meter) Integrated() float64 {
	mean := m.mean(0)
	if mean == 0 {
		return Floor
	}
	gate := lufs(mean) - relativeGate
	return lufs(m.mean(max(0, int(math.Ceil((gate-Floor)/binWidth)))))
}

// mean energy of the blocks in the bins from first on; 0 when there is none.
func (m *Meter) mean(first int) float64 {
	blocks, energy := 0, 0.0
	for _, b := range m.bins[first:] {
		blocks += b.blocks
		energy += b.energy
	}
	if blocks == 0 {
		return 0
	}
	return energy / float64(blocks)
}

// TruePeak is the greatest magnitude of the signal so far, between the samples
// too (four times oversampled), in dBTP; audio.FloorDB for silence.
func (m *Meter) TruePeak() float64 { return audio.ToDB(float64(m.peak.peak)) }

// Normalise says by how many dB samples, mono at 48 kHz, must be amplified to
// come out at targetLUFS with no true peak above maxTruePeakDB; the peak
// decides where both cannot be had. Silence gives 0. A clip shorter than a
// block is measured as though it were repeated.
func Normalise(samples []float32, targetLUFS, maxTruePeakDB float64) (gainDB float64) {
	if len(samples) == 0 {
		return 0
	}
	m := NewMeter(audio.Rate)
	m.Write(samples)
	for n := len(samples); n < hops*m.hop; n += len(samples) {
		m.Write(samples)
	}
	loud := m.Integrated()
	if loud <= Floor {
		return 0
	}
	return min(targetLUFS-loud, maxTruePeakDB-m.TruePeak())
}

func lufs(energy float64) float64 {
	if energy <= 0 {
		return math.Inf(-1)
	}
	return loudOffset + 10*math.Log10(energy)
}

// biquad is a second-order filter, transposed direct form II.
type biquad struct{ b0, b1, b2, a1, a2, s1, s2 float64 }

func (f *biquad) next(x float64) float64 {
	y := f.b0*x + f.s1
	f.s1 = f.b1*x - f.a1*y + f.s2
	f.s2 = f.b2*x - f.a2*y
	return y
}

// kWeighting is the pre-filter of BS.1770-4 (a shelf for the head, a high-pass
// for the ear) at any rate: the analogue prototypes of its 48 kHz tables, by
// the bilinear transform.
func kWeighting(rate float64) [2]biquad {
	k := math.Tan(math.Pi * 1681.974450955533 / rate)
	q := 0.7071752369554196
	vh := math.Pow(10, 3.999843853973347/20)
	vb := math.Pow(vh, 0.4996667741545416)
	a0 := 1 + k/q + k*k
	shelf := biquad{
		b0: (vh + vb*k/q + k*k) / a0, b1: 2 * (k*k - vh) / a0, b2: (vh - vb*k/q + k*k) / a0,
		a1: 2 * (k*k - 1) / a0, a2: (1 - k/q + k*k) / a0,
	}
	k = math.Tan(math.Pi * 38.13547087602444 / rate)
	q = 0.5003270373238773
	a0 = 1 + k/q + k*k
	return [2]biquad{shelf, {b0: 1, b1: -2, b2: 1, a1: 2 * (k*k - 1) / a0, a2: (1 - k/q + k*k) / a0}}
}
