package audio

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAWAVIsWholeAtAnyTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.wav")
	f, err := os.Create(path)
	require.NoError(t, err)
	w, err := NewWAVWriter(f, Rate)
	require.NoError(t, err)
	x := sine(1000, Rate, 4800)
	require.NoError(t, w.Write(x))
	require.NoError(t, w.Flush()) // and now the power goes
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	got, err := ReadWAV(bytes.NewReader(b))
	require.NoError(t, err)
	assert.Equal(t, Rate, got.Rate)
	require.Len(t, got.Samples, 4800)
	for i := range x {
		require.InDelta(t, x[i], got.Samples[i], 1.0/32768)
	}
	require.NoError(t, w.Close())
}

// wavOf writes a minimal WAV header before data.
func wavOf(format, channels uint16, rate uint32, bits uint16, size uint32, data []byte) []byte {
	le := binary.LittleEndian
	b := append([]byte("RIFF"), 0, 0, 0, 0)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, format)
	b = le.AppendUint16(b, channels)
	b = le.AppendUint32(b, rate)
	b = le.AppendUint32(b, rate*uint32(channels)*uint32(bits)/8)
	b = le.AppendUint16(b, channels*bits/8)
	b = le.AppendUint16(b, bits)
	b = append(b, "data"...)
	b = le.AppendUint32(b, size)
	return append(b, data...)
}

func TestEveryUsualWAVIsRead(t *testing.T) {
	half := []struct {
		name         string
		format, bits uint16
		data         []byte
	}{
		{"u8", 1, 8, []byte{192}},
		{"s16", 1, 16, []byte{0, 64}},
		{"s24", 1, 24, []byte{0, 0, 64}},
		{"s32", 1, 32, []byte{0, 0, 0, 64}},
		{"f32", 3, 32, []byte{0, 0, 0, 63}},
		{"f64", 3, 64, []byte{0, 0, 0, 0, 0, 0, 0xe0, 0x3f}},
		{"µ-law", 7, 8, []byte{0x8f}},
		{"A-law", 6, 8, []byte{0xa5}},
	}
	for _, c := range half {
		got, err := ReadWAV(bytes.NewReader(wavOf(c.format, 1, 44100, c.bits, uint32(len(c.data)), c.data)))
		require.NoError(t, err, c.name)
		require.Len(t, got.Samples, 1, c.name)
		assert.InDelta(t, 0.5, got.Samples[0], 0.02, c.name)
	}
	stereo, err := ReadWAV(bytes.NewReader(wavOf(1, 2, 48000, 16, 4, []byte{0, 64, 0, 0})))
	require.NoError(t, err)
	assert.InDelta(t, 0.25, stereo.Samples[0], 1e-4, "channels are mixed")
	lying, err := ReadWAV(bytes.NewReader(wavOf(1, 1, 48000, 16, 0xffffffff, []byte{0, 64, 0, 64})))
	require.NoError(t, err)
	assert.Len(t, lying.Samples, 2, "a stream's size is what comes")
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wavOf(1, 1, 48000, 16, 4, []byte{1, 2, 3, 4}))
	f.Add(wavOf(3, 2, 8000, 32, 0, nil))
	f.Add([]byte("RIFF0000WAVE"))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := ReadWAV(bytes.NewReader(b))
		if err == nil && len(w.Samples) > len(b) {
			t.Fatal("more samples than bytes")
		}
	})
}
