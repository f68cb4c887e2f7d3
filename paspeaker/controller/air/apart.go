package air

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// Mode is the first argument that makes a program the engine's process.
	Mode = "air-child"

	maxMessage  = 192 << 10              // bytes of an order or an event: what a socket passes in one piece
	giveUpAfter = 250 * time.Millisecond // an engine that takes no order for so long is hung
	quietAfter  = 5 * time.Second        // and one that says nothing for so long
	endWithin   = 2 * time.Second        // it is killed when it does not end by itself
	socketFD    = 3                      // the child's end
)

// Apart returns an engine in a process of its own. program starts it, its last
// argument Mode: {"/proc/self/exe", Mode} where the program itself is the child.
// tell must not wait.
func Apart(program []string, tell func(Event), log *slog.Logger) (Link, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("start the voice's engine: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "engine")
	defer theirs.Close()
	conn, err := packetConn(os.NewFile(uintptr(pair[0]), "controller"))
	if err != nil {
		return nil, fmt.Errorf("start the voice's engine: %w", err)
	}
	cmd := exec.Command(program[0], program[1:]...)
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the voice's engine: %w", errors.Join(err, conn.Close()))
	}
	return &apart{cmd: cmd, conn: conn, tell: tell, log: log}, nil
}

// packetConn takes over one end of a socket pair.
func packetConn(f *os.File) (*net.UnixConn, error) {
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%T is not a local socket", c), c.Close())
	}
	return conn, nil
}

// apart is an engine's process, seen from the controller's.
type apart struct {
	cmd  *exec.Cmd
	tell func(Event)
	log  *slog.Logger

	mu   sync.Mutex // one order at a time
	conn *net.UnixConn
	gone bool

	heard atomic.Int64 // events so far
}

// Do implements Link.
func (a *apart) Do(o Order) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer o.release()
	if a.gone {
		return ErrGone
	}
	var fds []int
	for _, r := range o.rings() {
		fds = append(fds, int(r.file.Fd()))
	}
	if o.Open != nil && o.Open.Units != nil {
		return o.Open.Units(func(fd int) error { return a.send(o, append(fds, fd)) })
	}
	return a.send(o, fds)
}

func (a *apart) send(o Order, fds []int) error {
	text, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("encode order: %w", err)
	}
	if len(text) > maxMessage {
		return fmt.Errorf("%w: %d bytes, want at most %d", ErrOrder, len(text), maxMessage)
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	if err := a.conn.SetWriteDeadline(time.Now().Add(giveUpAfter)); err == nil {
		_, _, err = a.conn.WriteMsgUnix(text, rights, nil)
		if err == nil {
			return nil
		}
	}
	a.gone = true
	_ = a.cmd.Process.Kill() // it hangs, or it is dead already; Run says so
	return fmt.Errorf("%w: it takes no orders", ErrGone)
}

// Run implements Link: it hears what the engine says.
func (a *apart) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, a.bid)
	defer stop()
	watched := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { a.watch(watched) })
	readErr := a.listen()
	close(watched)
	watch.Wait()
	a.mu.Lock()
	a.gone = true
	a.mu.Unlock()
	killed := time.AfterFunc(endWithin, func() { _ = a.cmd.Process.Kill() })
	err := a.cmd.Wait()
	killed.Stop()
	closeErr := a.conn.Close()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%w by itself: %w", ErrGone, errors.Join(err, readErr, closeErr))
}

// bid lets the engine's process end: it does when it hears no more.
func (a *apart) bid() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone = true
	_ = a.conn.CloseWrite()
}

// listen passes events on until the engine has ended.
func (a *apart) listen() error {
	buf := make([]byte, maxMessage)
	for {
		n, err := a.conn.Read(buf)
		if err != nil {
			return nil // the process has ended; Wait says why
		}
		a.heard.Add(1)
		var ev Event
		if err := json.Unmarshal(buf[:n], &ev); err != nil {
			a.log.Error("the voice's engine speaks nonsense", "err", err)
			continue
		}
		a.tell(ev)
	}
}

// watch kills an engine that has fallen silent: one that hangs is worse than
// none, which is started again.
func (a *apart) watch(done <-chan struct{}) {
	look := time.NewTicker(quietAfter)
	defer look.Stop()
	for last := int64(-1); ; {
		select {
		case <-look.C:
			if n := a.heard.Load(); n != last {
				last = n
				continue
			}
			a.log.Error("the voice's engine hangs, ended")
			_ = a.cmd.Process.Kill()
		case <-done:
			return
		}
	}
}

// Close implements Link.
func (a *apart) Close() {
	a.bid()
	_ = a.cmd.Process.Kill()
	_ = a.cmd.Wait()
	a.conn.Close()
}
