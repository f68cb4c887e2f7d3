package playout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Another controller takes over, an hour ahead or behind, while a programme is
// buffered: it plays to its end without a step, and the next one begins where
// the new time says.
func TestANewTimescaleStepsNothing(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour, time.Millisecond} {
		step := int64(0)
		c := &warped{ppm: 40, scale: 1, wander: func(int64) int64 { return step }}
		r := newRig(t, c, -60)
		pcm := sine(500, 0.4, 4)
		r.send(talk{session: 1, at: 200 * ms, lead: 3 * sec}.packets(t, pcm))
		sorted(r.net, 0) // all of it is here already
		r.each = func(now int64) {
			if now >= 2*sec && c.scale == 1 {
				c.scale, step = 2, int64(ahead)
			}
		}
		r.run(2200 * ms)
		r.send(sorted(talk{session: 2, rank: 9, at: 5*sec + int64(ahead)}.packets(t, sine(700, 0.4, 1)), 3*sec))
		r.run(7 * sec)

		done := r.m.Finished()
		assert.Len(t, done, 2)
		assert.Equal(t, uint64(400), done[0].Played, "%v: it is heard to its end", ahead)
		assert.Zero(t, done[0].Resyncs+done[1].Resyncs, ahead)
		assert.InDelta(t, 4200*ms, done[0].LastHeard, float64(ms), "in its own time")
		assert.Less(t, step0(r, 300*ms, 4*sec), 0.027, "%v: no step: the tone's own is 0.026", ahead)
		late := phaseDelay(r.at(3*sec, 9600), 500, r.when(3*sec*48/ms), 200*ms, r.cardPPM)
		assert.InDelta(t, 0, late, 30e3, ahead)
		first := 5200 * ms * 48 / ms
		late = phaseDelay(r.out[first:first+9600], 700, r.when(first), 5*sec, r.cardPPM)
		assert.InDelta(t, 0, late, 30e3, "%v: the next one is in the new time", ahead)
	}
}

// sorted lets packets arrive all at one time.
func sorted(p []timed, at int64) []timed {
	for i := range p {
		p[i].at = at
	}
	return p
}

func step0(r *rig, from, to int64) float64 { return step(r.at(from, int((to-from)*48/ms))) }

// Stop-all stops what began before it, in the time of either controller.
func TestStopAllReachesAcrossTimescales(t *testing.T) {
	step := int64(0)
	c := &warped{scale: 1, wander: func(int64) int64 { return step }}
	r := newRig(t, c, 0)
	r.send(sorted(talk{session: 1, at: 200 * ms}.packets(t, sine(500, 0.4, 4)), 0))
	r.run(sec)
	c.scale, step = 2, -3600*sec
	r.run(1100 * ms)
	r.m.StopAll(1100*ms - 3600*sec)
	r.run(1300 * ms)
	assert.True(t, onlyFinished(t, r.m).Ended)
}
