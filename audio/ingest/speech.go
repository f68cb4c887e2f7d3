package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"pa/audio/source"
)

// Errors of text to speech.
var (
	// ErrNoSpeech means that the speech program is not installed.
	ErrNoSpeech = errors.New("speech program is not installed")
	// ErrSpeech means that the speech program did not speak.
	ErrSpeech = errors.New("speech program failed")
)

// speak has a program read the text on its standard input and write a
// recording to its standard output, which is decoded as it comes.
func speak(ctx context.Context, command []string, text io.Reader, limits source.Limits) (*source.Clip, error) {
	program, err := exec.LookPath(command[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSpeech, command[0])
	}
	cmd := exec.CommandContext(ctx, program, command[1:]...)
	cmd.Stdin = text
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	complaint := &tail{limit: 400}
	cmd.Stderr = complaint
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: start %s: %w", ErrSpeech, command[0], err)
	}
	clip, decodeErr := source.Decode(ctx, out, limits)
	if errors.Is(decodeErr, source.ErrTooLarge) {
		_ = cmd.Process.Kill() // it would wait for a reader
	}
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(decodeErr, source.ErrTooLarge), errors.Is(decodeErr, source.ErrTooLong):
		return nil, decodeErr
	case waitErr != nil:
		return nil, fmt.Errorf("%w: %s: %w: it says %q", ErrSpeech, command[0], waitErr, complaint.String())
	case decodeErr != nil:
		return nil, fmt.Errorf("%w: %s wrote no recording: %w: it says %q", ErrSpeech, command[0], decodeErr, complaint.String())
	}
	return clip, nil
}
