package air

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

const (
	spareThreads = 4   // above the cores: a thread back from a system call must find a free place to run
	collectAt    = 400 // percent of growth: the heap is small, and the collector's threads run as real-time ones
	waitingSaid  = 1024
)

// Main is the engine's process: it serves the controller that started it, and
// returns the exit status when that has closed the socket or died.
func Main(stderr io.Writer) int {
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	// Whoever ends the controller, at a terminal or as a service manager, signals
	// this process too: the goodbye must still be said.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	runtime.GOMAXPROCS(runtime.NumCPU() + spareThreads)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	hasten()
	conn, err := packetConn(os.NewFile(socketFD, "controller"))
	if err == nil {
		err = serve(conn, log)
	}
	if err != nil {
		log.Error("the voice's engine", "err", err)
		return 1
	}
	return 0
}

// serve carries out what conn says until it is closed.
func serve(conn *net.UnixConn, log *slog.Logger) error {
	said := make(chan Event, waitingSaid)
	g, ctx := errgroup.WithContext(context.Background())
	ctx, cancel := context.WithCancel(ctx)
	e := NewEngine(func(ev Event) { say(ctx, said, ev) }, log)
	g.Go(func() error { return e.Run(ctx) })
	g.Go(func() error { return write(ctx, conn, said) })
	g.Go(func() error {
		defer cancel()
		return hear(conn, e)
	})
	g.Go(func() error {
		<-ctx.Done()
		return conn.Close()
	})
	return g.Wait()
}

// say hands an event to the goroutine that writes. A pacer's thread never waits
// for it; counts that come too fast are left out, the next say as much.
func say(ctx context.Context, said chan<- Event, ev Event) {
	select {
	case said <- ev:
	default:
		if ev.Stats != nil {
			return
		}
		go func() {
			select {
			case said <- ev:
			case <-ctx.Done():
			}
		}()
	}
}

func write(ctx context.Context, conn *net.UnixConn, said <-chan Event) error {
	for {
		select {
		case ev := <-said:
			text, err := json.Marshal(ev)
			if err != nil {
				return fmt.Errorf("encode event: %w", err)
			}
			if _, err := conn.Write(text); err != nil {
				return nil // the controller is gone: hear says so
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// hear carries out orders until the controller says no more.
func hear(conn *net.UnixConn, e *Engine) error {
	buf, oob := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(4*4))
	for {
		n, oobn, flags, _, err := conn.ReadMsgUnix(buf, oob)
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET):
			return nil
		case err != nil:
			return fmt.Errorf("hear orders: %w", err)
		case flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0:
			return fmt.Errorf("hear orders: %w: cut off", ErrOrder)
		}
		o, err := decode(buf[:n], oob[:oobn])
		if err == nil {
			err = e.Do(o)
		}
		if err != nil {
			e.tell(Event{Trouble: &Trouble{What: err.Error()}})
		}
	}
}

// decode puts an order and the files that came with it together.
func decode(text, oob []byte) (Order, error) {
	files, err := received(oob)
	if err != nil {
		return Order{}, err
	}
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	var o Order
	if err := json.Unmarshal(text, &o); err != nil {
		return Order{}, fmt.Errorf("%w: %w", ErrOrder, err)
	}
	next := func() (*Ring, error) {
		if len(files) == 0 {
			return nil, fmt.Errorf("%w: a ring is missing", ErrOrder)
		}
		f := files[0]
		files = files[1:]
		defer f.Close()
		return mapRing(f)
	}
	switch {
	case o.Load != nil:
		if o.Load.HasSound {
			o.Load.sound, err = next()
		}
		if o.Load.Live != nil && err == nil {
			o.Load.live, err = next()
		}
	case o.Open != nil && len(files) > 0:
		f := files[0]
		files = files[1:]
		o.Open.Units = func(use func(fd int) error) error {
			defer f.Close()
			return use(int(f.Fd()))
		}
	}
	return o, err
}

// received takes the files out of a message's rights.
func received(oob []byte) ([]*os.File, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOrder, err)
	}
	var out []*os.File
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			out = append(out, os.NewFile(uintptr(fd), "received"))
		}
	}
	return out, nil
}
