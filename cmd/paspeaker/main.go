// Paspeaker is the command line of a public-address site: it announces, stops,
// and shows what is on air.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"pa/paspeaker"
)

// version is set by the build.
var version = "dev"

// Exit codes, documented in --help.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitBusy        = 3
	exitUnreachable = 4
	exitNotFound    = 5
	exitDenied      = 6
	exitNotHeard    = 7
	exitNotSilent   = 8
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program on the spot
	g := &globals{in: os.Stdin, out: os.Stdout, errOut: os.Stderr}
	root := newRoot(g)
	root.SetArgs(negatives(os.Args[1:]))
	err := root.ExecuteContext(ctx)
	stop()
	printError(os.Stderr, g.errorLanguage(), err)
	os.Exit(exitCode(err))
}

type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errNotHeard says that a loudspeaker of ours did not sound it, or did not say.
var errNotHeard = errors.New("not heard everywhere")

// errNotProved says that a receipt is not signed as it should be.
var errNotProved = errors.New("not proved")

// errNotSilent says that a loudspeaker sounds though everything was stopped.
var errNotSilent = errors.New("not silent everywhere")

// exitCode is the one table of errors and exit codes.
func exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, errNotHeard):
		return exitNotHeard
	case errors.Is(err, errNotSilent):
		return exitNotSilent
	}
	switch paspeaker.CodeOf(err) {
	case paspeaker.CodeInvalid, paspeaker.CodeUnsupported, paspeaker.CodeTooLarge:
		return exitUsage
	case paspeaker.CodeBusy, paspeaker.CodeConflict:
		return exitBusy
	case paspeaker.CodeUnavailable:
		return exitUnreachable
	case paspeaker.CodeNotFound:
		return exitNotFound
	case paspeaker.CodeDenied:
		return exitDenied
	}
	return exitFailed
}

// printError says what happened and, on a line of its own, what to do.
func printError(w io.Writer, l language, err error) {
	if err == nil || errors.Is(err, errSaid) {
		return
	}
	var e *paspeaker.Error
	if errors.As(err, &e) {
		what := e.What
		if e.Err != nil && !strings.Contains(what, e.Err.Error()) {
			what += ": " + e.Err.Error()
		}
		fmt.Fprintln(w, "paspeaker:", l.say(what))
		if e.Hint != "" {
			fmt.Fprintln(w, "  "+l.say(e.Hint))
		}
		return
	}
	fmt.Fprintln(w, "paspeaker:", l.say(err.Error()))
}
