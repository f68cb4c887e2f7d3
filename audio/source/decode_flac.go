package source

import (
	"bytes"
	"fmt"
	"io"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
)

func decodeFLAC(file []byte, c *collector) error {
	stream, err := flac.New(bytes.NewReader(file))
	if err != nil {
		return fmt.Errorf("%w: flac header: %w", ErrCorrupt, err)
	}
	info := stream.Info
	if err := c.start(int(info.SampleRate)); err != nil {
		return err
	}
	var mono []float32
	for {
		f, err := stream.ParseNext()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: flac: %w", ErrCorrupt, err)
		}
		if mono, err = mixFLAC(mono[:0], f, int(info.BitsPerSample)); err != nil {
			return err
		}
		if err := c.add(mono); err != nil {
			return err
		}
	}
	if want := int64(info.NSamples); want > 0 && c.taken != want {
		return fmt.Errorf("%w: flac with %d of %d samples", ErrCorrupt, c.taken, want)
	}
	return nil
}

// mixFLAC appends the mean of the frame's channels to mono. bits is the
// stream's, for frames that do not say.
func mixFLAC(mono []float32, f *frame.Frame, bits int) ([]float32, error) {
	if f.BitsPerSample > 0 {
		bits = int(f.BitsPerSample)
	}
	if len(f.Subframes) == 0 || bits < 4 || bits > 32 {
		return nil, fmt.Errorf("%w: flac frame of %d channels, %d bits", ErrCorrupt, len(f.Subframes), bits)
	}
	n := len(f.Subframes[0].Samples)
	for _, s := range f.Subframes {
		n = min(n, len(s.Samples))
	}
	scale := 1 / (float64(int64(1)<<(bits-1)) * float64(len(f.Subframes)))
	for i := range n {
		var sum int64
		for _, s := range f.Subframes {
			sum += int64(s.Samples[i])
		}
		mono = append(mono, float32(float64(sum)*scale))
	}
	return mono, nil
}
