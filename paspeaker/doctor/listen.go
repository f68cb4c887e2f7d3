package doctor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	groupsPerSocket = 20  // net.ipv4.igmp_max_memberships, as systems come
	mostStreams     = 256 // told apart; of more only the first are told
	headers         = 28  // IPv4 and UDP, bytes
	receiveBuffer   = 1 << 20
)

// ear gathers what is heard on the groups.
type ear struct {
	groups map[netip.AddrPort]group

	mu      sync.Mutex
	streams map[streamKey]*stream
	order   []streamKey // in which they were first heard
}

type streamKey struct {
	group netip.AddrPort
	from  netip.Addr
	kind  string
	ssrc  uint32
}

// listen hears the groups and who asks for members, for as long as it is told
// or until ctx ends.
func (s *seen) listen(ctx context.Context, groups []group, l link, d time.Duration) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	e := &ear{groups: make(map[netip.AddrPort]group), streams: make(map[streamKey]*stream)}
	for _, g := range groups {
		e.groups[g.at] = g
	}
	var running sync.WaitGroup
	index := 0
	if i, err := net.InterfaceByName(l.name); err == nil {
		index = i.Index
	}
	running.Go(func() { s.querier = hearQueries(ctx, index) })
	conns, err := e.open(groups, index)
	s.deaf = err
	for _, c := range conns {
		running.Go(func() { e.read(ctx, c) })
	}
	<-ctx.Done()
	running.Wait()
	for _, c := range conns {
		_ = c.Close()
	}
	for _, k := range e.order {
		st := *e.streams[k]
		st.lost = st.order.lost()
		s.streams = append(s.streams, st)
	}
	s.listened = time.Since(began)
}

// open joins the groups, so many to a socket as the system allows. The error
// says what could not be joined; the rest is open.
func (e *ear) open(groups []group, index int) (conns []*net.UDPConn, failed error) {
	room := make(map[uint16]int)
	last := make(map[uint16]*net.UDPConn)
	for _, g := range groups {
		port := g.at.Port()
		if room[port] == 0 {
			c, err := openSocket(port)
			if err != nil {
				return conns, errors.Join(failed, err)
			}
			conns, last[port], room[port] = append(conns, c), c, groupsPerSocket
		}
		if err := join(last[port], g.at.Addr(), index); err != nil {
			failed = errors.Join(failed, fmt.Errorf("join %s: %w", g.name(), err))
			continue
		}
		room[port]--
	}
	return conns, failed
}

func openSocket(port uint16) (*net.UDPConn, error) {
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			for _, o := range []struct{ level, name, value int }{
				{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1}, {unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0},
				{unix.IPPROTO_IP, unix.IP_PKTINFO, 1}, {unix.IPPROTO_IP, unix.IP_RECVTTL, 1},
			} {
				failed = errors.Join(failed, unix.SetsockoptInt(int(fd), o.level, o.name, o.value))
			}
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer) // as much as we may
		})
		return errors.Join(err, failed)
	}}
	c, err := lc.ListenPacket(context.Background(), "udp4", fmt.Sprintf("0.0.0.0:%d", port))
	if err != nil {
		return nil, fmt.Errorf("listen on port %d: %w", port, err)
	}
	return c.(*net.UDPConn), nil
}

func join(c *net.UDPConn, g netip.Addr, index int) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, &unix.IPMreqn{Multiaddr: g.As4(), Ifindex: int32(index)})
	})
	return errors.Join(err, failed)
}

// read hears one socket until ctx ends.
func (e *ear) read(ctx context.Context, c *net.UDPConn) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	port := uint16(c.LocalAddr().(*net.UDPAddr).Port)
	buf, oob := make([]byte, 2048), make([]byte, 128)
	for {
		n, oobn, _, from, err := c.ReadMsgUDPAddrPort(buf, oob)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
			return
		case err != nil: // the interface went down
			select {
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		to, ttl := arrival(oob[:oobn])
		e.hear(netip.AddrPortFrom(to, port), from.Addr().Unmap(), ttl, buf[:n])
	}
}

// arrival reads what the kernel says of a packet: for which address it came,
// and with how much of its life left.
func arrival(oob []byte) (to netip.Addr, ttl int) {
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return to, 0
	}
	for _, m := range messages {
		switch {
		case m.Header.Level != unix.IPPROTO_IP:
		case m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
			to = netip.AddrFrom4([4]byte(m.Data[8:12]))
		case m.Header.Type == unix.IP_TTL && len(m.Data) >= 4:
			ttl = int(binary.NativeEndian.Uint32(m.Data))
		}
	}
	return to, ttl
}

// hear counts one packet.
func (e *ear) hear(to netip.AddrPort, from netip.Addr, ttl int, b []byte) {
	g, ours := e.groups[to]
	if !ours {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	k := streamKey{group: to, from: from, kind: kindOf(b)}
	if k.kind != kindOther {
		k.ssrc = binary.BigEndian.Uint32(b[8:])
	}
	st := e.streams[k]
	if st == nil {
		if len(e.streams) == mostStreams {
			return
		}
		st = &stream{group: g, from: from, kind: k.kind, ssrc: k.ssrc, ttl: ttl}
		e.streams[k] = st
		e.order = append(e.order, k)
	}
	st.packets++
	st.longest = max(st.longest, len(b)+headers)
	st.ttl = min(st.ttl, ttl)
	if k.kind == kindOther {
		return
	}
	st.payload = b[1] & 0x7f
	duplicate, late := st.order.add(binary.BigEndian.Uint16(b[2:]))
	if duplicate {
		st.duplicates++
	}
	if late {
		st.reordered++
	}
}

// kindOf says what a packet is: sealed as docs/wire.md draws it, else RTP (RFC
// 3550 §5.1), else neither. RTCP is none of them: its types lie where RTP has
// 72 to 95 and the marker (RFC 5761 §4).
func kindOf(b []byte) string {
	switch {
	case len(b) < 12 || b[0]>>6 != 2 || b[1] >= 192 && b[1] <= 223:
		return kindOther
	case len(b) > 18 && b[0] == 0x90 && b[12] == 0x10 && b[13] == 0 && b[16] == 1:
		return kindSealed
	}
	return kindRTP
}

// arrivedAt is the index of the interface that a packet came in by; 0 when the
// kernel does not say.
func arrivedAt(oob []byte) int {
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		if m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo {
			return int(binary.NativeEndian.Uint32(m.Data))
		}
	}
	return 0
}
