package controller

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/state"
)

func TestWhatIsNoNodesProgramIsNotTakenIn(t *testing.T) {
	dir, err := state.Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	defer dir.Close()
	s := newPrograms(dir)
	self, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	for name, b := range map[string][]byte{"text": []byte("hello"), "nothing": nil, "another program": self, "half a program": self[:1000]} {
		_, err := s.add(bytes.NewReader(b))
		assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err), name)
	}
	_, err = s.add(bytes.NewReader(make([]byte, paspeaker.MaxProgram+2)))
	assert.Equal(t, paspeaker.CodeTooLarge, paspeaker.CodeOf(err))
	entries, err := os.ReadDir(s.dir)
	require.NoError(t, err)
	assert.Empty(t, entries, "nothing is left of them")
	for _, sha := range []string{"", "../token", strings.Repeat("ab", 32)} {
		_, _, err = s.signed(sha, nil)
		assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err), sha)
	}
}

// putProgram writes a program of n bytes as AddProgram would have.
func (r *rig) putProgram(age time.Duration, n int) string {
	r.t.Helper()
	sha := strings.Repeat(string(rune('a'+int(age/time.Hour))), 64)
	require.NoError(r.t, os.MkdirAll(r.programs.dir, 0o700))
	note, err := json.Marshal(paspeaker.Program{SHA256: sha, Size: int64(n), Arch: "arm64", Version: "v2"})
	require.NoError(r.t, err)
	require.NoError(r.t, os.WriteFile(r.programs.path(sha), bytes.Repeat([]byte("x"), n), 0o600))
	require.NoError(r.t, os.WriteFile(r.programs.path(sha)+".json", note, 0o600))
	at := time.Now().Add(-age)
	require.NoError(r.t, os.Chtimes(r.programs.path(sha), at, at))
	return sha
}

func TestOldProgramsMakeRoom(t *testing.T) {
	r := newRig(t, "")
	var all []string
	for h := range 6 {
		all = append(all, r.putProgram(time.Duration(h)*time.Hour, 10))
	}
	r.programs.sweep(all[5])
	for i, sha := range all {
		_, _, err := r.programs.signed(sha, r.identity.Root)
		assert.Equal(t, i < programsKept-1 || i == 5, err == nil, "program %d", i)
	}
	part, err := r.programs.chunk("gate-1", all[0], 4)
	require.NoError(t, err)
	assert.Equal(t, "xxxxxx", string(part))
	part, err = r.programs.chunk("gate-1", all[0], 10)
	require.NoError(t, err)
	assert.Empty(t, part)
}

// An upgrade is over when the node that was started anew says what came of it.
func TestAnUpgradeWaitsForTheNodesWord(t *testing.T) {
	r := newRig(t, "")
	ctx, sha := t.Context(), r.putProgram(0, 10)
	_, err := r.UpgradeNode(ctx, chief, "horn", paspeaker.UpgradeTo{SHA256: sha})
	assert.Equal(t, paspeaker.CodeUnsupported, paspeaker.CodeOf(err))
	_, err = r.UpgradeNode(ctx, chief, "gate-1", paspeaker.UpgradeTo{SHA256: sha})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	_, err = r.UpgradeNode(ctx, chief, "gate-1", paspeaker.UpgradeTo{SHA256: strings.Repeat("0", 64)})
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))

	node := r.nodeBus("gate-1")
	next := make(chan *paspeaker.NodeReport, 2) // what the node says when it has been told
	require.NoError(t, node.OnCommand(func(s paspeaker.SignedCommand) paspeaker.NodeAnswer {
		c, err := paspeaker.OpenCommand(r.identity.Root.Public().(ed25519.PublicKey), s)
		if err != nil || c.Verb != paspeaker.VerbUpgrade {
			return paspeaker.NodeAnswer{Result: json.RawMessage(`{}`)}
		}
		var u paspeaker.Upgrade
		if json.Unmarshal(c.Args, &u) == nil {
			if p, err := paspeaker.OpenProgram(r.identity.Root.Public().(ed25519.PublicKey), u.Program); err == nil && p.SHA256 == sha {
				for len(next) > 0 {
					r.nodes.report(<-next)
				}
			}
		}
		return paspeaker.NodeAnswer{Result: json.RawMessage(`{"version":"2"}`)}
	}))
	r.again("the node listens", func() error { _, err := r.NodeCommand(ctx, chief, "gate-1", "dance", nil); return err })
	says := func(instance string, p paspeaker.RunningProgram) *paspeaker.NodeReport {
		return &paspeaker.NodeReport{ID: "gate-1", Instance: instance, Program: &p}
	}
	next <- says("b", paspeaker.RunningProgram{SHA256: sha, Trial: true})
	next <- says("b", paspeaker.RunningProgram{SHA256: sha})
	out, err := r.UpgradeNode(ctx, chief, "gate-1", paspeaker.UpgradeTo{SHA256: sha})
	require.NoError(t, err)
	assert.Equal(t, sha, out.SHA256)
	_, err = r.UpgradeNode(ctx, chief, "gate-1", paspeaker.UpgradeTo{SHA256: sha})
	require.NoError(t, err, "it runs it already, and is left alone")

	r.nodes.report(says("c", paspeaker.RunningProgram{SHA256: "old"}))
	next <- says("d", paspeaker.RunningProgram{SHA256: "old", Failed: &paspeaker.FailedProgram{SHA256: sha, Why: "it panicked"}})
	_, err = r.UpgradeNode(ctx, chief, "gate-1", paspeaker.UpgradeTo{SHA256: sha})
	assert.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "it panicked")
	entries := r.entriesOf(paspeaker.WhatUpgrade)
	require.Len(t, entries, 2)
	assert.Equal(t, "done", entries[0].Outcome)
	assert.Equal(t, "conflict", entries[1].Outcome)
	assert.Contains(t, entries[1].Detail, "it panicked")
}
