// Package state is a directory on disk that one process owns: secrets, keys,
// the term, the last good configuration. Controller and node keep there what
// they must know before anything else of the house runs, so it needs neither
// NATS nor network. Files are replaced whole (write, fsync, rename), so that a
// power cut leaves the old or the new one, never a half.
package state

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"pa/paspeaker"
)

// Dir is an open state directory. Its methods may be called from any
// goroutine as long as no two write one name at once.
type Dir struct {
	path string
	lock *os.File
}

// Open makes the directory (mode 0700) when it is missing, proves that it can
// be written and locks it against a second process. The error names the
// remedy: CodeConflict when another process holds it, CodeUnavailable when it
// cannot be written.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, unwritable(path, err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unwritable(path, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &paspeaker.Error{Code: paspeaker.CodeConflict,
				What: "state directory " + path + " is in use by another process",
				Hint: "stop the other one, or give this one its own --state directory"}
		}
		return nil, unwritable(path, err)
	}
	d := &Dir{path: path, lock: lock}
	// A full disk must not keep a site silent that ran before, so only a
	// directory that refuses names is refused here; writing is tried by Write.
	return d, nil
}

func unwritable(path string, err error) error {
	return &paspeaker.Error{Code: paspeaker.CodeUnavailable,
		What: "open state directory " + path, Err: err,
		Hint: "give a directory that this user may write, with --state"}
}

// Path returns the full path of a name in the directory.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Close gives the lock back.
func (d *Dir) Close() error { return d.lock.Close() }

// Read returns a file's content, fs.ErrNotExist when there is none.
func (d *Dir) Read(name string) ([]byte, error) { return os.ReadFile(d.Path(name)) }

// Write replaces a file, mode 0600, durably: it returns when the content and
// the name are on disk.
func (d *Dir) Write(name string, b []byte) error {
	tmp, err := os.CreateTemp(d.path, "."+name+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), d.Path(name))
	}
	if err == nil {
		err = d.sync()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func (d *Dir) sync() error {
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Secret returns the n random bytes kept under name, made at the first call.
// The file holds them in hexadecimal. made says that they are new.
func (d *Dir) Secret(name string, n int) (secret []byte, made bool, err error) {
	b, err := d.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		secret = make([]byte, n)
		rand.Read(secret)
		return secret, true, d.Write(name, []byte(hex.EncodeToString(secret)+"\n"))
	}
	if err != nil {
		return nil, false, fmt.Errorf("read %s: %w", name, err)
	}
	secret, err = hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(secret) != n {
		return nil, false, &paspeaker.Error{Code: paspeaker.CodeInternal,
			What: d.Path(name) + " is damaged: want " + fmt.Sprint(2*n) + " hexadecimal digits",
			Hint: "restore it from a backup; deleting it means that every node must enrol again"}
	}
	return secret, false, nil
}
