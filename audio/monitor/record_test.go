package monitor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAMonitorIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(Config{Name: "mic"})
		type result struct {
			pcm []float32
			err error
		}
		done := make(chan result)
		go func() {
			pcm, err := m.Record(t.Context(), 25*time.Millisecond)
			done <- result{pcm, err}
		}()
		synctest.Wait()
		_, err := m.Record(t.Context(), time.Second)
		require.ErrorIs(t, err, ErrRecording, "one at a time")
		block := make([]float32, 480)
		for i := range 4 {
			for j := range block {
				block[j] = float32(i + 1)
			}
			m.hear(block)
		}
		got := <-done
		require.NoError(t, got.err)
		require.Len(t, got.pcm, 1200)
		assert.Equal(t, []float32{1, 2, 3}, []float32{got.pcm[0], got.pcm[480], got.pcm[1199]})
	})
}

func TestAMonitorWithoutSoundIsNotWaitedForLonger(t *testing.T) {
	m := New(Config{Name: "mic"})
	m.hear(make([]float32, 480))
	ended, end := context.WithCancel(t.Context())
	end()
	_, err := m.Record(ended, time.Second)
	require.ErrorContains(t, err, "0s of 1s came")
	require.ErrorIs(t, err, context.Canceled)
}
