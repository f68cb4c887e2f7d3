package integration

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/integration/ears"
)

// The bench says how many microseconds loudspeakers are apart. Here, on a
// machine that may be busy with anything, they must be one to the ear: within a
// millisecond nearly always. A loudspeaker that is not in time at all is off
// by tens of milliseconds, or by an hour.
const (
	oneToTheEar = 48.0 // samples: a millisecond
	window      = 4096
	windowEvery = int64(100 * time.Millisecond)
)

// noiseFile is a recording of noise, no two places of which are alike.
func noiseFile(t *testing.T, seed uint64, seconds float64) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "noise.wav")
	f, err := os.Create(name)
	require.NoError(t, err)
	w, err := audio.NewWAVWriter(f, audio.Rate)
	require.NoError(t, err)
	require.NoError(t, w.Write(ears.Noise(seed, seconds)))
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
	return name
}

// inTime compares two loudspeakers on the host's time, window by window, and
// returns which share of the windows in which both sound are together, and how
// many there are.
func inTime(a, b *ears.Stamped) (share float64, windows int) {
	from, to := max(a.At(0), b.At(0)), min(a.At(len(a.Samples)-1), b.At(len(b.Samples)-1))
	good := 0
	for at := from; at < to; at += windowEvery {
		x, y := a.Window(at, window), b.Window(at, window)
		if ears.DB(x) < -50 || ears.DB(y) < -50 {
			continue
		}
		windows++
		if lag, likeness := ears.Lag(ears.NewSpectrum(x), ears.NewSpectrum(y)); math.Abs(lag) < oneToTheEar && likeness > 0.5 {
			good++
		}
	}
	return float64(good) / float64(max(windows, 1)), windows
}

// choir starts nodes with virtual cards and bent clocks. Cards that wait for two
// seconds before they run dry, and sound that is sent a second ahead, are made
// late by no machine, however busy.
func (s *site) choir(nodes map[string][2]string) {
	s.t.Helper()
	for id, bent := range nodes {
		s.startNode(id, "--warp", bent[0], "--output", "virtual:"+bent[1]+",file="+s.path(id+".wav"))
	}
}

// stamped stops a node and returns what its card played, and when.
func (s *site) stamped(id string) *ears.Stamped {
	s.t.Helper()
	s.recording(id)
	x, err := ears.OpenStamped(s.path(id + ".wav"))
	require.NoError(s.t, err)
	return x
}

func TestLoudspeakersWithBadClocksSoundAsOne(t *testing.T) {
	s := startSite(t, "pcmu")
	nodes := map[string][2]string{
		"gate-1": {"offset=1h,ppm=+100,wander=2:1m,seed=1,wall=+1h@4s", "ppm=-100,wander=2:1m,seed=1,buffer=2s"},
		"corner": {"offset=9h,ppm=-100,wander=2:1m,seed=2,wall=-1s@5s", "ppm=+100,wander=2:1m,seed=2,jitter=300us,buffer=2s"},
		"road-1": {"ppm=+40,seed=3", "ppm=+90,seed=3,xrun=5s:60ms,buffer=2s"},
	}
	s.choir(nodes)
	first := s.announceFile(noiseFile(t, 1, 4), map[string]any{"zones": []string{"gates", "roads"}, "delay": "1s"})
	s.over(first.ID, "gate-1", "corner", "road-1")

	// The controller dies in the middle of a programme, and comes back.
	broken := s.announceFile(noiseFile(t, 2, 20), map[string]any{"zones": []string{"gates", "roads"}, "delay": "1s"})
	s.eventually("it sounds", func() bool { return s.plays("gate-1", broken.ID) && s.plays("road-1", broken.ID) })
	_ = s.ctl.end(syscall.SIGKILL)
	s.startController()
	next := s.announceFile(noiseFile(t, 3, 4), map[string]any{"zones": []string{"gates", "roads"}, "delay": "1s"})
	s.eventually("the next is over", func() bool { return !s.session(next.ID).Ended.IsZero() })

	cards := make(map[string]*ears.Stamped)
	for id := range nodes {
		cards[id] = s.stamped(id)
	}
	for pair, least := range map[[2]string]float64{
		{"gate-1", "corner"}: 0.9,
		{"gate-1", "road-1"}: 0.7, // whose card stands still for 60 ms every 5 s, and says nothing
		{"corner", "road-1"}: 0.7,
	} {
		share, windows := inTime(cards[pair[0]], cards[pair[1]])
		t.Logf("%s and %s: %.1f %% of %d windows within a millisecond", pair[0], pair[1], 100*share, windows)
		assert.Greater(t, windows, 60, pair)
		assert.Greater(t, share, least, pair)
	}
}

