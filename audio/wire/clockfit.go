package wire

import (
	"math"
	"slices"
)

const (
	fitSamples  = 256
	fitWindow   = int64(128e9) // ns that a sample counts at all
	fitMaxRate  = 600e-6       // media against local: no crystal is worse
	fitGuess    = 100e-6       // a rate that is not known is so near to none
	fitKnown    = 10e-6        // one that was, to what it was
	fitFloor    = 4e3          // ns: the noise of a sample at the smallest RTT
	fitBest     = 16           // one sample in so many is taken for as good as the best
	fitBend     = 2e-8         // 1/s: so fast does a warming crystal change its rate
	holdWander  = 1e-6         // and so far does its rate stray while nobody answers
	freeRunFrom = 50e6         // ns of error from which it is no clock any more
	oddMost     = 5            // samples in a row that contradict the line: a clock has jumped
	oddMargin   = 50e3         // ns beyond what a round trip and the error explain
)

// clockLine says media = local + A + B·(local − At).
type clockLine struct {
	A, B      float64 // ns; ns per ns
	At        int64   // local ns
	Sigma     float64 // ns, of A
	SigmaRate float64 // of B
	RTT       int64   // ns, smallest in the window
	Newest    int64   // local ns of the newest sample
	Count     int
	Timescale uint32
}

func (l *clockLine) media(local int64) int64 {
	return local + int64(math.Round(l.A+l.B*float64(local-l.At)))
}

func (l *clockLine) local(media int64) int64 {
	guess := media - int64(l.A)
	for range 3 {
		guess += media - l.media(guess)
	}
	return guess
}

// err is how wrong media may be, ns, one standard deviation: what the samples
// leave open, and what the rate may do when they are old. A path that is longer
// one way than the other adds up to half of its round trip, which no exchange
// can see.
func (l *clockLine) err(local int64) float64 {
	age := math.Max(0, float64(local-l.Newest))
	return l.Sigma + age*(l.SigmaRate+holdWander)
}

// clockFit is a weighted regression of offset and rate over the window. A
// sample whose round trip was longer than the shortest counts less, for the
// excess may all lie on one side (as NTP's clock filter, RFC 5905 §10); so does
// an old one, as far as the clocks may have bent since. On a quiet network the
// last half minute decides, on a noisy one the last two.
type clockFit struct {
	ring [fitSamples]clockSample
	n    int        // samples ever added
	rate float64    // what the rate was before reset
	sure float64    // and how near to it the next one is; 0: fitGuess
	odd  int        // samples in a row that contradicted the line
	last *clockLine // through these samples; nil while they are too few
}

type clockSample struct {
	at     int64 // local ns
	offset int64 // media − local, ns
	rtt    int64
}

// reset forgets the samples. Of the rate it keeps what the last line knew: the
// crystals are mostly the same.
func (f *clockFit) reset() {
	rate, sure := 0.0, fitGuess
	if f.last != nil && f.last.SigmaRate < fitKnown {
		rate, sure = f.last.B, fitKnown
	}
	*f = clockFit{rate: rate, sure: sure}
}

// add takes a sample in and returns the line through the window. A sample that
// the last line rules out is left aside; when several in a row are, ok is
// false: one of the clocks has jumped, and the fit is to begin anew. There is
// no line before there are lockSamples.
func (f *clockFit) add(s clockSample) (line *clockLine, ok bool) {
	if f.last != nil && contradicts(s, f.last) {
		if f.odd++; f.odd >= oddMost {
			return nil, false
		}
		return f.last, true
	}
	f.odd = 0
	f.ring[f.n%fitSamples] = s
	f.n++
	if l := f.line(s.at); l.Count >= lockSamples {
		f.last = &l
	}
	return f.last, true
}

// contradicts says whether a sample is further off than its round trip and the
// line's own error explain.
func contradicts(s clockSample, l *clockLine) bool {
	off := math.Abs(float64(s.offset - (l.media(s.at) - s.at)))
	return off > float64(s.rtt)/2+5*l.err(s.at)+float64(l.RTT)+oddMargin
}

// each calls g with every sample in the window.
func (f *clockFit) each(now int64, g func(clockSample)) {
	for i := range min(f.n, fitSamples) {
		if s := f.ring[i]; now-s.at <= fitWindow {
			g(s)
		}
	}
}

func (f *clockFit) line(now int64) clockLine {
	out := clockLine{At: now, RTT: math.MaxInt64, Newest: now}
	var base int64 // offsets relative to it, or float64 loses their last digits
	f.each(now, func(s clockSample) {
		if s.rtt < out.RTT {
			out.RTT, base = s.rtt, s.offset
		}
		out.Count++
	})
	floor := fitFloor + f.spread(now, out.RTT)
	var sw, st, so, stt, sto, soo float64
	f.each(now, func(s clockSample) {
		excess := float64(s.rtt-out.RTT) / 2
		t, o := float64(s.at-now), float64(s.offset-base)
		bent := fitBend / 2 * t * t / 1e9
		w := 1 / (floor*floor + excess*excess + bent*bent)
		sw, st, so, stt, sto, soo = sw+w, st+w*t, so+w*o, stt+w*t*t, sto+w*t*o, soo+w*o*o
	})
	// Least squares, with what is known of the rate as one more sample.
	sure := f.sure
	if sure == 0 {
		sure = fitGuess
	}
	prior := 1 / (sure * sure)
	d := sw*(stt+prior) - st*st
	b := (sw*(sto+prior*f.rate) - st*so) / d
	out.B = min(fitMaxRate, max(-fitMaxRate, b))
	a := (so - out.B*st) / sw
	out.A = float64(base) + a
	// Samples that disagree more than their round trips explain say that the
	// noise is larger than assumed.
	rest := soo - 2*a*so - 2*out.B*sto + a*a*sw + 2*a*out.B*st + out.B*out.B*stt
	noise := math.Sqrt(math.Max(1, rest/math.Max(1, float64(out.Count-2))))
	out.Sigma, out.SigmaRate = noise*math.Sqrt((stt+prior)/d), noise*math.Sqrt(sw/d)
	return out
}

// spread is how much worse the best few samples are than the very best, ns: the
// very best is not free of queues either, where there are queues.
func (f *clockFit) spread(now, least int64) float64 {
	var rtts [fitSamples]int64
	n := 0
	f.each(now, func(s clockSample) { rtts[n] = s.rtt; n++ })
	slices.Sort(rtts[:n])
	return float64(rtts[min(n-1, max(1, n/fitBest))]-least) / 2
}
