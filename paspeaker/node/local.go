package node

import (
	"math/rand/v2"
	"sync"

	"pa/audio/playout"
)

// local knows the sessions that this node makes itself: nobody asked for them
// to be announced, and so nobody gets a receipt.
type local struct {
	mu   sync.Mutex
	open map[uint64]chan playout.StreamStatus
}

// begin returns the name of a new session and where its end is told.
func (l *local) begin() (session uint64, end <-chan playout.StreamStatus) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = make(map[uint64]chan playout.StreamStatus)
	}
	ch := make(chan playout.StreamStatus, 1)
	session = rand.Uint64()
	l.open[session] = ch
	return session, ch
}

func (l *local) has(session uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open[session] != nil
}

// ended tells who waits what became of a local session, and says whether it is
// one.
func (l *local) ended(s playout.StreamStatus) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ch := l.open[s.Session]
	if ch != nil {
		ch <- s
		delete(l.open, s.Session)
	}
	return ch != nil
}

// forget gives a session up whose end nobody waits for any more.
func (l *local) forget(session uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, session)
}
