package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker/state"
)

func TestAProgramFindsInItsEnvironmentWhatItIs(t *testing.T) {
	t.Setenv(envProgram, "old")
	t.Setenv(envTrial, "1")
	t.Setenv(envInstalled, "/usr/local/bin/paspeaker-node")
	t.Setenv("HOME", "/root")
	env := environment("abc", true)
	assert.Contains(t, env, envProgram+"=abc")
	assert.Contains(t, env, envTrial+"=1")
	assert.Contains(t, env, envInstalled+"=/usr/local/bin/paspeaker-node", "which is handed on")
	assert.Contains(t, env, "HOME=/root")
	assert.NotContains(t, strings.Join(environment("", false), " "), "PASPEAKER_NODE_", "the installed program boots")
	good := strings.Join(environment("abc", false), " ")
	assert.NotContains(t, good, envTrial)
	require.NoError(t, os.Unsetenv(envInstalled))
	self, err := os.Executable()
	require.NoError(t, err)
	assert.Contains(t, environment("abc", false), envInstalled+"="+self)
}

func TestWhyAProgramEnded(t *testing.T) {
	var l lastLine
	assert.Equal(t, "it said nothing", l.String())
	for _, text := range []string{"level=INFO one\nlevel=INFO two\n", "\n", "  \n"} {
		_, err := l.Write([]byte(text))
		require.NoError(t, err)
	}
	assert.Equal(t, "level=INFO two", l.String())
	for _, piece := range []string{"pan", "ic: ", "no such", " board", "\n\ngoroutine 1 [running]:\nmain.", "main()\n"} { // as the runtime writes it
		_, err := l.Write([]byte(piece))
		require.NoError(t, err)
	}
	assert.Equal(t, "panic: no such board", l.String(), "and not its stack")
	l = lastLine{}
	_, err := l.Write([]byte(strings.Repeat("đ", 1000)))
	require.NoError(t, err)
	assert.LessOrEqual(t, len(l.String()), 300)

	for script, want := range map[string]exitStatus{"exit 0": 0, "exit 4": 4, "exit 75": statusAgain, "kill -9 $$": 1} {
		assert.Equal(t, want, asExit(exec.Command("sh", "-c", script).Run()), script)
	}
	assert.Equal(t, exitStatus(1), asExit(errors.New("wait: no child")))
	assert.Equal(t, 4, exitCode(exitStatus(4)))
	assert.Equal(t, exitOK, exitCode(exitStatus(0)))
}

// A second start on a state directory that is in use decides nothing about the
// trial that goes on there.
func TestASecondStartLeavesTheTrialAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	dir, err := state.Open(path)
	require.NoError(t, err)
	defer dir.Close()
	plan := []byte(`{"installed":"x","trial":"` + strings.Repeat("ab", 32) + `","started":true}`)
	require.NoError(t, dir.Write("program.json", plan))
	require.NoError(t, boot(t.Context(), options{state: path}))
	after, err := dir.Read("program.json")
	require.NoError(t, err)
	assert.Equal(t, plan, after)
}
