package ingest

import (
	"math"
	"time"

	"pa/audio"
)

const (
	trimFrame  = audio.Rate / 100 // 10 ms, the grain of it
	trimBefore = 5                // frames kept before the first sound: a consonant begins softly
	trimAfter  = 15               // frames kept after the last: a room rings
	trimFade   = audio.Rate / 200 // samples of fade where something was cut
	trimLow    = -60.0            // dBFS, below which nothing is sound
	trimBelow  = 40.0             // dB below the loudest that still is
	trimRise   = 6.0              // dB above the recording's own noise
	trimRun    = 3                // frames in a row that make a sound; a click has fewer
)

// trim takes the silence off both ends, where silence is what is far below the
// loudest and no more than the noise of the room. It returns a part of pcm, faded
// where it was cut, and how many samples were cut off each end; all of pcm when
// there is no sound in it.
func trim(pcm []int16) (kept []int16, head, rest int) {
	levels := frameLevels(pcm)
	first, last := sounding(levels)
	if first > last {
		return pcm, 0, 0
	}
	from := max(0, first-trimBefore) * trimFrame
	to := min((last+1+trimAfter)*trimFrame, len(pcm))
	kept = pcm[from:to]
	fade := min(trimFade, len(kept)/2)
	for i := range fade {
		if from > 0 {
			kept[i] = int16(int(kept[i]) * i / fade)
		}
		if to < len(pcm) {
			kept[len(kept)-1-i] = int16(int(kept[len(kept)-1-i]) * i / fade)
		}
	}
	return kept, from, len(pcm) - to
}

// sounding returns the first and the last frame of sound; first > last when
// there is none.
func sounding(levels []float64) (first, last int) {
	loud, quiet := quantile(levels, 0.95), quantile(levels, 0.1)
	gate := max(trimLow, min(max(loud-trimBelow, quiet+trimRise), loud-trimRise))
	runs := func(i int) bool {
		for k := range trimRun {
			if i+k >= len(levels) || levels[i+k] < gate {
				return false
			}
		}
		return true
	}
	if len(levels) <= trimRun {
		return 0, len(levels) - 1
	}
	for first = 0; first < len(levels) && !runs(first); first++ {
	}
	for last = len(levels) - 1; last >= first && !runs(last-trimRun+1); last-- {
	}
	return first, last
}

// frameLevels is the RMS of every 10 ms, dBFS, without what is below speech: a
// humming room is silent.
func frameLevels(pcm []int16) []float64 {
	levels := make([]float64, 0, len(pcm)/trimFrame+1)
	cut := newHighPass(120)
	for at := 0; at < len(pcm); at += trimFrame {
		frame := pcm[at:min(at+trimFrame, len(pcm))]
		var sum float64
		for _, v := range frame {
			y := cut.next(float64(v) / (1 << 15))
			sum += y * y
		}
		levels = append(levels, decibels(sum/float64(len(frame))))
	}
	return levels
}

// decibels turns a mean square into dB, never below audio.FloorDB.
func decibels(square float64) float64 { return audio.ToDB(math.Sqrt(square)) }

// highPass is a second-order Butterworth filter.
type highPass struct{ b0, b1, b2, a1, a2, s1, s2 float64 }

func newHighPass(freq float64) *highPass {
	k := math.Tan(math.Pi * freq / audio.Rate)
	n := 1 / (1 + math.Sqrt2*k + k*k)
	return &highPass{b0: n, b1: -2 * n, b2: n, a1: 2 * (k*k - 1) * n, a2: (1 - math.Sqrt2*k + k*k) * n}
}

func (f *highPass) next(x float64) float64 {
	y := f.b0*x + f.s1
	f.s1 = f.b1*x - f.a1*y + f.s2
	f.s2 = f.b2*x - f.a2*y
	return y
}

// span turns samples into time.
func span(samples int) time.Duration {
	return time.Duration(samples) * time.Second / audio.Rate
}
