package node

import (
	"sync"
	"time"

	"pa/audio/playout"
	"pa/audio/wire"
	"pa/paspeaker"
)

const (
	turnedSessions = 16                             // told apart; of more the one that was quiet longest is forgotten
	turnedFew      = 10                             // packets that are worth a receipt of their own
	turnedQuiet    = int64(1500 * time.Millisecond) // without one more it is over
)

// turned counts the packets in each session's name that were not taken. Whether
// they were really of that session nobody can say: it is what the packet claims.
// It has a fixed size; a flood costs it nothing.
type turned struct {
	mu  sync.Mutex
	all [turnedSessions]turnedAway
}

type turnedAway struct {
	session uint64
	last    int64 // local ns
	n       uint64
	by      [16]uint64 // by wire.Refusal
}

// worthTelling are the refusals that say why a session was not heard. The rest
// are everyday: packets for others, copies, the stragglers of what has ended.
func worthTelling(r wire.Refusal) bool {
	switch r {
	case wire.OldTerm, wire.Stale, wire.Early, wire.Flood, wire.UnknownKey, wire.BadSignature:
		return true
	}
	return false
}

// note counts a packet that was refused.
func (t *turned) note(b []byte, why wire.Refusal, at int64) {
	session := wire.SessionOf(b)
	if session == 0 || !worthTelling(why) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	slot := &t.all[0]
	for i := range t.all {
		if t.all[i].session == session {
			slot = &t.all[i]
			break
		}
		if t.all[i].last < slot.last {
			slot = &t.all[i]
		}
	}
	if slot.session != session {
		*slot = turnedAway{session: session}
	}
	slot.last = at
	slot.n++
	slot.by[why]++
}

// take returns how many were refused in a session's name, and why most of them,
// and forgets it.
func (t *turned) take(session uint64) (n uint64, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.all {
		if t.all[i].session == session {
			a := t.all[i]
			t.all[i] = turnedAway{}
			return a.n, a.why()
		}
	}
	return 0, ""
}

// quiet returns the sessions of which nothing comes any more, and forgets those
// that are not worth telling.
func (t *turned) quiet(now int64) (sessions []uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.all {
		a := &t.all[i]
		switch {
		case a.session == 0 || now-a.last < turnedQuiet:
		case a.n < turnedFew:
			*a = turnedAway{}
		default:
			sessions = append(sessions, a.session)
		}
	}
	return sessions
}

func (a turnedAway) why() string {
	most := wire.OK
	for i := range a.by {
		if a.by[i] > a.by[most] {
			most = wire.Refusal(i)
		}
	}
	return most.String()
}

// tellTurned returns receipts of sessions of which nothing was taken: whoever
// waits for a word learns that the packets came and why they were refused. What
// the mixer holds, or held lately, is told with what it played. The receipts'
// lock is held.
func (n *Node) tellTurned(streams []playout.StreamStatus) (out []paspeaker.Receipt) {
	if n.cfg.Now == nil {
		return nil
	}
	for _, session := range n.turned.quiet(n.cfg.Now()) {
		held := false
		for _, s := range streams {
			held = held || s.Session == session
		}
		if held {
			continue
		}
		count, why := n.turned.take(session)
		if _, told := n.receipts.sums[session]; told {
			continue // its receipt is out, and these are its stragglers
		}
		out = append(out, paspeaker.Receipt{Node: n.cfg.ID, Session: paspeaker.SessionID(session), Done: true, Refused: count, Refusal: why, LevelDB: silent})
	}
	return out
}
