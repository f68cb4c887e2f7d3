package source

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/jfreymuth/vorbis"
	"github.com/thesyncim/gopus"

	"pa/audio"
)

// packetDecoder turns one Ogg packet into interleaved sound.
type packetDecoder func(packet []byte) ([]float32, error)

// decodePages feeds every packet after the headers to decode. first is the
// page on which headers ended: packets behind them are sound already.
func decodePages(o *oggReader, behind [][]byte, behindPage oggPage, trim *oggTrim, decode packetDecoder) error {
	page := oggPage{packets: behind, granule: behindPage.granule, last: behindPage.last}
	pending := len(behind) > 0
	var frames []float32
	for {
		if !pending {
			p, err := o.page()
			if err == io.EOF {
				return nil // recorders that were cut off write no last page
			}
			if err != nil {
				return err
			}
			page = p
		}
		pending = false
		frames = frames[:0]
		for _, packet := range page.packets {
			pcm, err := decode(packet)
			if err != nil {
				return err
			}
			frames = append(frames, pcm...)
		}
		if err := trim.page(frames, page.granule, page.last); err != nil {
			return err
		}
		if page.last {
			// One page more, to see whether another stream follows.
			if _, err := o.page(); errors.Is(err, errForeign) {
				return err
			}
			return nil
		}
	}
}

// oggHeaders reads the stream's first n packets, and what is behind them on
// the same page.
func oggHeaders(o *oggReader, n int) (headers, behind [][]byte, page oggPage, err error) {
	for len(headers) < n {
		page, err = o.page()
		if err != nil {
			if err == io.EOF {
				err = fmt.Errorf("%w: ends in its headers", ErrCorrupt)
			}
			return nil, nil, page, err
		}
		headers = append(headers, page.packets...)
	}
	return headers[:n], headers[n:], page, nil
}

func decodeVorbis(file []byte, c *collector) error {
	o := &oggReader{rest: file}
	headers, behind, page, err := oggHeaders(o, 3)
	if err != nil {
		return err
	}
	if err := checkVorbis(headers); err != nil {
		return err
	}
	var d vorbis.Decoder
	for _, h := range headers {
		if err := d.ReadHeader(h); err != nil {
			return fmt.Errorf("%w: vorbis header: %w", ErrCorrupt, err)
		}
	}
	if d.Channels() < 1 {
		return fmt.Errorf("%w: vorbis without channels", ErrCorrupt)
	}
	if err := c.start(d.SampleRate()); err != nil {
		return err
	}
	buffer := make([]float32, d.BufferSize())
	return decodePages(o, behind, page, &oggTrim{c: c, channels: d.Channels()}, func(packet []byte) ([]float32, error) {
		if len(packet) == 0 {
			return nil, nil // a packet of nothing is allowed and makes no sound
		}
		pcm, err := d.DecodeInto(packet, buffer)
		if err != nil {
			return nil, fmt.Errorf("%w: vorbis: %w", ErrCorrupt, err)
		}
		return clean(pcm, 1), nil
	})
}

// opusHead is the identification header, RFC 7845 section 5.1.
type opusHead struct {
	channels int
	preSkip  int     // frames at 48 kHz before the sound
	gain     float32 // linear, to be applied
	mapping  byte    // channel mapping family
}

func parseOpusHead(b []byte) (opusHead, error) {
	if len(b) < 19 || string(b[:8]) != "OpusHead" || b[8] > 15 || b[9] == 0 {
		return opusHead{}, fmt.Errorf("%w: opus header", ErrCorrupt)
	}
	return opusHead{
		channels: int(b[9]),
		preSkip:  int(binary.LittleEndian.Uint16(b[10:])),
		gain:     audio.DB(float64(int16(binary.LittleEndian.Uint16(b[16:]))) / 256),
		mapping:  b[18],
	}, nil
}

func decodeOpus(file []byte, c *collector) error {
	o := &oggReader{rest: file}
	headers, behind, page, err := oggHeaders(o, 2)
	if err != nil {
		return err
	}
	head, err := parseOpusHead(headers[0])
	if err != nil {
		return err
	}
	if head.mapping != 0 || head.channels > 2 {
		return errForeign // surround
	}
	cfg := gopus.DefaultDecoderConfig(audio.Rate, head.channels)
	d, err := gopus.NewDecoder(cfg)
	if err != nil {
		return fmt.Errorf("%w: opus: %w", ErrCorrupt, err)
	}
	if err := c.start(audio.Rate); err != nil {
		return err
	}
	pcm := make([]float32, cfg.MaxPacketSamples*head.channels)
	trim := &oggTrim{c: c, channels: head.channels, skip: int64(head.preSkip)}
	return decodePages(o, behind, page, trim, func(packet []byte) ([]float32, error) {
		if len(packet) == 0 {
			return nil, fmt.Errorf("%w: empty opus packet", ErrCorrupt)
		}
		n, err := d.Decode(packet, pcm)
		if err != nil {
			return nil, fmt.Errorf("%w: opus: %w", ErrCorrupt, err)
		}
		return clean(pcm[:n*head.channels], head.gain), nil
	})
}

// clean applies gain in place and keeps a damaged packet's numbers within
// twice full scale.
func clean(pcm []float32, gain float32) []float32 {
	for i, v := range pcm {
		v *= gain
		if math.IsNaN(float64(v)) {
			v = 0
		}
		pcm[i] = min(max(v, -2), 2)
	}
	return pcm
}
