package site

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"pa/paspeaker"
)

// maxAssignments is the size in bytes of a file of assignments; maxZones of
// them are a twentieth of it.
const maxAssignments = 4 << 20

// readAssignments reads the file; none yet is none. A file that does not make
// sense is an error, never an empty one: that would move every group.
func readAssignments(path string) (assignments, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return assignments{}, nil
	}
	if err != nil {
		return nil, assignmentsError("read", path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxAssignments+1))
	if err != nil {
		return nil, assignmentsError("read", path, err)
	}
	if len(b) > maxAssignments {
		return nil, assignmentsError("read", path, errors.New("larger than 4 MiB"))
	}
	kept, err := parseAssignments(b)
	if err != nil {
		return nil, assignmentsError("read", path, err)
	}
	return kept, nil
}

// parseAssignments reads a JSON object of groups by whose they are.
func parseAssignments(b []byte) (assignments, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	kept := assignments{}
	if err := dec.Decode(&kept); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	owner := map[uint32]string{}
	for _, key := range slices.Sorted(maps.Keys(kept)) {
		g := kept[key]
		if !g.IsValid() || g.Port() == 0 {
			return nil, fmt.Errorf("%q has no group", key)
		}
		if what, _ := whyNotGroup(g.Addr()); what != "" {
			return nil, fmt.Errorf("%q: %s %s", key, g.Addr(), what)
		}
		if other, ok := owner[etherGroup(g.Addr())]; ok {
			return nil, fmt.Errorf("%q and %q have the same group %s", other, key, g.Addr())
		}
		owner[etherGroup(g.Addr())] = key
	}
	return kept, nil
}

// writeAssignments replaces the file: whoever reads it, even after a loss of
// power, finds the old one or the new one whole.
func writeAssignments(path string, kept assignments) error {
	b, err := json.MarshalIndent(map[string]netip.AddrPort(kept), "", "  ")
	if err != nil {
		return assignmentsError("write", path, err)
	}
	if err := replaceFile(path, append(b, '\n')); err != nil {
		return assignmentsError("write", path, err)
	}
	return nil
}

// replaceFile writes beside path, and moves it there once it is on disk. A file
// that a kill left beside is overwritten.
func replaceFile(path string, b []byte) error {
	beside := path + ".new"
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// assignmentsError says what is wrong with the file and what to do.
func assignmentsError(verb, path string, err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	e := &paspeaker.Error{Code: paspeaker.CodeInternal, What: verb + " assigned groups " + path, Err: err}
	switch {
	case verb == "write" && errors.Is(err, syscall.ENOSPC):
		e.Hint = "free space on the disk"
	case verb == "write" || errors.Is(err, fs.ErrPermission):
		e.Hint = "let the controller write its state directory"
	default:
		e.Hint = "restore the file from a backup; without it every zone gets a new group"
	}
	return e
}
