package fleet

import (
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/node"
)

// State is how a fleet is. Counts are since the State before.
type State struct {
	Members  int       `json:"members"`
	Running  int       `json:"running"`
	Stopped  int       `json:"stopped"` // because they were told to
	Failed   []Failure `json:"failed,omitempty"`
	Reports  int       `json:"reports"`
	Receipts int       `json:"receipts"`
	// What goes out in the busiest tenth of a second says whether a thousand
	// speak at one moment.
	MostReports  int `json:"most_reports"`
	MostReceipts int `json:"most_receipts"`
}

// Failure is a node that ended by itself.
type Failure struct {
	ID    paspeaker.SpeakerID `json:"id"`
	Error string              `json:"error"`
}

const moment = 100 * time.Millisecond

// tally counts what nodes say.
type tally struct {
	mu   sync.Mutex
	in   int64 // the moment that now counts
	now  [2]int
	most [2]int
	all  [2]int
}

// note counts one word. It may be called from any goroutine.
func (t *tally) note(w node.Word) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if in := time.Now().UnixNano() / int64(moment); in != t.in {
		t.in, t.now = in, [2]int{}
	}
	t.now[w]++
	t.all[w]++
	t.most[w] = max(t.most[w], t.now[w])
}

// take returns the counts and begins anew.
func (t *tally) take() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := State{Reports: t.all[node.WordReport], Receipts: t.all[node.WordReceipt],
		MostReports: t.most[node.WordReport], MostReceipts: t.most[node.WordReceipt]}
	t.all, t.most = [2]int{}, [2]int{}
	return s
}
