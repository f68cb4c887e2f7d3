package codec

import "math"

// polyphase changes the sample rate by a fixed ratio of small integers, block
// by block: so many samples in give exactly so many out, and the delay is a
// whole number of 48 kHz samples. (audio.Resampler turns any ratio, but owes or
// keeps a sample now and then.)
type polyphase struct {
	up, down int
	taps     int         // of one phase
	phase    [][]float32 // up filters, each taps long and reversed
	work     []float32   // taps−1 samples of history, then the block
}

// The prototype low-pass runs at the common multiple of both rates: 48 kHz, or
// 96 kHz for 32 kHz sound. half is its delay there, corner its −6 dB point.
func prototype(low int) (half int, corner float64) {
	switch low {
	case 8000:
		return 120, 3800
	case 16000:
		return 90, 7600
	}
	return 96, 15200
}

// newPolyphase gives nil when the rates are equal.
func newPolyphase(from, to int) *polyphase {
	if from == to {
		return nil
	}
	g := gcd(from, to)
	p := &polyphase{up: to / g, down: from / g}
	half, corner := prototype(min(from, to))
	h := lowPass(half, corner/float64(from*p.up))
	p.taps = (len(h) + p.up - 1) / p.up
	p.phase = make([][]float32, p.up)
	for ph := range p.phase {
		f := make([]float32, p.taps)
		for j := ph; j < len(h); j += p.up {
			f[p.taps-1-j/p.up] = float32(h[j] * float64(p.up))
		}
		p.phase[ph] = f
	}
	p.work = make([]float32, p.taps-1, p.taps-1+960)
	return p
}

// process writes len(src)·up/down samples to dst; len(src)·up is a multiple of
// down. NaN and infinity in src count as silence, for they would never leave a
// filter's memory again.
func (p *polyphase) process(dst, src []float32) {
	p.work = append(p.work[:p.taps-1], src...)
	for i, x := range p.work[p.taps-1:] {
		if !(x > -1e6 && x < 1e6) {
			p.work[p.taps-1+i] = 0
		}
	}
	n := len(src) * p.up / p.down
	for k := range n {
		at := k * p.down
		f := p.phase[at%p.up]
		if p.up == 1 { // one phase is the whole filter, which is symmetrical
			dst[k] = fold(f, p.work[at:])
		} else {
			dst[k] = dot(f, p.work[at/p.up:])
		}
	}
	copy(p.work, p.work[len(src):])
}

// dot returns the sum of the products of f and as many samples of x. Four sums
// run side by side: one alone would wait for each addition before the next.
func dot(f, x []float32) float32 {
	x = x[:len(f)]
	var a, b, c, d float32
	for len(f) >= 4 && len(x) >= 4 {
		a += f[0] * x[0]
		b += f[1] * x[1]
		c += f[2] * x[2]
		d += f[3] * x[3]
		f, x = f[4:], x[4:]
	}
	for i, v := range f {
		a += v * x[i]
	}
	return (a + b) + (c + d)
}

// fold is dot for a filter that is the same read backwards: the samples that
// share a tap are added first, which spares half of the products and a third of
// what is read.
func fold(f, x []float32) float32 {
	half := len(f) / 2
	head, tail, taps := x[:half], x[len(f)-half:len(f)], f[:half]
	var a, b, c, d float32
	for len(taps) >= 4 && len(head) >= 4 && len(tail) >= 4 {
		t := tail[len(tail)-4:]
		a += taps[0] * (head[0] + t[3])
		b += taps[1] * (head[1] + t[2])
		c += taps[2] * (head[2] + t[1])
		d += taps[3] * (head[3] + t[0])
		taps, head, tail = taps[4:], head[4:], tail[:len(tail)-4]
	}
	for i, v := range taps {
		a += v * (head[i] + tail[len(tail)-1-i])
	}
	if len(f)%2 == 1 {
		a += f[half] * x[half]
	}
	return (a + b) + (c + d)
}

// lowPass is a Kaiser-windowed sinc (β = 7: −70 dB) of 2·half+1 taps with unit
// gain at 0 Hz; corner is a fraction of its sample rate.
func lowPass(half int, corner float64) []float64 {
	const beta = 7
	h := make([]float64, 2*half+1)
	sum := 0.0
	for i := range h {
		t := float64(i - half)
		s := 2 * corner
		if t != 0 {
			s = math.Sin(2*math.Pi*corner*t) / (math.Pi * t)
		}
		r := t / float64(half)
		h[i] = s * bessel0(beta*math.Sqrt(1-r*r)) / bessel0(beta)
		sum += h[i]
	}
	for i := range h {
		h[i] /= sum
	}
	return h
}

// bessel0 is the modified Bessel function of the first kind and order 0.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
