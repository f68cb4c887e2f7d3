package codec

import (
	"fmt"
	"slices"

	"github.com/thesyncim/gopus"

	"pa/audio"
)

const (
	// opusLate is the delay of encoder and decoder in the voice band, measured.
	// Opus states 312 samples; its SILK layer is 3 samples quicker.
	opusLate = 309
	opusMax  = 1275 // bytes of one frame, RFC 6716 §3.2.1
	opusHold = 3    // lost frames in a row that Opus conceals at full level
	opusBack = 240  // samples to come back from silence
)

type opusEncoder struct {
	enc   *gopus.Encoder
	frame int
	clean []float32
}

func newOpusEncoder(p Profile, s settings) (*opusEncoder, error) {
	if s.bitrate < 6000 || s.bitrate > 128000 || s.loss < 0 || s.loss > 100 || s.complexity < 0 || s.complexity > 10 {
		return nil, fmt.Errorf("make opus encoder: bitrate %d, loss %d or complexity %d is out of range", s.bitrate, s.loss, s.complexity)
	}
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: audio.Rate, Channels: 1, Application: gopus.ApplicationVoIP})
	if err != nil {
		return nil, fmt.Errorf("make opus encoder: %w", err)
	}
	enc.SetFEC(true)
	for _, set := range []error{enc.SetFrameSize(p.Frame), enc.SetBitrate(s.bitrate), enc.SetPacketLoss(s.loss),
		enc.SetComplexity(s.complexity), enc.SetSignal(gopus.SignalVoice)} {
		if set != nil {
			return nil, fmt.Errorf("set up opus encoder: %w", set)
		}
	}
	return &opusEncoder{enc: enc, frame: p.Frame, clean: make([]float32, p.Frame)}, nil
}

// Encode implements Encoder.
func (e *opusEncoder) Encode(dst []byte, pcm []float32) ([]byte, error) {
	if len(pcm) != e.frame {
		return dst, fmt.Errorf("encode frame: %d samples, want %d", len(pcm), e.frame)
	}
	copy(e.clean, pcm)
	bound(e.clean, 1)
	at := len(dst)
	dst = slices.Grow(dst, opusMax)
	n, err := e.enc.Encode(e.clean, dst[at:at+opusMax])
	if err != nil {
		return dst[:at], fmt.Errorf("encode opus frame: %w", err)
	}
	return dst[:at+n], nil
}

// opusDecoder leaves concealment to Opus, but makes it fade: Opus itself goes on
// with a low noise for ever.
type opusDecoder struct {
	dec   *gopus.Decoder
	frame int
	lost  int     // frames in a row
	gain  float32 // at the end of the last frame
}

func newOpusDecoder(p Profile) (*opusDecoder, error) {
	dec, err := gopus.NewDecoder(gopus.DefaultDecoderConfig(audio.Rate, 1))
	if err != nil {
		return nil, fmt.Errorf("make opus decoder: %w", err)
	}
	return &opusDecoder{dec: dec, frame: p.Frame, gain: 1}, nil
}

// Decode implements Decoder.
func (d *opusDecoder) Decode(dst []float32, payload []byte) (int, error) {
	if n := opusSamples(payload); n != d.frame {
		return 0, fmt.Errorf("decode frame: %d bytes of %d samples, want %d samples: %w", len(payload), n, d.frame, ErrPayload)
	}
	dst = dst[:d.frame]
	n, err := d.dec.Decode(payload, dst)
	if err != nil || n != d.frame {
		return 0, fmt.Errorf("decode opus frame of %d bytes, %d samples: %w: %w", len(payload), n, ErrPayload, err)
	}
	d.level(dst, 1, opusBack)
	d.lost = 0
	return d.frame, nil
}

// Recover implements Recoverer.
func (d *opusDecoder) Recover(dst []float32, next []byte) int {
	if opusSamples(next) != d.frame || !gopus.PacketHasLBRR(next) {
		return d.Conceal(dst)
	}
	dst = dst[:d.frame]
	n, err := d.dec.DecodeWithFEC(next, dst, true)
	if err != nil {
		n = 0
	}
	clear(dst[n:])
	d.level(dst, 1, opusBack)
	d.lost = 0
	return d.frame
}

// Conceal implements Decoder.
func (d *opusDecoder) Conceal(dst []float32) int {
	dst = dst[:d.frame]
	d.lost++
	n, err := d.dec.Decode(nil, dst)
	if err != nil {
		n = 0
	}
	clear(dst[n:])
	target := float32(1)
	if d.lost > opusHold {
		target = 0
	}
	d.level(dst, target, d.frame)
	return d.frame
}

// level moves the gain to target over the first n samples and bounds all. A
// decoder that has caught NaN would keep it, so it starts afresh.
func (d *opusDecoder) level(pcm []float32, target float32, n int) {
	if !bound(pcm, Peak) {
		d.dec.Reset()
	}
	if d.gain == 1 && target == 1 {
		return
	}
	from := d.gain
	for i := range pcm {
		g := target
		if i < n {
			g = from + (target-from)*float32(i+1)/float32(n)
		}
		pcm[i] *= g
	}
	d.gain = target
}

// bound keeps samples within ±peak and turns NaN to silence; it tells whether
// there was none.
func bound(pcm []float32, peak float32) (sane bool) {
	sane = true
	for i, x := range pcm {
		switch {
		case x != x:
			pcm[i], sane = 0, false
		case x > peak:
			pcm[i] = peak
		case x < -peak:
			pcm[i] = -peak
		}
	}
	return sane
}

// opusSamples is the length of a packet in samples at 48 kHz, from its first
// bytes (RFC 6716 §3.1); 0 when it has none.
func opusSamples(payload []byte) int {
	if len(payload) == 0 {
		return 0
	}
	toc := payload[0]
	var frame int
	switch config := toc >> 3; {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		frame = [4]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		frame = 480 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		frame = 120 << (config & 3)
	}
	switch toc & 3 {
	case 0:
		return frame
	case 1, 2:
		return 2 * frame
	}
	if len(payload) < 2 {
		return 0
	}
	return frame * int(payload[1]&63)
}
