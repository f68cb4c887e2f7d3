package node

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker/state"
)

func TestANodeKeepsTheKeyThatSignsItsReceipts(t *testing.T) {
	dir, err := state.Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	defer dir.Close()
	n := &Node{cfg: Config{State: dir}, log: slog.New(slog.DiscardHandler)}
	first := n.receiptKey()
	assert.Equal(t, first, n.receiptKey(), "over every start")
	info, err := os.Stat(dir.Path(keyFile))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, dir.Write(keyFile, []byte("damaged")))
	assert.NotEqual(t, first, n.receiptKey(), "a damaged one silences nobody")
	b, err := dir.Read(keyFile)
	require.NoError(t, err)
	assert.Equal(t, "damaged", string(b), "and is left for whoever mends it")
}
