package node

import (
	"encoding/json"
	"errors"
	"io/fs"
	"sync"
	"time"

	"pa/paspeaker"
)

const benchFile = "bench.json"

// emergencyRank is the lowest rank of an emergency: its priority is the rank's
// top byte.
const emergencyRank = uint64(paspeaker.PriorityEmergency) << 24

// bench is what technicians have set at this loudspeaker: it stays over a
// restart.
type bench struct {
	dir Store
	now func() time.Time // the controller's, as well as the node knows it

	mu    sync.Mutex
	set   settings
	since time.Time // the mute was set or recalled, monotonic
}

type settings struct {
	TrimDB    float64       `json:"trim_db,omitempty"`
	DelayTrim time.Duration `json:"delay_trim,omitempty"` // by a calibration
	Mute      *mutedSetting `json:"mute,omitempty"`
}

// mutedSetting is a mute on disk. Left bounds it where the clock is wrong.
type mutedSetting struct {
	paspeaker.Muting
	Left time.Duration `json:"left"` // when it was set or last recalled
}

// recallBench reads the settings. A file that cannot be read counts as none: a
// loudspeaker at its usual volume is the better mistake.
func recallBench(dir Store, now func() time.Time) *bench {
	b := &bench{dir: dir, now: now, since: time.Now()}
	raw, err := dir.Read(benchFile)
	if errors.Is(err, fs.ErrNotExist) || err != nil || json.Unmarshal(raw, &b.set) != nil {
		b.set = settings{}
	}
	b.set.TrimDB = min(max(b.set.TrimDB, paspeaker.MinTrimDB), paspeaker.MaxTrimDB)
	b.set.DelayTrim = min(max(b.set.DelayTrim, 0), paspeaker.MaxDelayTrim)
	if m := b.set.Mute; m != nil {
		m.Left = min(m.Left, paspeaker.MaxMute)
	}
	return b
}

// change changes the settings and keeps them; what cannot be kept is not
// changed.
func (b *bench) change(f func(*settings)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.set
	f(&s)
	raw, err := json.Marshal(s)
	if err == nil {
		err = b.dir.Write(benchFile, raw)
	}
	if err != nil {
		return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "the node cannot keep it", Err: err, Hint: "look at the node's disk"}
	}
	if s.Mute != b.set.Mute {
		b.since = time.Now()
	}
	b.set = s
	return nil
}

// trim returns what is added to the configuration's gain, dB.
func (b *bench) trim() float64 {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.set.TrimDB
}

// muting returns the mute in force, or nil.
func (b *bench) muting() *paspeaker.Muting {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.set.Mute
	if m == nil || time.Since(b.since) >= m.Left || !b.now().Before(m.Until) {
		return nil
	}
	out := m.Muting
	return &out
}

// below returns the rank beneath which nothing is to be heard.
func (b *bench) below() uint64 {
	switch m := b.muting(); {
	case m == nil:
		return 0
	case m.EmergenciesToo:
		return 1 << 32
	}
	return emergencyRank
}
