package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// start runs the daemon's command line where it must fail, and returns what
// main would print and its exit code.
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

const park = `site: {id: park, name: Park, time_zone: Asia/Ho_Chi_Minh, interface: lo}
zones: [{id: gates, name: Cổng}]
speakers: [{id: gate-1, name: Cổng 1, zones: [gates]}]
`

// A daemon that cannot start says why in one line, and what to do.
func TestADaemonThatCannotStartSaysWhy(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "bad.yaml")
	require.NoError(t, os.WriteFile(good, []byte(park), 0o600))
	require.NoError(t, os.WriteFile(bad, []byte(strings.Replace(park, "zones: [gates]", "zones: [gats]", 1)), 0o600))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	takenUDP, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer takenUDP.Close()
	free := []string{"--http", "127.0.0.1:0", "--nats", "127.0.0.1:0", "--clock", "127.0.0.1:0"}
	with := func(state string, more ...string) []string {
		return append(append([]string{"--state", filepath.Join(dir, state)}, free...), more...)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no state directory", nil, exitUsage, "--state is missing"},
		{"a word too many", with("a", "serve"), exitUsage, "serve: what is this?"},
		{"an unknown flag", with("a", "--bogus"), exitUsage, "bogus"},
		{"a level that is none", with("a", "--log", "loud"), exitUsage, "want debug, info, warn or error"},
		{"no site file", with("a", "--config", filepath.Join(dir, "none.yaml")), exitUsage, "no such file"},
		{"a bad site file", with("a", "--config", bad), exitUsage, "bad.yaml:3: speakers[0].zones[0]: no zone gats; did you mean gates?"},
		{"a state directory that is a file", with("good.yaml", "--config", good), exitFailed, "give a directory that this user may write"},
		{"the API's port is taken", with("b", "--config", good, "--http", taken.Addr().String()), exitConflict, "choose another with --http"},
		{"the port of NATS is taken", with("c", "--config", good, "--nats", taken.Addr().String()), exitConflict, "is taken"},
		{"the port of the clock is taken", with("d", "--config", good, "--clock", takenUDP.LocalAddr().String()), exitConflict, "choose another with --clock"},
		{"no such interface", with("e", "--config", write(t, dir, "e.yaml", strings.Replace(park, "interface: lo", "interface: eth99", 1))), exitFailed, "site.interface in zones.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, code := start(t, c.args...)
			assert.Equal(t, c.code, code, out)
			assert.Contains(t, out, c.says)
			assert.NotContains(t, strings.TrimSpace(out), "\n", "one line")
		})
	}
}

func write(t *testing.T, dir, name, text string) string {
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestASecondDaemonOnOneStateDirectory(t *testing.T) {
	dir := t.TempDir()
	d := &server{opts: options{state: dir, http: "127.0.0.1:0", nats: "127.0.0.1:0", clock: "127.0.0.1:0", logLevel: "error",
		config: write(t, t.TempDir(), "zones.yaml", park)}}
	require.NoError(t, d.open(t.Context()))
	defer d.close()
	out, code := start(t, "--state", dir, "--http", "127.0.0.1:0", "--nats", "127.0.0.1:0", "--clock", "127.0.0.1:0")
	assert.Equal(t, exitConflict, code)
	assert.Contains(t, out, "is in use by another process")
}

func TestExitCodes(t *testing.T) {
	assert.Equal(t, exitOK, exitCode(nil))
	assert.Equal(t, exitUsage, exitCode(paspeaker.Errorf(paspeaker.CodeInvalid, "x")))
	assert.Equal(t, exitConflict, exitCode(paspeaker.Errorf(paspeaker.CodeConflict, "x")))
	assert.Equal(t, exitFailed, exitCode(paspeaker.Errorf(paspeaker.CodeInternal, "x")))
}
