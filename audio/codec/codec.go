// Package codec turns samples into RTP payloads and back: L16, G.711, G.722
// and Opus, with concealment of what was lost.
//
// Everything outside is 48 kHz mono float32, one packet at a time; codecs with
// another rate resample inside, so that a frame in is always a frame out. What
// that costs in delay is exact and constant for each profile: its Lookahead.
// Encoders and decoders belong to one goroutine each, start none, and do not
// allocate once they run.
package codec

import (
	"errors"
	"fmt"
	"time"

	"pa/audio"
)

// MaxPayload is the size in bytes of the largest payload that any profile
// makes. With the headers of RTP, UDP and IP it fits an Ethernet frame.
const MaxPayload = 1280

// Peak bounds what a decoder gives: |x| ≤ Peak and never NaN, whatever came in.
const Peak = 1.5

// ErrPayload says that a payload cannot be of the profile: wrong length or
// wrong structure. The decoder is as it was before.
var ErrPayload = errors.New("not a payload of this profile")

// Encoder makes payloads. One goroutine uses it.
type Encoder interface {
	// Encode appends the payload of one frame to dst and returns the result.
	// len(pcm) must be the profile's Frame. It does not allocate when dst has
	// room for MaxPayload more. Samples beyond ±1 clip; NaN counts as silence.
	Encode(dst []byte, pcm []float32) ([]byte, error)
}

// Decoder makes samples. One goroutine uses it.
type Decoder interface {
	// Decode writes one frame to dst, which has room for the profile's Frame,
	// and returns Frame. Every sample is finite and within ±Peak. After a
	// Conceal it blends from the concealment into the new sound. A payload that
	// is not of the profile gives 0 and an error that wraps ErrPayload.
	Decode(dst []float32, payload []byte) (int, error)
	// Conceal writes one frame that stands for a lost one, and returns Frame.
	// It carries the last sound on and lets it fade; it is silent when there
	// was none, and in the long run.
	Conceal(dst []float32) int
}

// Recoverer is a Decoder whose payloads carry a coarse copy of the frame before
// them (Opus in-band FEC, RFC 6716 §2.1.7).
type Recoverer interface {
	Decoder
	// Recover writes the lost frame that came just before next, and returns
	// Frame; next is to be given to Decode afterwards. Without a copy inside it
	// conceals.
	Recover(dst []float32, next []byte) int
}

// Profile is one way to send voice: a codec, its packet length and its RTP
// numbers.
type Profile struct {
	Name        string // in configuration: "l16", "opus" …
	Encoding    string // in SDP (RFC 3551, RFC 7587): "L16", "opus" …
	PayloadType uint8  // 0…127
	ClockRate   int    // of RTP timestamps, Hz; 8000 for G.722 by RFC 3551 §4.5.2
	Frame       int    // samples at 48 kHz in one packet: 240, 480 or 960
	Lookahead   int    // samples at 48 kHz by which decoded sound is late, encoder and decoder together
	Fmtp        string // format parameters in SDP, empty for none

	rate int // the codec's own sample rate, Hz
}

// Units is the number of RTP timestamp units that one packet spans.
func (p Profile) Units() uint32 { return uint32(p.Frame * p.ClockRate / audio.Rate) }

// Duration is how long one packet sounds.
func (p Profile) Duration() time.Duration {
	return time.Duration(p.Frame) * time.Second / audio.Rate
}

// RTPMap is the value of SDP's rtpmap attribute after the payload type, such as
// "L16/48000". Opus is always "opus/48000/2", also in mono (RFC 7587 §7).
func (p Profile) RTPMap() string {
	m := fmt.Sprintf("%s/%d", p.Encoding, p.ClockRate)
	if p.Encoding == "opus" {
		m += "/2"
	}
	return m
}

