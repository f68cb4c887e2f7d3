package codec

import (
	"fmt"

	"pa/audio"
)

// pcmEncoder is the frame of every codec that works on 16-bit samples at a rate
// of its own: resample, round, pack.
type pcmEncoder struct {
	frame int
	down  *polyphase // nil at 48 kHz
	low   []float32
	s16   []int16
	pack  func(dst []byte, pcm []int16) []byte
}

func newPCMEncoder(p Profile, pack func([]byte, []int16) []byte) *pcmEncoder {
	n := p.Frame * p.rate / audio.Rate
	return &pcmEncoder{frame: p.Frame, down: newPolyphase(audio.Rate, p.rate), low: make([]float32, n), s16: make([]int16, n), pack: pack}
}

// Encode implements Encoder.
func (e *pcmEncoder) Encode(dst []byte, pcm []float32) ([]byte, error) {
	if len(pcm) != e.frame {
		return dst, fmt.Errorf("encode frame: %d samples, want %d", len(pcm), e.frame)
	}
	if e.down != nil {
		e.down.process(e.low, pcm)
		pcm = e.low
	}
	for i, x := range pcm {
		e.s16[i] = audio.ToInt16(x)
	}
	return e.pack(dst, e.s16), nil
}

// pcmDecoder unpacks, conceals at the codec's own rate, and resamples. As
// concealed sound runs through the same resampler, the joins stay smooth.
type pcmDecoder struct {
	frame, size int
	up          *polyphase // nil at 48 kHz
	low         []float32
	s16         []int16
	unpack      func(pcm []int16, payload []byte)
	lost        *concealer
	follow      func(pcm []float32, lost bool) // told what is played, at the codec's rate; nil for a codec without memory
}

func newPCMDecoder(p Profile, size int, unpack func([]int16, []byte)) *pcmDecoder {
	n := p.Frame * p.rate / audio.Rate
	return &pcmDecoder{frame: p.Frame, size: size, up: newPolyphase(p.rate, audio.Rate), low: make([]float32, n), s16: make([]int16, n), unpack: unpack, lost: newConcealer(p.rate)}
}

// Decode implements Decoder.
func (d *pcmDecoder) Decode(dst []float32, payload []byte) (int, error) {
	if len(payload) != d.size {
		return 0, fmt.Errorf("decode frame: %d bytes, want %d: %w", len(payload), d.size, ErrPayload)
	}
	d.unpack(d.s16, payload)
	for i, s := range d.s16 {
		d.low[i] = audio.FromInt16(s)
	}
	d.lost.good(d.low)
	if d.follow != nil {
		d.follow(d.low, false)
	}
	return d.rise(dst), nil
}

// Conceal implements Decoder.
func (d *pcmDecoder) Conceal(dst []float32) int {
	d.lost.fill(d.low)
	if d.follow != nil {
		d.follow(d.low, true)
	}
	return d.rise(dst)
}

// rise brings the frame in low to 48 kHz.
func (d *pcmDecoder) rise(dst []float32) int {
	dst = dst[:d.frame]
	if d.up == nil {
		copy(dst, d.low)
		return d.frame
	}
	d.up.process(dst, d.low)
	for i, x := range dst {
		dst[i] = min(max(x, -Peak), Peak)
	}
	return d.frame
}
