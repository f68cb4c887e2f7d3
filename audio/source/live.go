package source

import (
	"io"
	"sync"
	"time"

	"pa/audio"
)

// LiveOptions shape a Live. The zero value is usable.
type LiveOptions struct {
	Frame  int           // samples at 48 kHz that are read at a time: 480 when zero
	Target time.Duration // the most that is kept waiting against a caller's unpunctuality, which is learned: 20 ms when zero
	Max    time.Duration // more than that waiting, beside the caller's own blocks, is cut back: 250 ms when zero, at least twice Target
}

// LiveStats is what has happened to a live caller's sound so far. Counts of
// samples are at the caller's rate.
type LiveStats struct {
	Written   uint64        // samples that came
	Dropped   uint64        // samples thrown away because they were old
	Cuts      uint64        // times that this happened
	Underruns uint64        // times that nothing was there to read
	Queued    time.Duration // waiting now
	PPM       float64       // correction in force: above zero the caller's clock is fast
}

const (
	liveFade = 5 * time.Millisecond
	liveWait = audio.Rate / 100 // samples read from the first that came to the first that is given
)

// Live carries a caller's voice from the goroutine that receives it, in the
// caller's time, to the one that sends it on, in ours. It follows the caller's
// clock by resampling, so that the sound waits as little as the caller's
// punctuality allows, however long the call is; after a stall old sound is
// dropped, for a late word helps nobody. It does not allocate once it runs.
//
// One goroutine writes, another reads; CloseWrite, Starved and Stats may be
// called from anywhere.
type Live struct {
	rate int
	max  int // samples in ring
	fade int // samples of a crossfade in ring
	read int // samples at the caller's rate that a read takes

	mu     sync.Mutex
	ring   []float32
	head   int // next to read
	queued int
	closed bool
	tail   int // zeros still to be read after the close, to push out the last word

	resampler *audio.Resampler
	blocks    blocks
	waiting   bool // for the queue to fill to target
	waited    int  // samples read since something was there, while waiting
	ramp      audio.Ramp
	last      float32 // sample read last, where a fade begins
	spare     spare
	starved   int64 // samples read since something was written
	stats     LiveStats
}

// NewLive makes a Live for sound at rate, Hz.
func NewLive(rate int, opts LiveOptions) *Live {
	if opts.Frame <= 0 {
		opts.Frame = audio.FrameLen
	}
	if opts.Target <= 0 {
		opts.Target = 20 * time.Millisecond
	}
	if opts.Max <= 0 {
		opts.Max = 250 * time.Millisecond
	}
	opts.Max = max(opts.Max, 2*opts.Target)
	at := func(d time.Duration) int { return int(int64(d) * int64(rate) / int64(time.Second)) }
	l := &Live{
		rate: rate, max: at(opts.Max), fade: max(1, at(liveFade)), spare: spare{rate: rate, most: at(opts.Target)},
		resampler: audio.NewResampler(rate, audio.Rate), blocks: blocks{rate: rate}, waiting: true, ramp: audio.NewRamp(0),
	}
	l.tail = int(l.resampler.Delay())
	l.read = l.blocks.at(opts.Frame)
	l.ring = make([]float32, l.max+l.blocks.at(blocksMax)+max(l.max, rate/10)) // room for a block on top of max
	l.spare.rest()
	return l
}

// Write takes samples at the caller's rate and never waits. When more than Max
// is waiting then, and more than the caller's blocks need, the oldest is
// dropped, with a short crossfade.
func (l *Live) Write(pcm []float32) { l.WritePieces(pcm, len(pcm)) }

// WritePieces is Write of what the caller gave in pieces, of which the longest
// had so many samples: shorter ones need less to wait.
func (l *Live) WritePieces(pcm []float32, piece int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(pcm) == 0 {
		return
	}
	l.starved = 0
	l.stats.Written += uint64(len(pcm))
	l.blocks.wrote(len(pcm), piece)
	for len(pcm) > 0 {
		n := min(len(pcm), len(l.ring)-l.queued)
		l.put(pcm[:n])
		pcm = pcm[n:]
		if l.queued > l.most() {
			l.cut(l.queued - l.need() - l.blocks.beyond())
		}
	}
}

// CloseWrite says that no more comes. Read gives what is waiting, so that the
// last word is heard, then io.EOF.
func (l *Live) CloseWrite() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	for i := range min(l.fade, l.queued) {
		l.ring[(l.head+l.queued-1-i)%len(l.ring)] *= float32(i) / float32(l.fade)
	}
}

// Read is audio.Source: it fills dst, with silence when nothing is waiting,
// until the sound written before CloseWrite has all been read.
func (l *Live) Read(dst []float32) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.drain(dst)
	}
	l.starved += int64(len(dst))
	l.blocks.looked(len(dst))
	if l.waiting {
		// A whole block may be there at once; the next is due when it is read.
		// A little wait keeps something for when that is late.
		if l.queued < l.need() || l.waited < liveWait {
			if l.queued > 0 {
				l.waited += len(dst)
			}
			l.hold(dst)
			return len(dst), nil
		}
		l.resume()
	}
	l.steer()
	n := l.pull(dst)
	if n == len(dst) {
		l.spare.left(n, l.queued, l.slip())
	} else {
		l.stats.Underruns++
		l.spare.ranOut()
		l.waiting, l.waited = true, 0
		l.resampler.Reset()
		l.hold(dst[n:])
	}
	return len(dst), nil
}

