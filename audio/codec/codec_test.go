package codec

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every codec gives back what it was given, late by exactly its Lookahead.
func TestSoundComesBack(t *testing.T) {
	for _, tc := range []struct {
		name      string
		top       float64 // Hz that the codec carries
		snr, like float64 // of a chirp, dB; of a voice
	}{
		{"l16", 20000, 88, 0.9999},
		{"l16-plain", 14000, 75, 0.999},
		{"g722", 6800, 27, 0.98},
		{"pcmu", 3300, 35, 0.99},
		{"pcma", 3300, 35, 0.99},
		{"opus", 3000, 15, 0.97},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := profile(t, tc.name)
			sweep := chirp(3*48000, 150, tc.top)
			got := pass(t, p, sweep, nil)
			assert.Equal(t, p.Lookahead, lag(sweep, got, 600))
			assert.GreaterOrEqual(t, snr(sweep, got, p.Lookahead), tc.snr)

			said := voice(3 * 48000)
			got = pass(t, p, said, nil)
			like := likeness(said, got, p.Lookahead, min(tc.top, 5000))
			assert.GreaterOrEqual(t, like, tc.like)
			t.Logf("chirp %.1f dB, voice %.1f dB, likeness %.4f", snr(sweep, pass(t, p, sweep, nil), p.Lookahead), snr(said, got, p.Lookahead), like)
		})
	}
}

// The numbers that receivers rely on.
func TestProfiles(t *testing.T) {
	for _, tc := range []struct {
		name   string
		pt     uint8
		rtpmap string
		units  uint32
		length time.Duration
	}{
		{"l16", 97, "L16/48000", 480, 10 * time.Millisecond},
		{"opus", 98, "opus/48000/2", 960, 20 * time.Millisecond},
		{"g722", 9, "G722/8000", 160, 20 * time.Millisecond},
		{"pcmu", 0, "PCMU/8000", 160, 20 * time.Millisecond},
		{"pcma", 8, "PCMA/8000", 160, 20 * time.Millisecond},
		{"l16-plain", 96, "L16/32000", 640, 20 * time.Millisecond},
		{"l16-short", 99, "L16/48000", 240, 5 * time.Millisecond},
	} {
		p := profile(t, tc.name)
		assert.Equal(t, tc.pt, p.PayloadType, tc.name)
		assert.Equal(t, tc.rtpmap, p.RTPMap(), tc.name)
		assert.Equal(t, tc.units, p.Units(), tc.name)
		assert.Equal(t, tc.length, p.Duration(), tc.name)
		same, ok := ProfileByPayloadType(tc.pt)
		assert.True(t, ok)
		assert.Equal(t, p, same)
		assert.Contains(t, Names(), tc.name)
	}
	assert.Len(t, Names(), 7)
	_, ok := ProfileByName("mp3")
	assert.False(t, ok)
	_, ok = ProfileByPayloadType(127)
	assert.False(t, ok)
}

// Who asks for what is not there is told what is.
func TestUnknownProfile(t *testing.T) {
	_, err := NewEncoder(Profile{Name: "mp3"})
	assert.ErrorContains(t, err, `"mp3"; there are [l16 opus`)
	_, err = NewDecoder(Profile{})
	assert.ErrorContains(t, err, "there are [l16")
	opus := profile(t, "opus")
	for _, o := range []Option{WithBitrate(100), WithBitrate(1e6), WithLoss(101), WithLoss(-1), WithComplexity(11)} {
		_, err := NewEncoder(opus, o)
		assert.ErrorContains(t, err, "out of range")
	}
}

// A frame of the wrong length is refused on both sides, and the decoder goes on
// as if it had never seen it.
func TestWrongLengths(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			p := profile(t, name)
			enc, a := open(t, p)
			_, b := open(t, p)
			said := voice(20 * p.Frame)
			_, err := enc.Encode(nil, said[:p.Frame-1])
			assert.ErrorContains(t, err, "samples, want")
			x, y := make([]float32, p.Frame), make([]float32, p.Frame)
			for i := range 20 {
				payload, err := enc.Encode(nil, said[i*p.Frame:(i+1)*p.Frame])
				require.NoError(t, err)
				for _, bad := range [][]byte{nil, {}, {0xFF}, {0x03}, append(slices.Clone(payload), make([]byte, 1300)...)} {
					if name == "opus" && len(bad) > 1300 {
						bad = []byte{0x7B, 0x41, 0xFF, 0xFF} // padding that never ends
					}
					n, err := a.Decode(x, bad)
					assert.ErrorIs(t, err, ErrPayload)
					assert.Zero(t, n)
				}
				_, err = a.Decode(x, payload)
				require.NoError(t, err)
				_, err = b.Decode(y, payload)
				require.NoError(t, err)
				require.Equal(t, y, x, "frame %d", i)
			}
		})
	}
}

// Hostile samples neither break an encoder nor stay in its filters.
func TestHostileSamples(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			p := profile(t, name)
			enc, dec := open(t, p)
			pcm, out := make([]float32, p.Frame), make([]float32, p.Frame)
			nan, inf := float32(math.NaN()), float32(math.Inf(1))
			for i := range pcm {
				pcm[i] = []float32{nan, inf, -inf, 1e30, -1e30, 5}[i%6]
			}
			for frame := range 30 {
				if frame == 3 {
					clear(pcm)
				}
				payload, err := enc.Encode(nil, pcm)
				require.NoError(t, err)
				_, err = dec.Decode(out, payload)
				require.NoError(t, err)
				requireSane(t, out)
			}
			for _, x := range out {
				require.InDelta(t, 0, x, 0.001)
			}
		})
	}
}

// Encode appends, and leaves what was there.
func TestEncodeAppends(t *testing.T) {
	for _, name := range Names() {
		p := profile(t, name)
		enc, _ := open(t, p)
		twin, _ := open(t, p)
		pcm := voice(p.Frame)
		alone, err := enc.Encode(nil, pcm)
		require.NoError(t, err)
		behind, err := twin.Encode([]byte("head"), pcm)
		require.NoError(t, err)
		assert.Equal(t, "head", string(behind[:4]))
		assert.Equal(t, alone, behind[4:], name)
	}
}

// Nothing is allocated per frame. Opus' library clones its noise shaper while it
// encodes and builds small tables while it conceals: a handful of objects.
func TestNoAllocation(t *testing.T) {
	for _, name := range Names() {
		p := profile(t, name)
		enc, dec := open(t, p)
		pcm, out := voice(p.Frame), make([]float32, p.Frame)
		payload := make([]byte, 0, MaxPayload)
		var err error
		encode := testing.AllocsPerRun(100, func() { payload, err = enc.Encode(payload[:0], pcm) })
		require.NoError(t, err)
		decode := testing.AllocsPerRun(100, func() { _, err = dec.Decode(out, payload) })
		require.NoError(t, err)
		conceal := testing.AllocsPerRun(100, func() { dec.Conceal(out) })
		allowed := 0.0
		if name == "opus" {
			allowed = 12
		}
		assert.LessOrEqual(t, encode, allowed, "%s encode", name)
		assert.Zero(t, decode, "%s decode", name)
		assert.LessOrEqual(t, conceal, allowed, "%s conceal", name)
	}
}

func requireSane(t testing.TB, pcm []float32) {
	t.Helper()
	for i, x := range pcm {
		if !(x >= -Peak && x <= Peak) {
			t.Fatalf("sample %d is %v", i, x)
		}
	}
}
