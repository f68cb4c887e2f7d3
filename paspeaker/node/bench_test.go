package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/playout"
	"pa/paspeaker"
)

// do has a node carry out a verb, as its controller would.
func do[T any](t *testing.T, n *Node, verb string, args any) (T, *paspeaker.Error) {
	t.Helper()
	a := n.obey(t.Context(), order(t, verb, args, nil))
	var out T
	if a.Error == nil {
		require.NoError(t, json.Unmarshal(a.Result, &out))
	}
	return out, a.Error
}

func TestATrimIsBoundedAndKept(t *testing.T) {
	path := t.TempDir()
	n, end := atBench(t, path)
	n.conf.Load().GainDB = -3
	db := func(v float64) paspeaker.Volume { return paspeaker.Volume{DB: &v} }
	got, e := do[paspeaker.Trim](t, n, paspeaker.VerbVolume, paspeaker.Volume{})
	require.Nil(t, e)
	assert.Equal(t, paspeaker.Trim{GainDB: -3}, got)
	got, e = do[paspeaker.Trim](t, n, paspeaker.VerbVolume, db(-6))
	require.Nil(t, e)
	assert.Equal(t, paspeaker.Trim{TrimDB: -6, GainDB: -3}, got)
	for _, v := range []float64{-40.1, 12.1, 1e9} {
		_, e = do[paspeaker.Trim](t, n, paspeaker.VerbVolume, db(v))
		require.NotNil(t, e)
		assert.Equal(t, paspeaker.CodeInvalid, e.Code)
	}
	assert.InDelta(t, -29, n.receipt(playout.StreamStatus{LevelDB: -20}, true).LevelDB, 0.01, "a receipt tells the level with the trim")

	end()
	n, _ = atBench(t, path)
	got, e = do[paspeaker.Trim](t, n, paspeaker.VerbVolume, paspeaker.Volume{})
	require.Nil(t, e)
	assert.EqualValues(t, -6, got.TrimDB)
	_, e = do[paspeaker.Trim](t, n, paspeaker.VerbVolume, db(0))
	require.Nil(t, e)
	assert.Zero(t, n.bench.trim())
}

func TestAMuteEndsByItselfAndSurvivesARestart(t *testing.T) {
	path := t.TempDir()
	n, end := atBench(t, path)
	_, e := do[paspeaker.Muting](t, n, paspeaker.VerbMute, paspeaker.Mute{For: paspeaker.Duration(time.Hour), By: "Lan"})
	require.Nil(t, e)
	assert.Equal(t, emergencyRank, n.bench.below())
	end()
	n, _ = atBench(t, path)
	m := n.bench.muting()
	require.NotNil(t, m)
	assert.Equal(t, "Lan", m.By)
	was, e := do[paspeaker.Muting](t, n, paspeaker.VerbUnmute, nil)
	require.Nil(t, e)
	assert.Equal(t, "Lan", was.By)
	assert.Nil(t, n.bench.muting())
	was, e = do[paspeaker.Muting](t, n, paspeaker.VerbUnmute, nil)
	require.Nil(t, e, "none is no error")
	assert.True(t, was.Until.IsZero())

	for _, bad := range []paspeaker.Mute{
		{For: paspeaker.Duration(25 * time.Hour)}, {For: -1}, {For: 1}, {EmergenciesToo: true},
	} {
		_, e = do[paspeaker.Muting](t, n, paspeaker.VerbMute, bad)
		require.NotNil(t, e)
		assert.Equal(t, paspeaker.CodeInvalid, e.Code)
	}
	_, e = do[paspeaker.Muting](t, n, paspeaker.VerbMute, paspeaker.Mute{EmergenciesToo: true, Confirmed: true})
	require.Nil(t, e)
	assert.EqualValues(t, uint64(1)<<32, n.bench.below())
	require.NoError(t, os.WriteFile(filepath.Join(path, benchFile), []byte("{"), 0o600))
	assert.Nil(t, recallBench(n.cfg.State, time.Now).muting(), "a damaged file mutes nobody")
}

func TestAMuteIsOverInTimeWhateverTheClockSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wall := time.Now // of the controller, as the node knows it
		b := recallBench(shelfOf(t), func() time.Time { return wall() })
		n := &Node{bench: b, mixer: playout.New(playout.Config{Clock: new(mediaTime)}), log: slog.New(slog.DiscardHandler), cfg: Config{Now: audio.Now}}
		_, err := n.mute(t.Context(), json.RawMessage(`{"for":"10m"}`))
		require.NoError(t, err)
		<-time.After(10*time.Minute - time.Second)
		n.tendMute()
		assert.Equal(t, emergencyRank, n.mutedBelow)
		<-time.After(2 * time.Second)
		n.tendMute()
		assert.Zero(t, n.mutedBelow)

		// A clock that runs years behind makes it no longer; one that is put
		// right ends it at its hour.
		_, err = n.mute(t.Context(), json.RawMessage(`{"for":"10m"}`))
		require.NoError(t, err)
		b = recallBench(b.dir, func() time.Time { return time.Unix(0, 0) })
		assert.NotNil(t, b.muting())
		<-time.After(10*time.Minute + time.Second)
		assert.Nil(t, b.muting())
		b = recallBench(b.dir, time.Now)
		assert.Nil(t, b.muting())
	})
}

