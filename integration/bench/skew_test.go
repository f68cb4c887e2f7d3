package main

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/integration/ears"
)

func TestTheActsFillTheirTime(t *testing.T) {
	for quick, want := range map[bool][2]time.Duration{false: {9 * time.Minute, 11 * time.Minute}, true: {0, 15 * time.Second}} {
		var sum time.Duration
		what := make(map[string]bool)
		for _, a := range skewActs(quick) {
			sum += a.length
			what[a.do] = true
			assert.Less(t, a.at+a.cut, a.length, "%s is over before it is repaired", a.name)
		}
		assert.GreaterOrEqual(t, sum, want[0])
		assert.LessOrEqual(t, sum, want[1])
		assert.True(t, what["cut"] && what["kill"])
	}
}

func TestFiguresOfATally(t *testing.T) {
	f := (&tally{all: []float64{1, 2, 3, 4}, first: []float64{4}, unlike: 2}).figures()
	got := make(map[string]float64)
	for _, x := range f {
		got[x.Name] = x.Value
	}
	assert.Equal(t, map[string]float64{"skew_p50_us": 2, "skew_p99_us": 4, "skew_max_us": 4,
		"skew_first_second_p99_us": 4, "skew_first_second_max_us": 4, "skew_unlike_windows": 2}, got)
	assert.Len(t, (&tally{}).figures(), len(f), "an empty one is no reason to fall")
}

func TestAFileInMemoryIsAWAV(t *testing.T) {
	var m memory
	w, err := audio.NewWAVWriter(&m, audio.Rate)
	require.NoError(t, err)
	pcm := ears.Noise(1, 0.5)
	require.NoError(t, w.Write(pcm))
	require.NoError(t, w.Close())
	at, err := m.Seek(0, io.SeekEnd)
	require.NoError(t, err)
	assert.EqualValues(t, 44+2*len(pcm), at)
}
