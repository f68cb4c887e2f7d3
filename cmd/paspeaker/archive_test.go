package main

import (
	"archive/tar"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func tarOf(t testing.TB, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, addToArchive(w, name, []byte(content)))
	require.NoError(t, w.Close())
	return b.Bytes()
}

func FuzzReadArchive(f *testing.F) {
	f.Add(tarOf(f, archiveIndex, `{"format":1,"messages":[]}`))
	f.Add(tarOf(f, "sounds/abc.flac", "fLaC"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, sounds, err := readArchive(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, m := range list {
			if sounds[m.Hash] == nil {
				t.Fatal("a message without a sound")
			}
		}
	})
}

func TestTheWaveIsDrawn(t *testing.T) {
	var b bytes.Buffer
	drawWave(&b, []byte{0, 0, 64, 255}, 2*time.Second)
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	require.Len(t, lines, waveRows+1)
	assert.True(t, strings.HasSuffix(lines[0], "█"), "full scale fills it")
	assert.True(t, strings.HasPrefix(lines[3], " "), "silence is empty")
	assert.True(t, strings.HasSuffix(lines[4], "2.0 s"))
	assert.Len(t, []rune(lines[4]), 78)
	b.Reset()
	drawWave(&b, nil, time.Second)
	assert.Empty(t, b.String())
	assert.Equal(t, "1:05", lengthText(65*time.Second))
	assert.Equal(t, "5.2 s", lengthText(5200*time.Millisecond))
}

func TestTheBarGrows(t *testing.T) {
	var b bytes.Buffer
	p := &progress{r: bytes.NewReader(make([]byte, 1_000_000)), size: 1_000_000, shown: -1, w: &b, language: vietnamese}
	n, err := io.Copy(io.Discard, p)
	require.NoError(t, err)
	assert.EqualValues(t, 1_000_000, n)
	assert.Contains(t, b.String(), "đang tải lên ▕")
	assert.Contains(t, b.String(), "100 % 1.0 MB")
	assert.True(t, strings.HasSuffix(b.String(), "\x1b[K"), "and goes")
	g := &globals{errOut: &b}
	small := bytes.NewReader(nil)
	assert.Equal(t, io.Reader(small), g.newProgress(small, 10))
}
