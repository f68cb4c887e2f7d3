package supervise

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

// step is one thing that happens to a park.
type step struct {
	wait     time.Duration
	kind     paspeaker.FaultKind
	bad      bool
	subjects []string
	forget   bool
	restart  bool
}

func steps() *rapid.Generator[[]step] {
	subject := rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"a", "b"}).Draw(t, "switch") + fmt.Sprint(rapid.IntRange(1, 8).Draw(t, "number"))
	})
	one := rapid.Custom(func(t *rapid.T) step {
		s := step{
			wait: time.Duration(rapid.IntRange(0, 100).Draw(t, "wait")*rapid.SampledFrom([]int{1, 10, 100}).Draw(t, "unit")) * 100 * time.Millisecond,
			kind: rapid.SampledFrom([]paspeaker.FaultKind{paspeaker.FaultOffline, paspeaker.FaultOffline, paspeaker.FaultLoss, paspeaker.FaultInterface, "config"}).Draw(t, "kind"),
			bad:  rapid.Bool().Draw(t, "bad"), forget: rapid.IntRange(0, 30).Draw(t, "forget") == 0,
			restart: rapid.IntRange(0, 30).Draw(t, "restart") == 0,
		}
		switch {
		case s.kind == paspeaker.FaultInterface || s.kind == "config":
			s.subjects = []string{""}
		case rapid.IntRange(0, 3).Draw(t, "whole") == 0:
			s.subjects = of(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "which"), 1, 8)
		default:
			s.subjects = []string{subject.Draw(t, "subject")}
		}
		return s
	})
	return rapid.SliceOfN(one, 1, 60)
}

// live puts a park through steps.
func live(in []step) *park {
	p := newPark("ab")
	for _, s := range in {
		switch {
		case s.restart:
			next := newPark("ab")
			next.now, next.said, next.all = p.now, p.said, p.all
			next.note(next.Restore(p.now, p.Recall()))
			p = next
		case s.forget:
			p.note(p.Forget(p.now, s.subjects[0]))
		default:
			p.sees(s.kind, s.bad, s.subjects...)
		}
		p.pass(s.wait)
	}
	return p
}

// Of one kind and subject at most one fault is open; what began ends at most
// once, and nothing ends that has not begun; no loudspeaker is in two faults of
// one kind.
func TestBeginningsAndEndsBelongTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := steps().Draw(t, "steps")
		p := live(in)
		open := map[string]bool{}
		for _, c := range p.all {
			switch c.What {
			case paspeaker.FaultBegan:
				require.False(t, open[c.Fault.ID], "%s began twice", c.Fault.ID)
				open[c.Fault.ID] = true
			case paspeaker.FaultCarried:
				require.True(t, open[c.Fault.ID], "%s was carried over from nowhere", c.Fault.ID)
			case paspeaker.FaultEnded:
				require.True(t, open[c.Fault.ID], "%s ended without a beginning", c.Fault.ID)
				require.False(t, c.Fault.Ended.IsZero())
				delete(open, c.Fault.ID)
			}
		}
		concerned := map[string]string{}
		for _, f := range p.Open() {
			require.True(t, open[f.ID], "%s is open and nobody was told", f.ID)
			delete(open, f.ID)
			kind := f.Kind
			if kind == paspeaker.FaultInterface || f.Of != "" {
				continue
			}
			ids := f.Speakers
			if len(ids) == 0 {
				ids = []paspeaker.SpeakerID{paspeaker.SpeakerID(f.Subject)}
			}
			for _, id := range ids {
				other, twice := concerned[string(kind)+string(id)]
				require.False(t, twice, "%s is in %s and in %s", id, f.ID, other)
				concerned[string(kind)+string(id)] = f.ID
			}
		}
		require.Empty(t, open, "they were said and are gone")
	})
}

func TestTheSameObservationsGiveTheSameFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := steps().Draw(t, "steps")
		a, b := live(in), live(in)
		assert.Equal(t, a.all, b.all)
	})
}

// When all is well for long enough nothing is wrong, whatever came before, and
// nothing is kept of it.
func TestInTheEndAllIsWell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := live(steps().Draw(t, "steps"))
		p.sees(paspeaker.FaultInterface, false, "")
		p.sees("config", false, "")
		for _, kind := range []paspeaker.FaultKind{paspeaker.FaultOffline, paspeaker.FaultLoss} {
			p.sees(kind, false, append(of("a", 1, 8), of("b", 1, 8)...)...)
		}
		p.pass(flapWithin + flapQuiet + grace)
		require.Empty(t, p.Open())
		require.Empty(t, p.of)
		require.Empty(t, p.restless)
		require.Empty(t, p.subjects)
	})
}

// However many are lost within a second, one fault is said.
func TestNoStorm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		switches := rapid.SampledFrom([]string{"a", "ab", "abcdef"}).Draw(t, "switches")
		lost := rapid.IntRange(1, len(switches)).Draw(t, "lost")
		var ids []string
		for _, s := range switches[:lost] {
			ids = append(ids, of(string(s), 1, 8)...)
		}
		if lost > 1 && 2*lost <= len(switches) {
			return // several switches, and not most of the site: several faults
		}
		seed := rapid.Uint64().Draw(t, "seed")
		rng := rand.New(rand.NewPCG(seed, 1))
		rng.Shuffle(len(ids), func(i, k int) { ids[i], ids[k] = ids[k], ids[i] })
		at := make([]time.Duration, len(ids))
		for i := range at {
			at[i] = time.Duration(rng.Int64N(int64(time.Second)))
		}
		slices.Sort(at)
		p := newPark(switches)
		for i, id := range ids {
			p.pass(t0.Add(at[i]).Sub(p.now))
			p.lose(id)
		}
		p.pass(time.Minute)
		require.Len(t, p.heard(), 1)
		require.Len(t, p.Open(), 1)
		require.Len(t, p.Open()[0].Speakers, len(ids))
	})
}
