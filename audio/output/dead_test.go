package output

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
)

// A card that dies by order asks for no more sound, says so, and lets the
// program run on.
func TestACardDiesByOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := Open("virtual:dead=1s,file="+filepath.Join(t.TempDir(), "x.wav"), Options{Clock: bubbleClock(0), Host: bubbleClock(0)})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, func([]float32, audio.Beat) {}) }()
		time.Sleep(900 * time.Millisecond)
		assert.Empty(t, s.State().Fault)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.EqualValues(t, audio.Rate, s.State().Frames)
		assert.Contains(t, s.State().Fault, "dead")
		cancel()
		require.NoError(t, <-done)
	})
}
