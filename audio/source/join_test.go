package source_test

import (
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/audio"
	"pa/audio/source"
)

// all reads a source to its end, in blocks of odd sizes, at most limit samples.
func all(t interface{ Helper() }, src audio.Source, limit int) ([]float32, error) {
	t.Helper()
	var out []float32
	for size := 1; len(out) < limit; size = size*7%1009 + 1 {
		block := make([]float32, size)
		n, err := src.Read(block)
		out = append(out, block[:n]...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// ramp is a clip whose samples count: n of them, from first.
func ramp(first, n int) *source.Clip {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(first+i) / 32768
	}
	return source.NewClip(x)
}

func counts(x []float32) []int {
	out := make([]int, len(x))
	for i, v := range x {
		out[i] = int(math.Round(float64(v) * 32768))
	}
	return out
}

func TestAClipIsReadFromAnySample(t *testing.T) {
	c := ramp(10, 100)
	assert.Equal(t, 100, c.Samples())
	assert.Equal(t, 100*time.Second/audio.Rate, c.Len())
	r, ok := c.Source().(source.Seeker)
	require.True(t, ok)
	for _, at := range []struct{ seek, first, n int }{{0, 10, 100}, {99, 109, 1}, {40, 50, 60}, {-5, 10, 100}, {100, 0, 0}, {1 << 40, 0, 0}} {
		r.Seek(at.seek)
		got, err := all(t, r, 1000)
		assert.Equal(t, io.EOF, err)
		require.Len(t, got, at.n)
		if at.n > 0 {
			assert.Equal(t, at.first, counts(got)[0])
		}
	}
	assert.Equal(t, counts(c.Float32())[7], 17)
}

func TestPartsFollowWithoutAGap(t *testing.T) {
	got, err := all(t, source.Sequence(ramp(1, 3).Source(), source.Sequence(), ramp(4, 2).Source(), source.Silence(2*time.Second/audio.Rate), ramp(6, 1).Source()), 1000)
	assert.Equal(t, io.EOF, err)
	assert.Equal(t, []int{1, 2, 3, 4, 5, 0, 0, 6}, counts(got))
}

// n turns with a pause between: never before the first, never after the last.
func TestRepeatsHavePausesBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turns, length, pause := rapid.IntRange(0, 8).Draw(t, "turns"), rapid.IntRange(1, 50).Draw(t, "samples"), rapid.IntRange(0, 40).Draw(t, "pause")
		opened := 0
		src := source.Repeat(turns, time.Duration(pause)*time.Second/audio.Rate, func() audio.Source { opened++; return ramp(1, length).Source() })
		got, err := all(t, src, 10000)
		assert.Equal(t, io.EOF, err)
		assert.Equal(t, turns, opened)
		assert.Len(t, got, max(0, turns*length+(turns-1)*pause))
		for i, v := range counts(got) {
			want := i%(length+pause) + 1
			if want > length {
				want = 0
			}
			require.Equal(t, want, v, i)
		}
	})
}

func TestRepeatsForEverUntilThereIsNothing(t *testing.T) {
	endless := source.Repeat(-1, 0, func() audio.Source { return ramp(1, 10).Source() })
	got, err := all(t, endless, 100_000)
	assert.NoError(t, err)
	assert.GreaterOrEqual(t, len(got), 100_000)

	for name, open := range map[string]func() audio.Source{
		"nothing to open":   func() audio.Source { return nil },
		"nothing to read":   func() audio.Source { return source.Silence(0) },
		"less than nothing": func() audio.Source { return source.Silence(-time.Second) },
	} {
		got, err := all(t, source.Repeat(-1, time.Second, open), 100_000)
		assert.Equal(t, io.EOF, err, name)
		assert.Empty(t, got, name)
	}
}

func TestAFaultOfAPartIsPassedOn(t *testing.T) {
	bad := errors.New("torn")
	for name, src := range map[string]audio.Source{
		"sequence": source.Sequence(ramp(1, 3).Source(), faulty{bad}),
		"repeat":   source.Repeat(3, 0, func() audio.Source { return faulty{bad} }),
		"gain":     source.Gain(faulty{bad}, 3),
		"limit":    source.Limit(faulty{bad}, 10),
	} {
		_, err := all(t, src, 100)
		assert.ErrorIs(t, err, bad, name)
	}
}

type faulty struct{ err error }

func (f faulty) Read([]float32) (int, error) { return 0, f.err }

