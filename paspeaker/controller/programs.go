package controller

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/program"
	"pa/paspeaker/state"
)

const (
	programsKept = 4 // the newest; one for each architecture, and one to spare
	nodeCommand  = "/cmd/paspeaker-node"
)

// programs are the programs of nodes that this controller has taken in, files
// in its state directory. It may be used from any goroutine.
type programs struct {
	dir string
	mu  sync.Mutex // while one comes in
}

func newPrograms(dir *state.Dir) *programs { return &programs{dir: dir.Path("programs")} }

// AddProgram takes a paspeaker-node in, so that nodes can be upgraded to it.
// CodeInvalid: it is none; CodeTooLarge: of more than 64 MiB.
func (c *Controller) AddProgram(_ context.Context, by paspeaker.Caller, r io.Reader) (paspeaker.Program, error) {
	p, err := c.programs.add(r)
	if err == nil {
		c.record(paspeaker.Entry{What: paspeaker.WhatProgram, By: by.By, From: by.From, Name: p.Version,
			Detail: fmt.Sprintf("%s, %d bytes, sha256 %s", p.Arch, p.Size, p.SHA256)})
	}
	return p, err
}

func (s *programs) add(r io.Reader) (p paspeaker.Program, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return p, noRoom(err)
	}
	f, err := os.CreateTemp(s.dir, ".new-*")
	if err != nil {
		return p, noRoom(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	sum := sha256.New()
	in := io.TeeReader(io.LimitReader(r, paspeaker.MaxProgram+1), sum)
	if p.Size, err = io.Copy(f, in); err != nil {
		return p, noRoom(err)
	}
	if p.Size > paspeaker.MaxProgram {
		return p, paspeaker.Errorf(paspeaker.CodeTooLarge, "the program is larger than %d bytes", paspeaker.MaxProgram)
	}
	p.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if p.Arch, err = program.Arch(f); err != nil {
		return p, err
	}
	info, err := buildinfo.Read(f)
	if err != nil || !strings.HasSuffix(info.Path, nodeCommand) {
		return p, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "this program is not a paspeaker-node", Hint: "give the file bin/paspeaker-node, or bin/ARCH/paspeaker-node of make build-all"}
	}
	p.Version = info.Main.Version
	if err := f.Sync(); err != nil {
		return p, noRoom(err)
	}
	note, err := json.Marshal(p)
	if err == nil {
		err = os.WriteFile(s.path(p.SHA256)+".json", note, 0o600)
	}
	if err == nil {
		err = os.Rename(f.Name(), s.path(p.SHA256))
	}
	if err != nil {
		return p, noRoom(err)
	}
	s.sweep(p.SHA256)
	return p, nil
}

func noRoom(err error) error {
	return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "keep the program", Err: err, Hint: "is the controller's disk full?"}
}

func (s *programs) path(sha string) string { return filepath.Join(s.dir, sha) }

// sweep keeps the newest few.
func (s *programs) sweep(newest string) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return
	}
	type aged struct {
		name string
		at   time.Time
	}
	var all []aged
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && paspeaker.ValidSHA256(e.Name()) && e.Name() != newest {
			all = append(all, aged{e.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b aged) int { return b.at.Compare(a.at) })
	for _, old := range all[min(len(all), programsKept-1):] {
		os.Remove(s.path(old.name))
		os.Remove(s.path(old.name) + ".json")
	}
}

// signed returns a program's description, and the same signed.
func (s *programs) signed(sha string, root ed25519.PrivateKey) (p paspeaker.Program, out paspeaker.SignedProgram, err error) {
	unknown := &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "no program " + sha, Hint: "upload it first: paspeaker node upgrade does"}
	if !paspeaker.ValidSHA256(sha) {
		return p, out, unknown
	}
	b, err := os.ReadFile(s.path(sha) + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return p, out, unknown
	}
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil || p.SHA256 != sha {
		return p, out, fmt.Errorf("read program %s: %w", sha, errors.Join(err, unknown))
	}
	out, err = paspeaker.SignProgram(root, p)
	return p, out, err
}

// chunk returns the next bytes of a program, for a node.
func (s *programs) chunk(_ paspeaker.SpeakerID, sha string, offset int64) ([]byte, error) {
	f, err := os.Open(s.path(sha))
	if err != nil {
		return nil, paspeaker.Errorf(paspeaker.CodeNotFound, "no program %s", sha)
	}
	defer f.Close()
	b := make([]byte, paspeaker.MaxProgramChunk)
	n, err := f.ReadAt(b, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read program %s: %w", sha, err)
	}
	return b[:n], nil
}