// memoryShelf is a Store in memory.
type memoryShelf struct {
	mu    sync.Mutex
	files map[string][]byte
	full  bool
}

func shelfOf(*testing.T) *memoryShelf { return &memoryShelf{files: make(map[string][]byte)} }

func (s *memoryShelf) Read(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.files[name]
	if !ok {
		return nil, os.ErrNotExist
	}
	return b, nil
}

func (s *memoryShelf) Write(name string, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return fmt.Errorf("disk full")
	}
	s.files[name] = bytes.Clone(b)
	return nil
}

func (s *memoryShelf) Path(name string) string { return name }

func TestWhatCannotBeKeptIsNotSet(t *testing.T) {
	shelf := shelfOf(t)
	b := recallBench(shelf, time.Now)
	shelf.full = true
	err := b.change(func(s *settings) { s.TrimDB = -6 })
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	assert.Zero(t, b.trim())
}

// playing lets a node's mixer run against a virtual card in a bubble, and
// looks after its receipts.
func playing(t *testing.T) (n *Node, loudest func() float64) {
	n = &Node{cfg: Config{ID: "gate-1"}, log: slog.New(slog.DiscardHandler)}
	began := time.Now()
	n.cfg.Now = func() int64 { return int64(time.Since(began)) + 1 }
	n.conf.Store(&paspeaker.NodeConfig{})
	n.bench = recallBench(shelfOf(t), time.Now)
	n.mixer = playout.New(playout.Config{Clock: &n.time})
	var mu sync.Mutex
	peak := 0.0
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		buf := make([]float32, 480)
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				tick.Stop()
				return
			}
			n.mixer.Read(buf, audio.Beat{Heard: n.cfg.Now() + int64(20*time.Millisecond), Rate: 48000})
			mu.Lock()
			peak = max(peak, float64(audio.Peak(buf)))
			mu.Unlock()
			for _, s := range n.mixer.Finished() {
				n.local.ended(s)
			}
		}
	})
	t.Cleanup(func() { cancel(); wait.Wait() })
	return n, func() float64 { mu.Lock(); defer mu.Unlock(); return peak }
}

func TestIdentifyChirpsBeneathEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, loudest := playing(t)
		out, err := n.identify(t.Context(), json.RawMessage(`{"for":"3s"}`))
		require.NoError(t, err)
		assert.InDelta(t, 3, time.Duration(out.(paspeaker.Identified).Sounded).Seconds(), 0.1)
		assert.Greater(t, loudest(), 0.02)
		assert.Less(t, loudest(), 0.2, "softly")
		assert.Empty(t, n.local.open)

		// With something on air it is not heard, and says so.
		l16, seq := uint8(97), uint16(0)
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			from := n.cfg.Now()
			for tick := time.NewTicker(10 * time.Millisecond); ctx.Err() == nil; <-tick.C {
				at := from + int64(seq)*int64(10*time.Millisecond)
				n.mixer.Push(playout.Packet{Session: 7, SSRC: 7, Rank: 1 << 24, Seq: seq, PT: l16, TPlay: at, Arrived: at, Unlocked: true, Payload: make([]byte, 960)})
				seq++
			}
		})
		<-time.After(time.Second)
		out, err = n.identify(t.Context(), json.RawMessage(`{"for":"2s"}`))
		cancel()
		wait.Wait()
		require.NoError(t, err)
		assert.Zero(t, out.(paspeaker.Identified).Sounded)
	})
}

func TestIdentifyIsRefused(t *testing.T) {
	n, _ := atBench(t, t.TempDir())
	for args, code := range map[string]paspeaker.Code{
		`{"for":"2m"}`:     paspeaker.CodeInvalid,
		`{"for":"10ms"}`:   paspeaker.CodeInvalid,
		`{"level_db":-3}`:  paspeaker.CodeInvalid,
		`{"level_db":-90}`: paspeaker.CodeInvalid,
		`{"blink":true}`:   paspeaker.CodeUnsupported,
		`{"for":[]}`:       paspeaker.CodeInvalid,
	} {
		_, err := n.identify(t.Context(), json.RawMessage(args))
		assert.Equal(t, code, paspeaker.CodeOf(err), args)
	}
	_, e := do[paspeaker.Muting](t, n, paspeaker.VerbMute, paspeaker.Mute{By: "Lan"})
	require.Nil(t, e)
	_, err := n.identify(t.Context(), nil)
	assert.Equal(t, paspeaker.CodeBusy, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "muted by Lan")
}

