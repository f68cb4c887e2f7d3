package playout

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Under loss the counts are the network's own, and the gaps say when.
func TestWhatIsLostIsCountedAndDated(t *testing.T) {
	for _, codec := range []string{"l16", "opus", "pcmu"} {
		r := newRig(t, &warped{}, 0)
		sent := talk{session: 1, rank: 1, codec: codec, at: sec, seq: 65000}.packets(t, sine(1000, 0.3, 10))
		rng := rand.New(rand.NewPCG(1, 2))
		lost := 0
		var through []timed
		for i, p := range sent {
			if i > 0 && i < len(sent)-1 && rng.Float64() < 0.3 {
				lost++
				continue
			}
			through = append(through, p)
		}
		r.send(through)
		r.run(14 * sec)
		st := onlyFinished(t, r.m)
		unit := len(sent) / 500 // packets of 20 ms: 1
		frames := func(packets int) uint64 { return uint64(packets * 2 / unit) }
		assert.InDelta(t, frames(len(sent)), st.Due, 2, codec)
		assert.InDelta(t, frames(len(sent)-lost), st.Played, 2, codec)
		assert.InDelta(t, frames(lost), st.Lost, 2, codec)
		assert.InDelta(t, frames(lost), st.Concealed, 2, codec)
		var sum int64
		for _, g := range st.Gaps.List() {
			assert.Equal(t, Missing, g.Why)
			assert.GreaterOrEqual(t, g.From, sec)
			assert.LessOrEqual(t, g.To, 11*sec)
			sum += g.Lost
		}
		assert.InDelta(t, float64(frames(lost)*10), float64(sum)/1e6, 20, codec)
	}
}

func TestAHoleHasItsTime(t *testing.T) {
	r := newRig(t, &warped{}, 0)
	sent := talk{session: 1, rank: 1, at: sec}.packets(t, sine(1000, 0.3, 6))
	r.send(sent[:200], sent[250:400], sent[410:])
	r.run(9 * sec)
	st := onlyFinished(t, r.m)
	assert.Equal(t, []Gap{{3 * sec, 3*sec + 500*ms, 500 * ms, Missing}, {5 * sec, 5*sec + 100*ms, 100 * ms, Missing}}, st.Gaps.List())
	assert.EqualValues(t, 600, st.Due)
	assert.EqualValues(t, 540, st.Played)
}

func TestWhatIsMaskedHasItsTime(t *testing.T) {
	r := newRig(t, &warped{}, 0)
	r.send(talk{session: 1, rank: 1, at: sec}.packets(t, sine(1000, 0.3, 6)), talk{session: 2, rank: 2, at: 3 * sec}.packets(t, sine(500, 0.3, 2)))
	r.run(10 * sec)
	for _, st := range r.m.Finished() {
		assert.EqualValues(t, st.Due, st.Played+st.Muted)
		gaps := st.Gaps.List()
		if st.Session == 2 {
			assert.Empty(t, gaps)
			continue
		}
		require.Len(t, gaps, 1)
		assert.Equal(t, Masked, gaps[0].Why)
		assert.InDelta(t, 3.0, float64(gaps[0].From)/1e9, 0.05)
		assert.InDelta(t, 5.0, float64(gaps[0].To)/1e9, 0.05)
	}
}

// A card that takes nothing: the session ends all the same, and all of it is
// known to be due and not played.
func TestADeadCardsSessionEnds(t *testing.T) {
	r := newRig(t, &warped{}, 0)
	r.run(sec / 2)
	for _, p := range (talk{session: 1, rank: 1, at: sec}).packets(t, sine(1000, 0.3, 8)) {
		p.p.Arrived = r.clock.local(p.at)
		r.m.Push(p.p)
	}
	r.m.Expire(r.clock.local(9*sec - 100*ms))
	assert.Empty(t, r.m.Finished(), "its end has just come")
	r.m.Expire(r.clock.local(10 * sec))
	st := onlyFinished(t, r.m)
	assert.True(t, st.Stalled)
	assert.EqualValues(t, 800, st.Due)
	assert.Zero(t, st.Played)
	assert.EqualValues(t, 800, st.Skipped)
	assert.NotEmpty(t, st.Gaps.List())
}

// A card that pulls ends its sessions itself.
func TestALiveCardsSessionIsLeftAlone(t *testing.T) {
	r := newRig(t, &warped{}, 0)
	r.send(talk{session: 1, rank: 1, at: sec, open: true}.packets(t, sine(1000, 0.3, 1)))
	r.each = func(now int64) { r.m.Expire(r.clock.local(now)) }
	r.run(3 * sec)
	assert.Len(t, r.m.Snapshot().Streams, 1)
	r.run(6 * sec)
	assert.False(t, onlyFinished(t, r.m).Stalled)
}

func TestGapsAreBoundedAndLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g Gaps
		var at, lost int64
		for range rapid.IntRange(0, 60).Draw(t, "n") {
			at += rapid.Int64Range(0, 2*sec).Draw(t, "pause")
			n := rapid.Int64Range(1, sec).Draw(t, "length")
			g.Add(at, at+n, rapid.SampledFrom([]Why{Missing, Masked}).Draw(t, "why"))
			at, lost = at+n, lost+n
		}
		list := g.List()
		var sum int64
		for i, gap := range list {
			sum += gap.Lost
			if gap.To <= gap.From || gap.Lost > gap.To-gap.From || i > 0 && gap.From < list[i-1].To {
				t.Fatalf("%+v", list)
			}
		}
		if sum != lost || len(list) > MaxGaps {
			t.Fatalf("%d of %d ns in %d gaps", sum, lost, len(list))
		}
	})
}