// Starved is how much has been read since the caller last wrote, in the time
// of the reader's samples: how long the caller has been silent or gone.
func (l *Live) Starved() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return length(l.starved)
}

// Stats returns the counts so far.
func (l *Live) Stats() LiveStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Queued = time.Duration(l.queued) * time.Second / time.Duration(l.rate)
	return s
}

// put appends what fits, which the caller has seen to.
func (l *Live) put(pcm []float32) {
	at := (l.head + l.queued) % len(l.ring)
	n := copy(l.ring[at:], pcm)
	copy(l.ring, pcm[n:])
	l.queued += len(pcm)
}

// most is how much may be waiting: a block of the caller's on top of Max.
func (l *Live) most() int { return l.max + l.blocks.beyond() }

// need is how much should be waiting before a read, beside a block of the
// caller's that is longer than a microphone's.
func (l *Live) need() int { return l.read + l.spare.want(l.slip()) }

// slip is by how much less is there when the caller's clock slides past ours,
// and a block that came just before a read comes just after it: a block, but
// no more than a read, since the rest of a longer block is there already.
func (l *Live) slip() int { return min(l.blocks.fine(), l.read) }

// cut drops the oldest. What would have been read next fades into what is read
// now.
func (l *Live) cut(drop int) {
	drop = min(drop, l.queued-l.need())
	if drop <= 0 {
		return
	}
	size := len(l.ring)
	for i := range min(l.fade, drop, l.queued-drop) {
		a := float32(i) / float32(l.fade)
		old, now := l.ring[(l.head+i)%size], &l.ring[(l.head+drop+i)%size]
		*now = old + a*(*now-old)
	}
	l.head = (l.head + drop) % size
	l.queued -= drop
	l.stats.Dropped += uint64(drop)
	l.stats.Cuts++
	l.spare.rest()
}

// resume ends the wait: the queue has filled, perhaps beyond the target.
func (l *Live) resume() {
	if need := l.need() + l.blocks.beyond(); l.queued > need+l.blocks.at(blocksFine) {
		l.cut(l.queued - need)
	}
	l.waiting = false
	l.ramp.To(1, samplesFor(liveFade))
	l.spare.rest()
}

// steer sets the ratio so that the low water goes where it should, and cuts what
// is too much: in the next pause, where nobody hears it, or at once when it is
// a lot.
func (l *Live) steer() {
	if drop := l.spare.excess; drop > l.spare.at(spareOld) || drop > l.spare.at(spareLeast) && l.pauses(drop) {
		l.cut(drop)
	}
	l.stats.PPM = l.spare.adjust * 1e6
	l.resampler.SetRatio(float64(l.rate) / audio.Rate * (1 + l.spare.adjust))
}

// pauses says whether the next n samples, and the fade behind them, are quiet.
func (l *Live) pauses(n int) bool {
	for i := range min(n+l.fade, l.queued) {
		if v := l.ring[(l.head+i)%len(l.ring)]; v > sparePause || v < -sparePause {
			return false
		}
	}
	return true
}

// pull resamples from the ring and returns how much it gave.
func (l *Live) pull(dst []float32) int {
	n := 0
	for n < len(dst) && l.queued > 0 {
		run := l.ring[l.head:min(l.head+l.queued, len(l.ring))]
		k, used := l.resampler.Process(dst[n:], run)
		n += k
		l.head = (l.head + used) % len(l.ring)
		l.queued -= used
	}
	l.ramp.Apply(dst[:n])
	if n > 0 {
		l.last = dst[n-1]
	}
	return n
}

// hold fills dst with silence, reached from the last sample in a short fade.
func (l *Live) hold(dst []float32) {
	fade := float32(1) / float32(samplesFor(liveFade))
	for i := range dst {
		if l.last > -1e-4 && l.last < 1e-4 {
			clear(dst[i:])
			l.last = 0
			break
		}
		l.last -= l.last * fade * 4
		dst[i] = l.last
	}
	l.ramp = audio.NewRamp(0)
}

// drain reads what is left, then the half filter's length behind it.
func (l *Live) drain(dst []float32) (int, error) {
	if l.waiting && l.queued > 0 { // all of it is wanted: no cut here
		l.waiting = false
		l.ramp.To(1, samplesFor(liveFade))
	}
	n := l.pull(dst)
	var zeros [64]float32
	for n < len(dst) && l.tail > 0 && !l.waiting {
		k, used := l.resampler.Process(dst[n:], zeros[:min(l.tail, len(zeros))])
		l.ramp.Apply(dst[n : n+k])
		n += k
		l.tail -= used
	}
	if n < len(dst) {
		return n, io.EOF
	}
	return n, nil
}

// samplesFor is samplesIn as an int, for short times.
func samplesFor(d time.Duration) int { return int(samplesIn(d)) }
