package doctor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"pa/paspeaker"
)

var errNoIGMP = errors.New("/proc/net/igmp cannot be read")

// look gathers everything; listening takes the time that the patient gives.
func look(ctx context.Context, p paspeaker.Patient) *seen {
	groups := parsed(p.Groups)
	s := &seen{own: ownAddresses()}
	for _, g := range groups {
		s.routes = append(s.routes, routeTo(g.at.Addr()))
	}
	s.link = lookAtLink(p.Interface, s.routes)
	for _, a := range addresses(p.Senders) {
		s.back = append(s.back, routeTo(a))
	}
	s.rpFilter = max(readNumber("/proc/sys/net/ipv4/conf/all/rp_filter"), readNumber("/proc/sys/net/ipv4/conf/"+s.link.name+"/rp_filter"))
	s.lookAtMembers()
	s.bridges = bridgesOf(s.link.name)
	s.clock = lookAtClock()
	s.sockets = sockets{
		rmemMax:     readNumber("/proc/sys/net/core/rmem_max"),
		memberships: readNumber("/proc/sys/net/ipv4/igmp_max_memberships"),
		overflows:   parseOverflows(readFile("/proc/net/snmp")),
	}
	s.rights = lookAtRights()
	s.filter = lookAtFilter(ctx, s.rights)
	if !p.Mobile {
		s.listen(ctx, groups, s.link, time.Duration(p.Listen))
	}
	return s
}

func (s *seen) lookAtMembers() {
	b := readFile("/proc/net/igmp")
	if len(b) == 0 {
		s.blind = errNoIGMP
	}
	s.members = parseMembers(b)
}

// lookAtLink finds the interface by its name, else the one by which the groups
// go.
func lookAtLink(name string, routes []route) link {
	l := link{name: name, chosen: name != ""}
	for _, r := range routes {
		if l.name == "" {
			l.name = r.iface
		}
	}
	all, _ := net.Interfaces()
	for _, i := range all {
		if i.Name != l.name {
			l.others = append(l.others, i.Name)
			continue
		}
		l.up, l.running = i.Flags&net.FlagUp != 0, i.Flags&net.FlagRunning != 0
		l.multicast, l.mtu = i.Flags&net.FlagMulticast != 0, i.MTU
		l.addrs = prefixes(i.Addrs)
	}
	l.missing = !slices.ContainsFunc(all, func(i net.Interface) bool { return i.Name == l.name })
	return l
}

// prefixes are the IPv4 addresses that something has.
func prefixes(addrs func() ([]net.Addr, error)) []netip.Prefix {
	list, _ := addrs()
	var out []netip.Prefix
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			out = append(out, p)
		}
	}
	return out
}

func ownAddresses() []netip.Addr {
	var out []netip.Addr
	for _, p := range prefixes(net.InterfaceAddrs) {
		out = append(out, p.Addr())
	}
	return out
}

func addresses(words []string) []netip.Addr {
	var out []netip.Addr
	for _, w := range words {
		if a, err := netip.ParseAddr(w); err == nil && a.Is4() {
			out = append(out, a)
		}
	}
	return out
}

func lookAtClock() wallClock {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return wallClock{synced: err == nil && state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0,
		errorUS: int64(t.Esterror), programs: keepers("/proc"), err: err}
}

func lookAtRights() rights {
	r := parseRights(readFile("/proc/self/status"))
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_RTPRIO, &limit) == nil {
		r.rtprio = limit.Cur
	}
	return r
}
