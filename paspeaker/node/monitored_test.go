package node

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/monitor"
	"pa/audio/playout"
	"pa/paspeaker"
)

func TestAWindowBelongsToWhatSoundedInIt(t *testing.T) {
	const second = int64(time.Second)
	w := monitor.Window{From: 10 * second, To: 11 * second, HeardDB: -30, Likeness: 0.8, Delay: 12 * time.Millisecond}
	for name, c := range map[string]struct {
		from, to int64
		want     uint64
	}{
		"all of it":       {5 * second, 20 * second, 1},
		"its first half":  {5 * second, 10*second + second/2, 1},
		"hardly any":      {5 * second, 10*second + second/4, 0},
		"none":            {5 * second, 9 * second, 0},
		"a short message": {10*second + second/4, 10*second + second/2, 1},
	} {
		s := &monitorSpan{from: c.from, to: c.to}
		s.take(w)
		assert.Equal(t, c.want, s.sum.Windows, name)
	}
	s := &monitorSpan{from: 0, to: 60 * second}
	s.take(w)
	w.Likeness, w.HeardDB, w.Delay = 0.1, -50, -time.Millisecond
	s.take(w)
	assert.Equal(t, paspeaker.Monitored{Windows: 2, Like: 1, Likeness: 0.45, LevelDB: -40, Delay: paspeaker.Duration(12 * time.Millisecond)}, s.sum)
}

// The last receipt of a session waits for its monitor, but not for ever.
func TestALastReceiptWaitsForItsMonitor(t *testing.T) {
	now := int64(time.Hour)
	n := &Node{cfg: Config{ID: "gate-1", Now: func() int64 { return now }}, monitor: monitor.New(monitor.Config{})}
	var told []paspeaker.Receipt
	tell := func(r paspeaker.Receipt) { told = append(told, r) }
	n.hearMonitor([]playout.StreamStatus{{Session: 0x100, Full: true, FirstHeard: 1}, {Session: 0x200}})
	n.finish(paspeaker.Receipt{Session: 0x200}, tell)
	require.Len(t, told, 1, "what never sounded has nothing to wait for")
	n.finish(paspeaker.Receipt{Session: 0x100}, tell)
	n.receipts.spans[0x100].take(monitor.Window{From: now - int64(time.Second)/10, To: now, Likeness: 0.9})
	n.tellHeard(false, tell)
	assert.Len(t, told, 1)
	now += int64(holdFinal)
	n.tellHeard(false, tell)
	require.Len(t, told, 2)
	assert.EqualValues(t, 1, told[1].Monitor.Like)
	assert.Empty(t, n.receipts.spans)

	n.hearMonitor([]playout.StreamStatus{{Session: 0x300, Full: true, FirstHeard: 1}})
	n.finish(paspeaker.Receipt{Session: 0x300}, tell)
	n.tellHeard(true, tell)
	require.Len(t, told, 3, "at the node's end")
	assert.Nil(t, told[2].Monitor, "nothing was compared")
}

func TestTheMixersSoundIsCopiedForTheMonitor(t *testing.T) {
	n := &Node{monitor: monitor.New(monitor.Config{}), mixer: playout.New(playout.Config{Clock: &mediaTime{}})}
	n.pull()(make([]float32, 480), audio.Beat{Heard: int64(time.Second), Rate: audio.Rate})
	assert.Equal(t, int64(time.Second+10*time.Millisecond), n.Monitor().Tap().Newest())
	assert.Equal(t, -120.0, n.monitorState().LevelDB)
	assert.Nil(t, (&Node{}).monitorState())
}
