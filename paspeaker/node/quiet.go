package node

import (
	"math"
	"sync/atomic"
	"time"

	"pa/audio"
	"pa/paspeaker"
)

const (
	quietSpan = audio.Rate / 10 // samples of one measure of the output's level
	// Something sounds with nothing on air for so long before it counts: a card
	// has a buffer, and a limiter and a fade have an end.
	strayAfter = 1500 * time.Millisecond
)

// quiet listens to what the card is given, whoever made it, and knows when the
// last of it leaves the loudspeaker.
type quiet struct {
	energy float64 // of the measure under way; the sink's goroutine alone
	count  int

	level   atomic.Uint64 // float64 bits: dBFS of the last measure
	loudest atomic.Int64  // local ns at which the last sample that is not silence has left the output
	stopped atomic.Int64  // media ns of the newest order to stop everything
	told    atomic.Int64  // the one whose silence was reported
	stray   since         // the output sounds with nothing on air
}

// since is from when on something holds; 0 while it does not.
type since struct{ at atomic.Int64 }

// hold says whether it holds now.
func (s *since) hold(holds bool, now int64) {
	if !holds {
		s.at.Store(0)
		return
	}
	s.at.CompareAndSwap(0, now)
}

// lasting is for how long it has held, 0 below the least that counts.
func (s *since) lasting(now int64, least time.Duration) time.Duration {
	at := s.at.Load()
	if d := time.Duration(now - at); at != 0 && d >= least {
		return d
	}
	return 0
}

// pull is next, overheard. It does not wait and does not allocate.
func (q *quiet) pull(next audio.Pull) audio.Pull {
	q.level.Store(math.Float64bits(silent))
	return func(out []float32, b audio.Beat) {
		next(out, b)
		q.hear(out, b)
	}
}

// faint is the least sample that is not silence: what dither is made of is
// less.
const faint = 2.0 / (1 << 15)

func (q *quiet) hear(out []float32, b audio.Beat) {
	last := -1
	for i, x := range out {
		q.energy += float64(x) * float64(x)
		if x > faint || x < -faint {
			last = i
		}
	}
	if last >= 0 {
		rate := b.Rate
		if rate <= 0 {
			rate = audio.Rate
		}
		q.loudest.Store(b.Heard + int64(float64(last+1)*1e9/rate))
	}
	if q.count += len(out); q.count >= quietSpan {
		q.level.Store(math.Float64bits(levelDB(q.energy, q.count)))
		q.energy, q.count = 0, 0
	}
}

// levelDB is an RMS in dBFS.
func levelDB(energy float64, samples int) float64 {
	if energy <= 0 || samples <= 0 {
		return silent
	}
	return max(silent, 10*math.Log10(energy/float64(samples)))
}

// outputDB is the level of what the card was given last. A measure that began
// before the sound ended still holds some of it: once nothing more leaves the
// output that is silence.
func (q *quiet) outputDB(now int64) float64 {
	if now-q.loudest.Load() > int64(quietSpan)*1e9/audio.Rate {
		return silent
	}
	return math.Float64frombits(q.level.Load())
}

// silentFor is for how long nothing has left the output; 0 while something
// does.
func (q *quiet) silentFor(now int64) time.Duration {
	return max(0, time.Duration(now-q.loudest.Load()))
}

// stop notes an order to stop everything that began before then.
func (q *quiet) stop(before int64) {
	if before > q.stopped.Load() {
		q.stopped.Store(before)
	}
}

// fellSilent says, once for each order, that it has been obeyed and nothing
// leaves the output any more.
func (q *quiet) fellSilent(now int64, playing bool) bool {
	order := q.stopped.Load()
	if order == q.told.Load() || playing || q.outputDB(now) > paspeaker.FloorDB {
		return false
	}
	q.told.Store(order)
	return true
}

// watch looks whether something sounds with nothing on air; it is called ten
// times a second.
func (q *quiet) watch(now int64, idle bool) {
	q.stray.hold(idle && q.outputDB(now) > paspeaker.FloorDB, now)
}

// state is what a report says.
func (q *quiet) state(now int64) *paspeaker.Quiet {
	return &paspeaker.Quiet{Stopped: q.stopped.Load(), OutputDB: q.outputDB(now), Since: paspeaker.Duration(q.silentFor(now)),
		Stray: paspeaker.Duration(q.stray.lasting(now, strayAfter))}
}

const (
	ghostIdle  = 3 * time.Second // so long nothing was on air before the monitor is listened to
	ghostAfter = 10 * time.Second
	ghostPause = 2 * time.Second // in speech
	ghostOver  = 15.0            // dB above the noise of the place
	ghostLeast = -50.0           // dBFS: less is no matter
	noiseRise  = 1.0 / 60        // dB a second that the noise of the place may rise: a day's traffic, not a voice
)

// ghost listens to the monitor while nothing is on air. The report's goroutine
// alone uses it.
type ghost struct {
	idle  since
	noise float64 // of the place, dBFS
	known bool    // noise is
	at    int64   // local ns of the last look
	level float64 // of that
	open  bool    // it was listened to then
	loud  since
	last  int64 // local ns: it was loud
}

// watch takes in what the monitor hears; it is called ten times a second. The
// noise of the place is the least that is heard, and may rise slowly.
func (g *ghost) watch(now int64, idle bool, level float64) {
	g.idle.hold(idle, now)
	g.open = g.idle.lasting(now, ghostIdle) > 0 && level > silent
	passed := min(time.Duration(now-g.at), time.Second).Seconds()
	g.at, g.level = now, level
	if !g.open {
		g.loud.hold(false, now)
		return
	}
	if !g.known || level < g.noise {
		g.noise, g.known = level, true
	}
	g.noise += min(noiseRise*passed, level-g.noise)
	if level > max(g.noise+ghostOver, ghostLeast) {
		g.last = now
		g.loud.hold(true, now)
	} else if now-g.last > int64(ghostPause) {
		g.loud.hold(false, now)
	}
}

// tell adds what a report says of it.
func (g *ghost) tell(q *paspeaker.Quiet) {
	if !g.open {
		return
	}
	level := g.level
	q.MonitorDB, q.Ghost = &level, paspeaker.Duration(g.loud.lasting(g.at, ghostAfter))
}

// tendSilence watches the output, and tells at once when an order to stop
// everything has made it silent: somebody waits for that.
func (n *Node) tendSilence() {
	now, idle := n.cfg.Now(), len(n.mixer.Snapshot().Streams) == 0
	n.quiet.watch(now, idle)
	if n.monitor != nil {
		if m := n.monitor.State(); m.Fault == "" {
			n.ghost.watch(now, idle && n.quiet.silentFor(now) > 0, m.LevelDB)
		}
	}
	if n.quiet.fellSilent(now, !idle) {
		n.sendReport()
	}
}
