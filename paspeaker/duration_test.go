package paspeaker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDurationsAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90": 90 * time.Second, "1m30s": 90 * time.Second, "0.5": 500 * time.Millisecond, "90d": 90 * 24 * time.Hour, "366d": 366 * 24 * time.Hour, "0d": 0,
		"367d": -1, "-1d": -1, "d": -1, "1.5d": -1, "9999999d": -1, "-1s": -1, "soon": -1, "": -1, "NaN": -1,
	} {
		got, err := ParseDuration(text)
		if want < 0 {
			assert.Error(t, err, text)
			continue
		}
		assert.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}
