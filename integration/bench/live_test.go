package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// A burst is found where it sounds, in noise and softer too; one that is torn
// or missing is lost.
func TestBurstsAreFound(t *testing.T) {
	m := newMicrophone()
	const late = 1234 // samples
	pcm := make([]float32, 3*audio.Rate)
	for i := range 8 {
		m.heard = append(m.heard, int64(i)*int64(m.every))
		if i == 3 {
			continue
		}
		for k, v := range m.burst {
			if i != 5 || k%4 == 0 {
				pcm[i*audio.Rate/4+late+k] = 0.7 * v
			}
		}
	}
	for i := range pcm {
		pcm[i] += 0.01 * float32(i%7-3)
	}
	took, lost := m.find(pcm, sampleTime, func(at int64) int { return int(at * audio.Rate / int64(time.Second)) })
	assert.Equal(t, 2, lost)
	require.Len(t, took, 6)
	for _, d := range took {
		assert.InDelta(t, late*1000.0/audio.Rate, d, 0.03)
	}
}

// Between two stamps time runs on with the samples.
func TestStamps(t *testing.T) {
	s := &stamps{samples: []int{0, 480, 960}, times: []int64{1_000_000, 11_000_000, 31_000_000}}
	assert.Equal(t, int64(1_000_000), s.time(0))
	assert.Equal(t, int64(11_000_000-1_000_000), s.time(432))
	assert.Equal(t, int64(11_000_000), s.time(480))
	assert.Equal(t, int64(41_000_000), s.time(1440))
	assert.Equal(t, 240, s.sample(6_000_000))
	assert.Equal(t, 960, s.sample(31_000_000))
}

// A recorder that is read late now and then still tells the right time.
func TestARecordersTimes(t *testing.T) {
	r := &recorder{pcm: make([]float32, 480*100)}
	for i := range 100 {
		late := int64(0)
		if i%3 != 0 {
			late = int64(i%5) * 1_000_000
		}
		r.ends = append(r.ends, 480*(i+1))
		r.times = append(r.times, int64(i+1)*10_000_000+late)
	}
	assert.Equal(t, int64(500_000_000), r.time(24_000-1))
	assert.InDelta(t, 24_000, r.sample(500_000_000), 3000)
}
