package bus

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"pa/paspeaker"
)

const (
	bufferEntries = 8192
	bufferBytes   = 16 << 20
)

// item is one entry on its way to the disk.
type item struct {
	n    uint64 // its place in the order of appending
	id   string // Nats-Msg-Id
	data []byte
}

// buffer holds entries until they are written, within bounds: in two queues,
// so that what may go is found at once.
type buffer struct {
	instance string // makes ids unique among controllers and starts
	ready    chan struct{}

	mu                 sync.Mutex
	next               uint64
	important, routine []item
	notice             *item  // the "loss" entry on its way
	bytes              int    // of both queues
	lost, unreported   uint64 // entries
	marks              []mark
}

// mark is somebody who waits until everything before n is written or lost.
type mark struct {
	n    uint64
	done chan struct{}
}

func newBuffer(instance string) *buffer {
	return &buffer{instance: instance, ready: make(chan struct{}, 1)}
}

func (b *buffer) put(data []byte, important bool) {
	b.mu.Lock()
	it := b.item(data)
	if important {
		b.important = append(b.important, it)
	} else {
		b.routine = append(b.routine, it)
	}
	b.bytes += len(data)
	for len(b.important)+len(b.routine) > bufferEntries || b.bytes > bufferBytes {
		b.drop()
	}
	b.mu.Unlock()
	wake(b.ready)
}

// item numbers an entry. b.mu is held.
func (b *buffer) item(data []byte) item {
	b.next++
	return item{n: b.next, id: b.instance + "-" + strconv.FormatUint(b.next, 10), data: data}
}

// drop gives up the oldest routine entry, or the oldest of all when every one
// is important. b.mu is held.
func (b *buffer) drop() {
	q := &b.routine
	if len(*q) == 0 {
		q = &b.important
	}
	b.bytes -= len((*q)[0].data)
	*q = (*q)[1:]
	b.lost++
	b.unreported++
	b.release()
}

// lose counts an entry that could not even be buffered.
func (b *buffer) lose() {
	b.mu.Lock()
	b.lost++
	b.unreported++
	b.mu.Unlock()
	wake(b.ready)
}

// head returns what is to be written next. A loss is told before what came
// after it.
func (b *buffer) head(now time.Time) (item, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.notice == nil && b.unreported > 0 {
		data, err := json.Marshal(paspeaker.Entry{Time: now, What: "loss",
			Detail: fmt.Sprintf("%d entries were lost while the journal could not be written", b.unreported)})
		if err == nil {
			it := b.item(data)
			b.notice, b.unreported = &it, 0
		}
	}
	if b.notice != nil {
		return *b.notice, true
	}
	if q := b.oldest(); q != nil {
		return (*q)[0], true
	}
	return item{}, false
}

// oldest returns the queue whose first entry is the oldest, nil when both are
// empty. b.mu is held.
func (b *buffer) oldest() *[]item {
	switch {
	case len(b.routine) == 0 && len(b.important) == 0:
		return nil
	case len(b.routine) == 0, len(b.important) > 0 && b.important[0].n < b.routine[0].n:
		return &b.important
	default:
		return &b.routine
	}
}

// done removes what head returned, unless overflow has done so meanwhile.
func (b *buffer) done(it item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.notice != nil && b.notice.n == it.n {
		b.notice = nil
	}
	for _, q := range []*[]item{&b.important, &b.routine} {
		if len(*q) > 0 && (*q)[0].n == it.n {
			b.bytes -= len((*q)[0].data)
			*q = (*q)[1:]
		}
	}
	b.release()
}

// mark returns a channel that is closed when nothing appended so far waits.
func (b *buffer) mark() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := mark{n: b.next, done: make(chan struct{})}
	b.marks = append(b.marks, m)
	b.release()
	return m.done
}

// release frees the marks that have nothing left to wait for. b.mu is held.
func (b *buffer) release() {
	if len(b.marks) == 0 {
		return
	}
	first := b.next + 1
	if q := b.oldest(); q != nil {
		first = (*q)[0].n
	}
	if b.notice != nil || b.unreported > 0 {
		first = 0 // a loss is to be told first
	}
	kept := b.marks[:0]
	for _, m := range b.marks {
		if m.n < first {
			close(m.done)
		} else {
			kept = append(kept, m)
		}
	}
	b.marks = kept
}

func (b *buffer) counts() (waiting int, lost uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.important) + len(b.routine), b.lost
}
