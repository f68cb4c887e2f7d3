package controller

import (
	"io/fs"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/source"
	"pa/paspeaker"
)

// counted counts how often a file is opened.
type counted struct {
	fs.FS
	opened atomic.Int32
}

func (c *counted) Open(name string) (fs.File, error) {
	c.opened.Add(1)
	return c.FS.Open(name)
}

func TestARecordingIsDecodedOnce(t *testing.T) {
	files := &counted{FS: shelf().files}
	s := NewShelf(files)
	first, err := s.clip(t.Context(), "slogan-1")
	require.NoError(t, err)
	again, err := s.clip(t.Context(), "slogan-1")
	require.NoError(t, err)
	assert.Same(t, first, again)
	assert.EqualValues(t, 1, files.opened.Load())

	tone := source.Alerts()[0]
	a, err := s.alert(tone, 5*time.Second)
	require.NoError(t, err)
	b, err := s.alert(tone, 5*time.Second)
	require.NoError(t, err)
	assert.Same(t, a, b)
	longer, err := s.alert(tone, 6*time.Second)
	require.NoError(t, err)
	assert.NotSame(t, a, longer)
	_, err = s.alert("no such tone", time.Second)
	assert.Error(t, err)
}

func TestTheShelfHasNothingBeyondItself(t *testing.T) {
	files := &counted{FS: shelf().files}
	s := NewShelf(files)
	for _, name := range []string{"../sounds/slogan-1", "nothing", `..\slogan-1`, ""} {
		_, err := s.clip(t.Context(), name)
		assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err), name)
		assert.ErrorContains(t, err, "slogan-1", name)
	}
	assert.EqualValues(t, 2, files.opened.Load(), "what looks like a path is not even tried")
}

func TestAReloadKeepsTheShelf(t *testing.T) {
	r := newRig(t, "")
	before := r.sounds.Load()
	_, err := r.Reload(t.Context(), chief)
	require.NoError(t, err)
	after := r.sounds.Load()
	require.NotSame(t, before, after)
	for ref, clip := range before.clips {
		assert.Same(t, clip, after.clips[ref], ref)
	}
	for e, alert := range before.alerts {
		assert.Same(t, alert, after.alerts[e], e)
	}
}
