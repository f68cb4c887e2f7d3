package node

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/monitor"
	"pa/audio/playout"
	"pa/paspeaker"
	"pa/paspeaker/state"
)

func TestASweepIsAsLoudAsItIsToBe(t *testing.T) {
	pcm := make([]float32, audio.Rate)
	sweeps(pcm, 3*audio.Rate, audio.DB(-26))
	var sum, peak float64
	for _, v := range pcm {
		sum, peak = sum+float64(v)*float64(v), max(peak, math.Abs(float64(v)))
	}
	assert.InDelta(t, -26, audio.ToDB(math.Sqrt(sum/float64(len(pcm)))), 0.3)
	assert.Less(t, peak, 0.08)
	again := make([]float32, 480)
	sweeps(again, 480, audio.DB(-26))
	assert.Equal(t, pcm[480:960], again, "each second is the same")
}

func TestWhatIsMeasuredIsTheMiddleOfWhatWasHeard(t *testing.T) {
	dir, err := state.Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	defer dir.Close()
	n := &Node{cfg: Config{ID: "gate-1"}, log: slog.New(slog.DiscardHandler), bench: recallBench(dir, time.Now)}
	n.conf.Store(&paspeaker.NodeConfig{ID: "gate-1", GainDB: -3, Delay: paspeaker.Duration(2 * time.Millisecond)})
	n.mixer = playout.New(playout.Config{Clock: &n.time})
	w := func(heard, like float64, delay time.Duration) monitor.Window {
		return monitor.Window{SentDB: -26, HeardDB: heard, Likeness: like, Delay: delay}
	}
	const ms = time.Millisecond
	got, err := n.measured([]monitor.Window{w(-46, 1, 12*ms), w(-46, 1, 12*ms), w(-10, 0.1, 500*ms), w(-46, 1, 12*ms), w(-40, 0.5, 13*ms)}, -49)
	require.NoError(t, err)
	assert.InDelta(t, -23, got.ResponseDB, 0.05, "half of it is noise")
	assert.Equal(t, paspeaker.Duration(12*ms), got.Delay)
	assert.Equal(t, -3.0, got.GainDB)
	_, err = n.measured([]monitor.Window{w(-46, 1, 12*ms), w(-10, 0.1, 500*ms)}, -70)
	assert.ErrorContains(t, err, "did not hear the sweep")
	assert.ErrorContains(t, n.mayCalibrate(), "no monitor")

	adjust := func(a string) error {
		_, err := n.adjust(context.Background(), json.RawMessage(a))
		return err
	}
	require.NoError(t, adjust(`{"trim_db":-6,"delay_trim":"5ms"}`))
	assert.Equal(t, 7*ms, n.delay(n.conf.Load()))
	assert.Equal(t, 5*ms, recallBench(dir, time.Now).delayTrim(), "over a restart")
	for _, bad := range []string{`{"trim_db":-99}`, `{"delay_trim":"3s"}`, `{"delay_trim":"-5ms"}`, `{`} {
		assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(adjust(bad)), bad)
	}
}
