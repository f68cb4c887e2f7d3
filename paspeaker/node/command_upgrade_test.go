package node

import (
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/playout"
	"pa/paspeaker"
	"pa/paspeaker/program"
)

// upgradeTo is an order to run a program, signed by a key.
func upgradeTo(t *testing.T, key ed25519.PrivateKey, p paspeaker.Program) paspeaker.Upgrade {
	t.Helper()
	s, err := paspeaker.SignProgram(key, p)
	require.NoError(t, err)
	return paspeaker.Upgrade{Program: s}
}

func TestAProgramIsRefusedBeforeAnythingIsTouched(t *testing.T) {
	dir := t.TempDir()
	n, _ := atBench(t, dir)
	n.restart = make(chan struct{})
	good := paspeaker.Program{SHA256: strings.Repeat("ab", 32), Size: 10, Arch: runtime.GOARCH}
	other := good
	other.Arch = "mips"
	_, e := do[paspeaker.Upgraded](t, n, paspeaker.VerbUpgrade, upgradeTo(t, rootKey(), good))
	require.NotNil(t, e)
	assert.Equal(t, paspeaker.CodeUnsupported, e.Code, "it has one program, and keeps it")

	n.cfg.Slots = program.Open(dir, "", false)
	stranger := ed25519.NewKeyFromSeed(append(make([]byte, 31), 1))
	for name, c := range map[string]struct {
		order paspeaker.Upgrade
		code  paspeaker.Code
	}{
		"another's signature":   {upgradeTo(t, stranger, good), paspeaker.CodeDenied},
		"no program at all":     {paspeaker.Upgrade{}, paspeaker.CodeDenied},
		"another architecture":  {upgradeTo(t, rootKey(), other), paspeaker.CodeUnsupported},
		"nobody to fetch it of": {upgradeTo(t, rootKey(), good), paspeaker.CodeUnavailable},
	} {
		_, e := do[paspeaker.Upgraded](t, n, paspeaker.VerbUpgrade, c.order)
		require.NotNil(t, e, name)
		assert.Equal(t, c.code, e.Code, name)
	}
	// While anything is on air there, nothing is even fetched.
	n.mixer.Push(playout.Packet{Session: 1, SSRC: 1, Rank: 1 << 24, PT: 97, TPlay: n.cfg.Now(), Arrived: n.cfg.Now(), Unlocked: true, Payload: make([]byte, 960)})
	_, e = do[paspeaker.Upgraded](t, n, paspeaker.VerbUpgrade, upgradeTo(t, rootKey(), good))
	require.NotNil(t, e)
	assert.Equal(t, paspeaker.CodeBusy, e.Code)
	n.cfg.Slots = program.Open(dir, good.SHA256, false)
	_, e = do[paspeaker.Upgraded](t, n, paspeaker.VerbUpgrade, upgradeTo(t, rootKey(), good))
	require.NotNil(t, e)
	assert.Equal(t, paspeaker.CodeConflict, e.Code, "it runs it already")
	n.cfg.Slots = program.Open(dir, strings.Repeat("cd", 32), true)
	_, e = do[paspeaker.Upgraded](t, n, paspeaker.VerbUpgrade, upgradeTo(t, rootKey(), good))
	require.NotNil(t, e)
	assert.Contains(t, e.What, "trying a program")
	assert.NoFileExists(t, filepath.Join(dir, "program.json"))
	select {
	case <-n.restart:
		t.Fatal("it starts over")
	default:
	}
}

// A program must do as little as say its version to be tried at all.
func TestAProgramThatDoesNotStartIsNotTried(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"crashes":         "#!/bin/sh\nexit 1\n",
		"another program": "#!/bin/sh\necho paspeakerd version 1\n",
		"no program":      "hello",
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
		_, err := sayVersion(t.Context(), path)
		assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err), name)
	}
	path := filepath.Join(dir, "good")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\necho paspeaker-node version 9.1-newer\n"), 0o700))
	version, err := sayVersion(t.Context(), path)
	require.NoError(t, err)
	assert.Equal(t, "9.1-newer", version)
}

func TestATrialIsWonByAClockThatLocksAndAnAnswer(t *testing.T) {
	dir := t.TempDir()
	sha := strings.Repeat("ab", 32)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "program.json"), []byte(`{"trial":"`+sha+`","started":true}`), 0o600))
	n, _ := atBench(t, dir)
	n.cfg.Slots = program.Open(dir, sha, true)
	report := func(change func(*paspeaker.NodeReport)) paspeaker.NodeReport {
		running := n.cfg.Slots.Running()
		r := paspeaker.NodeReport{Program: &running, Clock: paspeaker.ClockState{State: "locked"}}
		change(&r)
		return r
	}
	n.proveItself(report(func(*paspeaker.NodeReport) {}))
	assert.True(t, n.cfg.Slots.Running().Trial, "the controller has not answered")
	n.fetched.Store(true)
	n.proveItself(report(func(r *paspeaker.NodeReport) { r.Clock.State = "free-run" }))
	n.proveItself(report(func(r *paspeaker.NodeReport) { r.Output.Fault = "no card" }))
	assert.True(t, n.cfg.Slots.Running().Trial)
	n.proveItself(report(func(*paspeaker.NodeReport) {}))
	assert.False(t, n.cfg.Slots.Running().Trial)
	b, err := os.ReadFile(filepath.Join(dir, "program.json"))
	require.NoError(t, err)
	var plan program.Plan
	require.NoError(t, json.Unmarshal(b, &plan))
	assert.Equal(t, program.Plan{Good: sha}, plan)
}
