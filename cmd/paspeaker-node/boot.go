package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"pa/paspeaker/program"
	"pa/paspeaker/state"
)

// What a process that was chosen finds in its environment.
const (
	envProgram   = "PASPEAKER_NODE_PROGRAM"   // its SHA-256; without it this is the installed one
	envTrial     = "PASPEAKER_NODE_TRIAL"     // it is on trial
	envInstalled = "PASPEAKER_NODE_INSTALLED" // where the installed one lies
)

// A program that is told to end has so long to do it.
const endWait = 10 * time.Second

// exitStatus is how the program ended that this process stood by.
type exitStatus int

// statusAgain is the status of a program that ends for another to be tried in
// its place: who stands by it starts over.
const statusAgain exitStatus = 75

func (e exitStatus) Error() string { return fmt.Sprintf("the program ended with status %d", int(e)) }

// slots opens the plan of which program is to run, as this process.
func slots(stateDir string) *program.Slots {
	return program.Open(stateDir, os.Getenv(envProgram), os.Getenv(envTrial) != "")
}

// boot hands over to the program that is to run; it returns nil when that is
// this one, and an exitStatus when the other has ended. Nothing is opened yet, so that the other finds everything free.
func boot(ctx context.Context, o options) error {
	if os.Getenv(envProgram) != "" {
		return nil
	}
	// Where another process lives in the state directory, its plan is not
	// touched, and run says so.
	dir, err := state.Open(o.state)
	if err != nil {
		return nil
	}
	s := slots(o.state)
	choice := s.Boot()
	if err := dir.Close(); err != nil {
		return fmt.Errorf("close the state directory: %w", err)
	}
	switch {
	case choice.Path == "":
		return nil
	case choice.Trial:
		return mind(ctx, s, choice, o.trial)
	}
	err = syscall.Exec(choice.Path, os.Args, environment(choice.SHA256, false))
	fmt.Fprintf(os.Stderr, "paspeaker-node: %s does not start (%v); the installed program runs\n", choice.Path, err)
	return nil
}

// next makes room for the program that is to be tried: who stands by this one
// starts over, or this one does.
func next() error {
	if os.Getenv(envTrial) != "" {
		return statusAgain
	}
	return startOver()
}

// startOver begins again with the installed program, which boots.
func startOver() error {
	installed := os.Getenv(envInstalled)
	if installed == "" {
		installed = "/proc/self/exe"
	}
	return fmt.Errorf("start over: %w", syscall.Exec(installed, os.Args, environment("", false)))
}

// environment is this process's own, for the program with the SHA-256 given.
func environment(sha string, trial bool) []string {
	installed := os.Getenv(envInstalled)
	if installed == "" {
		installed, _ = os.Executable() // "" means /proc/self/exe
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return name == envProgram || name == envTrial || name == envInstalled
	})
	if sha != "" {
		env = append(env, envProgram+"="+sha, envInstalled+"="+installed)
	}
	if trial {
		env = append(env, envTrial+"=1")
	}
	return env
}

// mind runs a program on trial and stands by: until it has confirmed that it
// works, whatever ends it or keeps it from that brings the one before back.
// After that this process only waits for its end, which is its own.
func mind(ctx context.Context, s *program.Slots, choice program.Choice, patience time.Duration) error {
	last := &lastLine{}
	cmd := exec.Command(choice.Path, os.Args[1:]...)
	cmd.Env = environment(choice.SHA256, true)
	cmd.Stdin, cmd.Stdout = os.Stdin, os.Stdout
	cmd.Stderr = last
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the child dies with the thread that started it
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return giveUp(s, choice, "it does not start: "+err.Error())
	}
	trial := time.NewTimer(patience)
	defer trial.Stop()
	over := trial.C
	for {
		select {
		case err := <-ended:
			status := asExit(err)
			switch {
			case !s.Undecided(choice.SHA256) && status == statusAgain:
				return startOver()
			case !s.Undecided(choice.SHA256):
				return status
			case ctx.Err() != nil:
				return exitStatus(exitOK) // both were told to end; the next start takes it for a failure
			}
			return giveUp(s, choice, fmt.Sprintf("it ended by itself (%v): %s", orWell(err), last))
		case <-ctx.Done():
			end(cmd, ended)
			return exitStatus(exitOK)
		case <-over:
			if !s.Undecided(choice.SHA256) {
				over = nil
				continue
			}
			end(cmd, ended)
			if !s.Undecided(choice.SHA256) { // won in the last moment
				return startOver()
			}
			return giveUp(s, choice, fmt.Sprintf("it did not lock its clock and report within %s: %s", patience, last))
		}
	}
}

// giveUp goes back to the program before.
func giveUp(s *program.Slots, choice program.Choice, why string) error {
	if err := s.Fail(choice.SHA256, why); err != nil {
		fmt.Fprintln(os.Stderr, "paspeaker-node: write down that the trial failed:", err) // the next start knows it, too
	}
	fmt.Fprintln(os.Stderr, "paspeaker-node: the new program is given up:", why)
	return startOver()
}

// end tells the child to end, and makes it.
func end(cmd *exec.Cmd, ended <-chan error) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(endWait):
		_ = cmd.Process.Kill()
		<-ended
	}
}

func orWell(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// asExit makes the child's end this program's own.
func asExit(err error) exitStatus {
	var status *exec.ExitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return exitStatus(max(status.ExitCode(), exitFailed)) // -1 is a signal
	}
	return exitFailed
}

// lastLine passes a program's errors on and remembers the last one, or why it
// crashed. One goroutine writes, and it is read when that has ended. A line may
// come in pieces: a crash is written word by word.
type lastLine struct {
	line, part []byte
	final      bool // line says why the program crashed: what follows is its stack
}

// maxLine bounds what is remembered of a line, bytes.
const maxLine = 300

// Write implements io.Writer.
func (l *lastLine) Write(b []byte) (int, error) {
	for piece := range bytes.Lines(b) {
		l.part = append(l.part, piece[:min(len(piece), max(0, maxLine-len(l.part)))]...)
		if piece[len(piece)-1] == '\n' {
			l.keep()
		}
	}
	return os.Stderr.Write(b)
}

// keep takes the line that is whole by now, if it says anything.
func (l *lastLine) keep() {
	line := bytes.TrimSpace(l.part)
	if len(line) > 0 && !l.final {
		l.final = bytes.HasPrefix(line, []byte("panic: ")) || bytes.HasPrefix(line, []byte("fatal error: "))
		l.line = append(l.line[:0], line...)
	}
	l.part = l.part[:0]
}

func (l *lastLine) String() string {
	l.keep() // what ended without a line's end
	if len(l.line) == 0 {
		return "it said nothing"
	}
	return strings.ToValidUTF8(string(l.line), "?")
}
