package playout

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/codec"
)

const (
	ms  = int64(1e6)
	sec = int64(1e9)
)

// warped is a node's clock: local time runs at rate against true time (which
// is media time here) from an offset, and the node's idea of media time is off
// by wander.
type warped struct {
	ppm      float64
	offset   int64
	unlocked bool
	scale    uint32 // 0: never changes
	wander   func(trueNS int64) int64
}

func (w *warped) local(trueNS int64) int64 {
	return w.offset + trueNS + int64(math.Round(float64(trueNS)*w.ppm*1e-6))
}

func (w *warped) trueTime(local int64) int64 {
	return int64(math.Round(float64(local-w.offset) / (1 + w.ppm*1e-6)))
}

func (w *warped) Read(local int64) Reading {
	t := w.trueTime(local)
	if w.wander != nil {
		t += w.wander(t)
	}
	return Reading{Media: t, Timescale: w.scale, Locked: !w.unlocked}
}

// timed is a packet on its way.
type timed struct {
	at int64 // true ns of arrival
	p  Packet
}

// rig is a loudspeaker in virtual time.
type rig struct {
	t       testing.TB
	m       *Mixer
	clock   *warped
	cardPPM float64
	frame   int64 // card frames so far
	skip    int64 // true ns that the card stood still in all
	net     []timed
	out     []float32
	keep    bool
	results map[PushResult]int
	each    func(trueNS int64) // before every block
}

func newRig(t testing.TB, c *warped, cardPPM float64) *rig {
	return &rig{t: t, m: New(Config{Clock: c}), clock: c, cardPPM: cardPPM, keep: true, results: map[PushResult]int{}}
}

// when is the true time of a card frame.
func (r *rig) when(frame int64) int64 {
	return r.skip + int64(math.Round(float64(frame)*1e9/(48000*(1+r.cardPPM*1e-6))))
}

// run plays until the true time given.
func (r *rig) run(until int64) {
	buf := make([]float32, 480)
	rate := 48000 * (1 + r.cardPPM*1e-6) / (1 + r.clock.ppm*1e-6)
	for r.when(r.frame) < until {
		now := r.when(r.frame)
		for len(r.net) > 0 && r.net[0].at <= now {
			p := r.net[0].p
			p.Arrived = r.clock.local(r.net[0].at)
			r.results[r.m.Push(p)]++
			r.net = r.net[1:]
		}
		if r.each != nil {
			r.each(now)
		}
		r.m.Read(buf, audio.Beat{Frame: r.frame, Heard: r.clock.local(now), Rate: rate})
		if r.keep {
			r.out = append(r.out, buf...)
		}
		r.frame += int64(len(buf))
	}
}

// talk is a programme to be sent.
type talk struct {
	session uint64
	ssrc    uint32
	rank    uint32
	flags   Flags
	codec   string
	at      int64 // TPlay of the first sample
	lead    int64 // packets arrive this long before their TPlay; 0: 40 ms
	seq     uint16
	open    bool // no END
}

// packets encodes pcm.
func (k talk) packets(t testing.TB, pcm []float32) []timed {
	t.Helper()
	if k.codec == "" {
		k.codec = "l16"
	}
	if k.lead == 0 {
		k.lead = 40 * ms
	}
	if k.ssrc == 0 {
		k.ssrc = uint32(k.session)
	}
	prof, ok := codec.ProfileByName(k.codec)
	require.True(t, ok)
	enc, err := codec.NewEncoder(prof)
	require.NoError(t, err)
	var out []timed
	n := (len(pcm) + prof.Frame - 1) / prof.Frame
	frame := make([]float32, prof.Frame)
	for i := range n {
		clear(frame)
		copy(frame, pcm[i*prof.Frame:])
		b, err := enc.Encode(nil, frame)
		require.NoError(t, err)
		tp := k.at + sampleNS(int64(i*prof.Frame))
		p := Packet{Session: k.session, SSRC: k.ssrc, Rank: k.rank, Seq: k.seq + uint16(i), PT: prof.PayloadType,
			TPlay: tp, Flags: k.flags, Payload: b}
		if i == n-1 && !k.open {
			p.Flags |= End
		}
		out = append(out, timed{at: tp - k.lead, p: p})
	}
	return out
}

// send puts programmes onto the network, in order of arrival.
func (r *rig) send(ps ...[]timed) {
	for _, p := range ps {
		r.net = append(r.net, p...)
	}
	sortTimed(r.net)
}

func sortTimed(p []timed) {
	for i := 1; i < len(p); i++ {
		for j := i; j > 0 && p[j].at < p[j-1].at; j-- {
			p[j], p[j-1] = p[j-1], p[j]
		}
	}
}

func sine(freq, amp, seconds float64) []float32 {
	out := make([]float32, int(seconds*48000))
	for i := range out {
		out[i] = float32(amp * math.Sin(2*math.Pi*freq*float64(i)/48000))
	}
	return out
}

// step is the largest jump between neighbours.
func step(buf []float32) float64 {
	var m float64
	for i := 1; i < len(buf); i++ {
		m = max(m, math.Abs(float64(buf[i])-float64(buf[i-1])))
	}
	return m
}

// snr of got against want, dB.
func snr(want, got []float32) float64 {
	var s, n float64
	for i := range want {
		d := float64(got[i]) - float64(want[i])
		s += float64(want[i]) * float64(want[i])
		n += d * d
	}
	return 10 * math.Log10(s/(n+1e-30))
}

// at gives the output from a true time on.
func (r *rig) at(trueNS int64, n int) []float32 {
	i := int(trueNS * 48 / ms)
	return r.out[i : i+n]
}

func onlyStream(t testing.TB, m *Mixer) StreamStatus {
	t.Helper()
	st := m.Snapshot().Streams
	require.Len(t, st, 1)
	return st[0]
}

func onlyFinished(t testing.TB, m *Mixer) StreamStatus {
	t.Helper()
	st := m.Finished()
	require.Len(t, st, 1)
	return st[0]
}
