package wire

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// DefaultTTL is how many routers multicast passes when nothing else is said.
const DefaultTTL = 16

// SenderConfig configures a Sender.
type SenderConfig struct {
	Interface string // for multicast; "" = by route; "lo" also binds to 127.0.0.1
	TTL       int    // of multicast, 1–255; 0 = DefaultTTL
	DSCP      int    // 0–63; 46 = expedited forwarding
	Log       *slog.Logger
}

// Sender sends datagrams to groups and hosts. Any goroutine may use it.
type Sender struct {
	cfg      SenderConfig
	conn     *net.UDPConn
	resolved atomic.Int64 // local ns of the last look at the interface
}

// NewSender opens the socket. Multicast loops back to receivers on this host.
func NewSender(cfg SenderConfig) (*Sender, error) {
	if cfg.TTL == 0 {
		cfg.TTL = DefaultTTL
	}
	if cfg.TTL < 1 || cfg.TTL > 255 || cfg.DSCP < 0 || cfg.DSCP > 63 {
		return nil, fmt.Errorf("open sender: ttl %d or dscp %d out of range", cfg.TTL, cfg.DSCP)
	}
	addr := ":0"
	if cfg.Interface == "lo" {
		addr = "127.0.0.1:0"
	}
	opts := append([]option{
		{unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 1},
		{unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, cfg.TTL},
		{unix.SOL_SOCKET, unix.SO_SNDBUF, -rcvBuf},
	}, markTraffic(cfg.DSCP)...)
	sock, err := listen(addr, netip.AddrPort{}, clocks{local: processClock}, opts...)
	if err != nil {
		return nil, fmt.Errorf("open sender: %w", err)
	}
	s := &Sender{cfg: cfg, conn: sock.conn}
	if err := s.useInterface(); err != nil {
		return nil, errors.Join(fmt.Errorf("open sender: %w", err), s.conn.Close())
	}
	return s, nil
}

// Send sends b without allocating. dst is IPv4, multicast or unicast. An
// interface that went and came back is found again.
func (s *Sender) Send(b []byte, dst netip.AddrPort) error {
	_, err := s.conn.WriteToUDPAddrPort(b, dst)
	if err == nil {
		return nil
	}
	last := s.resolved.Load()
	now := processClock()
	if s.cfg.Interface != "" && errors.Is(err, unix.ENODEV) && now-last > int64(time.Second) && s.resolved.CompareAndSwap(last, now) {
		if s.useInterface() == nil {
			_, err = s.conn.WriteToUDPAddrPort(b, dst)
		}
	}
	if err != nil {
		return fmt.Errorf("send to %s: %w", dst, err)
	}
	return nil
}

// useInterface points multicast at the interface as it is now.
func (s *Sender) useInterface() error {
	if s.cfg.Interface == "" {
		return nil
	}
	index, err := interfaceIndex(s.cfg.Interface)
	if err != nil {
		return err
	}
	return onFD(s.conn, func(fd int) error {
		return unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(index)})
	})
}

// Addr is the local address of the socket.
func (s *Sender) Addr() netip.AddrPort { return unmap(s.conn.LocalAddr().(*net.UDPAddr).AddrPort()) }

// Close closes the socket.
func (s *Sender) Close() error { return s.conn.Close() }

// interfaceIndex is 0, "by route", for the empty name.
func interfaceIndex(name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	i, err := net.InterfaceByName(name)
	if err != nil {
		return 0, fmt.Errorf("find interface %s: %w", name, err)
	}
	return i.Index, nil
}

func onFD(conn *net.UDPConn, f func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = f(int(fd)) })
	return errors.Join(err, failed)
}
