package playout

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"pa/audio"
)

// dip is the least RMS over 3 ms in buf, dB against the loudest.
func dip(buf []float32) float64 {
	least, most := math.Inf(1), 0.0
	for i := 0; i+144 <= len(buf); i += 12 {
		e := energy(buf[i : i+144])
		least, most = min(least, e), max(most, e)
	}
	return 10 * math.Log10(least/most)
}

// A higher rank takes over, and is over, without a hole and without a click:
// whether the lower one is still sent for a moment or ended on the spot, whether
// its packets come well ahead or just in time, and whatever the clocks do.
func TestOneProgrammeGivesWayToAnother(t *testing.T) {
	for name, tt := range map[string]struct {
		length float64 // of the lower one, from 0.2 s
		lead   int64   // of the higher one
		ppm    float64
		codec  string
		step   float64 // of the 1300 Hz's own; a codec adds its noise
	}{
		"sent on for 30 ms":      {1.03, 100 * ms, 0, "l16", 1.002},
		"for ever":               {9, 100 * ms, 40, "l16", 1.002},
		"ended on the spot":      {1.0, 100 * ms, 0, "l16", 1.002},
		"just in time":           {9, 12 * ms, -70, "l16", 1.002},
		"long ahead":             {9, 800 * ms, 70, "l16", 1.002},
		"in another codec":       {1.03, 100 * ms, 30, "pcmu", 1.1},
		"in a codec with a tail": {1.04, 100 * ms, 30, "opus", 1.1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, &warped{ppm: tt.ppm}, -tt.ppm)
			r.send(talk{session: 1, rank: 1, at: 200 * ms, open: true}.packets(t, sine(500, 0.3, tt.length)),
				talk{session: 2, rank: 2, at: 1200 * ms, lead: tt.lead, codec: tt.codec}.packets(t, sine(1300, 0.3, 1)))
			r.run(2 * sec)
			buf := r.at(1100*ms, 9600)
			assert.Greater(t, dip(buf), -5.0, "no hole: two half tones that are unlike are 3 dB down")
			assert.Less(t, step(buf), tt.step*0.3*(2*math.Pi*1300/48000), "no click: no step is larger than the larger tone's own")
			st := r.m.Snapshot().Streams
			assert.True(t, st[0].Full)
			assert.InDelta(t, 1200*ms, st[0].FirstHeard, float64(ms)/10, "it begins at its instant")
			assert.Zero(t, st[0].Resyncs)
		})
	}
}

// What gave way comes back when the other is over; in a pause of an alarm it
// does not.
func TestTheFloorComesBack(t *testing.T) {
	for rank, back := range map[uint32]bool{100 << 24: true, 240 << 24: false} {
		r := newRig(t, &warped{}, 0)
		r.send(talk{session: 1, rank: 1, at: 200 * ms}.packets(t, sine(500, 0.3, 5)),
			talk{session: 2, rank: rank, at: 1000 * ms, open: true}.packets(t, sine(1300, 0.3, 1)))
		r.run(3500 * ms)
		heard := audio.Peak(r.at(3*sec, 9600)) > 0.1
		assert.Equal(t, back, heard, "priority %d", rank>>24)
	}
}

// A background that may sound beneath is lowered before the other begins, and
// raised after it.
func TestDucking(t *testing.T) {
	r := newRig(t, &warped{}, 0)
	r.send(talk{session: 1, rank: 1, flags: Duckable, at: 200 * ms}.packets(t, sine(500, 0.3, 6)),
		talk{session: 2, rank: 2, at: sec, lead: 200 * ms}.packets(t, make([]float32, 48000)))
	r.run(5 * sec)
	assert.InDelta(t, 0.3, audio.Peak(r.at(800*ms, 4800)), 0.01)
	assert.InDelta(t, 0.3*math.Pow(10, -18.0/20), audio.Peak(r.at(1010*ms, 40000)), 0.01, "down at the first sample")
	assert.InDelta(t, 0.3, audio.Peak(r.at(4*sec, 4800)), 0.01)
}
