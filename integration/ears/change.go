package ears

import (
	"math"

	"pa/audio"
)

// Hole returns the longest run of samples that are all nearer to nothing than
// the threshold, linear.
func Hole(x []float32, threshold float32) (longest int) {
	run := 0
	for _, v := range x {
		if v > threshold || v < -threshold {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// Departure returns the first sample at which x no longer goes on as the sine
// of freq Hz that its first n samples are: where it is off by more than limit,
// linear, three times in a row. It is len(x) when x is that sine to its end.
func Departure(x []float32, freq float64, n int, limit float64) int {
	w := 2 * math.Pi * freq / audio.Rate
	var cc, ss, cs, xc, xs float64 // least squares of a·cos + b·sin
	for i, v := range x[:n] {
		s, c := math.Sincos(w * float64(i))
		cc, ss, cs = cc+c*c, ss+s*s, cs+c*s
		xc, xs = xc+float64(v)*c, xs+float64(v)*s
	}
	d := cc*ss - cs*cs
	a, b := (xc*ss-xs*cs)/d, (xs*cc-xc*cs)/d
	off := 0
	for i, v := range x {
		s, c := math.Sincos(w * float64(i))
		if math.Abs(float64(v)-a*c-b*s) <= limit {
			off = 0
			continue
		}
		if off++; off == 3 {
			return i - 2
		}
	}
	return len(x)
}

// Switch returns the host time at which a sine of one frequency begins to give
// way to a sine of another, and false when it never does.
func (s *Stamped) Switch(from, to float64) (at int64, ok bool) {
	const hop, span, fit = 480, 960, 960
	for i := 4 * span; i+span <= len(s.Samples); i += hop {
		x := s.Samples[i : i+span]
		if Tone(x, to) < -40 || Tone(x, to) < Tone(x, from) {
			continue
		}
		begin := s.At(i - 4*span)
		w := s.Window(begin, 5*span)
		n := Departure(w, from, fit, 0.003)
		return begin + int64(n)*1e9/audio.Rate, n < len(w)
	}
	return 0, false
}