// A loudspeaker whose program was stopped for 0.7 s has lost that much sound,
// and is in time with its neighbour again a moment later.
func TestALoudspeakerThatStalledIsInTimeAgain(t *testing.T) {
	s := startSite(t, "pcmu")
	s.choir(map[string][2]string{"gate-1": {"ppm=+60,seed=1", "ppm=-50,seed=1"}, "corner": {"ppm=-60,seed=2", "ppm=+50,seed=2"}})
	noise := s.announceFile(noiseFile(t, 1, 7), map[string]any{"zones": []string{"gates"}, "delay": "1s"})
	s.eventually("it sounds", func() bool { return s.plays("gate-1", noise.ID) && s.plays("corner", noise.ID) })
	before := s.speaker("corner").Report.Output.Underruns
	p := s.nodes["corner"].cmd.Process
	require.NoError(t, p.Signal(syscall.SIGSTOP))
	<-time.After(700 * time.Millisecond)
	require.NoError(t, p.Signal(syscall.SIGCONT))
	s.over(noise.ID, "gate-1", "corner")
	s.eventually("its node says so", func() bool { return s.speaker("corner").Report.Output.Underruns > before })

	gate, corner := s.stamped("gate-1"), s.stamped("corner")
	share, windows := inTime(gate, corner)
	t.Logf("%.1f %% of %d windows within a millisecond", 100*share, windows)
	assert.Greater(t, windows, 40)
	assert.Greater(t, share, 0.8)
	// The last second, long after: oto alone would be late for ever.
	_, end := ears.Span(gate.Samples, 0.01)
	at := gate.At(end - 48000)
	lag, likeness := ears.Lag(ears.NewSpectrum(gate.Window(at, window)), ears.NewSpectrum(corner.Window(at, window)))
	assert.InDelta(t, 0, lag, oneToTheEar)
	assert.Greater(t, likeness, 0.8)
}

// A higher priority takes over without a hole, without a click, and at all
// loudspeakers at once.
func TestAPreemptionLeavesNoHole(t *testing.T) {
	s := startSite(t, "pcmu")
	nodes := []string{"gate-1", "corner", "road-1"}
	s.choir(map[string][2]string{"gate-1": {"ppm=+90,seed=1", "ppm=-90,seed=1,buffer=2s"}, "corner": {"ppm=-90,seed=2", "ppm=+90,seed=2,buffer=2s"}, "road-1": {"seed=3", "ppm=+30,seed=3,buffer=2s"}})
	low := s.announce(map[string]any{"zones": []string{"gates", "roads"}, "source": "tone", "freq": 500, "length": "20s", "priority": 20, "preempted": "drop", "delay": "600ms"})
	s.eventually("the first sounds", func() bool {
		return s.plays("gate-1", low.ID) && s.plays("road-1", low.ID) && s.plays("corner", low.ID)
	})
	high := s.announce(map[string]any{"zones": []string{"gates", "roads"}, "source": "tone", "freq": 1300, "length": "2s", "priority": 200, "delay": "1s"})
	s.over(high.ID, nodes...)
	var at []int64
	for _, id := range nodes {
		x := s.stamped(id)
		begin, end := ears.Span(x.Samples, 0.01)
		body := x.Samples[begin+480 : end-4800]
		// While one tone fades into the other their sum may touch zero with its
		// slope and its bend at zero, for up to eight samples; a card's period that
		// is missing is 480.
		assert.LessOrEqual(t, ears.Hole(body, 0.0005), 10, "%s: a hole", id)
		assert.Less(t, ears.Step(body), 0.030, "%s: a click; the higher tone's own steps are 0.0240, and mu-law's noise", id)
		when, ok := x.Switch(500, 1300)
		require.True(t, ok, id)
		at = append(at, when)
	}
	assert.Less(t, slices.Max(at)-slices.Min(at), int64(time.Millisecond), "all switch at once")
}
