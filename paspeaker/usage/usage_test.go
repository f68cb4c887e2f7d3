package usage

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWhatAProgramHasUsedIsRead(t *testing.T) {
	u := Of(os.Getpid())
	assert.Greater(t, u.RSS, 1.0)
	assert.Less(t, u.RSS, 4000.0)
	u.At = u.At.Add(-time.Second)
	later := u
	later.At, later.Ticks = u.At.Add(2*time.Second), u.Ticks+50
	assert.InDelta(t, 25, later.Percent(u), 1e-9)
	assert.Empty(t, family(-1))
	assert.Zero(t, Of(-1).RSS)
}
