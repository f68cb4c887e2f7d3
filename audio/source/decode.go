package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"pa/audio"
)

// Errors of Decode, wrapped with the cause.
var (
	// ErrUnknownFormat means that nothing here can decode the file.
	ErrUnknownFormat = errors.New("unknown sound format: install ffmpeg or convert to WAV, FLAC or Ogg")
	// ErrTooLarge means more bytes than Limits.MaxBytes.
	ErrTooLarge = errors.New("sound file is too large")
	// ErrTooLong means more sound than Limits.MaxLength.
	ErrTooLong = errors.New("recording is too long")
	// ErrCorrupt means that the format is known and the contents are damaged.
	ErrCorrupt = errors.New("sound file is damaged")
)

// Limits bound what Decode accepts. Zero values mean 64 MiB and 30 minutes.
type Limits struct {
	MaxBytes  int64
	MaxLength time.Duration
}

func (l Limits) orDefault() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = 64 << 20
	}
	if l.MaxLength <= 0 {
		l.MaxLength = 30 * time.Minute
	}
	return l
}

// Decode reads a recording, whatever its name says: WAV, FLAC, Ogg Vorbis and
// Ogg Opus by its own means, anything else through the program ffmpeg where it
// is installed. It mixes to mono and converts to 48 kHz; sample 0 stays sample
// 0. Memory is bounded by the limits (the file, and 2 bytes a sample), time by
// ctx. A damaged file is an error, never a panic; the errors are ErrTooLarge,
// ErrTooLong, ErrCorrupt, ErrUnknownFormat and ctx's.
func Decode(ctx context.Context, r io.Reader, limits Limits) (*Clip, error) {
	limits = limits.orDefault()
	file, err := readBounded(ctx, r, limits.MaxBytes)
	if err != nil {
		return nil, err
	}
	c := &collector{stop: ctx.Err, limit: samplesIn(limits.MaxLength)}
	if err = decodeOurs(file, c); errors.Is(err, errForeign) {
		c = &collector{stop: ctx.Err, limit: c.limit}
		err = decodeFFmpeg(ctx, file, c)
	}
	if err != nil {
		return nil, fmt.Errorf("decode sound: %w", err)
	}
	return c.clip()
}

// decodeOurs decodes by our own means; errForeign says that they are not
// enough.
func decodeOurs(file []byte, c *collector) (err error) {
	defer func() {
		// Third-party decoders meet bytes from outside here, and some fall over
		// them.
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %w: %v", ErrCorrupt, errFell, p)
		}
	}()
	switch sniff(file) {
	case formatWAV:
		return decodeWAV(file, c)
	case formatFLAC:
		return decodeFLAC(file, c)
	case formatVorbis:
		return decodeVorbis(file, c)
	case formatOpus:
		return decodeOpus(file, c)
	}
	return errForeign
}

var (
	// errForeign sends a file on to ffmpeg.
	errForeign = errors.New("not a format of ours")
	// errFell marks damage that a decoder did not see coming.
	errFell = errors.New("its decoder fell over it")
)

type format int

const (
	formatForeign format = iota
	formatWAV
	formatFLAC
	formatVorbis
	formatOpus
)

// sniff tells the format by the first bytes.
func sniff(file []byte) format {
	at := func(i int, mark string) bool {
		return len(file) >= i+len(mark) && string(file[i:i+len(mark)]) == mark
	}
	switch {
	case (at(0, "RIFF") || at(0, "RF64")) && at(8, "WAVE"):
		return formatWAV
	case at(0, "fLaC"):
		return formatFLAC
	case at(0, "OggS") && at(28, "\x01vorbis"):
		return formatVorbis
	case at(0, "OggS") && at(28, "OpusHead"):
		return formatOpus
	}
	return formatForeign
}

// readBounded reads all of r, at most limit bytes.
func readBounded(ctx context.Context, r io.Reader, limit int64) ([]byte, error) {
	var buf bytes.Buffer
	for int64(buf.Len()) <= limit {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read sound: %w", err)
		}
		_, err := io.CopyN(&buf, r, min(256<<10, limit+1-int64(buf.Len())))
		if err == io.EOF {
			return buf.Bytes(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("read sound: %w", err)
		}
	}
	return nil, fmt.Errorf("read sound: %w: more than %d MiB", ErrTooLarge, limit>>20)
}

// collector takes what a decoder yields, at any rate, and keeps it at 48 kHz.
type collector struct {
	stop  func() error // non-nil when the caller has given up
	limit int64        // samples at 48 kHz

	rate      int
	resampler *audio.Resampler
	taken     int64 // samples at rate
	pcm       []int16
	block     [4096]float32
}

// start says at which rate the samples will come. It is called once.
func (c *collector) start(rate int) error {
	if rate < 100 || rate > 768000 {
		return fmt.Errorf("%w: sample rate %d Hz", ErrCorrupt, rate)
	}
	c.rate = rate
	if rate != audio.Rate {
		c.resampler = audio.NewResampler(rate, audio.Rate)
		c.resampler.Shift(c.resampler.Delay())
	}
	return nil
}

// add takes mono samples.
func (c *collector) add(mono []float32) error {
	if err := c.stop(); err != nil {
		return err
	}
	c.taken += int64(len(mono))
	if c.taken*audio.Rate > c.limit*int64(c.rate) {
		return fmt.Errorf("%w: more than %v", ErrTooLong, length(c.limit))
	}
	c.resample(mono)
	return nil
}

func (c *collector) resample(mono []float32) {
	if c.resampler == nil {
		c.keep(mono)
		return
	}
	for len(mono) > 0 {
		n, used := c.resampler.Process(c.block[:], mono)
		c.keep(c.block[:n])
		mono = mono[used:]
	}
}

func (c *collector) keep(mono []float32) {
	for _, v := range mono {
		c.pcm = append(c.pcm, audio.ToInt16(v))
	}
}

// addInterleaved mixes frames of that many channels to mono and takes them.
func (c *collector) addInterleaved(frames []float32, channels int) error {
	scale := 1 / float32(channels)
	var mono [1024]float32
	for len(frames) >= channels {
		n := min(len(frames)/channels, len(mono))
		for i := range n {
			var sum float32
			for _, v := range frames[i*channels : (i+1)*channels] {
				sum += v
			}
			mono[i] = sum * scale
		}
		if err := c.add(mono[:n]); err != nil {
			return err
		}
		frames = frames[n*channels:]
	}
	return nil
}

// clip ends the collection: the rest of the filter, cut to the exact length.
func (c *collector) clip() (*Clip, error) {
	if c.taken == 0 {
		return nil, fmt.Errorf("decode sound: %w: no sound in it", ErrCorrupt)
	}
	want := (c.taken*audio.Rate + int64(c.rate) - 1) / int64(c.rate)
	silence := make([]float32, 64)
	for int64(len(c.pcm)) < want {
		c.resample(silence)
	}
	return &Clip{pcm: append(make([]int16, 0, want), c.pcm[:want]...)}, nil // growing has left room at its end
}

func decodeWAV(file []byte, c *collector) error {
	r, err := audio.NewWAVReader(bytes.NewReader(file))
	switch {
	case errors.Is(err, audio.ErrUnsupported):
		return errForeign // ADPCM and other guests
	case err != nil:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := c.start(r.Rate()); err != nil {
		return err
	}
	block := make([]float32, 4096)
	for {
		n, err := r.Read(block)
		if err := c.add(block[:n]); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
}
