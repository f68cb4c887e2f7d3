package doctor

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pa/paspeaker"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// node is a healthy patient.
func node() paspeaker.Patient {
	return paspeaker.Patient{
		Role: paspeaker.RoleNode, Machine: "gate-1", Interface: "eth0", TTL: 16, Longest: 1500, Joined: true, Peer: "10.1.0.2",
		Senders: []string{"10.1.0.2"},
		Groups:  []paspeaker.Group{{Addr: "239.255.12.1:5004", Whose: "zone gates"}, {Addr: "239.255.12.2:5004", Whose: "zone all"}},
		Clock:   paspeaker.ClockState{State: "locked"},
	}
}

// healthy is what is seen on a machine where all is well.
func healthy() *seen {
	p := node()
	s := &seen{
		link:     link{name: "eth0", chosen: true, up: true, running: true, multicast: true, mtu: 1500, addrs: []netip.Prefix{netip.MustParsePrefix("10.1.0.11/16")}},
		rpFilter: 1,
		querier:  querier{from: addr("10.1.0.1"), n: 2},
		clock:    wallClock{synced: true, programs: []string{"chronyd"}},
		sockets:  sockets{rmemMax: 4 << 20, memberships: 20},
		rights:   rights{raw: true, nice: true},
		own:      []netip.Addr{addr("127.0.0.1"), addr("10.1.0.11")},
		back:     []route{{to: addr("10.1.0.2"), iface: "eth0"}},
		listened: 3 * time.Second,
	}
	for _, g := range parsed(p.Groups) {
		s.routes = append(s.routes, route{to: g.at.Addr(), iface: "eth0"})
		s.members = append(s.members, member{"eth0", "V3", g.at.Addr()})
		s.streams = append(s.streams, stream{group: g, from: addr("10.1.0.2"), kind: kindSealed, packets: 100, ttl: 16, longest: 1200})
	}
	s.filter = filterSight{tool: "nft"}
	return s
}

func find(list []paspeaker.Finding, id string, sev paspeaker.Severity) (paspeaker.Finding, bool) {
	for _, f := range list {
		if f.ID == id && f.Severity == sev {
			return f, true
		}
	}
	return paspeaker.Finding{}, false
}

func TestAHealthyNodeHasNothingToMend(t *testing.T) {
	list := judge(node(), healthy())
	seen := make(map[string]bool)
	for _, f := range list {
		assert.Equal(t, paspeaker.SeverityOK, f.Severity, "%+v", f)
		assert.Empty(t, f.Next, "%+v: nothing is to be done", f)
		seen[f.ID] = true
	}
	for _, id := range []string{"interface", "route", "mtu", "collision", "igmp", "querier", "firewall", "senders", "ttl", "order", "time", "media-clock", "buffers", "priority"} {
		assert.True(t, seen[id], "%s was looked at", id)
	}
}

