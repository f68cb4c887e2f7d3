package wire

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Sequence number and timestamp wrap in the middle of a stream, and nobody
// notices: each packet is accepted once, in any order in which it may come, and
// its time on the wire goes on.
func TestAStreamGoesOnWhenItsNumbersWrap(t *testing.T) {
	st := sealerOf(t).NewStream(slogan, 1, 97)
	st.seq, st.ts = 0xffff-99, 0xffffffff-100*480
	v := NewVerifier(verifierConfig())
	rng := rand.New(rand.NewPCG(1, 2))
	var all [][]byte
	for i := range int64(250) {
		all = append(all, packet(t, st, frame(1000+10*i)))
	}
	for i := 0; i+4 <= len(all); i += 4 { // neighbours come in any order
		rng.Shuffle(4, func(a, b int) { all[i+a], all[i+b] = all[i+b], all[i+a] })
	}
	seen := make(map[uint16]bool)
	for i, b := range all {
		now := at(960 + 10*int64(i))
		p, r := v.Verify(b, now)
		requireRefusal(t, OK, r)
		assert.False(t, seen[p.Seq])
		seen[p.Seq] = true
		index := (p.TPlay - noon - 1000*ms) / (10 * ms)
		assert.Equal(t, uint16(0xffff-99+index), p.Seq)
		assert.Equal(t, uint32(0xffffffff-100*480+480*index), p.TS)
		_, r = v.Verify(b, now)
		requireRefusal(t, Duplicate, r)
	}
	assert.Len(t, seen, 250)
}

// What a verifier remembers of a stream is right after every number has been
// used many times over: a day of 20 ms packets is 65 rounds.
func TestADayOfSequenceNumbers(t *testing.T) {
	s := newStreams()
	key := streamKey{slogan, 1}
	rng := rand.New(rand.NewPCG(3, 4))
	var kept [1024]bool
	for i := range int64(24 * 3600 * 50) {
		seq, tPlay := uint16(40_000+i), noon+20*ms*i
		kept[i%1024] = rng.IntN(50) != 0
		if !kept[i%1024] {
			continue // lost
		}
		require.False(t, s.heard(key, seq, tPlay), "packet %d is new", i)
		s.mark(key, seq, tPlay, 20*ms*i)
		require.True(t, s.heard(key, seq, tPlay), "packet %d has been heard", i)
		if old := i - 300; i%1000 == 999 {
			require.Equal(t, kept[old%1024], s.heard(key, uint16(40_000+old), noon+20*ms*old), "packet %d, looking back from %d", old, i)
		}
	}
	assert.Len(t, s.m, 1)
}
