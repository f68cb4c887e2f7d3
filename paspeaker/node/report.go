package node

import (
	"context"
	"slices"
	"sync"
	"time"

	"pa/audio"
	"pa/audio/playout"
	"pa/audio/wire"
	"pa/paspeaker"
)

// Reports go out once a second; receipts are looked for more often, so that
// who waits for them does not wait long.
const (
	reportEvery  = time.Second
	receiptEvery = 100 * time.Millisecond
	silent       = -120 // dBFS
)

// receipts is what was said about sessions so far.
type receipts struct {
	mu      sync.Mutex
	begun   map[uint64]bool
	sums    map[uint64]playout.StreamStatus // of sessions that fell silent and may resume
	loudest map[uint64]float64              // dBFS, of each that sounds: its last second may be a pause
	mutedBy map[uint64]string               // of each that somebody's mute covered
	output  map[uint64]string               // of each during which the sound card failed: how
	monitored
	pending []told // not sent yet
}

// told is a receipt that waits for its turn: a thousand loudspeakers must not
// tell the end of an all-call in one moment.
type told struct {
	paspeaker.Receipt
	due time.Time
}

// report says how the node is, until ctx is done; then it hands out the last
// receipts.
func (n *Node) report(ctx context.Context) error {
	defer close(n.said)
	n.receipts.begun = make(map[uint64]bool)
	n.receipts.sums = make(map[uint64]playout.StreamStatus)
	n.receipts.loudest = make(map[uint64]float64)
	n.receipts.mutedBy = make(map[uint64]string)
	n.receipts.output = make(map[uint64]string)
	turn := time.NewTimer(n.untilReport())
	defer turn.Stop()
	tick := time.NewTicker(receiptEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			n.tendMute()
			n.sendReceipts(false)
			n.tendSilence()
		case <-turn.C:
			n.sendReport()
			turn.Reset(n.untilReport())
		case <-ctx.Done():
			n.sendReceipts(true)
			return nil
		}
	}
}

// untilReport is how long it is until this node's turn in the second, by the
// clock that all nodes share: those that start together must not report together
// for ever.
func (n *Node) untilReport() time.Duration {
	return paspeaker.UntilTurn(n.cfg.ID, n.time.Read(n.cfg.Now()).Media, reportEvery)
}

func (n *Node) sendReport() {
	up := n.uplink.Load()
	if up == nil {
		return
	}
	// While NATS is down a report is not worth keeping: the next one says more.
	r := n.self()
	if err := up.bus.PublishReport(r); err != nil {
		n.log.Debug("report", "err", err)
		return
	}
	n.cfg.Parts.say(WordReport)
	n.proveItself(r)
}

// self is the report of now.
func (n *Node) self() paspeaker.NodeReport {
	conf, snap, sink, clock := n.conf.Load(), n.mixer.Snapshot(), n.cfg.Sink.State(), n.time.state()
	r := paspeaker.NodeReport{
		ID: conf.ID, Version: n.cfg.Version, Instance: n.instance, Config: conf.Digest(),
		Uptime: paspeaker.Duration(time.Since(n.started).Truncate(time.Second)), Groups: n.groups(), LevelDB: snap.LevelDB,
		Clock: paspeaker.ClockState(clock),
		Output: paspeaker.OutputState{Name: n.cfg.SinkName, Underruns: sink.Underruns, Fault: sink.Fault,
			Latency: paspeaker.Duration(sink.Latency), Lead: paspeaker.Duration(n.lead(sink))},
		Counters: paspeaker.Counters{
			Packets: 0, Frames: snap.Totals.Played, Lost: snap.Totals.Lost, Late: snap.Totals.Late,
			Concealed: snap.Totals.Concealed, Resyncs: snap.Totals.Resyncs, Refused: make(map[string]uint64), JitterNS: n.intake.jitter.nanoseconds.Load(),
		},
	}
	if sink.Rate > 0 {
		r.Output.RatePPM = (sink.Rate/audio.Rate - 1) * 1e6
	}
	for kind, count := range n.intake.counts() {
		r.Counters.Packets += count
		if kind != wire.OK && count > 0 {
			r.Counters.Refused[kind.String()] = count
		}
	}
	n.commands.counts(r.Counters.Refused)
	if n.cfg.Slots != nil {
		running := n.cfg.Slots.Running()
		r.Program = &running
	}
	r.TrimDB, r.Muted = n.bench.trim(), n.bench.muting()
	for _, s := range snap.Streams {
		switch {
		case n.local.has(s.Session):
			r.Local = true
		case !s.Ended:
			r.Playing = append(r.Playing, paspeaker.Playing{Session: paspeaker.SessionID(s.Session), Full: s.Full, Ducked: s.Ducked, Rank: paspeaker.Rank(s.Rank), ErrorNS: s.ErrorNS})
		}
	}
	r.Monitor = n.monitorState()
	r.Health = n.examine(snap, sink, clock, r.Groups)
	if err := n.memory.trouble(); err != nil {
		r.Faults = append(r.Faults, "disk: "+err.Error())
	}
	now := n.cfg.Now()
	r.Quiet, r.Foreign = n.quiet.state(now), n.foreign.told(now)
	n.ghost.tell(r.Quiet)
	return r
}

