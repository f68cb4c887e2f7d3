package site

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const smallest = `
site: {id: park, name: Park, time_zone: Asia/Ho_Chi_Minh}
zones: [{id: gates, name: Gates}]
speakers: [{id: gate-1, name: Gate, zones: [gates]}]
`

func TestLiveCallsAreKeptForAFiniteTime(t *testing.T) {
	s, err := Parse([]byte(smallest), "")
	require.NoError(t, err)
	assert.Equal(t, Recordings{Live: true, Keep: 90 * 24 * time.Hour, MaxBytes: 1 << 30}, s.Recordings)
	s, err = Parse([]byte(smallest+"recordings: {live: false, keep: 30d, max_bytes: 200MB}\n"), "")
	require.NoError(t, err)
	assert.Equal(t, Recordings{Keep: 30 * 24 * time.Hour, MaxBytes: 200_000_000}, s.Recordings)
	for _, wrong := range []string{"keep: 0", "keep: 10y", "keep: 400d", "max_bytes: 1kB", "max_bytes: 8GiB", "live: perhaps", "lives: true"} {
		_, err := Parse([]byte(smallest+"recordings: {"+wrong+"}\n"), "")
		assert.Error(t, err, wrong)
	}
}
