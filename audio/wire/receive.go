package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	groupsPerSocket = 20 // the system's usual limit, net.ipv4.igmp_max_memberships
	watchEvery      = time.Second
	retryMost       = 8 // × watchEvery between attempts to join
)

// ErrStopped is returned by a Receiver or ClockServer whose Run has ended.
var ErrStopped = errors.New("stopped")

// Datagram is what came in.
type Datagram struct {
	Data []byte // valid during the call only
	From netip.AddrPort
	To   netip.AddrPort // the group, or our own address
	At   int64          // local ns at which the kernel received it
}

// ReceiverConfig configures a Receiver.
type ReceiverConfig struct {
	Interface string                 // to join groups on; "" = by route
	Clock     func() int64           // local monotonic ns; nil = since the process began
	Wall      func(unix int64) int64 // for tests: what this process's wall clock shows; nil = the system's
	Log       *slog.Logger           // nil = slog.Default
}

// Receiver listens to multicast groups. One that was given groups must be run,
// for Run closes its sockets.
type Receiver struct {
	cfg    ReceiverConfig
	wake   chan struct{} // tells Run that there are sockets to read
	handle sync.Mutex    // one datagram at a time

	mu      sync.Mutex
	index   int // of the interface when it was last used
	wanted  map[netip.AddrPort]bool
	socks   []*groupSocket
	stopped bool
}

// groupSocket is a socket with up to groupsPerSocket memberships on one port.
type groupSocket struct {
	*socket
	groups  map[netip.AddrPort]bool
	reading bool
}

// NewReceiver returns a Receiver that has joined nothing.
func NewReceiver(cfg ReceiverConfig) *Receiver {
	if cfg.Clock == nil {
		cfg.Clock = processClock
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Receiver{cfg: cfg, wake: make(chan struct{}, 1)}
}

// SetGroups joins the groups that are new and leaves those that are gone, in
// any number, before Run or while it runs. The error says which groups could
// not be joined now; while Run runs, they are tried again.
func (r *Receiver) SetGroups(groups []netip.AddrPort) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return fmt.Errorf("set groups: %w", ErrStopped)
	}
	r.wanted = make(map[netip.AddrPort]bool, len(groups))
	for _, g := range groups {
		r.wanted[unmap(g)] = true
	}
	return r.settle()
}

// Refresh leaves and joins every group again at once. A switch that snoops
// IGMP without a querier forgets its ports after minutes; this reminds it.
func (r *Receiver) Refresh() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var failed []error
	for _, s := range r.socks {
		for g := range s.groups {
			if err := errors.Join(s.leave(g, r.index), s.join(g, r.index)); err != nil {
				delete(s.groups, g) // settle tries again
				failed = append(failed, fmt.Errorf("refresh group %s: %w", g, err))
			}
		}
	}
	return errors.Join(failed...)
}

// Run receives until ctx is done, closes every socket and returns nil. handle
// is called by one goroutine at a time. When the interface goes and comes
// back, the groups are joined again.
func (r *Receiver) Run(ctx context.Context, handle func(Datagram)) error {
	var readers sync.WaitGroup
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	wait, pause := 0, 1
	for {
		r.startReaders(ctx, &readers, handle)
		select {
		case <-ctx.Done():
			r.stop()
			readers.Wait()
			return nil
		case <-r.wake:
		case <-watch.C:
			if wait--; wait > 0 {
				continue
			}
			if err := r.check(); err != nil {
				r.cfg.Log.Warn("multicast groups missing, will try again", "error", err)
				pause = min(2*pause, retryMost)
				wait = pause
			} else {
				wait, pause = 0, 1
			}
		}
	}
}

// check looks whether the interface is still the same one, and joins what is
// not joined.
func (r *Receiver) check() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	index, err := interfaceIndex(r.cfg.Interface)
	if err != nil {
		r.closeAll() // memberships of a lost interface are dead, and count
		return err
	}
	if index != r.index {
		r.closeAll()
	}
	return r.settle()
}

