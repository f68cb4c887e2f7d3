package node

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/playout"
	"pa/paspeaker"
)

func TestLossAndClippingAreOfTheLastMinute(t *testing.T) {
	var h health
	now := time.Unix(1_800_000_000, 0)
	var snap playout.Snapshot
	var out paspeaker.NodeHealth
	tell := func(seconds int, received, lost, clipped uint64) {
		for range seconds {
			now = now.Add(time.Second)
			snap.Totals.Received += received
			snap.Totals.Lost += lost
			snap.Clipped += clipped
			out = paspeaker.NodeHealth{}
			h.count(now, snap, &out)
		}
	}
	tell(1, 0, 0, 0)
	assert.Zero(t, out, "nothing was due")
	tell(30, 100, 0, 0)
	assert.Equal(t, paspeaker.NodeHealth{Due: 3000}, out)
	tell(30, 80, 20, 10)
	assert.EqualValues(t, 6000, out.Due)
	assert.InDelta(t, 10, out.LossPercent, 1e-9)
	assert.EqualValues(t, 300, out.Clipped)
	tell(60, 80, 20, 10)
	assert.InDelta(t, 20, out.LossPercent, 1e-9)
	tell(60, 0, 0, 0)
	assert.Zero(t, out)
	assert.LessOrEqual(t, len(h.minute), 61)
}

func TestASilentOutputIsNoticed(t *testing.T) {
	loud := []playout.StreamStatus{{Full: true, LevelDB: -20}}
	for name, test := range map[string]struct {
		streams []playout.StreamStatus
		level   float64
		moves   bool
		fault   string
		want    string
	}{
		"all is well":            {loud, -20, true, "", ""},
		"nothing to play":        {nil, -120, true, "", ""},
		"a pause in a speech":    {[]playout.StreamStatus{{Full: true, LevelDB: -100}}, -100, true, "", ""},
		"turned down to nothing": {loud, -80, true, "", "what it plays is at -20 dBFS, what leaves it at -80 dBFS"},
		"the card has stopped":   {nil, -120, false, "", "the sound card has not asked for sound for 9 s"},
		"the card is gone":       {nil, -120, false, "no card", ""},
		"it fades out":           {[]playout.StreamStatus{{Full: true, LevelDB: -20, Ended: true}}, -80, true, "", ""},
	} {
		var h health
		now := time.Unix(1_800_000_000, 0)
		sink := audio.SinkState{Frames: 1, Fault: test.fault}
		var since paspeaker.Duration
		var why string
		for range 10 {
			since, why = h.listen(now, playout.Snapshot{Streams: test.streams, LevelDB: test.level}, sink)
			now = now.Add(time.Second)
			if test.moves {
				sink.Frames += audio.Rate
			}
		}
		assert.Equal(t, test.want, why, name)
		assert.Equal(t, test.want != "", since > 0, name)
	}
}

func TestADeafGroupIsOneThatWasJoinedForLong(t *testing.T) {
	var h health
	heard := map[string]int64{}
	deaf := func(at time.Duration, groups ...string) []string {
		return h.deaf(int64(at), groups, func(g string) int64 { return heard[g] })
	}
	assert.Empty(t, deaf(time.Hour, "a", "b"))
	assert.Empty(t, deaf(time.Hour+paspeaker.DeafAfter, "a", "b"))
	heard["b"] = int64(time.Hour + paspeaker.DeafAfter)
	assert.Equal(t, []string{"a"}, deaf(time.Hour+paspeaker.DeafAfter+1, "a", "b"))
	assert.Empty(t, deaf(2*time.Hour, "c"), "it has only just been joined")
	assert.Empty(t, deaf(2*time.Hour, "a", "c"), "and this one again")
}

func TestWhatABoardSaysOfItself(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	b := board{root: root}
	b.look()
	assert.Equal(t, board{root: root, found: true}, b, "it says nothing")

	write("class/thermal/thermal_zone0/temp", "51234\n")
	write("class/thermal/thermal_zone1/temp", "84000\n")
	write("class/thermal/thermal_zone2/temp", "what?\n")
	write("devices/platform/soc/soc:firmware/get_throttled", "50000\n")
	write("class/hwmon/hwmon0/in0_lcrit_alarm", "0\n")
	b = board{root: root}
	b.look()
	assert.Equal(t, 84.0, b.celsius)
	assert.False(t, b.underVoltage, "it was once, and is not now")
	assert.False(t, b.throttled)
	write("devices/platform/soc/soc:firmware/get_throttled", "0x50005\n")
	b.look()
	assert.True(t, b.underVoltage)
	assert.True(t, b.throttled)
	write("devices/platform/soc/soc:firmware/get_throttled", "0\n")
	write("class/hwmon/hwmon0/in0_lcrit_alarm", "1\n")
	b.look()
	assert.True(t, b.underVoltage)
	assert.False(t, b.throttled)
	b = board{}
	b.look()
	assert.Equal(t, board{}, b)
}

func TestHowFullADiskIs(t *testing.T) {
	used := usedPercent(t.TempDir())
	assert.Greater(t, used, 0.0)
	assert.LessOrEqual(t, used, 100.0)
	assert.Zero(t, usedPercent("/nowhere/at/all"))
}
