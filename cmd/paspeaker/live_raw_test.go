package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What comes on standard input is passed on as it comes, whole, and in order,
// wherever its pieces are cut; half a sample at the end is none.
func TestRawSamplesAreWhole(t *testing.T) {
	const n = 5000
	var raw []byte
	for i := range n {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(int16(i)))
	}
	for name, r := range map[string]io.Reader{
		"at once":      bytes.NewReader(raw),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(raw)),
		"halves":       iotest.HalfReader(bytes.NewReader(raw)),
		"half a sample": io.MultiReader(bytes.NewReader(raw[:333]), bytes.NewReader(raw[333:1001]), bytes.NewReader(raw[1001:]),
			bytes.NewReader([]byte{7})),
	} {
		t.Run(name, func(t *testing.T) {
			var got []float32
			require.NoError(t, readRaw(context.Background(), r, func(pcm []float32) {
				assert.LessOrEqual(t, len(pcm), 480)
				got = append(got, pcm...)
			}))
			require.Len(t, got, n)
			for i, v := range got {
				require.Equal(t, float32(i)/32768, v, i)
			}
		})
	}
}

// A microphone's period is passed on at once, not kept for a longer block.
func TestRawSamplesAreNotHeldBack(t *testing.T) {
	from, to := io.Pipe()
	came := make(chan int)
	done := make(chan error)
	go func() { done <- readRaw(context.Background(), from, func(pcm []float32) { came <- len(pcm) }) }()
	for range 5 {
		_, err := to.Write(make([]byte, 240))
		require.NoError(t, err)
		assert.Equal(t, 120, <-came)
	}
	require.NoError(t, to.Close())
	require.NoError(t, <-done)
}
