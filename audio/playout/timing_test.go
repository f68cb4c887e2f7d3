package playout

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// quantised is pcm as L16 carries it.
func quantised(t *testing.T, pcm []float32) []float32 {
	t.Helper()
	out := make([]float32, len(pcm))
	for i, v := range pcm {
		out[i] = float32(math.Round(float64(v)*32768)) / 32768
	}
	return out
}

func TestL16ComesOutBitForBitAtItsInstant(t *testing.T) {
	r := newRig(t, &warped{offset: 3600 * sec}, 0)
	pcm := sine(440, 0.5, 1)
	r.send(talk{session: 1, at: 200 * ms}.packets(t, pcm))
	r.run(2 * sec)

	assert.Zero(t, step(r.at(0, 9600)), "silence before")
	want := quantised(t, pcm)
	got := r.at(200*ms, len(pcm))
	// Encoders may scale by 32767 or 32768; either way nothing else changes.
	assert.Greater(t, snr(want[240:], got[240:]), 60.0)
	assert.Equal(t, float32(0), got[0], "fades in")
	assert.Zero(t, audio.Peak(r.at(1211*ms, 9600)), "silence after")
	st := onlyFinished(t, r.m)
	assert.Equal(t, uint64(100), st.Played)
	assert.Equal(t, uint64(100), st.Received)
	assert.True(t, st.Ended)
	assert.Zero(t, st.Lost+st.Late+st.Concealed+st.Skipped+st.Muted+st.Resyncs)
	assert.InDelta(t, 200*ms, st.FirstHeard, float64(ms)/10)
	assert.InDelta(t, 1200*ms, st.LastHeard, float64(ms)/10)
}

// phaseDelay is by how many ns buf, which starts at true time t0, is late
// against a sine of freq whose phase is 0 at origin.
func phaseDelay(buf []float32, freq float64, t0, origin int64, cardPPM float64) float64 {
	var re, im float64
	n := len(buf)
	for i, v := range buf {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n))
		sec := float64(t0-origin)*1e-9 + float64(i)/(48000*(1+cardPPM*1e-6))
		s, c := math.Sincos(2 * math.Pi * freq * sec)
		re += float64(v) * s * w
		im += float64(v) * c * w
	}
	return -math.Atan2(im, re) / (2 * math.Pi * freq) * 1e9
}

func TestEveryCodecIsHeardAtTPlay(t *testing.T) {
	for _, name := range []string{"l16", "opus", "g722", "pcmu", "pcma", "l16-plain", "l16-short"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, &warped{ppm: 60, offset: 5 * sec}, -45)
			at := 300*ms + 123457
			r.send(talk{session: 1, codec: name, at: at, lead: 60 * ms}.packets(t, sine(500, 0.4, 2)))
			r.run(3 * sec)
			done := r.m.Finished()
			assert.Len(t, done, 1)
			assert.InDelta(t, 200, done[0].Played, 3, "counts are of 10 ms, however long a packet is")
			first := int64(48000)
			buf := r.out[first : first+9600]
			late := phaseDelay(buf, 500, r.when(first), at, r.cardPPM)
			t.Logf("%s: %.1f µs late", name, late/1e3)
			// Opus does not keep phase; the others do.
			assert.InDelta(t, 0, late, map[bool]float64{true: 100e3, false: 25e3}[name == "opus"])
		})
	}
}

func TestTwoLoudspeakersAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	wander := func(phase float64) func(int64) int64 {
		return func(ns int64) int64 { // ±15 µs over half a minute
			return int64(15e3 * math.Sin(2*math.Pi*float64(ns)*1e-9/31+phase))
		}
	}
	var skews []float64
	worstFirst := 0.0
	for range 6 {
		at := sec + rng.Int64N(sec)
		a := newRig(t, &warped{ppm: 100, offset: rng.Int64N(3600 * sec), wander: wander(0)}, 100)
		b := newRig(t, &warped{ppm: -100, offset: rng.Int64N(3600 * sec), wander: wander(2)}, -100)
		var late [2][]float64
		for i, r := range []*rig{a, b} {
			r.send(talk{session: 1, at: at}.packets(t, sine(500, 0.4, 12)))
			r.run(14 * sec)
			for k := range int64(115) { // every 100 ms from the first
				first := (at+20*ms+k*100*ms)*48/ms + 1
				buf := r.out[first : first+4800]
				late[i] = append(late[i], phaseDelay(buf, 500, r.when(first), at, r.cardPPM))
			}
			assert.Zero(t, r.m.Snapshot().Totals.Resyncs)
		}
		for k := range late[0] {
			skew := math.Abs(late[0][k] - late[1][k])
			skews = append(skews, skew)
			if k < 10 {
				worstFirst = max(worstFirst, skew)
			}
		}
	}
	slices.Sort(skews)
	p99 := skews[len(skews)*99/100]
	t.Logf("skew p50 %.1f µs, p99 %.1f µs, worst of the first second %.1f µs",
		skews[len(skews)/2]/1e3, p99/1e3, worstFirst/1e3)
	assert.Less(t, p99, 100e3)
	assert.Less(t, worstFirst, 100e3)
}

func TestResamplingKeepsTheSoundClean(t *testing.T) {
	for _, ppm := range []float64{100, -100, 7} {
		r := newRig(t, &warped{}, ppm)
		pcm := sine(997, 0.5, 4)
		r.send(talk{session: 1, at: 100 * ms}.packets(t, pcm))
		r.run(3 * sec)
		// What an ideal card would give: the same sine at the card's frames.
		want := make([]float32, 48000)
		for i := range want {
			x := float64(r.when(48000+int64(i))-100*ms) * 1e-9
			want[i] = float32(0.5 * math.Sin(2*math.Pi*997*x))
		}
		got := snr(want, r.out[48000:96000])
		t.Logf("card %+.0f ppm: SNR %.1f dB", ppm, got)
		assert.Greater(t, got, 60.0)
	}
}

func TestADayOfDriftWithoutAHardCorrection(t *testing.T) {
	// The timing core alone: 24 h in steps of a second, wander of ±3 ppm a day.
	c := &warped{ppm: 40, wander: func(ns int64) int64 {
		return int64(5e6 * math.Sin(2*math.Pi*float64(ns)*1e-9/7200))
	}}
	m := New(Config{Clock: c})
	s := &stream{sounding: true, origin: 0, win: window{data: make([]float32, windowLen)}}
	s.entry.rest(1)
	rate := 48000 * (1 - 80e-6) / (1 + 40e-6)
	worst := int64(0)
	first := true
	for frame := int64(0); frame < 24*3600*48000; frame += 4800 {
		trueNS := int64(float64(frame) / (48000 * (1 - 80e-6)) * 1e9)
		m.measure(c.local(trueNS), rate)
		in := m.now
		if first {
			m.place(s, s.position(m.want(s, in)))
			first = false
		}
		s.win.base = s.cur.idx - 4800
		s.decoded = s.cur.idx + 4800
		m.steer(s, in)
		worst = max(worst, s.status.ErrorNS, -s.status.ErrorNS)
		s.cur.advance(4800, s.ratio)
	}
	t.Logf("worst error in 24 h: %d µs", worst/1000)
	assert.Zero(t, s.status.Resyncs)
	assert.Less(t, worst, int64(50_000))
}

func TestACardThatStallsForASecondIsInTimeAgain(t *testing.T) {
	r := newRig(t, &warped{ppm: 20}, -30)
	at := 100 * ms
	r.send(talk{session: 1, at: at}.packets(t, sine(500, 0.4, 5)))
	r.run(2 * sec)
	r.skip += sec
	for len(r.net) > 0 && r.net[0].at < r.when(r.frame) {
		p := r.net[0].p
		p.Arrived = r.clock.local(r.net[0].at)
		r.m.Push(p)
		r.net = r.net[1:]
	}
	stall := r.frame
	r.run(4 * sec)
	st := onlyStream(t, r.m)
	assert.Equal(t, uint64(1), st.Resyncs)
	first := stall + 960
	late := phaseDelay(r.out[first:first+4800], 500, r.when(first), at, r.cardPPM)
	assert.InDelta(t, 0, late, 30e3, "20 ms after the stall")
	assert.Less(t, step(r.out), 0.07, "no click") // the tone's own step is 0.026
	assert.Zero(t, st.Lost)
}

