package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processStart anchors the default local clock.
var processStart = time.Now()

// processClock is local monotonic time since the process began, ns.
func processClock() int64 { return int64(time.Since(processStart)) }

const (
	maxDatagram = 2048    // longer ones are cut, and then refused as malformed
	rcvBuf      = 1 << 20 // bytes: a third of a second of 100 streams
)

// socket reads datagrams with the kernel's time of arrival. One goroutine
// reads, any may write to conn.
type socket struct {
	conn   *net.UDPConn
	local  netip.AddrPort
	stamps stamper
	buf    [maxDatagram]byte
	oob    [256]byte
}

// listen opens a socket on addr ("host:port"), or for peer alone when that is
// valid.
func listen(addr string, peer netip.AddrPort, clocks clocks, opts ...option) (*socket, error) {
	opts = append([]option{{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1}, {unix.IPPROTO_IP, unix.IP_PKTINFO, 1}}, opts...)
	control := func(_, _ string, raw syscall.RawConn) error { return setOptions(raw, opts) }
	conn, err := open(addr, peer, control)
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", err)
	}
	return &socket{conn: conn, local: unmap(conn.LocalAddr().(*net.UDPAddr).AddrPort()), stamps: stamper{clocks: clocks}}, nil
}

func open(addr string, peer netip.AddrPort, control func(string, string, syscall.RawConn) error) (*net.UDPConn, error) {
	if !peer.IsValid() {
		lc := net.ListenConfig{Control: control}
		pc, err := lc.ListenPacket(context.Background(), "udp4", addr)
		if err != nil {
			return nil, err
		}
		return pc.(*net.UDPConn), nil
	}
	d := net.Dialer{Control: control}
	c, err := d.DialContext(context.Background(), "udp4", peer.String())
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

// option is a socket option. A negative value is tried, and its refusal kept
// quiet, with the value made positive.
type option struct{ level, name, value int }

// bigBuffer asks for rcvBuf, beyond the system's limit when we may.
func bigBuffer() []option {
	return []option{{unix.SOL_SOCKET, unix.SO_RCVBUF, -rcvBuf}, {unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, -rcvBuf}}
}

// markTraffic sets DSCP, and the queue priority that goes with it.
func markTraffic(dscp int) []option {
	if dscp == 0 {
		return nil
	}
	return []option{{unix.IPPROTO_IP, unix.IP_TOS, dscp << 2}, {unix.SOL_SOCKET, unix.SO_PRIORITY, -6}}
}

func setOptions(raw syscall.RawConn, opts []option) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		for _, o := range opts {
			value := max(o.value, -o.value)
			if err := unix.SetsockoptInt(int(fd), o.level, o.name, value); err != nil && o.value >= 0 {
				failed = fmt.Errorf("set socket option %d/%d: %w", o.level, o.name, err)
				return
			}
		}
	})
	return errors.Join(err, failed)
}

// read waits for a datagram. stamped says that At is the kernel's time, not
// the moment of reading.
func (s *socket) read() (d Datagram, stamped bool, err error) {
	n, oobn, _, from, err := s.conn.ReadMsgUDPAddrPort(s.buf[:], s.oob[:])
	if err != nil {
		return Datagram{}, false, err
	}
	d = Datagram{Data: s.buf[:n], From: unmap(from), To: s.local}
	stamp, to := ancillary(s.oob[:oobn])
	if to.IsValid() {
		d.To = netip.AddrPortFrom(to, s.local.Port())
	}
	d.At, stamped = s.stamps.convert(stamp)
	return d, stamped, nil
}

// write sends to the peer that the socket was opened for.
func (s *socket) write(b []byte) error {
	_, err := s.conn.Write(b)
	return err
}

func (s *socket) close() error { return s.conn.Close() }

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// ancillary reads what the kernel says about a datagram: when it came (Unix
// ns, 0 when not said) and for which address. x/sys has a reader too; it
// allocates.
func ancillary(b []byte) (stamp int64, to netip.Addr) {
	word := unix.SizeofPtr
	for len(b) >= unix.SizeofCmsghdr {
		n := int(nativeUint(b[:word]))
		if n < unix.SizeofCmsghdr || n > len(b) {
			return stamp, to
		}
		level := binary.NativeEndian.Uint32(b[word:])
		kind := binary.NativeEndian.Uint32(b[word+4:])
		data := b[unix.SizeofCmsghdr:n]
		switch {
		case level == unix.SOL_SOCKET && kind == unix.SO_TIMESTAMPNS && len(data) >= 2*word:
			stamp = int64(nativeUint(data[:word]))*1e9 + int64(nativeUint(data[word:2*word]))
		case level == unix.IPPROTO_IP && kind == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			to = netip.AddrFrom4([4]byte(data[8:12]))
		}
		b = b[min(len(b), (n+word-1)&^(word-1)):]
	}
	return stamp, to
}

// nativeUint reads a size_t, or a long that is not negative.
func nativeUint(b []byte) uint64 {
	if len(b) == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}
