package fleet

import (
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/paspeaker/node"
)

func TestTheTallyBeginsAnewEachTime(t *testing.T) {
	var tl tally
	for range 5 {
		tl.note(node.WordReport)
	}
	tl.note(node.WordReceipt)
	s := tl.take()
	assert.Equal(t, 5, s.Reports)
	assert.Equal(t, 1, s.Receipts)
	assert.LessOrEqual(t, s.MostReports, 5)
	assert.Positive(t, s.MostReports)
	assert.Equal(t, 1, s.MostReceipts)
	assert.Zero(t, tl.take())
}

func TestANodesDirectoryOutlivesItsRestart(t *testing.T) {
	k := newKeep()
	_, err := k.Read("config.json")
	require.ErrorIs(t, err, fs.ErrNotExist)
	b := []byte("one")
	require.NoError(t, k.Write("config.json", b))
	b[0] = 'x'
	got, err := k.Read("config.json")
	require.NoError(t, err)
	assert.Equal(t, "one", string(got))
	assert.NotEmpty(t, k.Path("config.json"))
}

func TestTheStillCardLooksAlive(t *testing.T) {
	now := int64(0)
	s := still{now: func() int64 { return now }}
	now = int64(time.Second)
	assert.EqualValues(t, audio.Rate, s.State().Frames)
	assert.Equal(t, float64(audio.Rate), s.State().Rate)
	assert.Empty(t, s.State().Fault)
}
