package fleet

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"pa/audio"
	"pa/audio/codec"
	"pa/audio/playout"
	"pa/paspeaker/node"
)

// counter is a mixer that makes no sound: it knows of every packet when it is
// due and whether it was there, and counts as playout.Mixer does. It costs a
// thousandth of it, so that a thousand fit into a process.
type counter struct {
	cfg   playout.Config
	now   audio.Clock
	gauge *gauge

	mu       sync.Mutex
	lines    []*line // one for each session, highest first
	gone     []uint64
	finished []playout.StreamStatus
	totals   playout.Totals
	delay    int64  // ns
	below    uint64 // ranks below it are mute
}

const (
	keepsGone     = 64  // sessions that are over: stragglers do not begin them again
	keepsFinished = 256 // until Finished is called
	maxLines      = 8
	takeover      = int64(200 * time.Millisecond) // silence after which another SSRC may speak for a session
	forgetAfter   = int64(2 * time.Second)        // silence after which a session is finished
	unlockedLag   = int64(60 * time.Millisecond)  // arrival → sound without a locked clock
)

var _ node.Mixer = (*counter)(nil)

func newCounter(cfg playout.Config, now audio.Clock, g *gauge) *counter {
	c := &counter{cfg: cfg, now: now, gauge: g}
	c.SetDelay(cfg.Delay)
	return c
}

// Push implements node.Mixer.
func (c *counter) Push(p playout.Packet) playout.PushResult {
	c.gauge.hear(&p)
	c.mu.Lock()
	defer c.mu.Unlock()
	l, r := c.route(&p)
	if r == playout.Accepted {
		r = l.accept(&p, c.reached(l, p.Arrived))
	}
	if r != playout.Accepted {
		c.totals.Refused[r]++
	}
	return r
}

// route finds a packet's line, or begins it.
func (c *counter) route(p *playout.Packet) (*line, playout.PushResult) {
	if slices.Contains(c.gone, p.Session) {
		return nil, playout.Ended
	}
	profile, ok := codec.ProfileByPayloadType(p.PT)
	if !ok || len(p.Payload) > codec.MaxPayload || len(p.Payload) == 0 && p.Flags&playout.End == 0 {
		return nil, playout.UnknownCodec
	}
	at := slices.IndexFunc(c.lines, func(l *line) bool { return l.status.Session == p.Session })
	switch {
	case at >= 0 && c.lines[at].status.SSRC == p.SSRC:
		return c.lines[at], playout.Accepted
	case at >= 0 && p.Arrived-c.lines[at].arrived <= takeover:
		return nil, playout.Surplus
	case len(p.Payload) == 0:
		return nil, playout.Late // the end of what was never heard
	case at >= 0:
		c.lines[at].restart(p)
		return c.lines[at], playout.Accepted
	case len(c.lines) == maxLines:
		return nil, playout.Full
	}
	l := newLine(p, profile)
	c.lines = append(c.lines, l)
	slices.SortFunc(c.lines, func(a, b *line) int {
		return cmp.Or(cmp.Compare(b.status.Rank, a.status.Rank), cmp.Compare(a.status.Session, b.status.Session))
	})
	c.totals.Streams++
	return l, playout.Accepted
}

// reached is the instant, as TPlay, that sounds at a line's loudspeaker now.
func (c *counter) reached(l *line, local int64) int64 {
	if l.status.Unlocked {
		return local - unlockedLag - l.offset - c.delay
	}
	return c.cfg.Clock.Read(local).Media - c.delay
}

// advance counts everything that has become due.
func (c *counter) advance() {
	local := c.now()
	for _, l := range c.lines {
		over := l.advance(c.reached(l, local), c.delay, func(due int64) bool { return c.masked(l, due) })
		l.over = l.over || over || l.stopping
	}
	for _, l := range slices.Clone(c.lines) { // after all: what is over has hushed others until now
		if l.over || local-l.arrived > forgetAfter && l.waiting == 0 {
			c.finish(l, l.over)
		}
	}
}

// masked says whether the loudspeaker is mute for a line, or something higher
// sounds at its instant due, which hushes it unless it may be ducked.
func (c *counter) masked(l *line, due int64) bool {
	if uint64(l.status.Rank) < c.below {
		return true
	}
	for _, o := range c.lines {
		if o == l {
			return false
		}
		if l.status.Flags&playout.Duckable == 0 && o.began <= due && due < o.until {
			return true
		}
	}
	return false
}

// finish ends a line for good.
func (c *counter) finish(l *line, ended bool) {
	c.lines = slices.DeleteFunc(c.lines, func(o *line) bool { return o == l })
	if ended {
		c.gone = append(c.gone, l.status.Session)
		c.gone = c.gone[max(0, len(c.gone)-keepsGone):]
	}
	st := c.report(l)
	st.Ended = ended
	c.totals.Add(st)
	c.finished = append(c.finished, st)
	c.finished = c.finished[max(0, len(c.finished)-keepsFinished):]
}

// report is a line's status, its counts in units of 10 ms.
func (c *counter) report(l *line) playout.StreamStatus {
	st := l.status
	for _, n := range []*uint64{&st.Received, &st.Played, &st.Muted, &st.Concealed, &st.Late, &st.Lost, &st.Skipped} {
		*n *= l.unit
	}
	st.LevelDB = audio.FloorDB
	if l.status.Played > 0 {
		st.LevelDB = c.gauge.level(st.Session, st.SSRC)
	}
	return st
}

// Stop implements node.Mixer; there is nothing to fade.
func (c *counter) Stop(session uint64, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = append(c.gone, session)
	for _, l := range c.lines {
		l.stopping = l.stopping || l.status.Session == session
	}
}

// StopAll implements node.Mixer.
func (c *counter) StopAll(before int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.lines {
		l.stopping = l.stopping || l.began < before
	}
}

// SetGain implements node.Mixer: the node adds its gain to every level itself.
func (c *counter) SetGain(float64) {}

// SetDelay implements node.Mixer.
func (c *counter) SetDelay(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delay = int64(max(d, 0))
}

// SetMute implements node.Mixer.
func (c *counter) SetMute(below uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.below = below
}

// Read implements node.Mixer. Nobody listens.
func (c *counter) Read(out []float32, _ audio.Beat) { clear(out) }

// Snapshot implements node.Mixer.
func (c *counter) Snapshot() playout.Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	snap := playout.Snapshot{LevelDB: audio.FloorDB, Totals: c.totals}
	for i, l := range c.lines {
		st := c.report(l)
		st.Full = i == 0 && l.status.Played > 0
		st.Ducked = i > 0 && st.Flags&playout.Duckable != 0
		snap.LevelDB = max(snap.LevelDB, st.LevelDB)
		snap.Totals.Add(st)
		snap.Streams = append(snap.Streams, st)
	}
	return snap
}

// Finished implements node.Mixer.
func (c *counter) Finished() []playout.StreamStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	out := c.finished
	c.finished = nil
	return out
}
