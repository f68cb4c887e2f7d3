package doctor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// membershipQuery is IGMP's type of a query, in all its versions (RFC 3376 §4).
const membershipQuery = 0x11

// hearQueries counts queries that arrive at an interface until ctx ends. It
// needs CAP_NET_RAW.
func hearQueries(ctx context.Context, index int) querier {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_IGMP)
	if err != nil {
		return querier{err: err}
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1); err != nil {
		return querier{err: errors.Join(err, unix.Close(fd))}
	}
	f := os.NewFile(uintptr(fd), "igmp")
	c, err := net.FilePacketConn(f)
	_ = f.Close() // the connection has a copy
	if err != nil {
		return querier{err: err}
	}
	conn, ok := c.(*net.IPConn)
	if !ok {
		return querier{err: errors.Join(errors.New("not a raw socket"), c.Close())}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var q querier
	buf, oob := make([]byte, 2048), make([]byte, 128)
	for {
		n, oobn, _, from, err := conn.ReadMsgIP(buf, oob)
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				q.err = err
			}
			return q
		}
		if index != 0 && arrivedAt(oob[:oobn]) != index || !isQuery(buf[:n]) {
			continue
		}
		q.n++
		if a, ok := netip.AddrFromSlice(from.IP); ok {
			q.from = a.Unmap()
		}
	}
}

// isQuery says whether an IGMP message, or an IPv4 packet with one, asks for
// members: a raw socket may hand out either.
func isQuery(b []byte) bool {
	if len(b) >= 20 && b[0]>>4 == 4 && b[9] == unix.IPPROTO_IGMP {
		head := int(b[0]&0xf) * 4
		if head < 20 || head > len(b) {
			return false
		}
		b = b[head:]
	}
	return len(b) >= 8 && b[0] == membershipQuery
}
