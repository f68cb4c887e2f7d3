package fleet

import (
	"math"
	"sync"
	"time"

	"pa/audio"
	"pa/audio/codec"
	"pa/audio/playout"
)

// gauge measures how loud each programme is, once for all nodes that receive
// it: whoever is first to have a packet has it decoded.
type gauge struct {
	mu      sync.Mutex
	streams map[streamKey]*measured
	now     func() int64
}

// A programme of which nothing came for so long is forgotten.
const gaugeKeeps = int64(10 * time.Second)

type streamKey struct {
	session uint64
	ssrc    uint32
}

// measured is one programme's sound so far.
type measured struct {
	dec    codec.Decoder
	frame  int
	top    uint16 // newest sequence number that was decoded
	used   int64  // local ns
	buf    []float32
	blocks [100]float64 // energies of the last packets
	at     int
}

func newGauge(now func() int64) *gauge {
	return &gauge{streams: make(map[streamKey]*measured), now: now}
}

// hear decodes a packet that nobody has had before.
func (g *gauge) hear(p *playout.Packet) {
	if len(p.Payload) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := streamKey{p.Session, p.SSRC}
	m := g.streams[key]
	if m == nil {
		if m = g.begin(p); m == nil {
			return
		}
		g.streams[key] = m
	} else if int16(p.Seq-m.top) <= 0 {
		return
	}
	m.top, m.used = p.Seq, p.Arrived
	n, err := m.dec.Decode(m.buf, p.Payload)
	if err != nil {
		return
	}
	var e float64
	for _, v := range m.buf[:n] {
		e += float64(v) * float64(v)
	}
	m.blocks[m.at] = e
	m.at = (m.at + 1) % len(m.blocks)
}

// begin makes room for a programme; nil when nobody can decode it.
func (g *gauge) begin(p *playout.Packet) *measured {
	for key, m := range g.streams {
		if p.Arrived-m.used > gaugeKeeps {
			delete(g.streams, key)
		}
	}
	profile, ok := codec.ProfileByPayloadType(p.PT)
	if !ok {
		return nil
	}
	dec, err := codec.NewDecoder(profile)
	if err != nil {
		return nil
	}
	return &measured{dec: dec, frame: profile.Frame, buf: make([]float32, profile.Frame)}
}

// level is the RMS of a programme's last second, dBFS; of silence and of what
// was never heard it is audio.FloorDB.
func (g *gauge) level(session uint64, ssrc uint32) float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.streams[streamKey{session, ssrc}]
	if m == nil {
		return audio.FloorDB
	}
	// So many packets are a second; the ring may hold more.
	packets := min(audio.Rate/m.frame, len(m.blocks))
	var e float64
	for i := range packets {
		e += m.blocks[(m.at-1-i+2*len(m.blocks))%len(m.blocks)]
	}
	return audio.ToDB(math.Sqrt(e / float64(packets*m.frame)))
}
