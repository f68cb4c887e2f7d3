package node

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"pa/audio"
	"pa/audio/playout"
	"pa/audio/wire"
	"pa/paspeaker"
)

// claims is a packet that claims to be of a session.
func claims(session uint64) []byte {
	b := make([]byte, 200)
	binary.BigEndian.PutUint64(b[offSessionForTest:], session)
	return b
}

// offSessionForTest is where docs/wire.md puts the session.
const offSessionForTest = 25

func TestWhatIsRefusedInASessionsNameIsTold(t *testing.T) {
	now := int64(time.Hour)
	n := &Node{cfg: Config{ID: "gate-1", Now: func() int64 { return now }}, receipts: receipts{sums: make(map[uint64]playout.StreamStatus)}}
	assert.EqualValues(t, 0x700, wire.SessionOf(claims(0x700)), "this test knows the packet's form")
	for range 40 {
		n.turned.note(claims(0x100), wire.Stale, now)
		n.turned.note(claims(0x200), wire.UnknownKey, now)
		n.turned.note(claims(0x300), wire.NotForUs, now)
		n.turned.note(claims(0x400), wire.Duplicate, now)
	}
	n.turned.note(claims(0x100), wire.BadSignature, now)
	n.turned.note(claims(0x500), wire.Flood, now)
	assert.Empty(t, n.tellTurned(nil), "more may come")
	now += int64(2 * time.Second)
	got := n.tellTurned([]playout.StreamStatus{{Session: 0x200}})
	assert.Equal(t, []paspeaker.Receipt{{Node: "gate-1", Session: 0x100, Done: true, Refused: 41, Refusal: "stale", LevelDB: -120}}, got,
		"packets for others and copies are everyday, one alone is noise, and what plays has a receipt of its own")
	count, why := n.turned.take(0x200)
	assert.EqualValues(t, 40, count)
	assert.Equal(t, "unknown key", why)
	assert.Empty(t, n.tellTurned(nil), "once")

	for i := range uint64(1000) { // a flood of sessions
		n.turned.note(claims(0x10000+i<<8), wire.Stale, now+int64(i))
	}
	assert.Empty(t, n.turned.quiet(now+int64(time.Minute)))
}

// fakeSink is a sound card that says what is wrong with it.
type fakeSink struct {
	audio.Sink
	fault string
}

func (f fakeSink) State() audio.SinkState { return audio.SinkState{Fault: f.fault} }

func TestTheLastReceiptSaysWhatTheCardDid(t *testing.T) {
	n := &Node{cfg: Config{ID: "gate-1", Sink: fakeSink{fault: "no card DAC"}}, receipts: receipts{output: make(map[uint64]string)}}
	n.conf.Store(&paspeaker.NodeConfig{GainDB: -6})
	n.noteOutput([]playout.StreamStatus{{Session: 1}})
	s := playout.StreamStatus{Session: 1, Due: 100, Played: 60, LevelDB: -20}
	s.Gaps.Add(5e9, 6e9, playout.Missing)
	s.Gaps.Add(8e9, 9e9, playout.Masked)
	r := n.final(s)
	assert.Equal(t, "no card DAC", r.Output)
	assert.EqualValues(t, 100, r.Due)
	assert.Equal(t, -26.0, r.LevelDB)
	assert.Equal(t, []string{"lost packets", "masked"}, []string{r.Gaps[0].Why, r.Gaps[1].Why})
	assert.Equal(t, time.Unix(5, 0).UTC(), r.Gaps[0].From)
	assert.Empty(t, n.final(playout.StreamStatus{Session: 2}).Output, "each session its own")

	n.cfg.Sink = fakeSink{}
	assert.Equal(t, noCard, n.final(playout.StreamStatus{Session: 3, Stalled: true}).Output)
}