func TestChirpsAreTheSameHoweverTheyAreCut(t *testing.T) {
	whole := make([]float32, 2*audio.Rate)
	chirps(whole, 0, 0.05)
	part := make([]float32, 480)
	for at := 0; at < len(whole); at += len(part) {
		chirps(part, int64(at), 0.05)
		require.Equal(t, whole[at:at+len(part)], part)
	}
	assert.Equal(t, whole[:audio.Rate], whole[audio.Rate:], "every second alike")
	assert.InDelta(t, 0.05, float64(audio.RMS(whole[:audio.Rate*15/100])), 0.001, "a chirp's level is what was asked for")
	assert.LessOrEqual(t, float64(audio.Peak(whole)), 0.1001)
	assert.Zero(t, audio.Peak(whole[audio.Rate/2:audio.Rate]))
}

// lamp is a light of the kernel's LED class.
func lamp(t *testing.T, trigger string) string {
	dir := t.TempDir()
	for name, text := range map[string]string{"brightness": "3\n", "max_brightness": "255\n", "trigger": trigger} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return filepath.Join(dir, "brightness")
}

func TestALightBlinksAndIsLeftAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := lamp(t, "none timer [heartbeat] default-on\n")
		done := make(chan error, 1)
		go func() { done <- blink(t.Context(), path, 2*time.Second) }()
		seen := make(map[string]bool)
		for range 6 {
			<-time.After(260 * time.Millisecond)
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			seen[strings.TrimSpace(string(b))] = true
		}
		require.NoError(t, <-done)
		assert.Equal(t, map[string]bool{"255": true, "0": true}, seen)
		b, _ := os.ReadFile(path)
		assert.Equal(t, "3\n", string(b))
		b, _ = os.ReadFile(filepath.Join(filepath.Dir(path), "trigger"))
		assert.Equal(t, "heartbeat\n", string(b), "the kernel has it back")
	})
	assert.Empty(t, triggerOf(lamp(t, "[none] timer\n")))
	err := blink(t.Context(), filepath.Join(t.TempDir(), "brightness"), time.Second)
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
}

func TestTheLogsEndIsKept(t *testing.T) {
	var ring LogRing
	log := slog.New(slog.NewTextHandler(&ring, nil))
	for i := range 3 {
		log.Info("line", "i", i)
	}
	lines, next, more, lost, come := ring.page(0, time.Time{}, logPage)
	require.Len(t, lines, 3)
	assert.Contains(t, lines[2], "i=2")
	assert.EqualValues(t, 3, next)
	assert.False(t, more)
	assert.Zero(t, lost)
	assert.Nil(t, come)
	lines, next, _, _, come = ring.page(next, time.Time{}, logPage)
	assert.Empty(t, lines)
	log.Info("another")
	<-come
	lines, _, _, _, _ = ring.page(next, time.Time{}, logPage)
	assert.Len(t, lines, 1)
	lines, next, more, _, _ = ring.page(0, time.Time{}, len(lines[0])*2+20)
	assert.Len(t, lines, 2)
	assert.True(t, more, "the rest is another page")
	lines, _, _, _, _ = ring.page(next, time.Time{}, logPage)
	assert.Len(t, lines, 2)
	lines, next, _, _, _ = ring.page(0, time.Now().Add(time.Hour), logPage)
	assert.Empty(t, lines)
	assert.EqualValues(t, 4, next)

	for range 5000 {
		log.Info(strings.Repeat("x", 200))
	}
	_, err := ring.Write([]byte(strings.Repeat("y", logKept)))
	require.NoError(t, err)
	assert.LessOrEqual(t, ring.bytes, logKept)
	lines, _, _, lost, _ = ring.page(4, time.Time{}, 2*logKept)
	assert.EqualValues(t, 5001, uint64(len(lines))+lost)
	lines, next, _, _, _ = ring.page(1<<40, time.Time{}, 100)
	assert.NotEmpty(t, next, "of a former run: from the start")
	assert.Empty(t, lines, "a line that is longer than the page waits for a larger one")
}

func TestLogsWaitForALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &Node{cfg: Config{Logs: &LogRing{}}}
		go func() {
			<-time.After(5 * time.Second)
			_, _ = n.cfg.Logs.Write([]byte("hello\n"))
		}()
		began := time.Now()
		out, err := n.logs(t.Context(), json.RawMessage(`{"wait":"15s"}`))
		require.NoError(t, err)
		assert.Equal(t, paspeaker.LogPage{Lines: []string{"hello"}, Next: 1}, out)
		assert.Equal(t, 5*time.Second, time.Since(began))
		out, err = n.logs(t.Context(), json.RawMessage(`{"after":1,"wait":"1h"}`))
		require.NoError(t, err)
		assert.Empty(t, out.(paspeaker.LogPage).Lines)
		assert.Equal(t, 25*time.Second, time.Since(began))
	})
	_, err := (&Node{cfg: Config{ID: "gate-1"}}).logs(t.Context(), nil)
	assert.Equal(t, paspeaker.CodeUnsupported, paspeaker.CodeOf(err))
}
