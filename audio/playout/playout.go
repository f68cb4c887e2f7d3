// Package playout is the loudspeaker's mixer. Packets go in as the network
// brings them (Mixer.Push); the sound card pulls samples out (Mixer.Read, an
// audio.Pull). Between the two lies media time: every packet says when its
// first sample is to be heard, and the mixer resamples each stream so that it
// is, whatever the card's and the computer's clocks do.
//
// One session is one stream. The highest rank sounds; the rest are decoded
// but mute, so that they return without a gap. Only audio and audio/codec are
// imported; there is no goroutine and no clock in here.
package playout

import (
	"fmt"
	"log/slog"
	"time"
)

// Flags are the marks of a packet that matter to a mixer.
type Flags uint8

// The flags. A stream's Duckable, Drill and Live are those of its newest packet.
const (
	End      Flags = 1 << iota // the session ends with this packet
	Duckable                   // may sound, lowered, beneath a higher rank
	Drill                      // an exercise; carried through to the status
	Live                       // a voice at a microphone; carried through to the status
)

// Packet is one verified RTP packet of ours.
type Packet struct {
	Session  uint64
	SSRC     uint32
	Rank     uint32 // higher wins; the top 8 bits are the priority
	Seq      uint16
	TS       uint32 // RTP time stamp, not used for timing: TPlay is
	PT       uint8  // RTP payload type, see codec.ProfileByPayloadType
	TPlay    int64  // media ns at which the first sample leaves the reference loudspeaker
	Flags    Flags
	Payload  []byte // one frame; empty only with End; not kept after Push
	Arrived  int64  // local monotonic ns
	Unlocked bool   // the clock was not locked: play it Arrived + 60 ms, ignore TPlay's epoch
}

// Reading is what a clock says of an instant. Media times of two timescales
// have nothing to do with each other.
type Reading struct {
	Media     int64 // ns
	Timescale uint32
	Locked    bool // Media is not a guess
}

// Clock relates local monotonic time to media time. Read is called from the
// network's and from the sound card's goroutine, also for instants up to two
// seconds ahead; it must be quick, and near any instant nearly linear. When
// the timescale changes, what plays goes on as if nothing had happened; what
// begins then is of the new one.
type Clock interface {
	Read(local int64) Reading
}

// Config is what a mixer is made with.
type Config struct {
	Clock      Clock         // required
	Gain       float64       // dB, on everything
	Delay      time.Duration // acoustic, added to every TPlay, 0…2 s
	MaxStreams int           // 1…64, 0 means 8
	DuckDB     float64       // level of a ducked stream, dB < 0; 0 means −18
	Log        *slog.Logger  // rare events only; nil: none
}

// PushResult says what became of a packet.
type PushResult uint8

// The results.
const (
	Accepted     PushResult = iota
	Late                    // its whole frame is past, or was concealed already
	Duplicate               // this sequence number is here or has been played
	Full                    // too many streams, all of higher rank
	UnknownCodec            // no decoder for its payload type, or too long a payload
	Surplus                 // another encoding (SSRC) of a session that is playing
	Ahead                   // so far ahead of what plays that there is no room to keep it
	Ended                   // its session has ended or was stopped
)

var resultNames = [...]string{"accepted", "late", "duplicate", "full", "unknown codec", "surplus", "ahead", "ended"}

// String is the result in words, as in a status.
func (r PushResult) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return fmt.Sprintf("result(%d)", uint8(r))
}
