// Package hub is the NATS server that a controller carries: JetStream with
// synced writes in one directory, and a door at which every node shows its
// nkey and is given its own subjects and no more.
//
// paspeakerd starts it; nobody else does, and nothing else in the house
// imports nats-server. It promises that what JetStream has acknowledged is on
// the disk, that nothing but TLS leaves the machine, and that it never ends the
// process: what is wrong comes back as one line.
package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"pa/paspeaker"
)

// Config says where a hub listens, where it keeps its data and whom it knows.
type Config struct {
	// Addr is the IP address and port to listen on, "127.0.0.1:4222" when
	// empty. Port 0 takes a free one.
	Addr string
	// Dir is where JetStream keeps its data; it is made when missing. One hub
	// holds it at a time.
	Dir string
	// TLS is what the hub shows to nodes, TLS 1.3 at least. It may be nil when
	// Addr is a loopback address.
	TLS *tls.Config
	// Allow returns the id of the node that owns an nkey's public key ("U…"),
	// or false. It is called for every connection, from many goroutines. Nil
	// allows no node.
	Allow func(nkeyPublic string) (node string, ok bool)
	// Log may be nil.
	Log *slog.Logger
}

// InProcess makes connections to the hub that never touch a network.
type InProcess interface {
	InProcessConn() (net.Conn, error)
}

// Hub is a running NATS server.
type Hub struct {
	server *server.Server
	door   *door
	host   netip.Addr
	dir    string
	lock   *os.File
	tls    bool
	log    *slog.Logger

	trouble atomic.Pointer[string] // why nothing can be stored; nil: all is well

	shut    sync.Once
	stopped chan struct{} // closed when Shutdown begins
}

const (
	defaultAddr = "127.0.0.1:4222"
	// What JetStream may take. The journal, the library and the others have
	// limits of their own, whose sum the server must not find too large, though
	// the disk may be smaller than it: what is full then says so.
	maxMemory = 32 << 20
	maxStore  = 1 << 40
	// A voice's bookkeeping is small; what is larger is a mistake or an attack.
	maxPayload = 1 << 20
	maxPending = 8 << 20
	// 1,000 loudspeakers, twice over while they all reconnect.
	maxConns = 4096
	maxSubs  = 256
)

// Start starts a hub and returns when it accepts connections. Its errors are
// *paspeaker.Error: CodeConflict when the port or the directory is taken,
// CodeInvalid when the config is wrong, CodeUnavailable when the directory
// cannot be written.
func Start(cfg Config) (*Hub, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	addr, err := listenAddr(cfg)
	if err != nil {
		return nil, err
	}
	d, err := newDoor(cfg.Allow)
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	h := &Hub{door: d, host: addr.Addr(), dir: cfg.Dir, lock: lock, tls: cfg.TLS != nil, log: cfg.Log, stopped: make(chan struct{})}
	if err := h.start(addr, cfg.TLS); err != nil {
		lock.Close()
		return nil, err
	}
	return h, nil
}

func (h *Hub) start(addr netip.AddrPort, tlsConfig *tls.Config) error {
	s, err := server.NewServer(options(addr, h.dir, tlsConfig, h.door))
	if err != nil {
		return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "start NATS", Err: err}
	}
	logs := newLogger(h.log)
	s.SetLoggerV2(logs, false, false, false)
	// Start returns when the listener is open, or after one fatal line.
	s.Start()
	if text := logs.fatal(); text != "" {
		s.Shutdown()
		return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "start NATS: " + text}
	}
	h.server = s
	h.look()
	return nil
}

func options(addr netip.AddrPort, dir string, tlsConfig *tls.Config, d *door) *server.Options {
	port := int(addr.Port())
	if port == 0 {
		port = server.RANDOM_PORT
	}
	if tlsConfig != nil {
		tlsConfig = tlsConfig.Clone()
		tlsConfig.MinVersion = tls.VersionTLS13
	}
	return &server.Options{
		ServerName: "paspeaker",
		Host:       addr.Addr().String(),
		Port:       port,
		NoSigs:     true,
		NoLog:      true, // the logger is set by hand

		TLSConfig:                  tlsConfig,
		TLSTimeout:                 5,
		AuthTimeout:                5,
		AlwaysEnableNonce:          true,
		CustomClientAuthentication: d,

		MaxConn:      maxConns,
		MaxSubs:      maxSubs,
		MaxPayload:   maxPayload,
		MaxPending:   maxPending,
		PingInterval: 20 * time.Second,
		MaxPingsOut:  2,

		JetStream:              true,
		StoreDir:               dir,
		SyncAlways:             true,
		JetStreamMaxMemory:     maxMemory,
		JetStreamMaxStore:      maxStore,
		DisableJetStreamBanner: true,
	}
}

