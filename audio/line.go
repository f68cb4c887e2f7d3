package audio

import (
	"math"
	"time"
)

const (
	lineBuckets = 32       // of the window
	lineNarrow  = 1.0 / 64 // seconds a bucket at first
	lineWide    = 0.5      // and at last: a longer window smooths irregular requests, a shorter one follows a crystal that warms
	lineNoise   = 40e3     // ns by which the earliest requests are irregular
	lineGuess   = 100e3    // ns/s: a slope that is not known is so near to none
	lineKnown   = 10e3     // ns/s: and one that was, to what it was
	lineSettle  = 1.0      // seconds before the line is held against a request that beats it
	lineSlope   = 1e6      // ns/s, the most that a clock is off: 1000 ppm
	lineLate    = 3e6      // ns: later than that for lineStall seconds is a stall
	lineEarly   = 1e6      // ns: a settled line that is beaten by more has moved
	lineStall   = 0.5      // seconds
	lineDry     = 60e6     // ns: so long, and so many requests, all later than what was
	lineDryMany = 4        // buffered and not catching up: the card stood still
	nsPerSecond = 1e9      // nanoseconds
	lineNever   = 1e300    // "no point in this bucket"
)

// Line tells when a sound card's frames fall due, from the times at which it
// asked for them. A request can only be late (a busy machine), never early, so
// the line runs along the lower envelope of the requests of the last sixteen
// seconds. It uses fixed memory and does not allocate; one goroutine uses it.
type Line struct {
	nominal float64 // frames a second
	begun   bool
	frame0  int64 // origin of x
	at0     int64 // origin of y

	points [lineBuckets]linePoint // the earliest request of each bucket
	width  float64                // of a bucket, seconds; it grows with the line
	newest int64                  // number of the newest bucket
	before float64                // the slope before the line began
	sure   float64                // and how near to it the true one is
	slope  float64                // ns of lateness a second, against the nominal rate
	offset float64                // ns at x = 0
	since  float64                // x of the first point since the last Reset or stall
	onTime float64                // x of the last request that was not very late

	depth float64 // ns of sound that the card holds, 0 when not known
	dry   drought
}

// drought is a row of requests that came later than the card could wait.
type drought struct {
	many        int
	began       int64   // local ns of the first
	least, most float64 // lateness, ns
}

// linePoint is a request: x seconds of frames, y ns late by the nominal rate.
type linePoint struct {
	bucket int64
	x, y   float64
}

// NewLine returns a line with no points. nominalRate, frames a second, is what
// the card promised; the measured rate is believed within 1000 ppm of it.
func NewLine(nominalRate float64) *Line {
	l := &Line{nominal: nominalRate}
	l.Reset()
	return l
}

// SetDepth says how much sound the card holds, so that a stall which empties it
// is noticed within a tenth of a second: requests that stay later than that,
// and do not catch up, have no other reason.
func (l *Line) SetDepth(d time.Duration) { l.depth = float64(d) }

// Reset forgets everything, the measured rate too, but for the depth.
func (l *Line) Reset() { *l = Line{nominal: l.nominal, depth: l.depth} }

// Restart forgets the points and keeps the measured rate: the card has been
// stopped, and plays on from a new time.
func (l *Line) Restart() {
	sure := lineGuess
	if l.width > 0 {
		sure = min(max(lineNoise/(l.width*lineBuckets/2), lineKnown), max(l.sure, lineKnown))
	}
	*l = Line{nominal: l.nominal, depth: l.depth, slope: l.slope, before: l.slope, sure: sure}
}

// Add takes one request: the card asked at `at`, local ns, for the frames from
// frame on. Frames and times never decrease. It returns stalled when the line
// has moved for good: the card stood still (every request of the last half
// second came more than 3 ms late, or see SetDepth) or jumped ahead. The line
// then begins anew there and keeps its rate.
func (l *Line) Add(frame, at int64) (stalled bool) {
	if !l.begun {
		l.begin(frame, at)
		return false
	}
	if frame < l.frame0 { // the card counts anew
		l.begin(frame, at)
		return true
	}
	p := l.point(frame, at)
	late := p.y - (l.offset + l.slope*p.x)
	settled := p.x-l.since >= lineSettle
	switch {
	case late <= lineLate:
		l.onTime = p.x
	case p.x-l.onTime > lineStall || late > lineStall*nsPerSecond:
		stalled = true
	}
	if least, dry := l.ranDry(late, at); dry {
		stalled, at = true, at-int64(late-least)
	}
	if settled && late < -lineEarly {
		stalled = true
	}
	if stalled {
		l.begin(frame, at)
		return true
	}
	l.keep(p)
	l.fit()
	return false
}