// settle makes the memberships what is wanted. The caller holds mu.
func (r *Receiver) settle() error {
	kept := r.socks[:0]
	for _, s := range r.socks {
		for g := range s.groups {
			if !r.wanted[g] {
				_ = s.leave(g, r.index) // closing the socket leaves too
				delete(s.groups, g)
			}
		}
		if len(s.groups) > 0 {
			kept = append(kept, s)
		} else {
			_ = s.conn.Close()
		}
	}
	clear(r.socks[len(kept):])
	r.socks = kept
	if len(r.wanted) == 0 {
		return nil
	}
	index, err := interfaceIndex(r.cfg.Interface)
	if err != nil {
		return fmt.Errorf("join %d groups: %w", len(r.wanted), err)
	}
	r.index = index
	var failed []error
	for g := range r.wanted {
		if !r.joined(g) {
			failed = append(failed, r.join(g))
		}
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return errors.Join(failed...)
}

// Joined returns the groups that are joined now, as "239.255.12.1:5004".
func (r *Receiver) Joined() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[string]bool, len(r.wanted))
	for _, s := range r.socks {
		for g := range s.groups {
			out[g.String()] = true
		}
	}
	return out
}

func (r *Receiver) joined(g netip.AddrPort) bool {
	for _, s := range r.socks {
		if s.groups[g] {
			return true
		}
	}
	return false
}

// join finds a socket with room for g, or opens one.
func (r *Receiver) join(g netip.AddrPort) error {
	if !g.Addr().Is4() || !g.Addr().IsMulticast() || g.Port() == 0 {
		return fmt.Errorf("join group %s: not an IPv4 group with a port", g)
	}
	for _, s := range r.socks {
		if s.local.Port() != g.Port() || len(s.groups) >= groupsPerSocket {
			continue
		}
		err := s.join(g, r.index)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.ENOBUFS) { // the limit may be set lower than usual
			return fmt.Errorf("join group %s: %w", g, err)
		}
	}
	opts := append(bigBuffer(), option{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1},
		option{unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0}) // else every group of the host that uses this port
	sock, err := listen(fmt.Sprintf("0.0.0.0:%d", g.Port()), netip.AddrPort{}, clocks{r.cfg.Clock, r.cfg.Wall}, opts...)
	if err != nil {
		return fmt.Errorf("join group %s: %w", g, err)
	}
	s := &groupSocket{socket: sock, groups: make(map[netip.AddrPort]bool)}
	if err := s.join(g, r.index); err != nil {
		return errors.Join(fmt.Errorf("join group %s: %w", g, err), s.conn.Close())
	}
	r.socks = append(r.socks, s)
	return nil
}

func (s *groupSocket) join(g netip.AddrPort, index int) error {
	err := s.membership(unix.IP_ADD_MEMBERSHIP, g, index)
	if err == nil {
		s.groups[g] = true
	}
	return err
}

func (s *groupSocket) leave(g netip.AddrPort, index int) error {
	return s.membership(unix.IP_DROP_MEMBERSHIP, g, index)
}

func (s *groupSocket) membership(what int, g netip.AddrPort, index int) error {
	return onFD(s.conn, func(fd int) error {
		return unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, what, &unix.IPMreqn{Multiaddr: g.Addr().As4(), Ifindex: int32(index)})
	})
}

func (r *Receiver) closeAll() {
	for _, s := range r.socks {
		_ = s.conn.Close()
	}
	r.socks = nil
}

func (r *Receiver) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	r.closeAll()
}

// startReaders starts a goroutine for each socket that has none.
func (r *Receiver) startReaders(ctx context.Context, readers *sync.WaitGroup, handle func(Datagram)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.socks {
		if !s.reading {
			s.reading = true
			readers.Go(func() { r.read(ctx, s.socket, handle) })
		}
	}
}

// read ends when the socket is closed.
func (r *Receiver) read(ctx context.Context, s *socket, handle func(Datagram)) {
	for {
		d, _, err := s.read()
		switch {
		case err == nil:
			r.handle.Lock()
			handle(d)
			r.handle.Unlock()
		case errors.Is(err, net.ErrClosed):
			return
		default: // the interface may be down: do not spin
			select {
			case <-ctx.Done():
			case <-time.After(watchEvery / 10):
			}
		}
	}
}
