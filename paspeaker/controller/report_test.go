package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestTheDaysReportKnowsTheDay(t *testing.T) {
	r := newRig(t, "")
	s, err := r.Announce(t.Context(), toGates, tone(100*time.Millisecond))
	require.NoError(t, err)
	r.ended(s.ID)
	r.verdicts(s.ID)
	require.NoError(t, r.journal.Flush(t.Context()))
	day := s.Asked.Format(time.DateOnly)
	got, err := r.Report(t.Context(), day)
	require.NoError(t, err)
	assert.Equal(t, []string{"Khu thử", day, "Asia/Ho_Chi_Minh"}, []string{got.Site, got.Day, got.TimeZone})
	assert.Equal(t, 1, got.Total.Played)
	assert.Equal(t, 1, got.Starts)
	assert.Len(t, got.Heard, 5)
	assert.Equal(t, 1, got.Heard[0].Unknown, "its node said nothing")

	for _, wrong := range []string{"yesterday", "", "2026-13-01", time.Now().AddDate(0, 0, 2).Format(time.DateOnly)} {
		_, err := r.Report(t.Context(), wrong)
		assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err), wrong)
	}
}