// ranDry tells whether the last requests show that the card emptied, and how
// late the least late of them was. A program that was merely held up asks for
// what it missed in a rush, each request less late than the one before.
func (l *Line) ranDry(late float64, at int64) (least float64, dry bool) {
	if l.depth == 0 || late <= max(l.depth, lineLate) {
		l.dry = drought{}
		return 0, false
	}
	if l.dry.many == 0 {
		l.dry = drought{began: at, least: late, most: late}
	}
	l.dry.many++
	l.dry.least, l.dry.most = min(l.dry.least, late), max(l.dry.most, late)
	enough := l.dry.many >= lineDryMany && float64(at-l.dry.began) >= lineDry
	return l.dry.least, enough && l.dry.most-l.dry.least < max(l.depth, lineLate)
}

// At is when that frame falls due, local ns. Before the first Add it is the
// frame's time at the nominal rate from zero.
func (l *Line) At(frame int64) int64 {
	x := float64(frame-l.frame0) / l.nominal
	return l.at0 + int64(math.Round(x*nsPerSecond+l.offset+l.slope*x))
}

// Rate is the measured frames per local second, believed the more the longer it
// has been measured.
func (l *Line) Rate() float64 { return l.nominal / (1 + l.slope/nsPerSecond) }

func (l *Line) begin(frame, at int64) {
	l.Restart()
	l.begun, l.frame0, l.at0, l.width = true, frame, at, lineNarrow
	l.clear()
	l.keep(linePoint{})
}

func (l *Line) clear() {
	for i := range l.points {
		l.points[i] = linePoint{bucket: -1, y: lineNever}
	}
}

func (l *Line) point(frame, at int64) linePoint {
	x := float64(frame-l.frame0) / l.nominal
	return linePoint{x: x, y: float64(at-l.at0) - x*nsPerSecond}
}

// keep files the point when it is the earliest of its bucket by the line as it
// stands, so that a steep clock does not favour one end of the bucket.
func (l *Line) keep(p linePoint) {
	for l.width < lineWide && p.x >= l.width*lineBuckets {
		l.widen()
	}
	p.bucket = int64(p.x / l.width)
	l.newest = max(l.newest, p.bucket)
	l.file(p)
}

func (l *Line) file(p linePoint) {
	slot := &l.points[p.bucket%lineBuckets]
	if slot.bucket != p.bucket || p.y-l.slope*p.x < slot.y-l.slope*slot.x {
		*slot = p
	}
}

// widen makes one bucket of two, so that the window grows with what is known.
func (l *Line) widen() {
	old := l.points
	l.width *= 2
	l.newest /= 2
	l.clear()
	for _, p := range old {
		if p.bucket >= 0 {
			p.bucket /= 2
			l.file(p)
		}
	}
}

// fit lays the line under all points with the least mean distance to them:
// along the edge of their lower hull that spans their mean x.
func (l *Line) fit() {
	var hull [lineBuckets]linePoint
	n, count, sum := 0, 0, 0.0
	first, last := math.Inf(1), 0.0
	for b := l.newest + 1; b <= l.newest+lineBuckets; b++ { // oldest first
		p := l.points[b%lineBuckets]
		if p.bucket <= l.newest-lineBuckets || p.bucket < 0 {
			continue
		}
		count++
		sum += p.x
		first, last = min(first, p.x), max(last, p.x)
		for n >= 2 && !turnsLeft(hull[n-2], hull[n-1], p) {
			n--
		}
		hull[n] = p
		n++
	}
	mean := sum / float64(count)
	for i := 1; i < n; i++ {
		if hull[i].x >= mean {
			a, b := hull[i-1], hull[i]
			l.believe((b.y-a.y)/(b.x-a.x), lineNoise/(last-first))
			break
		}
	}
	l.offset = math.Inf(1)
	for _, p := range hull[:n] {
		l.offset = min(l.offset, p.y-l.slope*p.x)
	}
}

// believe takes a slope over as far as it can be trusted: noise is how uncertain
// it is, ns/s.
func (l *Line) believe(slope, noise float64) {
	trust := l.sure * l.sure / (l.sure*l.sure + noise*noise)
	l.slope = min(max(l.before+(slope-l.before)*trust, -lineSlope), lineSlope)
}

// turnsLeft says whether the way a→b→c bends upwards at b.
func turnsLeft(a, b, c linePoint) bool {
	return (b.x-a.x)*(c.y-a.y)-(b.y-a.y)*(c.x-a.x) > 0
}
