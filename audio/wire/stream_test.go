package wire

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manyTargets is n tags, gateA among the first.
func manyTargets(n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = gateA + uint32(i)
	}
	return out
}

func TestSealingAFrameAllocatesNothing(t *testing.T) {
	for name, targets := range map[string]int{"one target": 1, "a seal's fill": MaxTargets, "three packets a frame": 2*MaxTargets + 1} {
		t.Run(name, func(t *testing.T) {
			st := sealerOf(t).NewStream(slogan, 1, 97)
			f := frame(0)
			f.Targets = manyTargets(targets)
			_, err := st.Packet(f)
			require.NoError(t, err)
			allocs := testing.AllocsPerRun(200, func() { // certificates ride on some
				if _, err := st.Packet(f); err != nil {
					t.Error(err)
				}
			})
			assert.Zero(t, allocs)
		})
	}
}

func TestASignatureIsWhatTheWireFormatSays(t *testing.T) {
	for _, b := range packets(t, sealerOf(t).NewStream(slogan, 1, 97), func() Frame {
		f := frame(0)
		f.Targets = manyTargets(MaxTargets + 1)
		return f
	}()) {
		signed := bytes.Clone(b)
		clear(signed[45:113]) // tag and signature, by docs/wire.md
		assert.True(t, ed25519.Verify(pubOf(onAir), slices.Concat([]byte("pa-rtp-v1"), signed), b[49:113]))
		assert.False(t, ed25519.Verify(pubOf(onAir), signed, b[49:113]), "the context is part of what is signed")
	}
}
