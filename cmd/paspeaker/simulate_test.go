package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"pa/paspeaker"
	"pa/paspeaker/site"
)

func TestAMadeSiteIsOne(t *testing.T) {
	for _, n := range []int{1, 20, 21, 1000, maxSimulated} {
		s, err := site.Parse([]byte(makeSite(n, 36900)), t.TempDir())
		require.NoError(t, err, "%d loudspeakers", n)
		assert.Len(t, s.Speakers, n)
		assert.Equal(t, "lo", s.Interface)
		assert.LessOrEqual(t, len(s.Zones), 252, "each has a group")
	}
}

func TestABorrowedSiteStaysOnThisComputer(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	file := filepath.Join(from, "park.yaml")
	require.NoError(t, os.WriteFile(file, []byte("# the park\nsite: {id: a, name: Cổng, time_zone: UTC, interface: eth7}\nzones: [{id: gates, name: Các cổng}]\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(from, "calendar.yaml"), []byte("x"), 0o600))
	got, err := borrowSite(file, to)
	require.NoError(t, err)
	b, err := os.ReadFile(got)
	require.NoError(t, err)
	assert.NotContains(t, string(b), "eth7")
	assert.Contains(t, string(b), "Các cổng")
	beside, err := os.ReadFile(filepath.Join(to, "calendar.yaml"))
	require.NoError(t, err, "what the file names is beside it")
	assert.Equal(t, "x", string(beside))
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(kept), "eth7", "the operator's own file is left alone")

	_, err = borrowSite(filepath.Join(from, "none.yaml"), t.TempDir())
	assert.Equal(t, exitUsage, exitCode(err))
	for _, bad := range []string{"", "zones: []", "site: lo", "site: [", "- a"} {
		_, err = onLoopback([]byte(bad))
		assert.Error(t, err, bad)
	}
	b, err = onLoopback([]byte("site: {id: a}\n"))
	require.NoError(t, err)
	var out struct{ Site struct{ Interface string } }
	require.NoError(t, yaml.Unmarshal(b, &out))
	assert.Equal(t, "lo", out.Site.Interface)
}

func TestASimulationThatCannotBeIsRefused(t *testing.T) {
	good := simulation{speakers: 10, calls: callsUnsaid, length: 3 * time.Second}
	own, joined := good, good
	require.NoError(t, own.check())
	assert.Equal(t, ownCalls, own.calls)
	joined.join = true
	require.NoError(t, joined.check())
	assert.Zero(t, joined.calls, "nothing sounds at a real site unless somebody says so")
	for name, change := range map[string]func(*simulation){
		"none":         func(o *simulation) { o.speakers = 0 },
		"too many":     func(o *simulation) { o.speakers = maxSimulated + 1 },
		"all lost":     func(o *simulation) { o.loss = 1 },
		"gain":         func(o *simulation) { o.loss = -0.1 },
		"two sites":    func(o *simulation) { o.join, o.zonesFile = true, "zones.yaml" },
		"fewer dead":   func(o *simulation) { o.dead = -1 },
		"fewer calls":  func(o *simulation) { o.calls = -2 },
		"no rest":      func(o *simulation) { o.restartEvery = time.Millisecond },
		"no call":      func(o *simulation) { o.length = 0 },
		"over already": func(o *simulation) { o.last = -1 },
	} {
		o := good
		change(&o)
		assert.Equal(t, exitUsage, exitCode(o.check()), name)
	}
}

func speakerIDs(n int) []paspeaker.SpeakerID {
	out := make([]paspeaker.SpeakerID, n)
	for i := range out {
		out[i] = paspeaker.SpeakerID(fmt.Sprintf("speaker-%d", i+1))
	}
	return out
}

// Whatever is asked for, the plan stops who is up and starts who is down, the
// dead stay dead, and everybody who restarts comes back.
func TestLivesAreLedInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := simulation{dead: rapid.IntRange(0, 5).Draw(t, "dead"), flapping: rapid.IntRange(0, 5).Draw(t, "flapping"), seed: rapid.Uint64().Draw(t, "seed"),
			rolling: rapid.Bool().Draw(t, "rolling")}
		if rapid.Bool().Draw(t, "restarts") {
			o.restartEvery = time.Duration(rapid.IntRange(100, 5000).Draw(t, "every")) * time.Millisecond
		}
		ids := speakerIDs(rapid.IntRange(1, 60).Draw(t, "speakers"))
		now := time.Unix(1_800_000_000, 0)
		l := newLives(o, ids, now)
		down := map[paspeaker.SpeakerID]bool{}
		stops := map[paspeaker.SpeakerID]int{}
		for range 60 * 20 { // a minute
			stop, start := l.tend(now)
			for _, id := range stop {
				require.False(t, down[id], "%s is down already", id)
				down[id] = true
				stops[id]++
				require.True(t, l.wasDown(id, now, now.Add(time.Second)))
			}
			for _, id := range start {
				require.True(t, down[id], "%s is up already", id)
				delete(down, id)
				require.True(t, l.wasDown(id, now.Add(-time.Minute), now))
				require.False(t, l.wasDown(id, now.Add(restartSettles), now.Add(time.Hour)))
			}
			now = now.Add(tendEvery)
		}
		require.True(t, l.rolled(now), "twenty groups, 2 s apart, are over in 45 s")
		if o.rolling {
			for _, id := range ids {
				require.Positive(t, stops[id], "%s was never restarted", id)
			}
		}
		require.GreaterOrEqual(t, len(down), min(o.dead, len(ids)))
		if o.restartEvery == 0 {
			require.LessOrEqual(t, len(down), o.dead+o.flapping)
		}
	})
}

func TestTheDeadAndTheFlappingAreDrawnBySeed(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	stopped := func(seed uint64) []paspeaker.SpeakerID {
		stop, _ := newLives(simulation{dead: 5, seed: seed}, speakerIDs(100), now).tend(now)
		return slices.Sorted(slices.Values(stop))
	}
	assert.Len(t, stopped(1), 5)
	assert.Equal(t, stopped(1), stopped(1))
	assert.NotEqual(t, stopped(1), stopped(2))
}
