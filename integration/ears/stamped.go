package ears

import (
	"bufio"
	"fmt"
	"math"
	"math/cmplx"
	"os"
	"sort"

	"pa/audio"
)

// Stamped is the recording of a virtual card, with the host's time of its
// samples.
type Stamped struct {
	Samples []float32
	stamps  []stamp
}

// stamp says when a sample left the loudspeaker: the host's CLOCK_MONOTONIC, ns.
type stamp struct{ sample, at int64 }

// OpenStamped reads a WAV file and the times beside it.
func OpenStamped(path string) (*Stamped, error) {
	samples, err := Open(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path + ".times")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &Stamped{Samples: samples}
	for in := bufio.NewScanner(f); in.Scan(); {
		var t stamp
		if _, err := fmt.Sscanf(in.Text(), "%d %d", &t.sample, &t.at); err != nil {
			break // the last line of a program that was killed
		}
		s.stamps = append(s.stamps, t)
	}
	if len(s.stamps) < 2 {
		return nil, fmt.Errorf("read %s.times: fewer than two times", path)
	}
	return s, nil
}

// Index is the sample, with a fraction, that left the loudspeaker at a host
// time.
func (s *Stamped) Index(at int64) float64 {
	i := sort.Search(len(s.stamps), func(i int) bool { return s.stamps[i].at > at })
	i = min(max(i, 1), len(s.stamps)-1)
	a, b := s.stamps[i-1], s.stamps[i]
	return float64(a.sample) + float64(at-a.at)*float64(b.sample-a.sample)/float64(b.at-a.at)
}

// At is the host time at which a sample left the loudspeaker.
func (s *Stamped) At(sample int) int64 {
	i := sort.Search(len(s.stamps), func(i int) bool { return s.stamps[i].sample > int64(sample) })
	i = min(max(i, 1), len(s.stamps)-1)
	a, b := s.stamps[i-1], s.stamps[i]
	return a.at + int64(math.Round(float64(int64(sample)-a.sample)*float64(b.at-a.at)/float64(b.sample-a.sample)))
}

// Window reads n samples at 48 kHz of the host's clock from a host time on:
// what an ear would have heard then, whatever clock the card ran by.
func (s *Stamped) Window(from int64, n int) []float32 {
	out := make([]float32, n)
	pos := s.Index(from)
	step := (s.Index(from+int64(n)*1e9/audio.Rate) - pos) / float64(n)
	for i := range out {
		whole := math.Floor(pos)
		out[i] = interpolate(s.Samples, int(whole), pos-whole)
		pos += step
	}
	return out
}

const reach = 16 // samples on either side of an interpolated one

// interpolate reads x a fraction after a sample, by a windowed sinc. Around
// that sample sin(π·t) only changes its sign.
func interpolate(x []float32, at int, frac float64) float32 {
	if at < reach || at+reach >= len(x) {
		return 0
	}
	if frac == 0 {
		return x[at]
	}
	sine := math.Sin(math.Pi*frac) / math.Pi
	var sum float64
	for k := -reach + 1; k <= reach; k++ {
		t := frac - float64(k)
		u := t / reach
		w := sine / t * (1 - u*u) * (1 - u*u)
		if k&1 != 0 {
			w = -w
		}
		sum += w * float64(x[at+k])
	}
	return float32(sum)
}

// Spectrum is a window ready to be compared with others.
type Spectrum struct {
	bins   []complex128
	energy float64
}

// NewSpectrum prepares a window. Windows of one length can be compared.
func NewSpectrum(x []float32) Spectrum {
	n := 1
	for n < 2*len(x) {
		n *= 2
	}
	s := Spectrum{bins: make([]complex128, n)}
	for i, v := range x {
		s.bins[i] = complex(float64(v), 0)
	}
	s.energy = energyOf(x)
	fft(s.bins, false)
	return s
}

// Lag is by how many samples b comes later than a, with a fraction, and how
// alike they are at that lag, −1…1.
func Lag(a, b Spectrum) (lag, likeness float64) {
	n := len(a.bins)
	c := make([]complex128, n)
	for i := range c {
		c[i] = b.bins[i] * cmplx.Conj(a.bins[i])
	}
	fft(c, true)
	best := 0
	for i := range c {
		if real(c[i]) > real(c[best]) {
			best = i
		}
	}
	l, m, r := real(c[(best+n-1)%n]), real(c[best]), real(c[(best+1)%n])
	lag = float64(best)
	if best >= n/2 {
		lag -= float64(n)
	}
	if d := l - 2*m + r; d != 0 {
		lag += 0.5 * (l - r) / d
	}
	if a.energy == 0 || b.energy == 0 {
		return lag, 0
	}
	return lag, m / float64(n) / math.Sqrt(a.energy*b.energy)
}

// Noise is seconds of noise from 200 to 3000 Hz, −23 dBFS: lively enough that
// no two places of it are alike. Each seed gives another.
func Noise(seed uint64, seconds float64) []float32 {
	out := make([]float32, int(seconds*audio.Rate))
	var low, band, band2, sum float64
	x := seed*2862933555777941757 + 3037000493
	for i := range out {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		white := float64(int64(x)) / (1 << 63)
		band += 0.32 * (white - band) // two poles at 3 kHz
		band2 += 0.32 * (band - band2)
		low += 0.026 * (band2 - low) // less what is below 200 Hz
		out[i] = float32(band2 - low)
		sum += float64(out[i]) * float64(out[i])
	}
	gain := float32(0.07 / math.Sqrt(sum/float64(len(out))))
	for i := range out {
		out[i] = min(max(out[i]*gain, -0.5), 0.5)
	}
	return out
}
