package node

import (
	"slices"
	"sync"
	"time"
)

// logKept bounds what is kept of the log, bytes.
const logKept = 256 << 10

// LogRing keeps the newest lines of a log, 256 KiB of them. It is an io.Writer
// for slog's handlers, which write a line at a time. The zero value is ready.
type LogRing struct {
	mu    sync.Mutex
	lines []logLine
	bytes int
	next  uint64        // number of the next line
	came  chan struct{} // closed when a line comes; nil: nobody waits
}

type logLine struct {
	n    uint64
	at   time.Time
	text string
}

// Write implements io.Writer; it never fails.
func (r *LogRing) Write(line []byte) (int, error) {
	text := line
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	if len(text) > logKept/16 {
		text = text[:logKept/16]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	r.lines = append(r.lines, logLine{r.next, time.Now(), string(text)})
	r.bytes += len(text)
	drop := 0
	for ; r.bytes > logKept; drop++ {
		r.bytes -= len(r.lines[drop].text)
	}
	r.lines = slices.Delete(r.lines, 0, drop)
	if r.came != nil {
		close(r.came)
		r.came = nil
	}
	return len(line), nil
}

// page returns lines behind after and from since on, of at most limit bytes;
// lost is how many of those behind after were not kept. When there is none it
// returns a channel that is closed when one comes.
func (r *LogRing) page(after uint64, since time.Time, limit int) (lines []string, next uint64, more bool, lost uint64, come <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if after > r.next { // of a former run
		after = 0
	}
	if len(r.lines) > 0 && after > 0 && r.lines[0].n > after+1 {
		lost = r.lines[0].n - after - 1
	}
	next = max(after, r.next-uint64(len(r.lines)))
	for _, l := range r.lines {
		if l.n <= after {
			continue
		}
		if !l.at.Before(since) {
			if limit -= len(l.text) + 8; limit < 0 {
				return lines, next, true, lost, nil
			}
			lines = append(lines, l.text)
		}
		next = l.n
	}
	if len(lines) == 0 {
		if r.came == nil {
			r.came = make(chan struct{})
		}
		come = r.came
	}
	return lines, next, false, lost, come
}
