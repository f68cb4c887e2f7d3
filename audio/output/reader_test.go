package output

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// pulled is a reader whose clock stands where the test puts it.
func pulled(latency time.Duration, pull audio.Pull) (r *reader, now *int64) {
	now = new(int64)
	r = newReader(func() int64 { return *now }, latency)
	r.pull = pull
	return r, now
}

// Bytes are the samples, little-endian, and a request of any size is served
// whole, in beats that follow each other.
func TestReaderServesWhole(t *testing.T) {
	var next int64
	r, _ := pulled(30*time.Millisecond, func(out []float32, b audio.Beat) {
		require.Equal(t, next, b.Frame)
		for i := range out {
			out[i] = float32(next)
			next++
		}
	})
	want := 0
	for _, n := range []int{1, 480, 479, 1000, 7, 4800} {
		b := make([]byte, 4*n)
		got, err := r.Read(b)
		require.NoError(t, err)
		require.Equal(t, len(b), got)
		for i := range n {
			require.Equal(t, float32(want), math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
			want++
		}
	}
	assert.EqualValues(t, want, r.state().Frames)
}

// Requests that come up to 4 ms late, from a card that is 80 ppm fast, still
// give beats within 100 µs of when the sound is heard, and its rate.
func TestReaderLearnsTheCard(t *testing.T) {
	const latency = 30 * time.Millisecond
	rate := 48000 * (1 + 80e-6)
	var last audio.Beat
	r, now := pulled(latency, func(_ []float32, b audio.Beat) { last = b })
	late := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, 4*480)
	for i := range 6000 {
		due := int64(float64(i*480) * 1e9 / rate)
		*now = due + late.Int64N(2_000_000)
		_, err := r.Read(b)
		require.NoError(t, err)
		if i > 1000 {
			require.InDelta(t, due+int64(latency), last.Heard, 100_000, "read %d", i)
			require.InDelta(t, rate, last.Rate, 48000*20e-6)
		}
	}
	assert.Zero(t, r.state().Underruns)
	assert.InDelta(t, rate, r.state().Rate, 48000*20e-6)
}

// A pause longer than what was buffered is one underrun, whether the card then
// stays late or not; a shorter one is none.
func TestReaderCountsUnderruns(t *testing.T) {
	for name, tc := range map[string]struct {
		pause time.Duration
		want  uint64
	}{"short": {20 * time.Millisecond, 0}, "dry": {200 * time.Millisecond, 1}, "long": {2 * time.Second, 1}} {
		t.Run(name, func(t *testing.T) {
			r, now := pulled(30*time.Millisecond, func([]float32, audio.Beat) {})
			b := make([]byte, 4*480)
			var stood int64
			for i := range 1000 {
				if *now = int64(i)*10_000_000 + stood; i == 500 {
					*now += int64(tc.pause)
					if tc.want > 0 {
						stood = int64(tc.pause) // the card played silence meanwhile
					}
				}
				_, err := r.Read(b)
				require.NoError(t, err)
			}
			assert.Equal(t, tc.want, r.state().Underruns)
		})
	}
}

// Reading allocates nothing.
func TestReaderAllocatesNothing(t *testing.T) {
	r, now := pulled(30*time.Millisecond, func([]float32, audio.Beat) {})
	b := make([]byte, 4*480)
	assert.Zero(t, testing.AllocsPerRun(200, func() {
		*now += 10_000_000
		_, _ = r.Read(b) // never fails
	}))
}
