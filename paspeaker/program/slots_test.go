package program

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/paspeaker"
)

var (
	one, two = strings.Repeat("1", 64), strings.Repeat("2", 64)
	noon     = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

func TestWhatRunsAtAStart(t *testing.T) {
	failed := func(sha string) *paspeaker.FailedProgram {
		return &paspeaker.FailedProgram{SHA256: sha, At: noon, Why: "it ended before it had proved itself: a crash, a power cut, or it was stopped"}
	}
	for name, c := range map[string]struct {
		plan, next Plan
		run        string
		trial      bool
	}{
		"nothing ever came":                 {Plan{}, Plan{}, "", false},
		"a good one":                        {Plan{Installed: "i", Good: one}, Plan{Installed: "i", Good: one}, one, false},
		"a trial begins":                    {Plan{Installed: "i", Good: one, Trial: two}, Plan{Installed: "i", Good: one, Trial: two, Started: true}, two, true},
		"a trial of the first one":          {Plan{Installed: "i", Trial: two}, Plan{Installed: "i", Trial: two, Started: true}, two, true},
		"the power failed during the trial": {Plan{Installed: "i", Good: one, Trial: two, Started: true}, Plan{Installed: "i", Good: one, Failed: failed(two)}, one, false},
		"and there was none before":         {Plan{Installed: "i", Trial: two, Started: true}, Plan{Installed: "i", Failed: failed(two)}, "", false},
		"somebody installed another":        {Plan{Installed: "x", Good: one}, Plan{}, "", false},
		"and there was a trial":             {Plan{Installed: "x", Good: one, Trial: two, Started: true, Failed: failed(one)}, Plan{Failed: failed(one)}, "", false},
	} {
		run, trial, next := c.plan.boot("i", noon)
		assert.Equal(t, c.run, run, name)
		assert.Equal(t, c.trial, trial, name)
		assert.Equal(t, c.next, next, name)
	}
}

// However often a node starts without confirming, a program is tried once.
func TestAProgramIsTriedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Plan{Installed: "i", Good: rapid.SampledFrom([]string{"", one}).Draw(t, "good")}
		good, trials := p.Good, 0
		p.Trial = two
		for range rapid.IntRange(1, 10).Draw(t, "starts") {
			run, trial, next := p.boot("i", noon)
			if trial {
				trials++
			} else if run != good {
				t.Fatalf("%q runs, and %q is good", run, good)
			}
			p = next
		}
		if trials != 1 {
			t.Fatalf("tried %d times", trials)
		}
	})
}

// keep puts a program with a content into slots.
func keep(t *testing.T, s *Slots, content string) (sha, path string) {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	sha = hex.EncodeToString(sum[:])
	path, err := s.Keep(sha, func(w io.Writer) error { _, err := io.WriteString(w, content); return err })
	require.NoError(t, err)
	return sha, path
}

func TestTheWholeWayOfAProgram(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir, "", false)
	assert.Equal(t, Choice{}, s.Boot())
	assert.Equal(t, paspeaker.RunningProgram{Arch: runtime.GOARCH}, s.Running())
	sha, path := keep(t, s, "a program")
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	require.NoError(t, s.Arm(sha))

	assert.Equal(t, Choice{SHA256: sha, Path: path, Trial: true}, Open(dir, "", false).Boot())
	child := Open(dir, sha, true)
	assert.True(t, child.Running().Trial)
	assert.True(t, s.Undecided(sha))
	require.NoError(t, child.Confirm())
	assert.False(t, child.Running().Trial)
	assert.False(t, s.Undecided(sha))
	require.NoError(t, s.Fail(sha, "too late"), "what has been confirmed stays")
	assert.Equal(t, Choice{SHA256: sha, Path: path}, Open(dir, "", false).Boot())

	// The next one fails; the one before runs again, and the failure is told.
	good := Open(dir, sha, false)
	bad, badPath := keep(t, good, "a broken program")
	require.NoError(t, good.Arm(bad))
	minder := Open(dir, "", false)
	assert.Equal(t, Choice{SHA256: bad, Path: badPath, Trial: true}, minder.Boot())
	require.NoError(t, minder.Fail(bad, "it panicked"))
	assert.Error(t, Open(dir, bad, true).Confirm(), "too late")
	assert.Equal(t, Choice{SHA256: sha, Path: path}, Open(dir, "", false).Boot())
	f := Open(dir, sha, false).Running().Failed
	require.NotNil(t, f)
	assert.Equal(t, bad, f.SHA256)
	assert.Equal(t, "it panicked", f.Why)
	assert.NoFileExists(t, badPath, "what nobody needs is removed")

	// A file that rots is not run.
	require.NoError(t, os.WriteFile(path, []byte("rot"), 0o700))
	assert.Equal(t, Choice{}, Open(dir, "", false).Boot())
	assert.Contains(t, Open(dir, "", false).Running().Failed.Why, "damaged")
}

