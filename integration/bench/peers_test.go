package main

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/wire"
)

// played is a recording in which the signal was heard by speakers 1 and 2 so
// much later than it was spoken.
func played(signal []float32, later ...time.Duration) *recording {
	r := &recording{count: 3}
	for _, d := range later {
		r.pcm = append(r.pcm, make([]int16, 3*(len(signal)+int(d*audio.Rate/time.Second))-len(r.pcm))...)
	}
	for s, d := range later {
		shift := int(d * audio.Rate / time.Second)
		for i, v := range signal {
			if n := (i+shift)*3 + 1 + s; n < len(r.pcm) {
				r.pcm[n] = audio.ToInt16(v)
			}
		}
	}
	return r
}

func TestAPeerIsJudgedByWhatWasHeard(t *testing.T) {
	signal := testSignal(12)
	var got heardPeer
	got.judge(played(signal, 30*time.Millisecond, 31*time.Millisecond), signal, 0, 2)
	assert.Len(t, got.latency, 12-peerSettle)
	assert.InDelta(t, 30+cardEarly, percentile(got.latency, 50), 0.05)
	assert.InDelta(t, 1000, percentile(got.skew, 50), 5)
	assert.Zero(t, got.holes)
	assert.Zero(t, got.missed)
}

func TestAHoleInTheToneIsADropout(t *testing.T) {
	signal := testSignal(12)
	rec := played(signal, 30*time.Millisecond)
	at := 8*noiseEvery + 1000
	clear(rec.pcm[3*at : 3*(at+2*holeLen)])
	var got heardPeer
	got.judge(rec, signal, 0, 1)
	assert.Equal(t, 1, got.holes)
	assert.Empty(t, got.skew, "one speaker has no skew")

	silent := &recording{count: 3, pcm: make([]int16, 3*len(signal))}
	got = heardPeer{}
	got.judge(silent, signal, 0, 1)
	assert.Equal(t, 12-peerSettle, got.missed)
}

func TestTheRecordersFirstReadsDoNotMoveItsClock(t *testing.T) {
	r := &recording{count: 2, origin: math.Inf(1)}
	block := make([]byte, 4*480)
	for i, late := range []float64{9e6, 2e6, 0, 5e6, 1e6} {
		r.take(block, 1e9+float64(i+1)*10e6+late)
	}
	assert.InDelta(t, 1e9, r.origin, 1, "the read that was late by nothing tells")
	x, at := r.speaker(1, 1e9+20e6)
	assert.Len(t, x, 3*480)
	assert.InDelta(t, 1e9+20e6, at, 1)
}

func TestSpeakingTakesAsLongAsItSounds(t *testing.T) {
	var b bytes.Buffer
	_, err := speak(&b, make([]float32, 3*audio.FrameLen+7))
	require.NoError(t, err)
	assert.Equal(t, 2*3*audio.FrameLen, b.Len(), "whole blocks")
}

func TestGrowthIsBetweenTheLows(t *testing.T) {
	assert.Zero(t, growth(nil))
	assert.Zero(t, growth([]float64{5, 1, 9, 7, 3, 8, 1, 9, 4}))
	assert.Equal(t, 4.0, growth([]float64{5, 1, 9, 7, 3, 8, 5, 9, 6}))
}

func datagramOf(b []byte, at int64) wire.Datagram { return wire.Datagram{Data: b, At: at} }

func TestTheLatenessOfAPacketIsAgainstItsDeadline(t *testing.T) {
	p := &pacedPark{origin: 7e9}
	_, ok := p.lateness(datagramOf(make([]byte, 20), 0), 0)
	assert.False(t, ok)
	b := make([]byte, 60)
	b[0] = 0x90
	put := int64(7e9 + 50e6)
	for i := range 8 {
		b[37+i] = byte(put >> (56 - 8*i))
	}
	late, ok := p.lateness(datagramOf(b, 12e6), 40*time.Millisecond)
	require.True(t, ok)
	assert.InDelta(t, 2000, late, 1e-6, "it was due at 10 ms and came at 12")
	b[19] = 1 << 2 // a stop
	_, ok = p.lateness(datagramOf(b, 12e6), 0)
	assert.False(t, ok)
}
