// Package program decides which program a loudspeaker runs. The installed one is
// never touched: it starts first, looks into the plan in the state directory,
// and hands over to a program that came later. A new one is on trial until it
// has confirmed that it works; whatever ends the trial before (a crash, a
// power cut, a clock that does not lock) brings the one before back, for the
// decision lies on the disk before anything is started.
//
// paspeaker-node's main and the node's order to upgrade use it. It imports the
// language alone.
package program

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"pa/paspeaker"
)

const (
	planFile   = "program.json"
	programDir = "programs"
)

// Plan is what lies on the disk.
type Plan struct {
	Installed string                   `json:"installed,omitempty"` // SHA-256 of the installed program when Good or Trial came: another one means that somebody installed anew
	Good      string                   `json:"good,omitempty"`      // the program that runs; "" is the installed one
	Trial     string                   `json:"trial,omitempty"`     // is to be tried
	Started   bool                     `json:"started,omitempty"`   // and has been
	Failed    *paspeaker.FailedProgram `json:"failed,omitempty"`
}

// boot is the decision at a start: what to run, and what the plan is then.
func (p Plan) boot(installed string, now time.Time) (run string, trial bool, next Plan) {
	switch {
	case (p.Good != "" || p.Trial != "") && p.Installed != installed:
		return "", false, Plan{Failed: p.Failed} // somebody has installed another since
	case p.Trial != "" && !p.Started:
		p.Started = true
		return p.Trial, true, p
	case p.Trial != "":
		p = p.fail("it ended before it had proved itself: a crash, a power cut, or it was stopped", now)
	}
	return p.Good, false, p
}

// fail gives the trial up.
func (p Plan) fail(why string, now time.Time) Plan {
	p.Failed = &paspeaker.FailedProgram{SHA256: p.Trial, Why: why, At: now.UTC()}
	p.Trial, p.Started = "", false
	return p
}

// Slots are the programs of one loudspeaker. Its methods may be called from any
// goroutine.
type Slots struct {
	dir   string // the state directory
	self  string // the program that runs: "" is the installed one
	trial bool
	now   func() time.Time
	read  func() Plan

	mu   sync.Mutex
	plan Plan
}

// Open reads the plan in a state directory. self is the SHA-256 of the program
// that runs, "" for the installed one; trial says that it is on trial. A plan
// that cannot be read counts as none: the installed program always works.
func Open(dir, self string, trial bool) *Slots {
	s := &Slots{dir: dir, self: self, trial: trial, now: time.Now, read: func() Plan { return readPlan(dir) }}
	s.plan = s.read()
	return s
}

func readPlan(dir string) (p Plan) {
	b, err := os.ReadFile(filepath.Join(dir, planFile))
	if err != nil || json.Unmarshal(b, &p) != nil {
		return Plan{}
	}
	for _, sha := range []string{p.Good, p.Trial} {
		if sha != "" && !paspeaker.ValidSHA256(sha) {
			return Plan{}
		}
	}
	return p
}

// Choice is what is to run.
type Choice struct {
	SHA256 string // "" is the installed program
	Path   string // of any other
	Trial  bool
}

// Boot decides at a start of the installed program what is to run. A trial is
// begun only when that can be written down, for else it could be begun for
// ever.
func (s *Slots) Boot() Choice {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan = s.read()
	if s.plan.Good == "" && s.plan.Trial == "" {
		return Choice{}
	}
	installed, err := hashFile("/proc/self/exe")
	if err != nil {
		return Choice{}
	}
	sha, trial, next := s.plan.boot(installed, s.now())
	if sha != "" && !s.whole(sha) {
		if !trial {
			next.Good = ""
			next.Trial = sha
		}
		next = next.fail("its file is damaged or gone", s.now())
		sha, trial = next.Good, false
		if sha != "" && !s.whole(sha) {
			next.Good, sha = "", ""
		}
	}
	if next != s.plan {
		good := s.plan.Good
		if err := s.write(next); err != nil && trial {
			return Choice{SHA256: good, Path: s.path(good)}
		}
	}
	if !trial {
		s.sweep(next)
	}
	return Choice{SHA256: sha, Path: s.path(sha), Trial: trial}
}

