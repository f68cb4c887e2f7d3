package audio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Errors of WAV files; both come wrapped with the cause.
var (
	ErrNotWAV      = errors.New("not a WAV file")
	ErrUnsupported = errors.New("unsupported WAV encoding")
)

const (
	wavPCM        = 1
	wavFloat      = 3
	wavALaw       = 6
	wavMuLaw      = 7
	wavExtensible = 0xfffe

	wavMaxChannels = 32
	wavMaxRate     = 768000
	wavMaxFrames   = 1 << 27 // 46 minutes at 48 kHz, 512 MiB as float32
	wavSizeUnknown = 0xffffffff
)

// WAV is a decoded file, mixed to mono.
type WAV struct {
	Rate    int       // Hz
	Samples []float32 // nominal −1…+1; float files may exceed it, to ±16
}

// ReadWAV reads a whole file, see WAVReader. What is longer than 2^27 frames
// is cut there.
func ReadWAV(r io.Reader) (*WAV, error) {
	wr, err := NewWAVReader(r)
	if err != nil {
		return nil, err
	}
	samples := []float32{}
	var block [4096]float32
	for len(samples) < wavMaxFrames {
		n, err := wr.Read(block[:])
		samples = append(samples, block[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return &WAV{Rate: wr.Rate(), Samples: samples}, nil
}

// WAVReader streams a RIFF or RF64 WAVE file: PCM of 8, 16, 24 or 32 bits,
// float of 32 or 64, µ-law, A-law, plain or EXTENSIBLE, 1–32 channels, whose
// mean it gives. Recorders that were cut off leave sizes of 0 or 0xffffffff
// behind: the sound then runs to the end of the file, and a short file yields
// what is there.
type WAVReader struct {
	r      io.Reader
	format *wavFormat
	decode func(b []byte) float32
	buf    []byte
}

// NewWAVReader reads the header, up to the first sample. The error wraps
// ErrNotWAV or ErrUnsupported.
func NewWAVReader(r io.Reader) (*WAVReader, error) {
	br := bufio.NewReaderSize(r, 32<<10)
	var head [12]byte
	if _, err := io.ReadFull(br, head[:]); err != nil {
		return nil, fmt.Errorf("read wav header: %w: %w", ErrNotWAV, err)
	}
	if id := string(head[:4]); (id != "RIFF" && id != "RF64") || string(head[8:]) != "WAVE" {
		return nil, fmt.Errorf("read wav header: %w: no RIFF WAVE mark", ErrNotWAV)
	}
	var format *wavFormat
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(br, chunk[:]); err != nil {
			return nil, fmt.Errorf("read wav chunk: %w: no sound in it: %w", ErrNotWAV, err)
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		switch string(chunk[:4]) {
		case "fmt ":
			f, err := readWAVFormat(br, size)
			if err != nil {
				return nil, err
			}
			format = f
		case "data":
			if format == nil {
				return nil, fmt.Errorf("read wav: %w: data before fmt", ErrNotWAV)
			}
			return format.reader(br, size), nil
		default:
			if _, err := io.CopyN(io.Discard, br, size+size&1); err != nil {
				return nil, fmt.Errorf("skip wav chunk: %w: %w", ErrNotWAV, err)
			}
		}
	}
}

// Rate is the file's sample rate, Hz.
func (w *WAVReader) Rate() int { return w.format.rate }

// Read fills dst with mono samples and returns how many; io.EOF at the end,
// with or after the last of them.
func (w *WAVReader) Read(dst []float32) (int, error) {
	block := w.format.width * w.format.channels
	scale := 1 / float32(w.format.channels)
	done := 0
	for done < len(dst) {
		want := min(len(w.buf), (len(dst)-done)*block)
		n, err := io.ReadFull(w.r, w.buf[:want])
		for b := w.buf[:n-n%block]; len(b) > 0; b = b[block:] {
			var sum float32
			for c := 0; c < block; c += w.format.width {
				sum += w.decode(b[c:])
			}
			dst[done] = sum * scale
			done++
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return done, io.EOF
		}
		if err != nil {
			return done, fmt.Errorf("read wav data: %w", err)
		}
	}
	return done, nil
}

// wavFormat is the fmt chunk, checked.
type wavFormat struct {
	code, channels, rate int
	width                int // bytes a sample of one channel
}

func readWAVFormat(r io.Reader, size int64) (*wavFormat, error) {
	if size < 16 || size > 1024 {
		return nil, fmt.Errorf("read wav format: %w: %d bytes long", ErrNotWAV, size)
	}
	b := make([]byte, size+size&1)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("read wav format: %w: %w", ErrNotWAV, err)
	}
	le := binary.LittleEndian
	f := &wavFormat{code: int(le.Uint16(b)), channels: int(le.Uint16(b[2:])), rate: int(le.Uint32(b[4:]))}
	block, bits := int(le.Uint16(b[12:])), int(le.Uint16(b[14:]))
	if f.code == wavExtensible && size >= 26 {
		f.code = int(le.Uint16(b[24:])) // the first bytes of the sub-format's GUID
	}
	if f.channels < 1 || f.channels > wavMaxChannels {
		return nil, fmt.Errorf("read wav format: %w: %d channels", ErrUnsupported, f.channels)
	}
	if f.rate < 1 || f.rate > wavMaxRate {
		return nil, fmt.Errorf("read wav format: %w: rate %d Hz", ErrUnsupported, f.rate)
	}
	f.width = (bits + 7) / 8
	if block%f.channels == 0 && block/f.channels > f.width {
		f.width = block / f.channels // 20 bits in 32: the container counts
	}
	if f.sample() == nil {
		return nil, fmt.Errorf("read wav format: %w: code %#x with %d bits", ErrUnsupported, f.code, bits)
	}
	return f, nil
}

// sample returns how one sample is decoded from width bytes, nil when it is
// not known.
func (f *wavFormat) sample() func(b []byte) float32 {
	le := binary.LittleEndian
	switch [2]int{f.code, f.width} {
	case [2]int{wavPCM, 1}:
		return func(b []byte) float32 { return (float32(b[0]) - 128) / 128 }
	case [2]int{wavPCM, 2}:
		return func(b []byte) float32 { return float32(int16(le.Uint16(b))) / (1 << 15) }
	case [2]int{wavPCM, 3}:
		return func(b []byte) float32 {
			return float32(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
		}
	case [2]int{wavPCM, 4}:
		return func(b []byte) float32 { return float32(int32(le.Uint32(b))) / (1 << 31) }
	case [2]int{wavFloat, 4}:
		return func(b []byte) float32 { return sane(float64(math.Float32frombits(le.Uint32(b)))) }
	case [2]int{wavFloat, 8}:
		return func(b []byte) float32 { return sane(math.Float64frombits(le.Uint64(b))) }
	case [2]int{wavMuLaw, 1}:
		return func(b []byte) float32 { return muLaw(b[0]) }
	case [2]int{wavALaw, 1}:
		return func(b []byte) float32 { return aLaw(b[0]) }
	}
	return nil
}

// reader yields size bytes, or all that come when the size is not believable.
func (f *wavFormat) reader(r io.Reader, size int64) *WAVReader {
	if size == 0 || size == wavSizeUnknown {
		size = math.MaxInt64
	}
	return &WAVReader{
		r: io.LimitReader(r, size), format: f, decode: f.sample(),
		buf: make([]byte, f.width*f.channels*256),
	}
}

// sane keeps what a float file may hold from poisoning sums further on.
func sane(v float64) float32 {
	if math.IsNaN(v) {
		return 0
	}
	return float32(min(max(v, -16), 16))
}

// muLaw expands a G.711 µ-law octet (ITU-T G.711 table 2a).
func muLaw(b byte) float32 {
	b = ^b
	v := int32(b&0x0f)<<3 + 0x84
	v = v<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		v = -v
	}
	return float32(v) / (1 << 15)
}

// aLaw expands a G.711 A-law octet (ITU-T G.711 table 1a).
func aLaw(b byte) float32 {
	b ^= 0x55
	v := int32(b&0x0f)<<4 + 8
	if e := b >> 4 & 7; e > 0 {
		v = (v + 0x100) << (e - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return float32(v) / (1 << 15)
}
