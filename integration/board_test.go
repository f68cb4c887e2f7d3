package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pa/paspeaker"
)

// glass is a terminal of 80×24 with `paspeaker watch` behind it: keys go in,
// and what was drawn is kept.
type glass struct {
	s     *site
	tty   *os.File
	drawn *lockedBuffer
	gone  chan error
}

func (s *site) watch() *glass {
	s.t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(s.t, err)
	require.NoError(s.t, unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	require.NoError(s.t, err)
	require.NoError(s.t, unix.IoctlSetWinsize(int(ours.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}))
	theirs, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(s.t, err)
	cmd := exec.Command(filepath.Join(s.bin, "paspeaker"), "watch", "--url", "http://"+s.http, "--token-file", s.path("state/token"))
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(s.t, cmd.Start())
	require.NoError(s.t, theirs.Close())
	g := &glass{s: s, tty: ours, drawn: &lockedBuffer{}, gone: make(chan error, 1)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		b := make([]byte, 4096)
		for {
			n, err := ours.Read(b)
			_, _ = g.drawn.Write(b[:n])
			if err != nil { // the program at the other end is gone
				return
			}
		}
	}()
	go func() { g.gone <- cmd.Wait() }()
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has left already unless the test has failed
		<-read
		ours.Close()
	})
	return g
}

func (g *glass) key(k string) {
	g.s.t.Helper()
	_, err := g.tty.WriteString(k)
	require.NoError(g.s.t, err)
}

// shows waits until a text has been drawn so many times. Only what changes is
// drawn: a text is looked for where nothing like it stood before.
func (g *glass) shows(text string, times int) {
	g.s.t.Helper()
	g.s.eventually("the board shows "+text, func() bool { return strings.Count(g.drawn.String(), text) >= times })
}

// TestTheBoardShowsTheSiteAndStops: the board on a terminal before a real
// controller shows what is there and on air, stops it with two keys, says when
// the controller is gone and goes on when it is back.
func TestTheBoardShowsTheSiteAndStops(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	g := s.watch()
	g.shows("Cổng số 1", 1)
	tone := s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "freq": 500, "length": "120s", "name": "Kiểm-tra-loa"})
	g.shows("Kiểm-tra-loa", 1)
	g.key("sy")
	assert.Equal(t, paspeaker.OutcomeStopped, s.over(tone.ID, "gate-1").Outcome)

	_ = s.ctl.end(syscall.SIGKILL)
	g.shows("CONTROLLER NOT REACHABLE", 1)
	s.startController()
	g.shows("controller answers", 2)
	g.key("q")
	require.NoError(t, <-g.gone)
	g.shows("\x1b[?1049l", 1) // the terminal is as it was; its last words may still be on their way
}
