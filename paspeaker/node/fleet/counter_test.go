package fleet

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/audio"
	"pa/audio/codec"
	"pa/audio/playout"
)

const (
	slogan, fire = uint64(0x1001), uint64(0x2002)
	ms           = int64(time.Millisecond)
	ahead        = 100 * ms // T_play less the time of sending
)

// world is a loudspeaker's clock, which is also media time.
type world struct{ at int64 }

func (w *world) now() int64 { return w.at }

// Read implements playout.Clock.
func (w *world) Read(local int64) playout.Reading {
	return playout.Reading{Media: local, Timescale: 1, Locked: true}
}

func (w *world) counter() *counter {
	return newCounter(playout.Config{Clock: w}, w.now, newGauge(w.now))
}

// call is a programme's packets: 10 ms of L16 each, the last three with End.
type call struct {
	session uint64
	rank    uint32
	flags   playout.Flags
	begin   int64 // TPlay of the first
	n       int
}

func (c call) packet(i int) playout.Packet {
	p := playout.Packet{Session: c.session, SSRC: uint32(c.session), Rank: c.rank, Seq: uint16(65500 + i), PT: 97,
		TPlay: c.begin + int64(i)*10*ms, Flags: c.flags, Payload: tone}
	p.Arrived = p.TPlay - ahead
	if i >= c.n-3 {
		p.Flags |= playout.End
	}
	return p
}

// tone is a frame of a square wave at half of full scale: −6 dBFS.
var tone = func() []byte {
	b := make([]byte, 960)
	for i := 0; i < len(b); i += 2 {
		b[i] = 0x40
		if i%96 >= 48 {
			b[i] = 0xc0
		}
	}
	return b
}()

// run hands packets over as they arrive, has a sound card ask for 10 ms every
// 10 ms, and looks every 100 ms, as a node does, until all is over.
func run(w *world, packets []playout.Packet, push func(playout.Packet), pull, look func()) {
	slices.SortStableFunc(packets, func(a, b playout.Packet) int { return int(a.Arrived - b.Arrived) })
	last := packets[len(packets)-1]
	w.at = packets[0].Arrived
	for step := 0; w.at < last.TPlay+3000*ms; step++ {
		for len(packets) > 0 && packets[0].Arrived <= w.at {
			push(packets[0])
			packets = packets[1:]
		}
		pull()
		if step%10 == 0 {
			look()
		}
		w.at += 10 * ms
	}
}

// The counter counts what a mixer counts: whatever is lost, late, doubled or
// overtaken on the way.
func TestACounterCountsAsAMixerDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{}
		c := call{session: slogan, rank: 100 << 24, begin: 1_000_000 * ms, n: rapid.IntRange(20, 120).Draw(rt, "packets")}
		var sent []playout.Packet
		for i := range c.n {
			p := c.packet(i)
			switch rapid.SampledFrom([]string{"good", "good", "good", "good", "lost", "overtaken", "twice", "late"}).Draw(rt, "fate") {
			case "lost":
				if i > 2 && i < c.n-3 {
					continue // without the first the mixer begins later, without the last it waits for it
				}
			case "overtaken":
				p.Arrived += 25 * ms
			case "twice":
				sent = append(sent, p)
				p.Arrived += 30 * ms
			case "late":
				if i > 2 && i < c.n-3 {
					p.Arrived = p.TPlay + 45*ms
				}
			}
			sent = append(sent, p)
		}
		counted, mixed := w.counter(), playout.New(playout.Config{Clock: w})
		var got, want []playout.StreamStatus
		out := make([]float32, audio.FrameLen)
		run(w, sent, func(p playout.Packet) { counted.Push(p); mixed.Push(p) },
			func() { mixed.Read(out, audio.Beat{Heard: w.at, Rate: audio.Rate}) },
			func() {
				got = append(got, counted.Finished()...)
				want = append(want, mixed.Finished()...)
			})
		require.Len(rt, got, 1)
		require.Len(rt, want, 1)
		assert.Equal(rt, want[0].Ended, got[0].Ended)
		assert.InDelta(rt, want[0].Played, got[0].Played, 2, "played")
		assert.InDelta(rt, want[0].Lost, got[0].Lost, 2, "lost")
		assert.InDelta(rt, want[0].Late, got[0].Late, 2, "late")
		assert.InDelta(rt, want[0].Concealed, got[0].Concealed, 2, "concealed")
		assert.InDelta(rt, want[0].FirstHeard, got[0].FirstHeard, float64(11*ms))
		assert.InDelta(rt, want[0].LastHeard, got[0].LastHeard, float64(31*ms))
		assert.EqualValues(rt, c.n, int(got[0].Played+got[0].Concealed), "every frame sounded or was made up")
	})
}

func (w *world) play(c *counter, calls ...call) (finished []playout.StreamStatus) {
	var sent []playout.Packet
	for _, one := range calls {
		for i := range one.n {
			sent = append(sent, one.packet(i))
		}
	}
	run(w, sent, func(p playout.Packet) { c.Push(p) }, func() {}, func() { finished = append(finished, c.Finished()...) })
	return finished
}

