package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/hub"
)

func TestTheFilledJournalIsOneAsPeopleKnowIt(t *testing.T) {
	dir := t.TempDir()
	end := time.Now()
	require.NoError(t, fillJournal(dir, 2000, end))
	h, err := hub.Start(hub.Config{Addr: "127.0.0.1:0", Dir: dir})
	require.NoError(t, err)
	defer h.Shutdown()
	b, err := bus.Connect(t.Context(), bus.Config{InProcess: h.InProcess(), NkeySeed: h.Seed(), Name: "paspeakerd"})
	require.NoError(t, err)
	defer b.Close()
	j, err := b.OpenJournal(t.Context())
	require.NoError(t, err)
	all, err := j.Query(t.Context(), paspeaker.JournalQuery{Limit: 10_000})
	require.NoError(t, err)
	assert.Equal(t, 2000, len(all))
	one, err := j.Query(t.Context(), paspeaker.JournalQuery{Session: 7 << 8})
	require.NoError(t, err)
	require.Len(t, one, 4)
	assert.Equal(t, []string{"asked", "play", "end", "verdict"}, []string{one[0].What, one[1].What, one[2].What, one[3].What})
	assert.Len(t, one[3].Verdicts, 4)
	assert.WithinDuration(t, end, all[1999].Time, time.Minute)
}
