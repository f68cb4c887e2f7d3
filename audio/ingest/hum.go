package ingest

import (
	"math"

	"pa/audio"
)

const (
	humWindow = audio.Rate * 2 / 5 // 400 ms: lines of 50 Hz stand 20 windows' widths from 0
	humHop    = audio.Rate / 10
	humBeside = 12.5 // Hz to either side, where there is no hum
	humAbove  = 10.0 // dB above what is beside
	humQuiet  = 0.2  // share of the windows: hum is there when nobody speaks
	humLevel  = -60  // dBFS from which it is worth a word
)

// hum returns the level of a steady line at freq, dBFS, and whether there is
// one: louder than what is beside it, in the quiet moments too, when a low
// voice is not there.
func hum(pcm []int16, freq float64) (level float64, found bool) {
	var on, below, above []float64
	for at := 0; at+humWindow <= len(pcm); at += humHop {
		window := pcm[at : at+humWindow]
		on = append(on, line(window, freq))
		below = append(below, line(window, freq-humBeside))
		above = append(above, line(window, freq+humBeside))
	}
	if len(on) == 0 {
		return audio.FloorDB, false
	}
	level = quantile(on, humQuiet)
	beside := max(quantile(below, humQuiet), quantile(above, humQuiet))
	return level, level >= humLevel && level >= beside+humAbove
}

// line is the RMS level of the part of a window at freq, dBFS, by Goertzel's
// recurrence under a Hann window.
func line(window []int16, freq float64) float64 {
	n := float64(len(window))
	w := 2 * math.Pi * freq / audio.Rate
	turn := 2 * math.Cos(w)
	hann, hann1 := 1.0, math.Cos(2*math.Pi/n) // cos(2πi/n) by recurrence, too
	before, step := hann1, 2*math.Cos(2*math.Pi/n)
	var s1, s2 float64
	for _, v := range window {
		x := float64(v) / (1 << 15) * (0.5 - 0.5*hann)
		s1, s2 = x+turn*s1-s2, s1
		hann, before = step*hann-before, hann
	}
	power := s1*s1 + s2*s2 - turn*s1*s2
	// A sine of amplitude a gives a·n/4 under the window.
	return audio.ToDB(math.Sqrt(max(power, 0)) * 4 / n / math.Sqrt2)
}