// Each cause, its name, and what to type.
func TestEachCauseIsNamed(t *testing.T) {
	const ok, note, unknown, warning, fault = paspeaker.SeverityOK, paspeaker.SeverityNote, paspeaker.SeverityUnknown, paspeaker.SeverityWarning, paspeaker.SeverityFault
	stranger := func(kind string, pt uint8) func(*paspeaker.Patient, *seen) {
		return func(p *paspeaker.Patient, s *seen) {
			s.streams = append(s.streams, stream{group: parsed(p.Groups)[0], from: addr("10.1.0.99"), kind: kind, payload: pt, packets: 150})
		}
	}
	for name, test := range map[string]struct {
		change func(*paspeaker.Patient, *seen)
		id     string
		sev    paspeaker.Severity
		what   string
		next   string
	}{
		"no such interface": {func(_ *paspeaker.Patient, s *seen) {
			s.link = link{name: "eth7", chosen: true, missing: true, others: []string{"lo", "eth0"}}
		}, "interface", fault, "no interface eth7", "site.interface"},
		"nothing leads there":       {func(_ *paspeaker.Patient, s *seen) { s.link = link{missing: true} }, "interface", fault, "no interface leads", "ip route add"},
		"down":                      {func(_ *paspeaker.Patient, s *seen) { s.link.up = false }, "interface", fault, "eth0 is down", "ip link set dev eth0 up"},
		"cable out":                 {func(_ *paspeaker.Patient, s *seen) { s.link.running = false }, "interface", fault, "no carrier", "ethtool eth0"},
		"no multicast":              {func(_ *paspeaker.Patient, s *seen) { s.link.multicast = false }, "interface", fault, "does not do multicast", "multicast on"},
		"no address":                {func(_ *paspeaker.Patient, s *seen) { s.link.addrs = nil }, "interface", fault, "no IPv4 address", "ip address add"},
		"no route, interface named": {func(_ *paspeaker.Patient, s *seen) { s.routes[0].err = unix.ENETUNREACH }, "route", warning, "no route leads to the groups", "ip route add 239.255.12.0/30 dev eth0"},
		"no route, loopback":        {func(_ *paspeaker.Patient, s *seen) { s.link.name, s.routes[0].err = "lo", unix.ENETUNREACH }, "route", ok, "stays on this machine", ""},
		"no route at all":           {func(_ *paspeaker.Patient, s *seen) { s.link.chosen, s.routes[0].err = false, unix.ENETUNREACH }, "route", fault, "no route leads to the groups", "ip route add 239.255.12.0/30 dev eth0"},
		"route astray":              {func(_ *paspeaker.Patient, s *seen) { s.routes[1].iface = "wlan0" }, "route", note, "not by eth0", "ip route add"},
		"strict reverse path":       {func(_ *paspeaker.Patient, s *seen) { s.back[0].iface = "wlan0" }, "rp-filter", fault, "the kernel drops what 10.1.0.2 sends", "rp_filter=2"},
		"loose, but no way back":    {func(_ *paspeaker.Patient, s *seen) { s.rpFilter, s.back[0].err = 2, unix.ENETUNREACH }, "rp-filter", fault, "no route leads there", "rp_filter"},
		"small mtu":                 {func(_ *paspeaker.Patient, s *seen) { s.link.mtu = 576 }, "mtu", fault, "do not fit", "mtu 1500"},
		"tunnel's mtu":              {func(_ *paspeaker.Patient, s *seen) { s.link.mtu = 1420 }, "mtu", warning, "longest packets", "mtu 1500"},
		"not joined":                {func(_ *paspeaker.Patient, s *seen) { s.members = s.members[1:] }, "igmp", fault, "1 of 2 groups are not joined", "restart paspeaker-node"},
		"joined elsewhere":          {func(_ *paspeaker.Patient, s *seen) { s.members[0].iface = "wlan0" }, "igmp", fault, "joined on another interface", "--interface eth0"},
		"memberships unseen":        {func(_ *paspeaker.Patient, s *seen) { s.blind = errNoIGMP }, "igmp", unknown, "not known", "ip maddress"},
		"no right to listen":        {func(_ *paspeaker.Patient, s *seen) { s.querier = querier{err: unix.EPERM}; s.rights.raw = false }, "querier", unknown, "needs CAP_NET_RAW", "systemctl edit paspeaker-node"},
		"no querier yet":            {func(_ *paspeaker.Patient, s *seen) { s.querier = querier{} }, "querier", note, "no IGMP querier was heard yet", "paspeaker doctor gate-1 --listen 130s"},
		"no querier":                {func(_ *paspeaker.Patient, s *seen) { s.querier, s.listened = querier{}, 130*time.Second }, "querier", warning, "no IGMP querier", "igmp snooping querier"},
		"bridge without querier": {func(_ *paspeaker.Patient, s *seen) {
			s.querier = querier{}
			s.bridges = []bridge{{name: "br0", snooping: true}}
		}, "querier", fault, "bridge br0 snoops", "ip link set dev br0 type bridge mcast_querier 1"},
		"bridge with querier": {func(_ *paspeaker.Patient, s *seen) {
			s.querier = querier{}
			s.bridges = []bridge{{name: "br0", snooping: true, other: addr("10.1.0.1")}}
		}, "querier", ok, "10.1.0.1", ""},
		"link-local group":         {func(p *paspeaker.Patient, _ *seen) { p.Groups[0].Addr = "224.0.0.7:5004" }, "collision", fault, "link-local", "paspeaker check"},
		"two on one address":       {func(p *paspeaker.Patient, _ *seen) { p.Groups[1].Addr = "238.127.12.1:5004" }, "collision", fault, "239.255.12.1:5004 (zone gates) and 238.127.12.1:5004 (zone all) are one", "paspeaker check"},
		"one group for two":        {func(p *paspeaker.Patient, _ *seen) { p.Groups[1].Addr = p.Groups[0].Addr }, "collision", fault, "are one group", "paspeaker check"},
		"two ports of one":         {func(p *paspeaker.Patient, _ *seen) { p.Groups[1].Addr = "239.255.12.1:5006" }, "collision", warning, "share an address", "paspeaker check"},
		"looks like a control one": {func(p *paspeaker.Patient, _ *seen) { p.Groups[0].Addr = "239.128.0.5:5004" }, "collision", warning, "224.0.0.5", "paspeaker check"},
		"another program's": {func(_ *paspeaker.Patient, s *seen) {
			s.members = append(s.members, member{"eth0", "V3", addr("225.127.12.1")})
		}, "collision", warning, "225.127.12.1", "paspeaker check"},
		"foreign sender":          {stranger(kindRTP, 0), "senders", fault, "foreign sender: 10.1.0.99 sends plain RTP (G.711 µ-law) on 239.255.12.1:5004 (zone gates)", "ip neighbour show 10.1.0.99"},
		"another type":            {stranger(kindRTP, 96), "senders", fault, "payload type 96", "ip neighbour show 10.1.0.99"},
		"another controller":      {stranger(kindSealed, 97), "senders", warning, "10.1.0.99 sends sealed packets", "ip neighbour show 10.1.0.99"},
		"noise":                   {stranger(kindOther, 0), "senders", warning, "not RTP", "ip neighbour show 10.1.0.99"},
		"the controller in plain": {func(p *paspeaker.Patient, s *seen) { stranger(kindRTP, 0)(p, s); s.streams[2].from = addr("10.1.0.2") }, "senders", fault, "foreign sender: 10.1.0.2", ""},
		"itself, without address": {func(p *paspeaker.Patient, s *seen) {
			p.Role = paspeaker.RoleController
			for i := range s.streams {
				s.streams[i].from = addr("0.0.0.0")
			}
		}, "senders", ok, "nobody but the controller", ""},
		"deaf":                {func(_ *paspeaker.Patient, s *seen) { s.deaf = unix.ENODEV }, "senders", unknown, "not known", "ip maddress"},
		"last breath":         {func(_ *paspeaker.Patient, s *seen) { s.streams[0].ttl = 1 }, "ttl", warning, "last breath", "site.ttl"},
		"routers between":     {func(_ *paspeaker.Patient, s *seen) { s.streams[0].ttl = 14 }, "ttl", note, "2 routers", ""},
		"nothing on air":      {func(_ *paspeaker.Patient, s *seen) { s.streams = nil }, "order", unknown, "nothing was on air", "paspeaker tone gates"},
		"copies":              {func(_ *paspeaker.Patient, s *seen) { s.streams[0].duplicates = 80 }, "duplicates", warning, "arrive twice", "bridge link"},
		"overtaking":          {func(_ *paspeaker.Patient, s *seen) { s.streams[0].reordered = 3 }, "order", warning, "overtake", "ethtool -l eth0"},
		"a little loss":       {func(_ *paspeaker.Patient, s *seen) { s.streams[0].lost = 1 }, "loss", warning, "lost", "ip -s link"},
		"much loss":           {func(_ *paspeaker.Patient, s *seen) { s.streams[0].lost = 30 }, "loss", fault, "lost", "ip -s link"},
		"firewall unseen":     {func(_ *paspeaker.Patient, s *seen) { s.filter.err = errors.New("needs CAP_NET_ADMIN") }, "firewall", unknown, "CAP_NET_ADMIN", "sudo nft list ruleset"},
		"no firewall program": {func(_ *paspeaker.Patient, s *seen) { s.filter = filterSight{err: errNoTool, ported: true} }, "firewall", unknown, "neither nft nor", "apt-get install nftables"},
		"clock free":          {func(_ *paspeaker.Patient, s *seen) { s.clock = wallClock{} }, "time", note, "nobody sets", "timedatectl set-ntp"},
		"clock free, controller": {func(p *paspeaker.Patient, s *seen) {
			p.Role, s.clock = paspeaker.RoleController, wallClock{programs: []string{"chronyd"}}
		}, "time", warning, "campaigns", "chronyc tracking"},
		"media clock":           {func(p *paspeaker.Patient, _ *seen) { p.Clock.State = "free-run" }, "media-clock", fault, "never locked", "ping -c 3 10.1.0.2"},
		"media clock, degraded": {func(p *paspeaker.Patient, _ *seen) { p.Clock.State = "degraded" }, "media-clock", warning, "does not answer", "ping"},
		"small buffers":         {func(_ *paspeaker.Patient, s *seen) { s.sockets.rmemMax = 212992 }, "buffers", warning, "less than a burst", "sysctl -w net.core.rmem_max"},
		"no priority":           {func(_ *paspeaker.Patient, s *seen) { s.rights.nice = false }, "priority", warning, "real-time", "CAP_SYS_NICE"},
		"priority by limit":     {func(_ *paspeaker.Patient, s *seen) { s.rights = rights{raw: true, rtprio: 60} }, "priority", ok, "allowed", ""},
		"controller with ttl 1": {func(p *paspeaker.Patient, _ *seen) { p.Role, p.TTL = paspeaker.RoleController, 1 }, "ttl", note, "TTL 1", "site.ttl"},
	} {
		t.Run(name, func(t *testing.T) {
			p, s := node(), healthy()
			test.change(&p, s)
			list := judge(p, s)
			f, found := find(list, test.id, test.sev)
			require.True(t, found, "%+v", list)
			if !strings.Contains(f.What, test.what) {
				for _, o := range list { // several of one kind
					if o.ID == test.id && strings.Contains(o.What, test.what) {
						f = o
					}
				}
			}
			assert.Contains(t, f.What, test.what)
			assert.Contains(t, f.Next, test.next)
			if f.Severity == warning || f.Severity == fault {
				assert.NotEmpty(t, f.Next, "what to type next")
				assert.NotEmpty(t, f.Evidence)
			}
		})
	}
}

func TestAMobileUnitIsNotAskedAboutGroups(t *testing.T) {
	p, s := node(), healthy()
	p.Mobile, p.Joined = true, false
	s.streams, s.querier = nil, querier{}
	for _, f := range judge(p, s) {
		assert.Equal(t, paspeaker.SeverityOK, f.Severity, "%+v", f)
	}
}

func TestTheWorstOfADiagnosis(t *testing.T) {
	d := paspeaker.Examination{}
	assert.Equal(t, paspeaker.SeverityOK, d.Worst())
	for _, s := range []paspeaker.Severity{paspeaker.SeverityNote, paspeaker.SeverityUnknown, paspeaker.SeverityWarning, paspeaker.SeverityFault, paspeaker.SeverityOK} {
		d.Findings = append(d.Findings, paspeaker.Finding{Severity: s})
	}
	assert.Equal(t, paspeaker.SeverityFault, d.Worst())
	assert.True(t, paspeaker.SeverityWarning.Worse(paspeaker.SeverityUnknown))
}
