package playout

import (
	"cmp"
	"slices"

	"pa/audio"
)

// StreamStatus is what became of one session so far. Counts are in units of
// 10 ms: a 20 ms packet counts 2.
type StreamStatus struct {
	Session   uint64
	SSRC      uint32
	Rank      uint32
	PT        uint8
	Flags     Flags
	Full      bool   // sounds, or holds the floor in a pause
	Ducked    bool   // sounds beneath the one that is Full
	Received  uint64 // accepted or late; duplicates are not counted
	Played    uint64 // decoded while to be heard
	Muted     uint64 // decoded while a higher rank sounded, or all were muted
	Concealed uint64 // holes filled by the decoder
	Late      uint64 // came after they were due
	Lost      uint64 // never came, known from sequence numbers
	Due       uint64 // what lies between the first and the last that is known of, sound alone
	Skipped   uint64 // came in time but were passed over: late start, stalled card

	LevelDB    float64 // RMS of the last second as mixed, dBFS, −120 when silent
	FirstHeard int64   // media ns of the first audible sample, 0: never heard
	LastHeard  int64   // media ns of the last audible sample
	ErrorNS    int64   // where it should be less where it is, last block
	Resyncs    uint64  // hard corrections by crossfade
	Ended      bool    // by END or Stop; false in a finished stream: it fell silent
	Unlocked   bool    // plays on arrival
	Stalled    bool    // it ended because the sound card pulled nothing
	Gaps       Gaps    // what was not heard, when
}

// Totals are sums since the mixer was made, over finished streams too, in
// units of 10 ms but for Streams, Resyncs and Refused.
type Totals struct {
	Streams                                                 uint64 // begun
	Received, Played, Muted, Concealed, Late, Lost, Skipped uint64
	Resyncs                                                 uint64
	Refused                                                 [8]uint64 // packets by PushResult
}

// Snapshot is the state of a mixer.
type Snapshot struct {
	Streams []StreamStatus // highest rank first
	LevelDB float64        // output RMS of the last second, dBFS, −120 when silent
	Totals  Totals
	Clipped uint64 // samples that wanted to be beyond full scale, since the mixer was made; the limiter held them
}

// Add takes a stream's counts in.
func (t *Totals) Add(s StreamStatus) {
	t.Received += s.Received
	t.Played += s.Played
	t.Muted += s.Muted
	t.Concealed += s.Concealed
	t.Late += s.Late
	t.Lost += s.Lost
	t.Skipped += s.Skipped
	t.Resyncs += s.Resyncs
}

// report is the status of s, its counts in units of 10 ms.
func (s *stream) report(ended bool) StreamStatus {
	st := s.status
	for _, n := range []*uint64{&st.Due, &st.Received, &st.Played, &st.Muted, &st.Concealed, &st.Late, &st.Lost, &st.Skipped} {
		*n = *n * uint64(s.profile.Frame) / audio.FrameLen
	}
	st.Session, st.SSRC, st.Rank, st.PT, st.Flags = s.session, s.ssrc, s.rank, s.profile.PayloadType, s.flags
	st.Full, st.Ducked = s.role == full && s.claims(0), s.role == ducked && s.sounding
	st.LevelDB, st.Ended, st.Unlocked = s.level.db(), ended, s.unlocked
	return st
}

// Snapshot tells the state of every stream.
func (m *Mixer) Snapshot() Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	snap := Snapshot{LevelDB: m.level.db(), Totals: m.totals, Clipped: m.limiter.over}
	for _, s := range m.streams {
		st := s.report(false)
		snap.Totals.Add(st)
		snap.Streams = append(snap.Streams, st)
	}
	slices.SortFunc(snap.Streams, func(a, b StreamStatus) int {
		return cmp.Or(cmp.Compare(b.Rank, a.Rank), cmp.Compare(a.Session, b.Session))
	})
	return snap
}

// Finished returns the streams that ended since the last call, oldest first;
// of more than 256 the newest. A session that fell silent and later goes on
// finishes twice, each time with its own counts.
func (m *Mixer) Finished() []StreamStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.finished) == 0 {
		return nil
	}
	out := slices.Clone(m.finished)
	m.finished = m.finished[:0]
	return out
}
