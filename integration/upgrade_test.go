package integration

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// brokenNode is a program of the right name and version that does not work: it
// panics at once or, when the environment says so, does nothing for ever.
const brokenNode = `package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	for _, a := range os.Args[1:] {
		if a == "--version" {
			fmt.Println("paspeaker-node version 9.9-broken")
			return
		}
	}
	if os.Getenv("BROKEN_NODE") == "hangs" {
		<-time.After(time.Hour)
	}
	panic("no such board")
}
`

// otherNodes builds a newer version of paspeaker-node and a broken one.
var otherNodes = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "other-nodes-"); err != nil {
		return "", err
	}
	newer := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=9.1-newer", "-o", filepath.Join(dir, "newer"), "../cmd/paspeaker-node")
	newer.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := newer.CombinedOutput(); err != nil {
		return "", paspeaker.Errorf(paspeaker.CodeInternal, "build a newer node: %w: %s", err, out)
	}
	// The broken one is of the same package, its files replaced.
	room, err := filepath.Abs("../cmd/paspeaker-node")
	if err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(room, "*.go"))
	if err != nil {
		return "", err
	}
	replace := make(map[string]string)
	for _, f := range files {
		replace[f] = ""
	}
	replace[filepath.Join(room, "main.go")] = filepath.Join(dir, "broken.go")
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "broken.go"), []byte(brokenNode), 0o600)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600)
	}
	if err != nil {
		return "", err
	}
	broken := exec.Command("go", "build", "-trimpath", "-overlay", filepath.Join(dir, "overlay.json"), "-o", filepath.Join(dir, "broken"), "../cmd/paspeaker-node")
	broken.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := broken.CombinedOutput(); err != nil {
		return "", paspeaker.Errorf(paspeaker.CodeInternal, "build a broken node: %w: %s", err, out)
	}
	return dir, nil
})

// types runs the command line against the site.
func (s *site) types(args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(s.bin, "paspeaker"), append(args, "--url", "http://"+s.http, "--token-file", s.path("state/token"))...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// exitOf is a program's exit status.
func exitOf(err error) int {
	var e *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.ExitCode()
	}
	return -1
}