// profiles in order of preference between our own units. Plain L16 is 32 kHz
// because 20 ms at 48 kHz (1920 bytes) would not fit an Ethernet frame. Short
// L16 is for a voice that somebody hears himself speak by: 5 ms sooner, for
// twice the packets.
var profiles = []Profile{
	{Name: "l16", Encoding: "L16", PayloadType: 97, ClockRate: 48000, Frame: 480, rate: 48000},
	{Name: "opus", Encoding: "opus", PayloadType: 98, ClockRate: 48000, Frame: 960, Lookahead: opusLate, rate: 48000,
		Fmtp: "useinbandfec=1;stereo=0;sprop-stereo=0;maxaveragebitrate=32000"},
	{Name: "g722", Encoding: "G722", PayloadType: 9, ClockRate: 8000, Frame: 960, Lookahead: 180 + 66, rate: 16000},
	{Name: "pcmu", Encoding: "PCMU", PayloadType: 0, ClockRate: 8000, Frame: 960, Lookahead: 240, rate: 8000},
	{Name: "pcma", Encoding: "PCMA", PayloadType: 8, ClockRate: 8000, Frame: 960, Lookahead: 240, rate: 8000},
	{Name: "l16-plain", Encoding: "L16", PayloadType: 96, ClockRate: 32000, Frame: 960, Lookahead: 96, rate: 32000},
	{Name: "l16-short", Encoding: "L16", PayloadType: 99, ClockRate: 48000, Frame: 240, rate: 48000},
}

// ProfileByName finds a profile by its name in configuration.
func ProfileByName(name string) (Profile, bool) {
	for _, p := range profiles {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// ProfileByPayloadType finds a profile by its RTP payload type.
func ProfileByPayloadType(pt uint8) (Profile, bool) {
	for _, p := range profiles {
		if p.PayloadType == pt {
			return p, true
		}
	}
	return Profile{}, false
}

// Names lists the profiles.
func Names() []string {
	names := make([]string, len(profiles))
	for i, p := range profiles {
		names[i] = p.Name
	}
	return names
}

// settings of an encoder; only Opus has any.
type settings struct{ bitrate, loss, complexity int }

// Option changes an encoder.
type Option func(*settings)

// WithBitrate sets the bits per second of Opus, 6000…128000; 32000 by default.
// Other codecs have a fixed rate and ignore it.
func WithBitrate(bps int) Option { return func(s *settings) { s.bitrate = bps } }

// WithLoss tells Opus how many percent of the packets to expect lost, 0…100, 10
// by default: the more, the more of the bits go into the copy for Recover.
func WithLoss(percent int) Option { return func(s *settings) { s.loss = percent } }

// WithComplexity trades the CPU time of Opus for quality, 0…10; 5 by default.
func WithComplexity(c int) Option { return func(s *settings) { s.complexity = c } }

// NewEncoder makes an encoder for a profile of this package.
func NewEncoder(p Profile, opts ...Option) (Encoder, error) {
	s := settings{bitrate: 32000, loss: 10, complexity: 5}
	for _, o := range opts {
		o(&s)
	}
	switch p.Name {
	case "l16", "l16-short", "l16-plain":
		return newPCMEncoder(p, packL16), nil
	case "pcmu":
		return newPCMEncoder(p, packMu), nil
	case "pcma":
		return newPCMEncoder(p, packA), nil
	case "g722":
		return newG722Encoder(p), nil
	case "opus":
		return newOpusEncoder(p, s)
	}
	return nil, fmt.Errorf("make encoder: no codec profile %q; there are %v", p.Name, Names())
}

// NewDecoder makes a decoder for a profile of this package.
func NewDecoder(p Profile) (Decoder, error) {
	samples := p.Frame * p.rate / audio.Rate
	switch p.Name {
	case "l16", "l16-short", "l16-plain":
		return newPCMDecoder(p, 2*samples, unpackL16), nil
	case "pcmu":
		return newPCMDecoder(p, samples, unpackMu), nil
	case "pcma":
		return newPCMDecoder(p, samples, unpackA), nil
	case "g722":
		return newG722Decoder(p), nil
	case "opus":
		return newOpusDecoder(p)
	}
	return nil, fmt.Errorf("make decoder: no codec profile %q; there are %v", p.Name, Names())
}
