package node

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"

	"pa/audio/wire"
	"pa/paspeaker"
)

const (
	mostForeign  = 16              // senders remembered at once
	toldForeign  = 8               // of them in a report
	foreignLeast = 10              // packets in a second that make speech or tone of it
	foreignKept  = 4 * time.Second // after its last such second a sender is gone
	foreignTurn  = 900 * time.Millisecond
	// A node that starts amid a programme does not know its key before the
	// certificate is repeated: what is sealed must go on for so many seconds.
	foreignSealed = 5
	foreignLook   = 50    // packets a second of each whose level is measured
	foreignQuiet  = -60.0 // dBFS: less is a line that is open and silent
)

// foreign remembers who else sends sound on our groups. It has a fixed size
// and does not allocate.
type foreign struct {
	mu      sync.Mutex
	senders [mostForeign]sender
	turned  int64 // local ns at which the second under way began
}

type sender struct {
	from, to netip.AddrPort
	kind     wire.Refusal
	payload  uint8 // RTP's type
	packets  uint64
	last     int64 // local ns of its last packet

	recent  int     // packets in the second under way
	looked  int     // of them, whose level was measured
	energy  float64 // mean square, summed over those
	level   float64 // dBFS of the last second that was told
	streak  int     // seconds of speech or tone in a row
	sounded int64   // local ns of the last second that was speech or tone; 0: none yet
}

// note takes in a packet that was refused. A packet that is no RTP at all is
// no sound; one of ours that is late, repeated or for others is not foreign.
func (f *foreign) note(d wire.Datagram, why wire.Refusal) {
	if why != wire.Unsealed && why != wire.UnknownKey && why != wire.BadSignature || !d.To.Addr().IsMulticast() || len(d.Data) < 12 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.find(d, why)
	if s == nil {
		return
	}
	s.packets++
	s.recent++
	s.last = d.At
	s.payload = d.Data[1] & 0x7f
	if s.looked < foreignLook {
		if e, ok := loudness(d.Data); ok {
			s.looked++
			s.energy += e
		}
	}
}

// find returns a sender's place, or a free one; nil while all are taken by
// others who still speak.
func (f *foreign) find(d wire.Datagram, why wire.Refusal) *sender {
	var free *sender
	for i := range f.senders {
		s := &f.senders[i]
		if s.packets > 0 && s.from == d.From && s.to == d.To && s.kind == why {
			return s
		}
		if free == nil && (s.packets == 0 || d.At-s.last > int64(foreignKept)) {
			free = s
		}
	}
	if free != nil {
		*free = sender{from: d.From, to: d.To, kind: why, level: math.NaN()}
	}
	return free
}

// told returns who speaks, who speaks most first. It is called about once a
// second, which it takes for the measure.
func (f *foreign) told(now int64) []paspeaker.ForeignSender {
	f.mu.Lock()
	defer f.mu.Unlock()
	over := now-f.turned >= int64(foreignTurn)
	if over {
		f.turned = now
	}
	var out []paspeaker.ForeignSender
	for i := range f.senders {
		s := &f.senders[i]
		if s.packets == 0 {
			continue
		}
		if over {
			s.second(now)
		}
		if s.sounded == 0 || now-s.sounded > int64(foreignKept) {
			continue
		}
		t := paspeaker.ForeignSender{Source: s.from.String(), Group: s.to.String(), What: s.what(), Packets: s.packets}
		if !math.IsNaN(s.level) {
			t.LevelDB = math.Round(s.level*10) / 10
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b paspeaker.ForeignSender) int {
		return cmp.Or(cmp.Compare(b.Packets, a.Packets), cmp.Compare(a.Source, b.Source))
	})
	return out[:min(len(out), toldForeign)]
}

// second judges what came since the last one.
func (s *sender) second(now int64) {
	enough := s.recent >= foreignLeast && now-s.last <= int64(foreignKept)
	if s.looked > 0 && enough {
		s.level = max(silent, 10*math.Log10(s.energy/float64(s.looked)+1e-12))
		enough = s.level > foreignQuiet
	}
	if s.streak++; !enough {
		s.streak = 0
	}
	if enough && (s.kind == wire.Unsealed || s.streak >= foreignSealed) {
		s.sounded = now
	}
	s.recent, s.looked, s.energy = 0, 0, 0
}

// what a sender seems to be (RFC 3551 §6).
func (s *sender) what() string {
	switch s.kind {
	case wire.UnknownKey:
		return "sealed by another site, or with a key that is not known"
	case wire.BadSignature:
		return "sealed, but forged or altered"
	}
	switch s.payload {
	case 0:
		return "plain RTP, G.711 µ-law"
	case 8:
		return "plain RTP, G.711 A-law"
	case 9:
		return "plain RTP, G.722"
	case 10, 11:
		return "plain RTP, L16"
	}
	return fmt.Sprintf("plain RTP, payload type %d", s.payload)
}

// every so many samples of a packet are looked at.
const stride = 4

// loudness is the mean square of a plain packet whose codec has no memory: G.711
// and L16 (RFC 3551 §4.5.14, §4.5.11). ok is false for any other.
func loudness(b []byte) (square float64, ok bool) {
	payload := rtpPayload(b)
	var sample func([]byte) float64
	size := 1
	switch b[1] & 0x7f {
	case 0:
		sample = muLaw
	case 8:
		sample = aLaw
	case 10, 11:
		sample, size = l16, 2
	default:
		return 0, false
	}
	n := 0
	for i := 0; i+size <= len(payload); i += stride * size {
		x := sample(payload[i:])
		square += x * x
		n++
	}
	if n == 0 {
		return 0, false
	}
	return square / float64(n), true
}

// rtpPayload is what follows the header and its extension (RFC 3550 §5); empty
// when they do not fit.
func rtpPayload(b []byte) []byte {
	at := 12 + 4*int(b[0]&0xf)
	if b[0]&0x10 != 0 {
		if len(b) < at+4 {
			return nil
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	if at > len(b) {
		return nil
	}
	return b[at:]
}

// muLaw, aLaw and l16 are one sample, ±1 (ITU-T G.711).
func muLaw(b []byte) float64 {
	u := ^b[0]
	x := float64((int(u&0xf)<<3+0x84)<<(u>>4&7)-0x84) / 32768
	if u&0x80 != 0 {
		return -x
	}
	return x
}

func aLaw(b []byte) float64 {
	a := b[0] ^ 0x55
	x := int(a&0xf)<<4 + 8
	if e := a >> 4 & 7; e > 0 {
		x = (x + 0x100) << (e - 1)
	}
	if a&0x80 == 0 {
		x = -x
	}
	return float64(x) / 32768
}

func l16(b []byte) float64 { return float64(int16(binary.BigEndian.Uint16(b))) / 32768 }
