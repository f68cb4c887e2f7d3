package controller

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"pa/paspeaker/bus"
	"pa/paspeaker/site"
)

const (
	commandNice = 10
	commandRest = time.Second // for a child of the command to let go of its output
	commandSays = 512         // bytes of its last words, for the log
)

// runCommand runs a command of the site's, without a shell, the alert on its
// standard input. It finds PATH and the language in its environment, and the
// alert's id in PASPEAKER_ALERT_ID; it and all that it has started are killed
// when its time is over. An error means that it is to be tried again.
func runCommand(ctx context.Context, c site.AlertCommand, v bus.Alert) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Run[0], c.Run[1:]...)
	cmd.Stdin = bytes.NewReader(v.Body)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=" + os.Getenv("LANG"), "PASPEAKER_ALERT_ID=" + v.ID}
	cmd.Dir = "/"
	var said tail
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = commandRest
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run %s: %w", c.Run[0], err)
	}
	_ = syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, commandNice) // it may be over already
	err := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("run %s: it took longer than %s", c.Run[0], c.Timeout)
	case err != nil:
		return fmt.Errorf("run %s: %w: %s", c.Run[0], err, said.String())
	}
	return nil
}

// tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-commandSays):]
	return len(p), nil
}

func (t *tail) String() string { return strings.ToValidUTF8(strings.TrimSpace(string(t.b)), "\uFFFD") }