func TestGainAndLimit(t *testing.T) {
	got, err := all(t, source.Gain(ramp(100, 4).Source(), -6.0206), 10)
	assert.Equal(t, io.EOF, err)
	assert.Equal(t, []int{50, 51, 51, 52}, counts(got)[:4], "half")

	cut, err := all(t, source.Limit(source.Tone(1000, -6, 0), 4800), 100_000)
	assert.Equal(t, io.EOF, err)
	require.Len(t, cut, 4800)
	assert.InDelta(t, 0, cut[4799], 1e-3, "it ends softly")
	whole, err := all(t, source.Limit(ramp(1, 5).Source(), 100), 1000)
	assert.Equal(t, io.EOF, err)
	assert.Len(t, whole, 5)
}

func TestATone(t *testing.T) {
	got, err := all(t, source.Tone(1000, -20, time.Second), 100_000)
	assert.Equal(t, io.EOF, err)
	require.Len(t, got, audio.Rate)
	db, amp, _ := snr(got, 1000)
	assert.Greater(t, db, 100.0)
	assert.InDelta(t, 0.1, amp, 1e-4, "its peak is 20 dB below full scale")
	assert.Zero(t, got[0])
	assert.InDelta(t, 0, got[len(got)-1], 1e-3)
	endless, err := all(t, source.Tone(math.NaN(), 40, 0), audio.Rate)
	assert.NoError(t, err)
	for _, v := range endless {
		require.LessOrEqual(t, math.Abs(float64(v)), 1.0)
	}
}

// A sweep takes as long for one octave as for the next: after half of its time
// it is at the geometric mean.
func TestASweepGlidesByOctaves(t *testing.T) {
	got, err := all(t, source.Sweep(100, 6400, -6, 2*time.Second), 200_000)
	assert.Equal(t, io.EOF, err)
	require.Len(t, got, 2*audio.Rate)
	for at, want := range map[float64]float64{0.25: 283, 0.5: 800, 0.75: 2263} {
		mid := int(at * float64(len(got)))
		crossings, half := 0, 2400
		for i := mid - half; i < mid+half; i++ {
			if (got[i] < 0) != (got[i+1] < 0) {
				crossings++
			}
		}
		assert.InEpsilon(t, want, float64(crossings)/2/(2*float64(half)/audio.Rate), 0.12, at)
	}
}

func TestEveryChimeSounds(t *testing.T) {
	require.NotEmpty(t, source.Chimes())
	for _, name := range source.Chimes() {
		c, err := source.Chime(name)
		require.NoError(t, err, name)
		assert.Greater(t, c.Len(), 500*time.Millisecond, name)
		assert.Less(t, c.Len(), 6*time.Second, name)
		peak, ends := 0.0, c.Float32()
		for _, v := range ends {
			peak = max(peak, math.Abs(float64(v)))
		}
		assert.Greater(t, peak, 0.1, name)
		assert.Less(t, peak, 1.0, name)
		assert.InDelta(t, 0, ends[0], 0.01, name)
		assert.InDelta(t, 0, ends[len(ends)-1], 0.01, name)
	}
	_, err := source.Chime("kettle")
	assert.ErrorContains(t, err, "kettle")
}

// ISO 7240-16: an alert tone of 3 to 10 s comes before the first message.
func TestEveryAlertLastsAsLongAsItIsAskedTo(t *testing.T) {
	require.NotEmpty(t, source.Alerts())
	for _, name := range source.Alerts() {
		for _, d := range []time.Duration{3 * time.Second, 6500 * time.Millisecond, 10 * time.Second} {
			c, err := source.Alert(name, d)
			require.NoError(t, err, name)
			assert.GreaterOrEqual(t, c.Len(), 3*time.Second, name)
			assert.LessOrEqual(t, c.Len(), 10*time.Second+time.Millisecond, "%s of %v", name, d)
			var sum float64
			for _, v := range c.Float32() {
				sum += float64(v) * float64(v)
			}
			assert.Greater(t, 10*math.Log10(sum/float64(c.Samples())), -25.0, "%s is loud, dBFS", name)
		}
		about, cycle := source.AlertAbout(name)
		assert.NotEmpty(t, about, name)
		assert.Positive(t, cycle, name)
	}
	_, err := source.Alert("whisper", 5*time.Second)
	assert.ErrorContains(t, err, "whisper")
}
