package bus

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

const firstPage = "OggS\x00\x02 head"

func TestRecordingsAreKeptReadAndErased(t *testing.T) {
	s := newSite(t).up()
	r := s.controller().Recordings(time.Hour, 1<<20)
	has, err := r.Has(t.Context())
	require.NoError(t, err)
	assert.Empty(t, has, "before there is anything")
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(r.Get(t.Context(), 0x100, &bytes.Buffer{})))
	assert.NoError(t, r.Erase(t.Context(), 0x100))

	for n, page := range []string{firstPage, "one", "two"} {
		require.NoError(t, r.Put(t.Context(), 0x100, n, []byte(page)))
		require.NoError(t, r.Put(t.Context(), 0x100, n, []byte(page)), "again is no second page")
	}
	require.NoError(t, r.Put(t.Context(), 0x200, 0, []byte("a page without a head")))
	has, err = r.Has(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[paspeaker.SessionID]int{0x100: 3, 0x200: 1}, has)
	var file bytes.Buffer
	require.NoError(t, r.Get(t.Context(), 0x100, &file))
	assert.Equal(t, firstPage+"onetwo", file.String())
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(r.Get(t.Context(), 0x200, &file)), "its beginning is gone")

	require.NoError(t, r.Erase(t.Context(), 0x100))
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(r.Get(t.Context(), 0x100, &file)))
}

func TestNewLimitsHoldForWhatIsThere(t *testing.T) {
	b := newSite(t).up().controller()
	r := b.Recordings(time.Hour, 1<<20)
	for n := range 20 {
		require.NoError(t, r.Put(t.Context(), 0x100, n, bytes.Repeat([]byte("x"), 10_000)))
	}
	require.NoError(t, b.Recordings(time.Hour, 100_000).Prepare(t.Context()))
	has, err := r.Has(t.Context())
	require.NoError(t, err)
	assert.Less(t, has[0x100], 11, "the oldest went")
}

func TestARecordingWithoutNATSIsAnErrorAtOnce(t *testing.T) {
	s := newSite(t).up()
	b := s.controller()
	s.hub.Shutdown()
	soon(t, "down", func() bool { return !b.Connected() })
	err := b.Recordings(time.Hour, 1<<20).Put(t.Context(), 0x100, 0, nil)
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
}
