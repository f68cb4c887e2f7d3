package output

import (
	"math"
	"sync/atomic"
	"time"

	"pa/audio"
)

// estimate is what a program can know of a card that only asks for frames:
// when they will be heard, how fast the card runs, and that it ran dry. Its
// owner calls note and beat; the rest is for any goroutine.
type estimate struct {
	line    *audio.Line
	latency time.Duration
	dry     bool // this late period is counted already

	underruns atomic.Uint64
	rate      atomic.Uint64 // bits of a float64, 0 before it is known
}

func newEstimate(latency time.Duration) *estimate {
	e := &estimate{line: audio.NewLine(audio.Rate), latency: latency}
	e.line.SetDepth(latency)
	return e
}

// note takes the time of a request, by the program's clock. A request that is
// later than all that was buffered means that the card ran dry; the line, a
// moment later, means the same stall.
func (e *estimate) note(frame, at int64) {
	late := at - e.line.At(frame)
	if frame > 0 && late > int64(e.latency) && !e.dry {
		e.dry = true
		e.underruns.Add(1)
	}
	if e.line.Add(frame, at) {
		if !e.dry {
			e.underruns.Add(1)
		}
		e.dry = false
	} else if late < int64(e.latency)/2 {
		e.dry = false
	}
	if rate := e.line.Rate(); rate != audio.Rate {
		e.rate.Store(math.Float64bits(rate))
	}
}

// beat is that of a frame at or after the one noted last.
func (e *estimate) beat(frame int64) audio.Beat {
	return audio.Beat{Frame: frame, Heard: e.line.At(frame) + int64(e.latency), Rate: e.line.Rate()}
}

// known is the measured rate, 0 before there is one.
func (e *estimate) known() float64 { return math.Float64frombits(e.rate.Load()) }
