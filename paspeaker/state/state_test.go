package state

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestASecondProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	first, err := Open(path)
	require.NoError(t, err)

	_, err = Open(path)
	assert.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "in use by another process")

	require.NoError(t, first.Close())
	again, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestADirectoryThatCannotBeMadeIsOneClearLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(filepath.Join(file, "state"))
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "--state")
	assert.NotContains(t, err.Error(), "\n")
}

func TestWriteReplacesWholeAndPrivate(t *testing.T) {
	d := open(t)
	require.NoError(t, d.Write("term", []byte("1")))
	require.NoError(t, d.Write("term", []byte("22")))
	b, err := d.Read("term")
	require.NoError(t, err)
	assert.Equal(t, "22", string(b))

	info, err := os.Stat(d.Path("term"))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

	left, err := filepath.Glob(d.Path(".term-*"))
	require.NoError(t, err)
	assert.Empty(t, left, "no temporary file is left behind")
}

func TestASecretIsMadeOnceAndKept(t *testing.T) {
	d := open(t)
	first, made, err := d.Secret("site-secret", 32)
	require.NoError(t, err)
	assert.True(t, made)
	assert.Len(t, first, 32)

	again, made, err := d.Secret("site-secret", 32)
	require.NoError(t, err)
	assert.False(t, made)
	assert.Equal(t, first, again)
}

func TestADamagedSecretIsNeverReplacedInSilence(t *testing.T) {
	d := open(t)
	for _, bad := range []string{"", "zz", "abcd"} {
		require.NoError(t, d.Write("site-secret", []byte(bad)))
		_, _, err := d.Secret("site-secret", 32)
		assert.ErrorContains(t, err, "damaged", bad)
	}
}

func TestAFileThatIsMissingSaysSo(t *testing.T) {
	_, err := open(t).Read("nothing")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func open(t *testing.T) *Dir {
	t.Helper()
	d, err := Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}