// groups are those that the node has joined by now, in the site's order.
func (n *Node) groups() []string {
	joined := n.receiver.Joined()
	return slices.DeleteFunc(slices.Clone(n.conf.Load().Groups), func(g string) bool { return !joined[g] })
}

// sendReceipts says what has begun to sound and what has ended, in the node's
// turn; at once when last.
func (n *Node) sendReceipts(last bool) {
	n.receipts.mu.Lock()
	defer n.receipts.mu.Unlock()
	out, now := n.receipts.pending, time.Now()
	tell := func(r paspeaker.Receipt) {
		out = append(out, told{r, now.Add(paspeaker.Turn(n.cfg.ID, time.Duration(n.conf.Load().Spread)))})
	}
	n.expire()
	streams := n.mixer.Snapshot().Streams
	n.noteOutput(streams)
	n.hearMonitor(streams)
	for _, r := range n.tellTurned(streams) {
		tell(r)
	}
	for _, s := range streams {
		if n.local.has(s.Session) {
			continue
		}
		n.receipts.hear(s)
		n.noteMute(s)
		if s.Played > 0 && s.FirstHeard != 0 && !n.receipts.begun[s.Session] {
			n.receipts.begun[s.Session] = true
			tell(n.receipt(s, false))
		}
	}
	for _, s := range n.mixer.Finished() {
		if n.local.ended(s) {
			continue
		}
		n.receipts.hear(s)
		n.noteMute(s)
		s.LevelDB = n.receipts.loudest[s.Session]
		delete(n.receipts.loudest, s.Session)
		delete(n.receipts.begun, s.Session)
		n.finish(n.final(n.receipts.sum(s)), tell)
		delete(n.receipts.mutedBy, s.Session)
	}
	n.tellHeard(last, tell)
	n.receipts.pending = nil
	up := n.uplink.Load()
	for i, r := range out {
		early := now.Before(r.due) && !last
		if early || up == nil || up.bus.PublishReceipt(r.Receipt) != nil {
			// Kept for when the uplink is back, the newest of them.
			n.receipts.pending = out[max(i, len(out)-1000):]
			return
		}
		n.cfg.Parts.say(WordReceipt)
	}
}

// hear keeps the level of a session's loudest second.
func (r *receipts) hear(s playout.StreamStatus) {
	if old, known := r.loudest[s.Session]; !known || s.LevelDB > old {
		r.loudest[s.Session] = s.LevelDB
	}
}

// sum adds what a session played before a pause: the mixer takes its return
// for a new stream.
func (r *receipts) sum(s playout.StreamStatus) playout.StreamStatus {
	old, known := r.sums[s.Session]
	if known {
		s.Played, s.Muted, s.Concealed = s.Played+old.Played, s.Muted+old.Muted, s.Concealed+old.Concealed
		s.Late, s.Skipped, s.LevelDB = s.Late+old.Late, s.Skipped+old.Skipped, max(s.LevelDB, old.LevelDB)
		s.Due, s.Stalled = s.Due+old.Due, s.Stalled || old.Stalled
		old.Gaps.Join(s.Gaps)
		s.Gaps = old.Gaps
		if old.FirstHeard != 0 {
			s.FirstHeard = old.FirstHeard
		}
	}
	if len(r.sums) >= maxEnded && !known {
		clear(r.sums) // receipts of hours ago
	}
	r.sums[s.Session] = s
	return s
}

// receipt translates what the mixer says of a stream.
func (n *Node) receipt(s playout.StreamStatus, done bool) paspeaker.Receipt {
	r := paspeaker.Receipt{
		Node: n.cfg.ID, Session: paspeaker.SessionID(s.Session), Done: done, Played: s.Played, Muted: s.Muted,
		Due: s.Due, Concealed: s.Concealed, Late: s.Late + s.Skipped, Skipped: s.Skipped, LevelDB: s.LevelDB, Unlocked: s.Unlocked,
	}
	if conf := n.conf.Load(); conf != nil {
		r.DueDB = atOutput(s.LevelDB, conf.GainDB)
		r.LevelDB = atOutput(s.LevelDB, conf.GainDB+n.bench.trim())
	}
	r.MutedBy = n.receipts.mutedBy[s.Session]
	if s.FirstHeard != 0 && !s.Unlocked {
		r.First, r.Last = time.Unix(0, s.FirstHeard).UTC(), time.Unix(0, s.LastHeard).UTC()
	}
	return r
}

// noteMute remembers whose mute a session falls under. The receipts' lock is
// held.
func (n *Node) noteMute(s playout.StreamStatus) {
	if m := n.bench.muting(); m != nil && uint64(s.Rank) < n.bench.below() && n.receipts.mutedBy != nil {
		n.receipts.mutedBy[s.Session] = m.By
	}
}

// atOutput is what the loudspeaker's own gain makes of a level, dBFS: the
// limiter keeps it below full scale, and nothing stays nothing.
func atOutput(db, gain float64) float64 {
	if db <= silent {
		return silent
	}
	return max(silent, min(db+gain, 0))
}
