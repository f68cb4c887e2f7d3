package loudness

import "math"

const (
	peakPhases = 4  // the oversampling of BS.1770-4, annex 2
	peakTaps   = 24 // per phase
)

// between holds the filters that give the signal a quarter, a half and three
// quarters after a sample.
type between struct {
	taps  int
	rows  [peakPhases - 1][peakTaps]float32
	bound float32 // the most that a row can make of samples of magnitude 1
}

// newBetween makes filters of an even number of taps, at most peakTaps. Column
// taps/2−1 is the sample before the wanted point.
func newBetween(taps int) between {
	b := between{taps: taps}
	for p := range b.rows {
		frac := float64(p+1) / peakPhases
		sum, row := 0.0, make([]float64, taps)
		for k := range row {
			x := float64(k-taps/2+1) - frac
			window := 0.5 + 0.5*math.Cos(math.Pi*x/(float64(taps)/2))
			row[k] = math.Sin(math.Pi*x) / (math.Pi * x) * window
			sum += row[k]
		}
		var bound float32
		for k, v := range row {
			b.rows[p][k] = float32(v / sum)
			bound += float32(math.Abs(v / sum))
		}
		b.bound = max(b.bound, bound)
	}
	return b
}

// peak is the greatest magnitude at the points between; x holds taps samples.
func (b *between) peak(x []float32) float32 {
	var peak float32
	x = x[:b.taps]
	for p := range b.rows {
		row := b.rows[p][:len(x)]
		var sum float32
		for k, v := range x {
			sum += v * row[k]
		}
		peak = max(peak, sum, -sum)
	}
	return peak
}

// truePeak keeps the greatest magnitude of a stream, between samples too.
type truePeak struct {
	filters between
	buf     [peakTaps + 512]float32
	filled  int
	peak    float32
}

func newTruePeak() truePeak {
	return truePeak{filters: newBetween(peakTaps), filled: peakTaps - 1}
}

func (t *truePeak) write(samples []float32) {
	for len(samples) > 0 {
		n := copy(t.buf[t.filled:], samples)
		loudest := t.peak
		for _, v := range samples[:n] {
			loudest = max(loudest, v, -v)
		}
		samples = samples[n:]
		t.filled += n
		t.peak = loudest
		t.scan()
	}
}

// scan looks between the samples held and keeps those that the next need.
func (t *truePeak) scan() {
	x := t.buf[:t.filled]
	// Most sound is far below its peak: look closely only where the filter
	// could make a new one.
	far := t.peak / t.filters.bound
	close := 0 // how long a sample above far stays under the filter
	for _, v := range x[:peakTaps-1] {
		close--
		if v > far || v < -far {
			close = peakTaps
		}
	}
	for i := peakTaps - 1; i < len(x); i++ {
		close--
		if v := x[i]; v > far || v < -far {
			close = peakTaps
		}
		if close > 0 {
			if p := t.filters.peak(x[i-peakTaps+1 : i+1]); p > t.peak {
				t.peak = p
				far = p / t.filters.bound
			}
		}
	}
	t.filled = copy(t.buf[:], x[len(x)-(peakTaps-1):])
}
