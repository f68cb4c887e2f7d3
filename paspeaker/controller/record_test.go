package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// entries returns the journal's entries about a session, flushed, in order.
func (r *rig) entries(id paspeaker.SessionID) []paspeaker.Entry {
	r.t.Helper()
	require.NoError(r.t, r.journal.Flush(r.t.Context()))
	entries, err := r.Journal(r.t.Context(), paspeaker.JournalQuery{Session: id})
	require.NoError(r.t, err)
	return entries
}

func TestEveryEntrySaysWhichOccurrenceItIsAbout(t *testing.T) {
	r := newRig(t, "")
	a := toGates
	a.Campaign, a.Occurrence, a.Message = "slogans", "slogans@2026-11-24T07:00", "khẩu hiệu 1"
	s, err := r.Announce(t.Context(), a, tone(50*time.Millisecond))
	require.NoError(t, err)
	r.ended(s.ID)
	entries := r.entries(s.ID)
	require.GreaterOrEqual(t, len(entries), 3)
	for _, e := range entries {
		assert.Equal(t, []string{a.Campaign, a.Occurrence, a.Message}, []string{e.Campaign, e.Occurrence, e.Message}, e.What)
		assert.Equal(t, a.Zones, e.Zones, e.What)
	}
}
