package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/output"
	"pa/paspeaker"
)

func start(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	cmd := newCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	if err != nil {
		out.WriteString(err.Error())
	}
	return out.String(), exitCode(err)
}

// A node that cannot start says why in one line, and what to do.
func TestANodeThatCannotStartSaysWhy(t *testing.T) {
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(token, []byte("not a token"), 0o600))
	with := func(more ...string) []string {
		return append([]string{"--controller", "127.0.0.1:1", "--id", "gate-1", "--state", filepath.Join(dir, "state"), "--output", "null"}, more...)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"nothing said", nil, exitUsage, "--controller is missing"},
		{"no id", []string{"--controller", "pa"}, exitUsage, "--id is missing"},
		{"no state directory", []string{"--controller", "pa", "--id", "gate-1"}, exitUsage, "--state is missing"},
		{"a word too many", with("gate-1"), exitUsage, "gate-1: what is this?"},
		{"an unknown flag", with("--bogus"), exitUsage, "bogus"},
		{"an id that is none", with("--id", "Cổng 1"), exitUsage, "want lower-case letters"},
		{"an output that is none", with("--output", "loud"), exitUsage, "unknown kind"},
		{"a level that is none", with("--log", "loud"), exitUsage, "want debug, info, warn or error"},
		{"a clock that is none", with("--warp", "x=1"), exitUsage, "want offset=1h,ppm=+100"},
		{"not enrolled", with(), exitFailed, "paspeaker join-token gate-1"},
		{"no token file", with("--token-file", filepath.Join(dir, "none")), exitUsage, "no such file"},
		{"a token that is none", with("--token-file", token), exitUsage, "join token"},
		{"a state directory that is a file", with("--state", token), exitFailed, "give a directory that this user may write"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, code := start(t, c.args...)
			assert.Equal(t, c.code, code, out)
			assert.Contains(t, out, c.says)
			assert.NotContains(t, strings.TrimSpace(out), "\n", "one line")
		})
	}
}

// The supervisor tells a lost sound card from everything else.
func TestExitCodes(t *testing.T) {
	for err, want := range map[error]int{
		nil: exitOK,
		fmt.Errorf("open: %w", output.ErrNoDevice):        exitNoDevice,
		fmt.Errorf("play: %w", output.ErrDeviceLost):      exitNoDevice,
		fmt.Errorf("open: %w", output.ErrSpec):            exitUsage,
		paspeaker.Errorf(paspeaker.CodeConflict, "taken"): exitConflict,
		paspeaker.Errorf(paspeaker.CodeInternal, "x"):     exitFailed,
		errors.New("x"): exitFailed,
	} {
		assert.Equal(t, want, exitCode(err), "%v", err)
	}
}