// listenAddr checks what can be checked before anything is started, so that
// the error is the operating system's own.
func listenAddr(cfg Config) (netip.AddrPort, error) {
	if cfg.Addr == "" {
		cfg.Addr = defaultAddr
	}
	addr, err := netip.ParseAddrPort(cfg.Addr)
	if err != nil {
		return addr, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("NATS address %q: not an address and port", cfg.Addr),
			Hint: "write it like 127.0.0.1:4222 or [::]:4222"}
	}
	if cfg.TLS == nil && !addr.Addr().Unmap().IsLoopback() {
		return addr, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("NATS address %s leaves this machine and there is no certificate", addr),
			Hint: "give it TLS, or listen on 127.0.0.1"}
	}
	if cfg.Dir == "" {
		return addr, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "NATS has no directory for its data"}
	}
	l, err := net.Listen("tcp", addr.String())
	if errors.Is(err, syscall.EADDRINUSE) {
		return addr, &paspeaker.Error{Code: paspeaker.CodeConflict, What: fmt.Sprintf("NATS address %s is taken", addr),
			Hint: "stop the program that listens there, or choose another port"}
	}
	if err != nil {
		return addr, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("NATS address %s", addr), Err: errors.Unwrap(err),
			Hint: "choose an address of this machine"}
	}
	return addr, l.Close()
}

// lockDir makes the directory and holds it for this process; the kernel lets
// go of it when the process ends, however it ends.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unwritable(dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "hub.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unwritable(dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, &paspeaker.Error{Code: paspeaker.CodeConflict, What: fmt.Sprintf("NATS directory %s is in use", dir),
			Hint: "another paspeakerd runs on it; stop it, or choose another state directory"}
	}
	return f, nil
}

func unwritable(dir string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: fmt.Sprintf("NATS directory %s cannot be written", dir), Err: err,
		Hint: "make it writable for this user, or choose another state directory"}
}

// URL returns where nodes connect: "nats://127.0.0.1:4222" or "tls://…".
func (h *Hub) URL() string {
	if h.tls {
		return "tls://" + h.Addr().String()
	}
	return "nats://" + h.Addr().String()
}

// Addr returns where the hub listens, with the port it has taken.
func (h *Hub) Addr() netip.AddrPort {
	tcp, ok := h.server.Addr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(h.host, tcp.AddrPort().Port())
}

// InProcess returns the controller's way in, for bus.Config.
func (h *Hub) InProcess() InProcess { return h.server }

// Seed returns the nkey seed with which the controller has full rights, for
// bus.Config. It is made at each start and lives in memory alone.
func (h *Hub) Seed() string { return h.door.seed }

// Recheck asks Allow again about every node that is connected, and cuts off
// those that it no longer knows. It is called after a reload.
func (h *Hub) Recheck() {
	conns, err := h.server.Connz(&server.ConnzOptions{Username: true, Limit: maxConns})
	if err != nil {
		return
	}
	for _, c := range conns.Conns {
		if c.AuthorizedUser != h.door.public && h.door.node(c.AuthorizedUser) == "" {
			h.log.Info("cut off a node that is no longer known", "node", c.Name, "from", c.IP)
			_ = h.server.DisconnectClientByID(c.Cid) // it may have gone by itself
		}
	}
}

// Run waits until ctx is done, then shuts the hub down and returns nil. It
// returns an error when the server ended by itself. While it runs it brings
// JetStream back after a full disk.
func (h *Hub) Run(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		h.server.WaitForShutdown()
		close(ended)
	}()
	revive := time.NewTicker(lookEvery)
	defer revive.Stop()
	for {
		select {
		case <-ctx.Done():
			h.Shutdown()
			<-ended
			return nil
		case <-ended:
			select {
			case <-h.stopped:
				return nil
			default:
				h.Shutdown()
				return &paspeaker.Error{Code: paspeaker.CodeInternal, What: "NATS ended by itself"}
			}
		case <-revive.C:
			h.tend()
		}
	}
}

// Shutdown ends the hub and waits until it has; it may be called twice.
func (h *Hub) Shutdown() {
	h.shut.Do(func() {
		close(h.stopped)
		h.server.Shutdown()
		h.server.WaitForShutdown()
		h.lock.Close()
	})
}
