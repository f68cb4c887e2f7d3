package doctor

import (
	"net/netip"
	"time"
)

// seen is everything that was looked at: plain values, so that judging can be
// tested without a network.
type seen struct {
	link     link
	routes   []route     // of each group, in the groups' order
	back     []route     // to each sender
	rpFilter int         // of the interface: 0 off, 1 strict, 2 loose
	members  []member    // of every interface of the machine
	blind    error       // why the memberships could not be read
	bridges  []bridge    // that the interface is, or is a port of
	querier  querier     // heard while listening
	streams  []stream    // heard on the groups
	deaf     error       // why the groups could not be listened to
	filter   filterSight // the firewall
	clock    wallClock
	sockets  sockets
	rights   rights
	own      []netip.Addr // addresses of this machine
	listened time.Duration
}

// link is the network interface of the groups.
type link struct {
	name      string
	chosen    bool // by the site or a flag; else by route
	missing   bool
	others    []string // what there is instead
	up        bool
	running   bool // there is a carrier
	multicast bool
	addrs     []netip.Prefix
	mtu       int
}

// route is where the machine would send to.
type route struct {
	to    netip.Addr
	iface string
	src   netip.Addr
	err   error
}

// member is one line of /proc/net/igmp.
type member struct {
	iface   string
	version string // "V3"
	group   netip.Addr
}

// bridge is the state of a Linux bridge in this machine.
type bridge struct {
	name     string
	snooping bool
	querier  bool       // it asks itself
	other    netip.Addr // who asks, as it knows
}

// querier is what was heard of IGMP queries.
type querier struct {
	err  error // not allowed to listen
	from netip.Addr
	n    int
}

// The kinds of packets.
const (
	kindSealed = "sealed"
	kindRTP    = "RTP"
	kindOther  = "not RTP"
)

// stream is what came from one source to one group.
type stream struct {
	group      group
	from       netip.Addr
	kind       string
	payload    uint8 // type, of RTP
	ssrc       uint32
	packets    int
	longest    int // bytes, headers of IP and UDP included
	ttl        int // the lowest at arrival; 0 unknown
	lost       int
	duplicates int
	reordered  int
	order      order
}

// wallClock is the state of the system's clock.
type wallClock struct {
	synced   bool
	errorUS  int64    // estimated error, microseconds
	programs []string // that keep it: chronyd, …
	err      error
}

// sockets are the kernel's limits and counters for UDP.
type sockets struct {
	rmemMax     int    // bytes
	memberships int    // most of one socket
	overflows   uint64 // packets dropped since boot because a socket was full
}

// rights are what this process may do.
type rights struct {
	raw, admin, nice bool // CAP_NET_RAW, CAP_NET_ADMIN, CAP_SYS_NICE
	rtprio           uint64
}
