package playout

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"pa/audio"
	"pa/audio/codec"
)

// day is a sender whose programmes go on for so long that their sequence
// numbers wrap, over a network that loses, doubles and reorders.
type day struct {
	t       *testing.T
	rng     *rand.Rand
	m       *Mixer
	clock   *warped
	payload []byte
	pt      uint8
	sent    uint64 // packets, and what became of them on the way
	lost    uint64
	doubled uint64
	swapped *Packet // waits until its successor has gone
}

const packetTime = 10 * ms

// send lets packet n of a programme go, at a true time.
func (d *day) send(p Packet, now int64) {
	d.sent++
	p.Arrived = d.clock.local(now)
	switch d.rng.IntN(200) {
	case 0:
		d.lost++
		return
	case 1:
		d.doubled++
		d.m.Push(p)
	case 2:
		if d.swapped == nil && p.Flags&End == 0 {
			d.swapped = &p
			return
		}
	}
	d.m.Push(p)
	if d.swapped != nil {
		late := *d.swapped
		late.Arrived = p.Arrived
		d.swapped = nil
		d.m.Push(late)
	}
}

// hour is 12 minutes of programme, whose numbers wrap, and then silence until
// the hour is full, in which the card asks for one period a second.
func (d *day) hour(h int64, frame *int64) {
	const first, packets = 60_000, 12 * 60 * 100
	begin := h * 3600 * sec
	n := int64(0)
	buf := make([]float32, block)
	step := int64(block)
	for when := int64(0); when < (h+1)*3600*sec; *frame += step {
		if when = sampleNS(*frame); n == packets && when > begin+packets*packetTime+10*sec {
			step = audio.Rate
		}
		for ; n < packets && begin+5*sec+n*packetTime-100*ms <= when; n++ {
			p := Packet{Session: uint64(h + 1), SSRC: uint32(h), Rank: 9, Seq: uint16(first + n), TS: 0xffff0000 + uint32(480*n), PT: d.pt,
				TPlay: begin + 5*sec + n*packetTime, Payload: d.payload}
			if n >= packets-5 {
				p.Flags = End
			}
			d.send(p, when)
		}
		d.m.Read(buf, audio.Beat{Frame: *frame, Heard: d.clock.local(when), Rate: 48000})
	}
}

// A day of announcements: nothing is lost but what the network lost, nothing is
// corrected, nothing grows.
func TestADayOfPackets(t *testing.T) {
	hours := int64(24)
	if testing.Short() {
		hours = 2
	}
	prof, _ := codec.ProfileByName("l16")
	enc, err := codec.NewEncoder(prof)
	assert.NoError(t, err)
	payload, err := enc.Encode(nil, sine(500, 0.3, 0.01))
	assert.NoError(t, err)
	c := &warped{offset: 3600 * sec, wander: func(at int64) int64 {
		return at / 3600 / sec % 6 / 5 * (at % (3600 * sec)) / 100_000 // in every sixth hour it drifts by 10 ppm
	}}
	d := &day{t: t, rng: rand.New(rand.NewPCG(8, 8)), m: New(Config{Clock: c}), clock: c, payload: payload, pt: prof.PayloadType}
	var frame int64
	var heap uint64
	for h := range hours {
		before := d.m.Snapshot().Totals
		sent, lost := d.sent, d.lost
		d.hour(h, &frame)
		got := d.m.Snapshot().Totals
		assert.Equal(t, d.sent-sent-(d.lost-lost), got.Played-before.Played, "hour %d: what came was played", h)
		assert.InDelta(t, float64(d.lost-lost), float64(got.Lost-before.Lost), 10, "hour %d", h) // the last packets' loss cannot be known
		assert.Len(t, d.m.Finished(), 1, "hour %d", h)
		runtime.GC()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		if h == 0 {
			heap = mem.HeapAlloc
		}
		assert.Less(t, mem.HeapAlloc, heap+1<<20, "hour %d: the heap is flat", h)
	}
	sum := d.m.Snapshot().Totals
	t.Logf("%d packets in %d hours: %d lost, %d doubled; %+v", d.sent, hours, d.lost, d.doubled, sum)
	assert.Zero(t, sum.Late+sum.Resyncs+sum.Skipped+sum.Muted)
	assert.Equal(t, d.doubled, sum.Refused[Duplicate])
	assert.EqualValues(t, hours, sum.Streams)
}
