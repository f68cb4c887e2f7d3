// Package audio is the ground of the voice path: what a source of sound and a
// sink for it are, gain, a resampler, WAV files, and the line that relates a
// sound card's frames to time.
//
// Inside the house sound is mono float32 at 48 kHz, nominal range −1…+1. The
// package imports the standard library alone.
package audio

import (
	"context"
	"time"
)

// Rate is the sample rate inside the house, Hz.
const Rate = 48000

// FrameLen is the number of samples in 10 ms, the house's unit of work.
const FrameLen = Rate / 100

// Source yields mono sound at Rate.
type Source interface {
	// Read fills dst and returns how many samples it wrote. It writes fewer
	// than len(dst) only at the end, and returns io.EOF then or at the next
	// call. It never waits for input: a live source that has nothing returns
	// silence. It does not allocate once it runs. One goroutine calls it.
	Read(dst []float32) (int, error)
}

// Beat says when the frames that a sink asks for will be heard.
type Beat struct {
	Frame int64   // index of the first frame asked for, since the sink began
	Heard int64   // local monotonic ns (Now) at which that frame leaves the loudspeaker, as best the sink can tell
	Rate  float64 // frames per local second, measured; 48000 before it is known
}

// Pull fills out with the next frames. It is called from the sink's goroutine,
// must not block and must not allocate.
type Pull func(out []float32, b Beat)

// Sink is where sound goes. Implementations are in audio/output and pass its
// conformance test.
type Sink interface {
	// Run opens the device, pulls sound until ctx is done, and closes it. It
	// returns nil when ctx ended it, an error when the device is missing or
	// lost. It is called once.
	Run(ctx context.Context, pull Pull) error
	// State may be called at any time from any goroutine.
	State() SinkState
}

// SinkState is the health of a sink.
type SinkState struct {
	Name      string
	Frames    int64         // pulled so far
	Rate      float64       // measured frames per local second, 0 when not known
	Underruns uint64        // times the device had nothing to play, or stalled
	Latency   time.Duration // pull → sound, as assumed
	Period    time.Duration // of sound that one pull asks for, at most
	Fault     string        // why nothing sounds at the moment and what to do; "" when all is well
}

var start = time.Now()

// Now returns local monotonic time in nanoseconds since the process began. It
// never steps with the wall clock.
func Now() int64 { return int64(time.Since(start)) }

// Clock reads local monotonic time, ns: Now, or a warped one in tests.
type Clock func() int64
