package bus

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/hub"
)

// A backup that is taken while the journal is written holds all that was
// acknowledged before it began.
func TestAStoreThatIsCopiedWhileItIsWrittenIsWhole(t *testing.T) {
	s := newSite(t).up()
	j, stop := openJournal(t, s.controller())
	ctx, cancel := context.WithCancel(t.Context())
	var acked atomic.Int64
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			j.Append(paspeaker.Entry{What: "play", Detail: fmt.Sprint(i)})
			if j.Flush(ctx) == nil {
				acked.Store(int64(i + 1))
			}
		}
	})
	for round := range 3 {
		soon(t, "some are written", func() bool { return acked.Load() > int64(50*(round+1)) })
		before := int(acked.Load())
		to := t.TempDir()
		copyWhileItChanges(t, s.dir, to)
		got := entriesOf(t, to)
		require.GreaterOrEqual(t, len(got), before)
		assert.Equal(t, numbers(0, len(got)), got, "each once, in order")
	}
	cancel()
	writing.Wait()
	stop()
}

// copyWhileItChanges copies a directory as cp -r does: file after file, and
// what vanishes meanwhile is not there.
func copyWhileItChanges(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		require.NoError(t, err)
		rel, err := filepath.Rel(from, path)
		require.NoError(t, err)
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		require.NoError(t, err)
		return os.WriteFile(filepath.Join(to, rel), b, 0o600)
	})
	require.NoError(t, err)
}

// entriesOf opens a store and returns the details of its journal.
func entriesOf(t *testing.T, dir string) []string {
	t.Helper()
	h, err := hub.Start(hub.Config{Addr: "127.0.0.1:0", Dir: dir})
	require.NoError(t, err)
	defer h.Shutdown()
	b, err := Connect(t.Context(), Config{InProcess: h.InProcess(), NkeySeed: h.Seed(), Name: "paspeakerd"})
	require.NoError(t, err)
	defer b.Close()
	j, err := b.OpenJournal(t.Context())
	require.NoError(t, err)
	return all(t, j)
}