func TestAnEmergencyHushesASlogan(t *testing.T) {
	w := &world{}
	low := call{session: slogan, rank: 100 << 24, begin: 10_000 * ms, n: 300}
	high := call{session: fire, rank: 230 << 24, begin: 11_000 * ms, n: 100}
	got := w.play(w.counter(), low, high)
	require.Len(t, got, 2)
	assert.Equal(t, fire, got[0].Session)
	assert.EqualValues(t, 100, got[0].Played)
	assert.EqualValues(t, 200, got[1].Played)
	assert.EqualValues(t, 100, got[1].Muted)

	low.flags = playout.Duckable
	got = w.play(w.counter(), low, high)
	assert.EqualValues(t, 300, got[1].Played, "what may be ducked sounds on")
}

func TestALoudspeakerThatIsMuteCountsSo(t *testing.T) {
	w := &world{}
	c := w.counter()
	c.SetMute(1 << 32)
	got := w.play(c, call{session: slogan, rank: 100 << 24, begin: 10_000 * ms, n: 100})
	assert.EqualValues(t, 100, got[0].Muted)
	assert.Zero(t, got[0].Played)
	assert.Equal(t, float64(audio.FloorDB), got[0].LevelDB)
}

func TestAStopEndsAndKeepsStragglersOut(t *testing.T) {
	w := &world{}
	c := w.counter()
	one := call{session: slogan, rank: 100 << 24, begin: 10_000 * ms, n: 300}
	for i := range 50 {
		w.at = one.packet(i).Arrived
		assert.Equal(t, playout.Accepted, c.Push(one.packet(i)))
	}
	assert.Len(t, c.Snapshot().Streams, 1)
	c.Stop(slogan, 0)
	got := c.Finished()
	require.Len(t, got, 1)
	assert.True(t, got[0].Ended)
	assert.Equal(t, playout.Ended, c.Push(one.packet(50)))

	other := call{session: fire, rank: 100 << 24, begin: w.at + ahead, n: 300}
	c.Push(other.packet(0))
	c.StopAll(other.begin)
	assert.Empty(t, c.Finished(), "it begins then, not before")
	c.StopAll(other.begin + 1)
	assert.Len(t, c.Finished(), 1)
}

func TestWhatCannotBePlayedIsRefused(t *testing.T) {
	w := &world{at: 1000 * ms}
	c := w.counter()
	good := call{session: slogan, rank: 1, begin: w.at + ahead, n: 10}
	p := good.packet(0)
	p.PT = 127
	assert.Equal(t, playout.UnknownCodec, c.Push(p))
	p = good.packet(0)
	p.Payload = nil
	assert.Equal(t, playout.UnknownCodec, c.Push(p))
	p.Flags |= playout.End
	assert.Equal(t, playout.Late, c.Push(p), "the end of what was never heard")
	assert.Equal(t, playout.Accepted, c.Push(good.packet(0)))
	assert.Equal(t, playout.Duplicate, c.Push(good.packet(0)))
	p = good.packet(1)
	p.SSRC++
	assert.Equal(t, playout.Surplus, c.Push(p), "one voice of a session is enough")
	p = good.packet(600)
	assert.Equal(t, playout.Ahead, c.Push(p))
	for i := range maxLines - 1 {
		p = call{session: 100 + uint64(i), rank: 1, begin: w.at + ahead, n: 9}.packet(0)
		assert.Equal(t, playout.Accepted, c.Push(p))
	}
	p.Session = 999
	assert.Equal(t, playout.Full, c.Push(p))
	assert.EqualValues(t, 2, c.Snapshot().Totals.Refused[playout.UnknownCodec])
}

// Two loudspeakers with one programme have its level from one decoding.
func TestTheGaugeMeasuresWhatWasSent(t *testing.T) {
	w := &world{}
	g := newGauge(w.now)
	a, b := newCounter(playout.Config{Clock: w}, w.now, g), newCounter(playout.Config{Clock: w}, w.now, g)
	one := call{session: slogan, rank: 1, begin: 10_000 * ms, n: 150}
	for i := range 120 {
		p := one.packet(i)
		w.at = p.Arrived
		a.Push(p)
		if i%2 == 0 {
			b.Push(p) // half of them is lost, not half of the level
		}
	}
	for _, c := range []*counter{a, b} {
		require.Len(t, c.Snapshot().Streams, 1)
		assert.InDelta(t, 20*math.Log10(0.5), c.Snapshot().LevelDB, 0.1)
	}
	assert.Equal(t, float64(audio.FloorDB), g.level(fire, 1))
	w.at += gaugeKeeps + 1
	p := call{session: fire, rank: 1, begin: w.at, n: 9}.packet(0)
	p.Arrived = w.at
	g.hear(&p)
	assert.Len(t, g.streams, 1, "what is over is forgotten")
	p.PT = 127
	p.Session++
	g.hear(&p)
	assert.Len(t, g.streams, 1, "what nobody can decode is not kept")
	_, ok := codec.ProfileByPayloadType(97)
	assert.True(t, ok)
}
