package audio

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

const (
	wavHeader  = 44
	wavPending = 8192 // bytes kept before they are written
)

// WAVWriter writes a mono WAV file of signed 16 bit. The file is valid after
// NewWAVWriter and after each Flush, so that a process that is killed leaves
// what it flushed. It is not for several goroutines.
type WAVWriter struct {
	w     io.WriteSeeker
	buf   []byte
	bytes int64 // of sound, written to w
}

// NewWAVWriter writes the header of an empty file at rate, Hz. w stands at the
// file's beginning and is empty.
func NewWAVWriter(w io.WriteSeeker, rate int) (*WAVWriter, error) {
	le := binary.LittleEndian
	h := make([]byte, 0, wavHeader)
	h = append(h, "RIFF"...)
	h = le.AppendUint32(h, wavHeader-8)
	h = append(h, "WAVEfmt "...)
	h = le.AppendUint32(h, 16)
	h = le.AppendUint16(h, wavPCM)
	h = le.AppendUint16(h, 1)
	h = le.AppendUint32(h, uint32(rate))
	h = le.AppendUint32(h, uint32(rate)*2)
	h = le.AppendUint16(h, 2)
	h = le.AppendUint16(h, 16)
	h = append(h, "data"...)
	h = le.AppendUint32(h, 0)
	if _, err := w.Write(h); err != nil {
		return nil, fmt.Errorf("write wav header: %w", err)
	}
	return &WAVWriter{w: w, buf: make([]byte, 0, wavPending)}, nil
}

// Write appends samples, rounded to the nearest of 16 bits; what exceeds the
// range is clipped, NaN is silence. It does not allocate.
func (w *WAVWriter) Write(samples []float32) error {
	for _, v := range samples {
		if len(w.buf) == cap(w.buf) {
			if err := w.drain(); err != nil {
				return err
			}
		}
		w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(ToInt16(v)))
	}
	return nil
}

// Flush writes what is pending and brings the header up to date. Callers do it
// once a second.
func (w *WAVWriter) Flush() error {
	if err := w.drain(); err != nil {
		return err
	}
	var size [4]byte
	for _, field := range []struct{ at, size int64 }{{4, w.bytes + wavHeader - 8}, {40, w.bytes}} {
		binary.LittleEndian.PutUint32(size[:], uint32(min(field.size, math.MaxUint32)))
		if _, err := w.w.Seek(field.at, io.SeekStart); err != nil {
			return fmt.Errorf("seek wav header: %w", err)
		}
		if _, err := w.w.Write(size[:]); err != nil {
			return fmt.Errorf("write wav header: %w", err)
		}
	}
	if _, err := w.w.Seek(wavHeader+w.bytes, io.SeekStart); err != nil {
		return fmt.Errorf("seek wav end: %w", err)
	}
	return nil
}

// Close flushes. It does not close the file beneath, which is the caller's.
func (w *WAVWriter) Close() error { return w.Flush() }

func (w *WAVWriter) drain() error {
	n, err := w.w.Write(w.buf)
	w.bytes += int64(n)
	w.buf = w.buf[:copy(w.buf, w.buf[n:])] // a full disk keeps what it did not take
	if err != nil {
		return fmt.Errorf("write wav data: %w", err)
	}
	return nil
}

// ToInt16 rounds a sample to 16 bits, full scale 32768, clipping; NaN is 0.
// FromInt16 undoes it exactly.
func ToInt16(v float32) int16 {
	x := float64(v) * (1 << 15)
	switch {
	case x >= math.MaxInt16:
		return math.MaxInt16
	case x <= math.MinInt16:
		return math.MinInt16
	case x != x:
		return 0
	}
	return int16(math.RoundToEven(x))
}

// FromInt16 gives a 16 bit sample as float, −1 ≤ v < 1.
func FromInt16(v int16) float32 { return float32(v) / (1 << 15) }
