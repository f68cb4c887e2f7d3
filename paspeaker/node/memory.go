package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	heardFile   = "heard.json"
	damagedFile = "heard.json.damaged"
)

// As many ended sessions are remembered; older ones are refused by their
// T_play anyway.
const maxEnded = 512

// As many commands are remembered; older ones have expired.
const maxSeen = 512

// memory is what protects a restarted node from old packets: the highest term
// heard, the sessions that have ended, and the commands carried out.
type memory struct {
	dir   Store
	mu    sync.Mutex
	heard heard
	dirty chan struct{} // a signal: something is to be written
	fault error         // of the last write
	// damage says that the file was not readable at this start.
	damage error
}

type heard struct {
	Term  uint32           `json:"term"`
	Ended map[uint64]int64 `json:"ended"` // session → media ns of its end

	Commands []string `json:"commands,omitempty"` // IDs of those carried out, the newest last
}

// remember reads the memory. A damaged file is put aside and is a fault, not an
// end: forgetting lets packets of the last seconds be replayed at worst, while a
// loudspeaker that does not start is silent in an emergency.
func remember(dir Store) (*memory, error) {
	m := &memory{dir: dir, dirty: make(chan struct{}, 1), heard: heard{Ended: make(map[uint64]int64)}}
	b, err := dir.Read(heardFile)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dir.Path(heardFile), err)
	}
	if err := json.Unmarshal(b, &m.heard); err != nil {
		m.damage = fmt.Errorf("%s was damaged (%w) and is kept as %s: what was heard before this start is forgotten", heardFile, err, damagedFile)
		m.heard = heard{}
		if err := os.Rename(dir.Path(heardFile), dir.Path(damagedFile)); err != nil {
			m.fault = err
		}
	}
	if m.heard.Ended == nil {
		m.heard.Ended = make(map[uint64]int64)
	}
	return m, nil
}

func (m *memory) recall() (uint32, map[uint64]int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard.Term, maps.Clone(m.heard.Ended)
}

func (m *memory) setTerm(term uint32) {
	m.mu.Lock()
	m.heard.Term = max(m.heard.Term, term)
	m.mu.Unlock()
	m.signal()
}

func (m *memory) addEnded(session uint64, at int64) {
	m.mu.Lock()
	m.heard.Ended[session] = at
	if len(m.heard.Ended) > maxEnded {
		m.dropOldest()
	}
	m.mu.Unlock()
	m.signal()
}

// newCommand says whether a command comes for the first time, and remembers it.
func (m *memory) newCommand(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.Contains(m.heard.Commands, id) {
		return false
	}
	m.heard.Commands = append(m.heard.Commands, id)
	if len(m.heard.Commands) > maxSeen {
		m.heard.Commands = slices.Clone(m.heard.Commands[len(m.heard.Commands)-maxSeen:])
	}
	m.signal()
	return true
}

// dropOldest forgets the older half.
func (m *memory) dropOldest() {
	ids := slices.SortedFunc(maps.Keys(m.heard.Ended), func(a, b uint64) int {
		return int(min(1, max(-1, m.heard.Ended[a]-m.heard.Ended[b])))
	})
	for _, id := range ids[:len(ids)/2] {
		delete(m.heard.Ended, id)
	}
}

func (m *memory) signal() {
	select {
	case m.dirty <- struct{}{}:
	default:
	}
}

// run writes what has changed, at most a few times a second, until ctx is
// done; then once more. A disk that takes no writes is a fault, never an end.
func (m *memory) run(ctx context.Context) error {
	for {
		select {
		case <-m.dirty:
			m.write()
		case <-ctx.Done():
			m.write()
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func (m *memory) write() {
	m.mu.Lock()
	b, err := json.Marshal(m.heard)
	m.mu.Unlock()
	if err == nil {
		err = m.dir.Write(heardFile, b)
	}
	m.mu.Lock()
	m.fault = err
	m.mu.Unlock()
}

// trouble returns why the memory could not be read or written, nil when it
// could.
func (m *memory) trouble() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return errors.Join(m.damage, m.fault)
}
