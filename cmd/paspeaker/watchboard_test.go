package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shell is an errand that runs a script in place of one of our commands.
func shell(script, typed string) (*errand, *bytes.Buffer) {
	var out bytes.Buffer
	e := &errand{program: "sh", args: []string{"-c", script}, language: english}
	e.SetStdin(strings.NewReader(typed))
	e.SetStdout(&out)
	e.SetStderr(&out)
	return e, &out
}

func TestAnErrandTellsItsLastLine(t *testing.T) {
	e, out := shell("echo one; echo heard on 3 of 3 loudspeakers", "")
	e.tail = true
	require.NoError(t, e.Run())
	assert.Equal(t, "heard on 3 of 3 loudspeakers", e.Summary())
	assert.NotContains(t, out.String(), "Enter returns")
}

func TestAnErrandThatFailsStaysUntilEnter(t *testing.T) {
	e, out := shell("echo paspeaker: no microphone >&2; exit 3", "\n")
	e.language = vietnamese
	assert.EqualError(t, e.Run(), "bận hoặc bị từ chối")
	assert.Contains(t, out.String(), "no microphone")
	assert.True(t, strings.HasSuffix(out.String(), "Nhấn Enter để trở lại bảng"))
	assert.Empty(t, e.Summary())

	e, out = shell("echo all sounded", "")
	e.stay = true
	require.NoError(t, e.Run())
	assert.Contains(t, out.String(), "Enter returns to the board", "a table wants to be read")

	e, _ = shell("", "\n")
	e.program = "/no/such/program"
	assert.ErrorContains(t, e.Run(), "no such file")
}

func TestAnErrandHasTheSameFlags(t *testing.T) {
	g := &globals{url: "http://a", tokenFile: "token", by: "hoa"}
	assert.Equal(t, []string{"live", "gates", "--url", "http://a", "--token-file", "token", "--by", "hoa"}, g.again("live", "gates"))
	assert.Equal(t, []string{"live", "gates"}, (&globals{}).again("live", "gates"))
}

func TestEveryExitCodeHasItsWords(t *testing.T) {
	said := map[string]bool{}
	for code := exitFailed; code <= exitNotHeard; code++ {
		words := exitWords(code)
		assert.False(t, said[words], words)
		said[words] = true
		assert.Contains(t, vietnameseErrands, words)
	}
}

// A board would draw into a file or a pipe.
func TestThereIsNoBoardWithoutATerminal(t *testing.T) {
	g := &globals{out: &bytes.Buffer{}, in: strings.NewReader("")}
	assert.False(t, g.atTerminal())
}
