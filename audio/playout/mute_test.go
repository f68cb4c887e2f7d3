package playout

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"pa/audio"
)

// A mute silences what is beneath its rank and nothing above, without a step
// in the sound, and what was muted comes back where it would be.
func TestAMuteSilencesWhatIsBeneathItsRank(t *testing.T) {
	const emergency = uint64(224) << 24
	for _, c := range []struct {
		name      string
		rank      uint32
		below     uint64
		heard     bool
		wantMuted bool
	}{
		{"routine beneath a mute", 64 << 24, emergency, false, true},
		{"an emergency sounds all the same", 240 << 24, emergency, true, false},
		{"everything is muted", 255<<24 | 0xffffff, 1 << 32, false, true},
		{"no mute", 0, 0, true, false},
	} {
		r := newRig(t, &warped{}, 0)
		r.send(talk{session: 1, rank: c.rank, at: 100 * ms}.packets(t, sine(1000, 0.5, 3)))
		r.run(1 * sec)
		r.m.SetMute(c.below)
		r.run(2 * sec)
		r.m.SetMute(0)
		r.run(4 * sec)
		before, during, after := r.out[48000/2:48000], r.out[48000*3/2:48000*2], r.out[48000*5/2:48000*3]
		assert.Greater(t, audio.RMS(before), 0.3, c.name)
		assert.Equal(t, c.heard, audio.RMS(during) > 0.3, c.name)
		if !c.heard {
			assert.Zero(t, audio.Peak(during), c.name)
		}
		assert.Greater(t, audio.RMS(after), 0.3, c.name)
		done := r.m.Finished()
		if assert.Len(t, done, 1) {
			assert.Equal(t, c.wantMuted, done[0].Muted > 50, c.name)
			assert.InDelta(t, 300, float64(done[0].Played+done[0].Muted), 3, c.name)
		}
	}
}

// What is muted holds no floor: an emergency beside it is not ducked by it,
// and a mute that begins before a session leaves no trace of it but its count.
func TestWhatIsMutedIsInNobodysWay(t *testing.T) {
	r := newRig(t, &warped{}, 0)
	r.m.SetMute(uint64(224) << 24)
	r.send(talk{session: 1, rank: 200 << 24, at: 100 * ms}.packets(t, sine(500, 0.5, 2)),
		talk{session: 2, rank: 230 << 24, at: 500 * ms}.packets(t, sine(1000, 0.5, 1)))
	r.run(450 * ms)
	assert.Zero(t, audio.Peak(r.out))
	r.run(1 * sec)
	for _, s := range r.m.Snapshot().Streams {
		assert.Equal(t, s.Session == 2, s.Full)
	}
	r.run(3 * sec)
	assert.Zero(t, audio.Peak(r.out[48000*2:]))
	for _, s := range r.m.Finished() {
		if s.Session == 1 {
			assert.Zero(t, s.Played+uint64(s.FirstHeard))
			assert.InDelta(t, 200, float64(s.Muted), 3)
		}
	}
}