func (s *Slots) path(sha string) string {
	if sha == "" {
		return ""
	}
	return filepath.Join(s.dir, programDir, sha)
}

// whole says whether a program's file is what its name says.
func (s *Slots) whole(sha string) bool {
	sum, err := hashFile(s.path(sha))
	return err == nil && sum == sha
}

// Arm has a program that Keep has kept tried at the next start.
func (s *Slots) Arm(sha string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.read()
	if s.self == "" {
		installed, err := hashFile("/proc/self/exe")
		if err != nil {
			return fmt.Errorf("look at the installed program: %w", err)
		}
		p.Installed = installed
	}
	p.Good, p.Trial, p.Started = s.self, sha, false
	return s.write(p)
}

// Confirm ends the trial of the program that runs: it is the good one from now
// on. It does nothing for one that is not on trial.
func (s *Slots) Confirm() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.trial {
		return nil
	}
	p := s.read()
	if p.Trial != s.self {
		return paspeaker.Errorf(paspeaker.CodeConflict, "the trial is over")
	}
	p.Good, p.Trial, p.Started, p.Failed = s.self, "", false, nil
	if err := s.write(p); err != nil {
		return err
	}
	s.trial = false
	s.sweep(p)
	return nil
}

// Undecided says whether a program is still on the trial that Boot began. One
// that has failed was given up by whoever asks; else it has confirmed.
func (s *Slots) Undecided(sha string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.read()
	return p.Trial == sha && p.Started
}

// Fail gives a trial up, unless it has been confirmed.
func (s *Slots) Fail(sha, why string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.read()
	if p.Trial != sha {
		return nil
	}
	return s.write(p.fail(why, s.now()))
}

// Running says which program runs, for the node's report.
func (s *Slots) Running() paspeaker.RunningProgram {
	s.mu.Lock()
	defer s.mu.Unlock()
	return paspeaker.RunningProgram{SHA256: s.self, Arch: runtime.GOARCH, Trial: s.trial, Failed: s.plan.Failed}
}

// Keep writes a program to the disk, durably, under its SHA-256, which it
// checks. fill is given the file.
func (s *Slots) Keep(sha string, fill func(io.Writer) error) (path string, err error) {
	dir := filepath.Join(s.dir, programDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	sum := sha256.New()
	err = fill(io.MultiWriter(f, sum))
	if err == nil && hex.EncodeToString(sum.Sum(nil)) != sha {
		err = paspeaker.Errorf(paspeaker.CodeDenied, "the program that came is not the one that was signed")
	}
	if err == nil {
		err = f.Chmod(0o700)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), s.path(sha))
	}
	if err == nil {
		err = syncDir(dir)
	}
	return s.path(sha), err
}

// Drop removes a program that is not to be tried after all.
func (s *Slots) Drop(sha string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.read(); p.Good != sha && p.Trial != sha {
		os.Remove(s.path(sha))
	}
}

// sweep removes what no plan needs. s.mu is held.
func (s *Slots) sweep(p Plan) {
	dir := filepath.Join(s.dir, programDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.Name() != p.Good && e.Name() != p.Trial && e.Name() != s.self {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// write keeps a plan: whole, and on the disk when it returns. s.mu is held.
func (s *Slots) write(p Plan) error {
	b, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, "."+planFile+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", planFile, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(b, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, planFile))
	}
	if err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", planFile, err)
	}
	s.plan = p
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(f, paspeaker.MaxProgram+1))
	switch {
	case err != nil:
		return "", err
	case n == 0:
		return "", fs.ErrNotExist
	case n > paspeaker.MaxProgram:
		return "", errors.New("too large for a program")
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
