package source

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRootsAreWhole(t *testing.T) {
	for _, c := range [][3]uint32{{6561, 8, 3}, {6560, 8, 2}, {81, 4, 3}, {1, 5, 1}, {2, 65535, 1}, {1 << 20, 1, 1 << 20}, {1 << 24, 2, 4096}, {1<<24 - 1, 2, 4095}} {
		assert.Equal(t, c[2], root(c[0], c[1]), "%v", c)
	}
}

func TestVorbisHeadersThatLieAreRefused(t *testing.T) {
	file := smallFiles(t)["vorbis"][0]
	headers, _, _, err := oggHeaders(&oggReader{rest: file}, 3)
	require.NoError(t, err)
	require.NoError(t, checkVorbis(headers))
	with := func(i int, change func(h []byte) []byte) [][]byte {
		out := slices.Clone(headers)
		out[i] = change(slices.Clone(headers[i]))
		return out
	}
	for name, h := range map[string][][]byte{
		"another first header":    with(0, func(h []byte) []byte { h[0] = 3; return h }),
		"a vendor without end":    with(1, func(h []byte) []byte { binary.LittleEndian.PutUint32(h[7:], 1<<31); return h }),
		"comments without number": with(1, func(h []byte) []byte { return h[:11] }),
		"a billion comments": with(1, func(h []byte) []byte {
			binary.LittleEndian.PutUint32(h[11+binary.LittleEndian.Uint32(h[7:]):], 1<<30)
			return h
		}),
		"a codebook of 4 G values": with(2, func(h []byte) []byte { copy(h[11:], "\xff\xff\xff\xff\xff"); return h }),
		"a codebook of none":       with(2, func(h []byte) []byte { copy(h[11:], "\x00\x00"); return h }),
		"no codebook":              with(2, func(h []byte) []byte { h[8] = 'X'; return h }),
		"cut off":                  with(2, func(h []byte) []byte { return h[:40] }),
		"empty":                    with(2, func(h []byte) []byte { return nil }),
		// One ordered codebook of 2^20 entries whose lengths never come.
		"counts for ever": with(2, func([]byte) []byte {
			return append([]byte("\x05vorbis\x00BCV\x01\x00\x00\x00\x10\x01"), make([]byte, 3)...)
		}),
	} {
		require.ErrorIs(t, checkVorbis(h), ErrCorrupt, name)
	}
}
