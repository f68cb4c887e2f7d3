package node

import (
	"time"

	"pa/audio"
	"pa/audio/monitor"
	"pa/audio/playout"
	"pa/paspeaker"
)

// holdFinal bounds how long a last receipt waits for its monitor: what is heard
// is compared about a second later.
const holdFinal = 1600 * time.Millisecond

// monitored is what the monitor heard of the sessions that sound, or have just
// ended.
type monitored struct {
	spans   map[uint64]*monitorSpan
	waiting []heldFinal
}

// monitorSpan is when a session was at full level, local ns, and what was heard
// meanwhile.
type monitorSpan struct {
	from, to int64
	sum      paspeaker.Monitored
	like     float64 // the most
}

// heldFinal is a last receipt whose end has not been compared yet.
type heldFinal struct {
	paspeaker.Receipt
	until int64 // local ns
}

// pull is what the output calls: the mixer, and a copy for the monitor.
func (n *Node) pull() audio.Pull {
	if n.monitor == nil {
		return n.mixer.Read
	}
	tap := n.monitor.Tap()
	return func(out []float32, b audio.Beat) {
		n.mixer.Read(out, b)
		tap.Write(out, b)
	}
}

// Monitor returns what hears this loudspeaker, nil when nothing does.
func (n *Node) Monitor() *monitor.Monitor { return n.monitor }

// monitorState is what the monitor hears now, for the report.
func (n *Node) monitorState() *paspeaker.MonitorState {
	if n.monitor == nil {
		return nil
	}
	s := n.monitor.State()
	return &paspeaker.MonitorState{Name: s.Name, LevelDB: s.LevelDB, SentDB: s.SentDB, Likeness: s.Likeness, Delay: paspeaker.Duration(max(s.Delay, 0)), Fault: s.Fault}
}

// hearMonitor notes which sessions are at full level now, and counts what the
// monitor has compared. The receipts' lock is held.
func (n *Node) hearMonitor(streams []playout.StreamStatus) {
	if n.monitor == nil {
		return
	}
	m, now := &n.receipts.monitored, n.cfg.Now()
	if m.spans == nil {
		m.spans = make(map[uint64]*monitorSpan)
	}
	for _, s := range streams {
		if !s.Full || s.FirstHeard == 0 {
			continue
		}
		if m.spans[s.Session] == nil {
			m.spans[s.Session] = &monitorSpan{from: now - int64(receiptEvery)}
		}
		m.spans[s.Session].to = now
	}
	for _, w := range n.monitor.Windows() {
		for _, s := range m.spans {
			s.take(w)
		}
	}
}

// take counts a window in which the session was heard for long enough.
func (s *monitorSpan) take(w monitor.Window) {
	common := min(s.to, w.To) - max(s.from, w.From)
	if common < min(w.To-w.From, (s.to-s.from)*8/5)/2 || common <= 0 {
		return
	}
	h := &s.sum
	h.Windows++
	part := 1 / float64(h.Windows)
	h.Likeness += (w.Likeness - h.Likeness) * part
	h.LevelDB += (w.HeardDB - h.LevelDB) * part
	if w.Like() {
		h.Like++
	}
	if w.Likeness > s.like {
		s.like, h.Delay = w.Likeness, paspeaker.Duration(max(w.Delay, 0)) // an output that believes it is slower than it is seems to be heard too early
	}
}

// finish hands a last receipt to tell, or keeps it until its end has been
// compared. The receipts' lock is held.
func (n *Node) finish(r paspeaker.Receipt, tell func(paspeaker.Receipt)) {
	m := &n.receipts.monitored
	if n.monitor == nil || m.spans[uint64(r.Session)] == nil {
		tell(r)
		return
	}
	m.waiting = append(m.waiting, heldFinal{r, n.cfg.Now() + int64(holdFinal)})
}

// tellHeard lets go the last receipts whose sessions have been heard to their
// end, or for long enough; all of them when last. The receipts' lock is held.
func (n *Node) tellHeard(last bool, tell func(paspeaker.Receipt)) {
	m := &n.receipts.monitored
	kept := m.waiting[:0]
	for _, w := range m.waiting {
		span := m.spans[uint64(w.Session)]
		if span != nil && !last && n.cfg.Now() < w.until && n.monitor.Heard() < span.to {
			kept = append(kept, w)
			continue
		}
		if span != nil && span.sum.Windows > 0 {
			sum := span.sum
			w.Receipt.Monitor = &sum
		}
		delete(m.spans, uint64(w.Session))
		tell(w.Receipt)
	}
	m.waiting = kept
}
