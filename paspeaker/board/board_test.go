package board

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"pa/paspeaker"
)

// screenful opens a terminal of 80×24 that nobody sees: what is written to our
// end are keys, what comes out of it is the picture.
func screenful(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(int(ours.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}))
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	return ours, theirs
}

// seen is everything that was drawn, without its colours.
type seen struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (s *seen) read(f *os.File) {
	b := make([]byte, 4096)
	for {
		n, err := f.Read(b)
		s.mu.Lock()
		s.all.Write(b[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// has says whether a text was drawn so many times; one that replaces another is
// drawn only where they differ, and is not found.
func (s *seen) has(text string, times int) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Count(ansi.Strip(s.all.String()), text) >= times
	}
}

// The whole board on a terminal: it draws, takes keys, runs an errand, stops
// what it is told to, leaves, and gives the terminal back as it was.
func TestTheBoardOnATerminal(t *testing.T) {
	defer goleak.VerifyNone(t)
	t.Setenv("TERM", "xterm-256color")
	ours, theirs := screenful(t)
	before, err := unix.IoctlGetTermios(int(theirs.Fd()), unix.TCGETS)
	require.NoError(t, err)
	var screen seen
	drawn := make(chan struct{})
	go func() { defer close(drawn); screen.read(ours) }()
	c := &controller{all: park(5), events: make(chan paspeaker.Event), broken: make(chan struct{})}
	left := make(chan error, 1)
	var talked atomic.Bool
	cfg := Config{Controller: c, Talk: func(paspeaker.ZoneID) Errand { return &errandFake{ran: &talked} }}
	go func() { left <- show(t.Context(), cfg, &terminal{theirs, theirs}) }()
	eventually := func(what string, is func() bool) {
		t.Helper()
		require.Eventually(t, is, 30*time.Second, 10*time.Millisecond, what)
	}
	key := func(k string) {
		_, err := ours.WriteString(k)
		require.NoError(t, err)
	}
	eventually("the board is drawn", screen.has("loa-0005", 1))
	key("t")
	eventually("somebody talks", talked.Load)
	eventually("the board is drawn anew", screen.has("loa-0005", 2))
	key("sy")
	eventually("it is stopped", func() bool { return len(c.stops()) > 0 })
	key("q")
	require.NoError(t, <-left)
	after, err := unix.IoctlGetTermios(int(theirs.Fd()), unix.TCGETS)
	require.NoError(t, err)
	assert.Equal(t, before.Lflag, after.Lflag, "echo and lines are back")
	require.NoError(t, theirs.Close())
	require.NoError(t, ours.Close())
	<-drawn
	assert.Equal(t, []paspeaker.SessionID{fire}, c.stops())
}

func TestTheBoardEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	t.Setenv("TERM", "xterm-256color")
	ours, theirs := screenful(t)
	var screen seen
	drawn := make(chan struct{})
	go func() { defer close(drawn); screen.read(ours) }()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	c := &controller{all: park(5), events: make(chan paspeaker.Event), broken: make(chan struct{})}
	go func() { left <- show(ctx, Config{Controller: c}, &terminal{theirs, theirs}) }()
	require.Eventually(t, screen.has("KCX", 1), 30*time.Second, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-left)
	require.NoError(t, theirs.Close())
	require.NoError(t, ours.Close())
	<-drawn
}
