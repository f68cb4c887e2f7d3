package ears

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// record writes what a card that is fast by ppm played of a sound that began,
// on the host, at t0 plus late ns.
func record(t *testing.T, sound []float32, ppm float64, late int64) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.wav")
	rate := audio.Rate * (1 + ppm*1e-6)
	var times strings.Builder
	pcm := make([]float32, len(sound))
	for i := range pcm {
		at := int64(math.Round(float64(i) * 1e9 / rate))
		if i%480 == 0 {
			fmt.Fprintf(&times, "%d %d\n", i, 5e9+at)
		}
		pos := (float64(i)*1e9/rate - float64(late)) * audio.Rate / 1e9
		if pos > 0 {
			pcm[i] = interpolate(sound, int(pos), pos-math.Floor(pos))
		}
	}
	f, err := os.Create(name)
	require.NoError(t, err)
	w, err := audio.NewWAVWriter(f, audio.Rate)
	require.NoError(t, err)
	require.NoError(t, w.Write(pcm))
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
	require.NoError(t, os.WriteFile(name+".times", []byte(times.String()+"123 "), 0o600))
	return name
}

func TestSkewIsReadToAMicrosecond(t *testing.T) {
	sound := Noise(1, 4)
	a, err := OpenStamped(record(t, sound, 100, 0))
	require.NoError(t, err)
	for _, late := range []int64{0, 7_000, -33_000, 412_345, 20_000_123} {
		b, err := OpenStamped(record(t, sound, -100, late))
		require.NoError(t, err)
		for _, from := range []int64{6e9, 7e9, 8e9} {
			lag, likeness := Lag(NewSpectrum(a.Window(from, 4096)), NewSpectrum(b.Window(from, 4096)))
			assert.InDelta(t, float64(late), lag*1e9/48000, 1000+math.Abs(float64(min(late, 1e6)))/200, "late by %d", late)
			assert.Greater(t, likeness, map[bool]float64{false: 0.95, true: 0.7}[late > 1e6])
		}
	}
}

func TestIndexAndAtAreInverse(t *testing.T) {
	s, err := OpenStamped(record(t, Noise(1, 1), 80, 0))
	require.NoError(t, err)
	for _, i := range []int{0, 1, 479, 480, 40000} {
		assert.InDelta(t, i, s.Index(s.At(i)), 1e-3)
	}
}

func TestOtherNoiseIsNotAlike(t *testing.T) {
	_, likeness := Lag(NewSpectrum(Noise(1, 0.1)), NewSpectrum(Noise(2, 0.1)))
	assert.Less(t, likeness, 0.3)
	assert.InDelta(t, -23, DB(Noise(3, 1)), 0.5)
	_, likeness = Lag(NewSpectrum(make([]float32, 100)), NewSpectrum(make([]float32, 100)))
	assert.Zero(t, likeness)
}

func TestWhatCannotBeRead(t *testing.T) {
	name := record(t, Noise(1, 1), 0, 0)
	require.NoError(t, os.WriteFile(name+".times", []byte("0 1\n"), 0o600))
	_, err := OpenStamped(name)
	assert.ErrorContains(t, err, "fewer than two")
	require.NoError(t, os.Remove(name+".times"))
	_, err = OpenStamped(name)
	assert.Error(t, err)
}