func TestSmallAndLargeErrorsAreCorrected(t *testing.T) {
	tests := map[string]struct {
		jump    int64
		resyncs uint64
	}{
		"a millisecond glides":           {ms, 0},
		"four milliseconds glide":        {-4 * ms, 0},
		"eight milliseconds: crossfade":  {8 * ms, 1},
		"eight back: crossfade":          {-8 * ms, 1},
		"forty back: crossfade":          {-40 * ms, 1},
		"eighty on: crossfade":           {80 * ms, 1},
		"half a second on: starts again": {500 * ms, 1},
		"half a second back: waits":      {-500 * ms, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			shift := int64(0)
			c := &warped{wander: func(int64) int64 { return shift }}
			r := newRig(t, c, 50)
			at := 100 * ms
			r.send(talk{session: 1, at: at, lead: 700 * ms}.packets(t, sine(500, 0.4, 22)))
			r.run(2 * sec)
			shift = tt.jump
			r.run(20 * sec)
			st := onlyStream(t, r.m)
			assert.Equal(t, tt.resyncs, st.Resyncs)
			assert.InDelta(t, 0, st.ErrorNS, 300e3)
			first := int64(48000 * 19)
			late := phaseDelay(r.out[first:first+4800], 500, r.when(first), at-tt.jump, r.cardPPM)
			assert.InDelta(t, 0, math.Remainder(late, 2e6), 300e3)
			assert.Less(t, step(r.out), 0.06)
		})
	}
}

func TestAcousticDelayIsAddedAndMayChange(t *testing.T) {
	r := newRig(t, &warped{}, 0)
	r.m.SetDelay(250 * time.Millisecond)
	r.send(talk{session: 1, at: 100 * ms}.packets(t, sine(500, 0.4, 4)))
	r.run(2 * sec)
	assert.Zero(t, audio.Peak(r.at(0, 349*48)))
	assert.Greater(t, audio.Peak(r.at(360*ms, 480)), 0.3)
	r.m.SetDelay(100 * time.Millisecond)
	r.run(3 * sec)
	late := phaseDelay(r.at(2500*ms, 4800), 500, 2500*ms, 200*ms, 0)
	assert.InDelta(t, 0, late, 30e3)
	r.m.SetDelay(5 * time.Hour)
	assert.Equal(t, int64(maxDelay), r.m.delay)
}

func TestBlocksOfAnySizeSoundAlike(t *testing.T) {
	for _, n := range []int{1, 7, 128, 441, 1024, 4800} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			m := New(Config{Clock: &warped{}})
			for _, p := range (talk{session: 1, at: 50 * ms}).packets(t, sine(440, 0.5, 0.3)) {
				require.Equal(t, Accepted, m.Push(p.p))
			}
			var out []float32
			buf := make([]float32, n)
			for frame := 0; frame < 24000; frame += n {
				m.Read(buf, audio.Beat{Heard: int64(frame) * 62500 / 3, Rate: 48000})
				out = append(out, buf...)
			}
			want := sine(440, 0.5, 0.3)
			assert.Greater(t, snr(want[240:], out[2400+240:2400+len(want)]), 60.0)
		})
	}
}

func TestWildRatesDoNotHarm(t *testing.T) {
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(1), 1e9, 44100} {
		m := New(Config{Clock: &warped{}})
		for _, p := range (talk{session: 1, at: 0}).packets(t, sine(440, 0.5, 0.1)) {
			m.Push(p.p)
		}
		buf := make([]float32, 960)
		for i := range int64(20) {
			m.Read(buf, audio.Beat{Heard: i * 20 * ms, Rate: rate})
			for _, v := range buf {
				require.False(t, math.IsNaN(float64(v)))
			}
		}
	}
}
