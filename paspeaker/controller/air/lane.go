package air

import (
	"fmt"
	"time"

	"pa/audio"
	"pa/audio/codec"
	"pa/audio/wire"
)

// laneKey tells a programme's lanes apart: a codec profile, whether its packets
// are sealed for our nodes, on the way to mobile units, or plain for third-party
// loudspeakers of one zone, and how far ahead of their sounding they are sent,
// which is sealed in.
type laneKey struct {
	profile string
	unit    bool
	plain   string
	lead    time.Duration
}

// lane is one encoding of a programme: an SSRC, encoded and sealed once and
// sent to everybody who plays that profile. The pacer's thread uses it.
type lane struct {
	profile codec.Profile
	enc     codec.Encoder
	sealed  *wire.Stream
	plain   *plainStream
	lead    time.Duration
	pcm     []float32
	media   int64 // of pcm's first sample
	flags   wire.Flags
	payload []byte
	next    int64 // media ns at which the next packet is expected: a gap skips the timestamp
	report  int64 // media ns at which the next RTCP report is due
}

func newLane(e *Engine, id uint64, leg Leg) (*lane, error) {
	profile, ok := codec.ProfileByName(leg.Profile)
	if !ok {
		return nil, fmt.Errorf("codec profile %q: there is none", leg.Profile)
	}
	enc, err := codec.NewEncoder(profile)
	if err != nil {
		return nil, fmt.Errorf("codec profile %s: %w", leg.Profile, err)
	}
	l := &lane{profile: profile, enc: enc, lead: leg.Lead,
		pcm: make([]float32, 0, profile.Frame), payload: make([]byte, 0, codec.MaxPayload)}
	if leg.Plain != "" {
		l.plain = e.plainStream(leg.Plain, profile)
	} else {
		l.sealed = e.sealer.NewStream(id, newSSRC(), profile.PayloadType)
	}
	return l, nil
}

// add takes a frame whose first sample belongs to media, and sends a packet when
// one is full.
func (l *lane) add(frame []float32, media int64, flags wire.Flags, rank uint32, to *Leg, e *Engine) {
	if len(l.pcm) == 0 {
		l.flags = 0
	}
	// Half a packet may be left from before a pause: it sounds just before.
	l.media = media - int64(len(l.pcm))*int64(time.Second)/audio.Rate
	l.flags |= flags
	l.pcm = append(l.pcm, frame...)
	if len(l.pcm) < l.profile.Frame {
		return
	}
	payload, err := l.enc.Encode(l.payload[:0], l.pcm)
	l.pcm = l.pcm[:0]
	if err != nil {
		e.note(err)
		return
	}
	l.payload = payload
	if l.plain != nil {
		l.plain.send(payload, l.media, l.flags&wire.FlagStart != 0, to, e)
		return
	}
	l.skipGap()
	l.sendSealed(rank, to, e)
}

// skipGap moves the RTP timestamp over the time that a pause took.
func (l *lane) skipGap() {
	if gap := l.media - l.next; l.next != 0 && gap > int64(FrameTime) {
		l.sealed.Skip(uint32(gap / int64(time.Microsecond) * int64(l.profile.ClockRate) / 1e6))
		l.flags |= wire.FlagStart
	}
	l.next = l.media + int64(l.profile.Duration())
}

func (l *lane) sendSealed(rank uint32, to *Leg, e *Engine) {
	if len(to.Targets) == 0 {
		return
	}
	if l.media >= l.report {
		l.report = l.media + int64(time.Second)
		sr := l.sealed.SenderReport(time.Unix(0, l.media), e.cname)
		for _, g := range to.Groups {
			e.report(sr, g)
		}
	}
	packets, err := l.sealed.Packet(wire.Frame{
		Payload: l.payload, Samples: l.profile.Units(), TPlay: l.media + int64(l.lead),
		Rank: rank, Flags: l.flags, Targets: to.Targets,
	})
	if err != nil {
		e.note(err)
		return
	}
	for _, b := range packets {
		for _, g := range to.Groups {
			e.send(b, g)
		}
		for _, u := range to.Units {
			e.sendUnit(b, u)
		}
	}
}
