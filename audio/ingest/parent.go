package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"pa/audio"
)

// result is what a child made of a recording.
type result struct {
	report report
	work
}

// run has a child follow an order with all of r as its input.
func (g *Ingester) run(ctx context.Context, r io.Reader, o order) (result, error) {
	input, err := g.spool(ctx, r, o.Limits.MaxBytes)
	if err != nil {
		return result{}, err
	}
	defer input.Close()
	slots := g.decoding
	if o.Treat != nil {
		slots = g.preparing
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return result{}, fmt.Errorf("decode sound: %w", ctx.Err())
	}
	limit := o.time(g.cfg.Time)
	o.Memory, o.CPU = o.memory(), uint64(limit/time.Second)+1
	limited, cancel := context.WithTimeoutCause(ctx, limit, ErrOutOfTime)
	defer cancel()
	type answer struct {
		result
		err error
	}
	done := make(chan answer, 1)
	go func() {
		// Linux sends the death signal when the thread that forked ends, not
		// the process: this one lives until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		out, err := g.child(limited, input, o)
		done <- answer{out, err}
	}()
	a := <-done
	return a.result, a.err
}

// child starts one, reads what it says, and waits for its end.
func (g *Ingester) child(ctx context.Context, input *os.File, o order) (result, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return result{}, fmt.Errorf("encode order: %w", err)
	}
	cmd := exec.CommandContext(ctx, g.cfg.Program[0], append(slices.Clone(g.cfg.Program[1:]), string(text))...)
	cmd.Env = environment(o)
	cmd.Stdin = input
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	complaint := &tail{limit: 4096}
	cmd.Stderr = complaint
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return result{}, fmt.Errorf("%w: %w", ErrNoChild, err)
	}
	rep, made, readErr := read(out, int64(o.Limits.MaxLength/time.Millisecond)*audio.Rate/1000+audio.Rate)
	if readErr != nil {
		_ = cmd.Cancel() // it is gone, or it talks nonsense; its group goes with it
	}
	waitErr := cmd.Wait()
	if readErr != nil {
		err := ending(ctx, waitErr, complaint.String())
		g.cfg.Log.Warn("decoder ended without a result", "err", err, "read", readErr, "wait", waitErr, "said", complaint.String())
		return result{}, fmt.Errorf("decode sound: %w", err)
	}
	if err := rep.err(); err != nil {
		return result{}, err
	}
	return result{rep, made}, nil
}

// ending says why a child gave no answer.
func ending(ctx context.Context, err error, complaint string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGXCPU {
			return ErrOutOfTime
		}
	}
	// What Go's runtime says when the kernel gives no more, wherever it asked.
	for _, words := range []string{"out of memory", "cannot allocate memory", "failed to allocate", "failed to reserve",
		"cannot map pages", "failed to create new OS thread"} {
		if strings.Contains(complaint, words) {
			return ErrOutOfMemory
		}
	}
	return ErrCrashed
}

// environment is what a child gets to know: where programs are, and how to
// keep house.
func environment(o order) []string {
	env := []string{"GOMAXPROCS=1", "GOTRACEBACK=single", fmt.Sprintf("GOMEMLIMIT=%d", o.Memory*3/4)}
	for _, name := range []string{"PATH", "LANG", "LC_ALL", "HOME", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// tail keeps the first bytes that a child complains with.
type tail struct {
	limit int
	text  []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b[:min(len(b), t.limit-len(t.text))]...)
	return len(b), nil
}

func (t *tail) String() string { return strings.TrimSpace(string(t.text)) }
