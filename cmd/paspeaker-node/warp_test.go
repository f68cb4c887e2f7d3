package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

func TestAWarpBendsBothClocks(t *testing.T) {
	w, err := parseWarp("offset=1h,ppm=+100,wander=2:1m,seed=3,wall=-1s@0s")
	require.NoError(t, err)
	clock := w.clock()
	before := audio.Now()
	bent := clock()
	after := audio.Now()
	assert.GreaterOrEqual(t, bent, before+int64(time.Hour))
	assert.LessOrEqual(t, bent, after+int64(time.Hour)+int64(float64(after)*103e-6)+1)
	wall := w.wall()
	later := time.Now().UnixNano()
	assert.Equal(t, later-int64(time.Second), wall(later))
	early := later - int64(time.Minute)
	assert.Equal(t, early, wall(early), "before the step nothing is bent")

	w, err = parseWarp("")
	require.NoError(t, err)
	assert.Nil(t, w.wall())
	for _, spec := range []string{"offset=soon", "offset=-1s", "ppm=5000", "wall=1h", "wall=x@1s", "colour=red", "seed=1,"} {
		_, err := parseWarp(spec)
		assert.ErrorContains(t, err, warpForms, spec)
	}
}