// A node takes over a newer version and keeps it over a restart; a broken one
// that panics, one that never reports, and one whose trial is cut by a power
// failure are taken back by themselves, and the loudspeaker is heard again.
func TestAProgramIsUpgradedAndABrokenOneIsTakenBack(t *testing.T) {
	t.Parallel()
	dir, err := otherNodes()
	require.NoError(t, err)
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	old := s.speaker("gate-1").Report
	require.NotNil(t, old.Program)
	require.Empty(t, old.Program.SHA256, "the installed one runs")

	out, err := s.types("node", "upgrade", "gate-1", "--file", filepath.Join(dir, "newer"))
	require.NoError(t, err, "%s\n%s", out, s.nodes["gate-1"].log)
	now := s.speaker("gate-1").Report
	assert.Equal(t, "9.1-newer", now.Version)
	assert.False(t, now.Program.Trial)
	newer := now.Program.SHA256
	assert.Contains(t, out, newer[:12])

	// A broken one panics: the newer one runs again, in the same supervisor's
	// child, and says why.
	out, err = s.types("node", "upgrade", "gate-1", "horn", "--file", filepath.Join(dir, "broken"))
	assert.Equal(t, 3, exitOf(err), out)
	assert.Contains(t, out, "has gone back to the program before")
	assert.Contains(t, out, "1 further loudspeakers were not touched")
	now = s.speaker("gate-1").Report
	assert.Equal(t, "9.1-newer", now.Version)
	require.NotNil(t, now.Program.Failed)
	assert.Contains(t, now.Program.Failed.Why, "it ended by itself (exit status 2): panic: no such board")
	s.online("gate-1")
	s.heardAt("gate-1")

	// One that never reports is given up in time; and when the power fails
	// meanwhile, the next start knows it.
	starts := strings.Count(s.nodes["gate-1"].log.String(), "msg=paspeaker-node ")
	require.NoError(t, s.nodes["gate-1"].end(syscall.SIGTERM))
	assert.Equal(t, starts, strings.Count(s.nodes["gate-1"].log.String(), "msg=paspeaker-node "), "who stood by does not start again")
	s.nodeEnv = []string{"BROKEN_NODE=hangs"}
	s.runNode("gate-1", "--upgrade-trial", "2s")
	s.online("gate-1")
	assert.Equal(t, newer, s.speaker("gate-1").Report.Program.SHA256, "it is kept over a restart")
	out, err = s.types("node", "upgrade", "gate-1", "--file", filepath.Join(dir, "broken"))
	assert.Equal(t, 3, exitOf(err), out)
	assert.Contains(t, out, "did not lock its clock and report within 2s")
	s.online("gate-1")

	require.NoError(t, s.nodes["gate-1"].end(syscall.SIGTERM))
	s.runNode("gate-1")
	s.online("gate-1")
	asked := make(chan error, 1)
	go func() {
		_, err := s.types("node", "upgrade", "gate-1", "--file", filepath.Join(dir, "broken"))
		asked <- err
	}()
	plan := s.path("node-gate-1/program.json")
	s.eventually("the trial has begun", func() bool {
		b, _ := os.ReadFile(plan)
		return strings.Contains(string(b), `"started": true`)
	})
	_ = s.nodes["gate-1"].end(syscall.SIGKILL)
	s.nodeEnv = nil
	s.eventually("nobody holds the state directory", func() bool { return s.lockFree("node-gate-1/lock") })
	s.runNode("gate-1")
	s.online("gate-1")
	assert.Equal(t, 3, exitOf(<-asked))
	now = s.speaker("gate-1").Report
	assert.Equal(t, newer, now.Program.SHA256)
	assert.Contains(t, now.Program.Failed.Why, "power cut")
	s.heardAt("gate-1")
}

// lockFree says whether no process holds a lock file.
func (s *site) lockFree(name string) bool {
	f, err := os.Open(s.path(name))
	if err != nil {
		return true
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// heardAt announces a tone and waits until a loudspeaker's output has said that
// it sounded.
func (s *site) heardAt(id string) {
	s.t.Helper()
	session := s.announce(map[string]any{"source": "tone", "freq": 1000, "length": "1s", "speakers": []string{id}})
	s.eventually(id+" says that it was heard", func() bool {
		for _, r := range s.session(session.ID).Receipts {
			if string(r.Node) == id && r.Done && r.Played > 50 {
				return true
			}
		}
		return false
	})
}

// A node that is on air is not upgraded, nor is one offline or another maker's;
// a file that is no paspeaker-node reaches none.
func TestWhoIsNotUpgraded(t *testing.T) {
	t.Parallel()
	dir, err := otherNodes()
	require.NoError(t, err)
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"horn", "--file", filepath.Join(dir, "newer")}, 2, "third-party"},
		{[]string{"road-1", "--file", filepath.Join(dir, "newer")}, 4, "offline"},
		{[]string{"gate-1", "--file", filepath.Join(s.bin, "paspeaker")}, 2, "is not a paspeaker-node"},
		{[]string{"gate-1", "--file", filepath.Join(dir, "broken.go")}, 2, "not a program"},
	} {
		out, err := s.types(append([]string{"node", "upgrade"}, c.args...)...)
		assert.Equal(t, c.code, exitOf(err), "%v: %s", c.args, out)
		assert.Contains(t, out, c.says)
	}
	session := s.announce(map[string]any{"source": "tone", "freq": 1000, "length": "60s", "speakers": []string{"gate-1"}})
	s.eventually("it sounds", func() bool { return s.plays("gate-1", session.ID) })
	out, err := s.types("node", "upgrade", "gate-1", "--file", filepath.Join(dir, "newer"))
	assert.Equal(t, 3, exitOf(err), out)
	assert.Contains(t, out, "is on air")
}
