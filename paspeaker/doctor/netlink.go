package doctor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// askWait bounds how long the kernel may think about an answer.
const askWait = 2 * time.Second

// routeTo asks the kernel where packets to an address would go, as `ip route
// get` does.
func routeTo(to netip.Addr) route {
	r := route{to: to}
	answer, err := askRoute(to)
	if err != nil {
		r.err = err
		return r
	}
	for kind, v := range attributes(answer) {
		switch {
		case kind == unix.RTA_OIF && len(v) >= 4:
			if i, err := net.InterfaceByIndex(int(binary.NativeEndian.Uint32(v))); err == nil {
				r.iface = i.Name
			}
		case kind == unix.RTA_PREFSRC && len(v) >= 4:
			r.src = netip.AddrFrom4([4]byte(v))
		}
	}
	return r
}

// askRoute returns the attributes of the kernel's answer.
func askRoute(to netip.Addr) ([]byte, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("ask for a route: %w", err)
	}
	defer unix.Close(fd)
	wait := unix.NsecToTimeval(int64(askWait))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		return nil, fmt.Errorf("ask for a route: %w", err)
	}
	if err := unix.Sendto(fd, routeQuestion(to), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("ask for a route: %w", err)
	}
	buf := make([]byte, 8192)
	n, _, err := unix.Recvfrom(fd, buf, 0)
	if err != nil {
		return nil, fmt.Errorf("ask for a route: %w", err)
	}
	return routeAnswer(buf[:n])
}

func routeQuestion(to netip.Addr) []byte {
	ne := binary.NativeEndian
	dst := to.As4()
	b := make([]byte, unix.SizeofNlMsghdr+unix.SizeofRtMsg+4+len(dst))
	ne.PutUint32(b[0:], uint32(len(b)))
	ne.PutUint16(b[4:], unix.RTM_GETROUTE)
	ne.PutUint16(b[6:], unix.NLM_F_REQUEST)
	ne.PutUint32(b[8:], 1)
	rt := b[unix.SizeofNlMsghdr:]
	rt[0], rt[1] = unix.AF_INET, 32
	attr := rt[unix.SizeofRtMsg:]
	ne.PutUint16(attr[0:], uint16(4+len(dst)))
	ne.PutUint16(attr[2:], unix.RTA_DST)
	copy(attr[4:], dst[:])
	return b
}

var errNoAnswer = errors.New("ask for a route: no answer that can be read")

func routeAnswer(b []byte) ([]byte, error) {
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return nil, fmt.Errorf("ask for a route: %w", err)
	}
	for _, m := range messages {
		switch {
		case m.Header.Type == unix.NLMSG_ERROR && len(m.Data) >= 4:
			return nil, unix.Errno(-int32(binary.NativeEndian.Uint32(m.Data)))
		case m.Header.Type == unix.RTM_NEWROUTE && len(m.Data) >= unix.SizeofRtMsg:
			return m.Data[unix.SizeofRtMsg:], nil
		}
	}
	return nil, errNoAnswer
}

// attributes walks netlink attributes; what does not fit ends the walk.
func attributes(b []byte) func(yield func(kind uint16, value []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.SizeofRtAttr {
			n := int(binary.NativeEndian.Uint16(b))
			if n < unix.SizeofRtAttr || n > len(b) {
				return
			}
			if !yield(binary.NativeEndian.Uint16(b[2:])&0x3fff, b[unix.SizeofRtAttr:n]) {
				return
			}
			b = b[min(len(b), (n+3)&^3):]
		}
	}
}

// bridgesOf returns the bridges that an interface is, or is a port of.
func bridgesOf(iface string) []bridge {
	rib, err := syscall.NetlinkRIB(unix.RTM_GETLINK, unix.AF_UNSPEC)
	if err != nil {
		return nil
	}
	messages, err := syscall.ParseNetlinkMessage(rib)
	if err != nil {
		return nil
	}
	found := make(map[uint32]bridge)
	var wanted []uint32
	for _, m := range messages {
		if m.Header.Type != unix.RTM_NEWLINK || len(m.Data) < unix.SizeofIfInfomsg {
			continue
		}
		index := binary.NativeEndian.Uint32(m.Data[4:])
		name, master, br := readLink(m.Data[unix.SizeofIfInfomsg:])
		if br != nil {
			br.name = name
			found[index] = *br
		}
		if name == iface {
			wanted = append(wanted, index, master)
		}
	}
	var out []bridge
	for _, index := range wanted {
		if br, ok := found[index]; ok {
			out = append(out, br)
		}
	}
	return out
}

// readLink reads what matters here of a link's attributes; br is nil unless it
// is a bridge.
func readLink(b []byte) (name string, master uint32, br *bridge) {
	for kind, v := range attributes(b) {
		switch {
		case kind == unix.IFLA_IFNAME:
			name = text(v)
		case kind == unix.IFLA_MASTER && len(v) >= 4:
			master = binary.NativeEndian.Uint32(v)
		case kind == unix.IFLA_LINKINFO:
			br = readBridge(v)
		}
	}
	return name, master, br
}

// The attribute of IFLA_BR_MCAST_QUERIER_STATE that says who asks.
const bridgeQuerierAddress = 1

func readBridge(b []byte) *bridge {
	var br bridge
	is := false
	for kind, v := range attributes(b) {
		switch kind {
		case unix.IFLA_INFO_KIND:
			is = text(v) == "bridge"
		case unix.IFLA_INFO_DATA:
			for kind, v := range attributes(v) {
				switch {
				case kind == unix.IFLA_BR_MCAST_SNOOPING && len(v) > 0:
					br.snooping = v[0] != 0
				case kind == unix.IFLA_BR_MCAST_QUERIER && len(v) > 0:
					br.querier = v[0] != 0
				case kind == unix.IFLA_BR_MCAST_QUERIER_STATE:
					for kind, v := range attributes(v) {
						if kind == bridgeQuerierAddress && len(v) >= 4 {
							br.other = netip.AddrFrom4([4]byte(v))
						}
					}
				}
			}
		}
	}
	if !is {
		return nil
	}
	return &br
}

// text is a string that ends with a zero byte.
func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
