package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// edit opens text in the person's editor ($VISUAL, $EDITOR, else vi) and
// returns what they saved. When check finds a fault the fault is written at the
// top, each line behind "# ! ", and the editor opened again; saving it without
// a change then gives up. A text that was not changed comes back as it was.
func (g *globals) edit(ctx context.Context, name string, text []byte, check func([]byte) error) ([]byte, error) {
	dir, err := os.MkdirTemp("", "paspeaker-edit-*")
	if err != nil {
		return nil, fmt.Errorf("open editor: %w", err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, name)
	for now := text; ; {
		if err := os.WriteFile(path, now, 0o600); err != nil {
			return nil, fmt.Errorf("open editor: %w", err)
		}
		if err := g.openEditor(ctx, path); err != nil {
			return nil, err
		}
		saved, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read what was edited: %w", err)
		}
		if bytes.Equal(saved, now) && !bytes.Equal(now, text) {
			return nil, fmt.Errorf("%w", errNothingDone)
		}
		saved = withoutFaults(saved)
		if bytes.Equal(saved, text) {
			return saved, nil
		}
		fault := check(saved)
		if fault == nil {
			return saved, nil
		}
		now = append(faultLines(g.language(), fault), saved...)
	}
}

// openEditor runs the editor, which may be a program with arguments.
func (g *globals) openEditor(ctx context.Context, path string) error {
	words := strings.Fields(first(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi"))
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], path)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return usageError{fmt.Errorf("editor %s is not installed; set EDITOR to one that is", words[0])}
		}
		return fmt.Errorf("editor %s: %w", words[0], err)
	}
	return nil
}

const faultMark = "# ! "

func faultLines(l language, err error) []byte {
	var b bytes.Buffer
	for line := range strings.Lines(l.say(err.Error())) {
		fmt.Fprintf(&b, "%s%s\n", faultMark, strings.TrimRight(line, "\n"))
	}
	return b.Bytes()
}

// withoutFaults takes the lines out that faultLines has put at the top.
func withoutFaults(text []byte) []byte {
	for bytes.HasPrefix(text, []byte(faultMark)) {
		_, rest, found := bytes.Cut(text, []byte("\n"))
		if !found {
			return nil
		}
		text = rest
	}
	return text
}
