package codec

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// L16 at 48 kHz changes no bit of any 16-bit sample.
func TestL16IsExact(t *testing.T) {
	p := profile(t, "l16")
	pcm := make([]float32, 65536/p.Frame*p.Frame+p.Frame)
	for i := range pcm {
		pcm[i] = audio.FromInt16(int16(i))
	}
	assert.Equal(t, pcm, pass(t, p, pcm, nil))
}

// Network order, as RFC 3551 §4.5.11 draws it.
func TestL16Order(t *testing.T) {
	assert.Equal(t, []byte{0x12, 0x34, 0xFF, 0xFE}, packL16(nil, []int16{0x1234, -2}))
}

// Corner points of the tables in ITU-T G.711.
func TestG711Table(t *testing.T) {
	for b, want := range map[byte]int16{0xFF: 0, 0x7F: 0, 0x80: 32124, 0x00: -32124, 0x8F: 16764, 0xF0: 120, 0xEF: 132} {
		var got [1]int16
		unpackMu(got[:], []byte{b})
		assert.Equal(t, want, got[0], "µ-law %#x", b)
	}
	for b, want := range map[byte]int16{0xD5: 8, 0x55: -8, 0xAA: 32256, 0x2A: -32256, 0xD4: 24, 0xC5: 264} {
		var got [1]int16
		unpackA(got[:], []byte{b})
		assert.Equal(t, want, got[0], "A-law %#x", b)
	}
}

// Every byte survives a round trip (µ-law has two zeros), every sample is
// within half a step of itself, and louder never becomes softer.
func TestG711EveryValue(t *testing.T) {
	for _, law := range []struct {
		name   string
		pack   func([]byte, []int16) []byte
		unpack func([]int16, []byte)
		clip   int // beyond it the error grows
	}{{"mu", packMu, unpackMu, muClip}, {"A", packA, unpackA, 32767}} {
		var got [1]int16
		for b := range 256 {
			law.unpack(got[:], []byte{byte(b)})
			back := law.pack(nil, got[:])
			if law.name == "mu" && b == 0x7F {
				b = 0xFF
			}
			require.Equal(t, byte(b), back[0], law.name)
		}
		last := math.MinInt
		for x := math.MinInt16; x <= math.MaxInt16; x++ {
			law.unpack(got[:], law.pack(nil, []int16{int16(x)}))
			require.GreaterOrEqual(t, int(got[0]), last, "%s %d", law.name, x)
			last = int(got[0])
			if x >= -law.clip && x <= law.clip {
				half := max(8, (math.Abs(float64(x))+muBias)/32)
				require.InDelta(t, x, int(got[0]), half, law.name)
			}
		}
	}
}

// The filters of the resampler pass speech flat and stop what would fold back.
func TestPolyphaseBand(t *testing.T) {
	for _, tc := range []struct {
		low               int
		flat, stop        float64 // Hz
		ripple, rejection float64 // dB
	}{
		{8000, 3300, 4250, 0.2, 60},
		{16000, 6900, 8200, 0.2, 60},
		{32000, 14000, 16300, 0.2, 60},
	} {
		assert.InDelta(t, 0, through(tc.low, 300), tc.ripple)
		assert.InDelta(t, 0, through(tc.low, tc.flat), tc.ripple, tc.low)
		assert.Less(t, through(tc.low, tc.stop), -tc.rejection, tc.low)
	}
}

// through is the gain in dB of a tone on its way down to a rate and up again,
// whatever frequency it comes out at.
func through(low int, f float64) float64 {
	in, out := chirp(48000, f, f), make([]float32, 48000)
	mid := make([]float32, low/50)
	down, up := newPolyphase(audio.Rate, low), newPolyphase(low, audio.Rate)
	for i := 0; i < len(in); i += 960 {
		down.process(mid, in[i:i+960])
		up.process(out[i:i+960], mid)
	}
	var a, b float64
	for i := 4800; i < len(in)-4800; i++ {
		a += float64(in[i]) * float64(in[i])
		b += float64(out[i]) * float64(out[i])
	}
	return 10 * math.Log10(b/a)
}

// Blocks of any size give the same stream.
func TestPolyphaseBlocks(t *testing.T) {
	in := voice(9600)
	whole, parts := make([]float32, 6400), make([]float32, 6400)
	newPolyphase(48000, 32000).process(whole[:640], in[:960])
	a, b := newPolyphase(48000, 32000), newPolyphase(48000, 32000)
	for i := 0; i < 9600; i += 960 {
		a.process(whole[i*2/3:], in[i:i+960])
	}
	for i := 0; i < 9600; i += 96 {
		b.process(parts[i*2/3:], in[i:i+96])
	}
	assert.Equal(t, whole, parts)
	assert.Nil(t, newPolyphase(48000, 48000))
}