func TestATrialThatCannotBeWrittenDownIsNotBegun(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir, "", false)
	sha, _ := keep(t, s, "a program")
	require.NoError(t, s.Arm(sha))
	// The plan becomes a directory as soon as it was read: nothing can be
	// renamed into its place.
	boot := Open(dir, "", false)
	boot.now = func() time.Time { return noon }
	plan := filepath.Join(dir, planFile)
	text, err := os.ReadFile(plan)
	require.NoError(t, err)
	boot.read = func() Plan {
		p := readPlan(dir)
		os.Remove(plan)
		os.Mkdir(plan, 0o700)
		return p
	}
	assert.Equal(t, Choice{}, boot.Boot())
	assert.Error(t, boot.Arm(sha))
	require.NoError(t, os.Remove(plan))
	require.NoError(t, os.WriteFile(plan, text, 0o600))
	assert.True(t, Open(dir, "", false).Boot().Trial, "it was not begun, and is begun when it can be written down")

	// In /proc even root writes nothing.
	_, err = Open("/proc/self", "", false).Keep(sha, func(io.Writer) error { return nil })
	assert.Error(t, err)
}

func TestAPlanThatIsNoneCountsAsNone(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"good":"../../bin/sh"}`, `{"trial":"x"}`} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, planFile), []byte(text), 0o600))
		assert.Equal(t, Choice{}, Open(dir, "", false).Boot(), text)
	}
}

func FuzzPlan(f *testing.F) {
	f.Add([]byte(`{"good":"` + one + `","trial":"` + two + `","started":true}`))
	f.Add([]byte(`{"installed":"x","good":"../x"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, planFile), text, 0o600))
		if c := Open(dir, "", false).Boot(); c.Path != "" {
			t.Fatalf("runs %s, which is not there", c.Path)
		}
	})
}

func TestOnlyTheProgramThatWasSignedIsKept(t *testing.T) {
	s := Open(t.TempDir(), "", false)
	_, err := s.Keep(one, func(w io.Writer) error { _, err := w.Write([]byte("another")); return err })
	assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err))
	entries, err := os.ReadDir(filepath.Join(s.dir, programDir))
	require.NoError(t, err)
	assert.Empty(t, entries, "and nothing of it is left")
	sha, path := keep(t, s, "one")
	s.Drop(sha)
	assert.NoFileExists(t, path)
}

func TestArch(t *testing.T) {
	require.NoError(t, CheckArch("/proc/self/exe", runtime.GOARCH))
	err := CheckArch("/proc/self/exe", "mips")
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
	_, err = Arch(bytes.NewReader([]byte("#!/bin/sh\n")))
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
	assert.Error(t, CheckArch(filepath.Join(t.TempDir(), "none"), "arm"))
	// A header of another machine (byte 18: e_machine).
	head, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	head = bytes.Clone(head)
	head[18], head[19] = 8, 0 // MIPS
	_, err = Arch(bytes.NewReader(head))
	assert.ErrorContains(t, err, "which no node is")
}

func FuzzArch(f *testing.F) {
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = Arch(bytes.NewReader(b)) })
}
