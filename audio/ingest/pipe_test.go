package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/audio/source"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pcm := rapid.SliceOf(rapid.Int16()).Draw(t, "pcm")
		file := rapid.SliceOfN(rapid.Byte(), 0, 1000).Draw(t, "file")
		var pipe bytes.Buffer
		require.NoError(t, write(&pipe, report{}, work{pcm, file}))
		rep, got, err := read(&pipe, 1<<20)
		require.NoError(t, err)
		require.NoError(t, rep.err())
		require.True(t, slices.Equal(pcm, got.pcm))
		require.True(t, bytes.Equal(file, got.file))
	})
}

func TestEveryErrorIsItselfBehindThePipe(t *testing.T) {
	for _, f := range faults {
		var pipe bytes.Buffer
		require.NoError(t, write(&pipe, faulty(fmt.Errorf("decode sound: %w: tệp hỏng", f.err)), work{}))
		rep, _, err := read(&pipe, 0)
		require.NoError(t, err)
		require.ErrorIs(t, rep.err(), f.err)
		assert.ErrorContains(t, rep.err(), "tệp hỏng")
	}
	require.ErrorIs(t, report{Fault: "of a newer child"}.err(), errOther)
	require.ErrorIs(t, faulty(source.ErrTooLong).err(), source.ErrTooLong)
}

func FuzzRead(f *testing.F) {
	var good bytes.Buffer
	_ = write(&good, report{}, work{[]int16{1, -2, 3}, []byte("fLaC")})
	f.Add(good.Bytes())
	f.Add([]byte(magic + "\xff\xff\xff\xff{}"))
	f.Add([]byte(magic + "\x15\x00\x00\x00" + `{"samples":999999999}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		rep, got, err := read(bytes.NewReader(b), 1000)
		if err == nil && (int64(len(got.pcm)) != rep.Samples || int64(len(got.file)) != rep.File) {
			t.Fatalf("%d samples, %d bytes, said %d, %d", len(got.pcm), len(got.file), rep.Samples, rep.File)
		}
	})
}
