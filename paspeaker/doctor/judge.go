package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pa/paspeaker"
)

// judge says what is wrong with what was seen, in the order in which a
// technician would look: what the later ones stand on comes first.
func judge(p paspeaker.Patient, s *seen) []paspeaker.Finding {
	j := &judgement{p: p, s: s, groups: parsed(p.Groups)}
	j.link()
	if !s.link.missing && s.link.up {
		j.routes()
		j.mtu()
		j.collisions()
		j.members()
		j.querier()
		j.firewall()
		j.senders()
		j.ttl()
		j.sequence()
	}
	j.clock()
	j.buffers()
	j.priority()
	return j.out
}

// judgement gathers findings.
type judgement struct {
	p      paspeaker.Patient
	s      *seen
	groups []group
	out    []paspeaker.Finding
}

func (j *judgement) say(id string, sev paspeaker.Severity, what, evidence, next string) {
	j.out = append(j.out, paspeaker.Finding{ID: id, Severity: sev, What: what, Evidence: evidence, Next: next})
}

func (j *judgement) ok(id, what, evidence string) {
	j.say(id, paspeaker.SeverityOK, what, evidence, "")
}

func (j *judgement) link() {
	l := j.s.link
	others := "interfaces here: " + strings.Join(l.others, ", ")
	state := fmt.Sprintf("%s, mtu %d", joined(l.addrs), l.mtu)
	switch {
	case l.missing && l.name == "":
		j.say("interface", paspeaker.SeverityFault, "no interface leads to the site's groups", others, "ip route add 224.0.0.0/4 dev eth0   # the interface of the loudspeakers' network; or set site.interface in zones.yaml")
	case l.missing:
		j.say("interface", paspeaker.SeverityFault, "there is no interface "+l.name, others, "ip link   # then name the right one: site.interface in zones.yaml, or --interface at the node")
	case !l.up:
		j.say("interface", paspeaker.SeverityFault, l.name+" is down", state, "ip link set dev "+l.name+" up")
	case !l.running:
		j.say("interface", paspeaker.SeverityFault, l.name+" has no carrier: its cable or the switch's port is dead", state, "ethtool "+l.name+"   # then look at the cable and the switch's port")
	case !l.multicast && l.name != "lo":
		j.say("interface", paspeaker.SeverityFault, l.name+" does not do multicast", state, "ip link set dev "+l.name+" multicast on")
	case len(l.addrs) == 0:
		j.say("interface", paspeaker.SeverityFault, l.name+" has no IPv4 address", state, "ip address add 10.0.0.2/16 dev "+l.name+"   # one of your network; or mend DHCP")
	default:
		how := "by route"
		if l.chosen {
			how = "by the site's word"
		}
		j.ok("interface", l.name+" is up ("+how+")", state)
	}
}

func joined(addrs []netip.Prefix) string {
	if len(addrs) == 0 {
		return "no address"
	}
	var words []string
	for _, a := range addrs {
		words = append(words, a.String())
	}
	return strings.Join(words, " ")
}

// routes: our own sockets name the interface where the site does, so a route
// matters to others' programs then; without one everything hangs on it.
func (j *judgement) routes() {
	var none, astray []string
	for _, r := range j.s.routes {
		switch {
		case r.err != nil:
			none = append(none, r.to.String())
		case r.iface != j.s.link.name:
			astray = append(astray, r.to.String()+" by "+r.iface)
		}
	}
	next := "ip route add " + j.span() + " dev " + j.s.link.name
	sev := paspeaker.SeverityWarning
	if !j.s.link.chosen {
		sev = paspeaker.SeverityFault
	}
	switch {
	case len(none) > 0 && j.s.link.chosen && j.s.link.name == "lo":
		j.ok("route", "the voice stays on this machine: it names the loopback, and needs no route", "no route to "+some(none))
	case len(none) > 0:
		what := "no route leads to the groups; the voice names its interface and goes out all the same, other programs' does not"
		if !j.s.link.chosen {
			what = "no route leads to the groups"
		}
		j.say("route", sev, what, "no route to "+some(none), next)
	case len(astray) > 0 && j.s.link.name != "lo":
		j.say("route", paspeaker.SeverityNote, "the route of the groups is not by "+j.s.link.name+", which the site names; the voice goes by it all the same, other programs' does not", some(astray), next)
	case len(j.s.routes) > 0:
		j.ok("route", "the groups go by "+j.s.link.name, fmt.Sprintf("%d groups asked for", len(j.s.routes)))
	}
	j.wayBack()
}

// wayBack: with a strict reverse path filter the kernel drops a packet whose
// source it would answer by another interface.
func (j *judgement) wayBack() {
	for _, r := range j.s.back {
		if slices.Contains(j.s.own, r.to) || r.err == nil && r.iface == j.s.link.name {
			continue
		}
		evidence := fmt.Sprintf("rp_filter is %d; %s would be answered by %s", j.s.rpFilter, r.to, orNothing(r))
		next := "sysctl -w net.ipv4.conf." + j.s.link.name + ".rp_filter=2 net.ipv4.conf.all.rp_filter=0"
		switch {
		case j.s.rpFilter == 1:
			j.say("rp-filter", paspeaker.SeverityFault, "the kernel drops what "+r.to.String()+" sends: by its routes that came in at the wrong interface", evidence, next)
		case r.err != nil && j.s.rpFilter == 2:
			j.say("rp-filter", paspeaker.SeverityFault, "the kernel drops what "+r.to.String()+" sends: no route leads there", evidence, next)
		}
		return
	}
}

func orNothing(r route) string {
	if r.err != nil {
		return "no interface"
	}
	return r.iface
}

// span is the smallest prefix that holds every group.
func (j *judgement) span() string {
	if len(j.groups) == 0 {
		return "239.0.0.0/8"
	}
	for bits := 32; bits > 4; bits-- {
		p, err := j.groups[0].at.Addr().Prefix(bits)
		if err == nil && !slices.ContainsFunc(j.groups, func(g group) bool { return !p.Contains(g.at.Addr()) }) {
			return p.String()
		}
	}
	return "224.0.0.0/4"
}

// some lists a few words of many.
func some(words []string) string {
	const most = 4
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}

// tight is below what a packet of uncompressed sound with a few targets takes,
// bytes.
const tight = 1280

func (j *judgement) mtu() {
	l := j.s.link
	evidence := fmt.Sprintf("mtu of %s is %d", l.name, l.mtu)
	next := "ip link set dev " + l.name + " mtu 1500   # and on every switch and tunnel of the way"
	switch {
	case l.mtu < min(tight, j.p.Longest):
		j.say("mtu", paspeaker.SeverityFault, "packets of uncompressed sound do not fit: they go in pieces, or not at all", evidence, next)
	case l.mtu < j.p.Longest:
		j.say("mtu", paspeaker.SeverityWarning, fmt.Sprintf("the longest packets (%d bytes, with many targets) do not fit: they go in pieces, or not at all", j.p.Longest), evidence, next)
	default:
		j.ok("mtu", fmt.Sprintf("the longest packet (%d bytes) fits", j.p.Longest), evidence)
	}
}

// collisions: a network card and a switch look at the last 23 bits of a group.
func (j *judgement) collisions() {
	first := make(map[[3]byte]group)
	bad := 0
	for _, g := range j.groups {
		a := g.at.Addr().As4()
		mac := [3]byte{a[1] & 0x7f, a[2], a[3]}
		other, taken := first[mac]
		switch {
		case a[0] == 224 && a[1] == 0 && a[2] == 0:
			j.say("collision", paspeaker.SeverityFault, g.name()+" is a link-local group: no router passes it, and switches flood it to every port", "224.0.0.0/24 (RFC 5771 §4)", "paspeaker check zones.yaml   # then give the zone a group in 239.255.0.0/16 and type: paspeaker reload")
			bad++
		case mac[0] == 0 && mac[1] == 0:
			j.say("collision", paspeaker.SeverityWarning, g.name()+" looks like 224.0.0."+fmt.Sprint(a[3])+" to switches, which flood it to every port", ether(mac), "paspeaker check zones.yaml   # then give the zone another group and type: paspeaker reload")
			bad++
		case taken && other.at.Addr() != g.at.Addr():
			j.say("collision", paspeaker.SeverityFault, other.name()+" and "+g.name()+" are one to switches and network cards", "both are "+ether(mac), "paspeaker check zones.yaml   # then give one of them another group and type: paspeaker reload")
			bad++
		case taken && other.at != g.at:
			j.say("collision", paspeaker.SeverityWarning, other.name()+" and "+g.name()+" share an address: switches send both to who wants one", "both are "+ether(mac), "paspeaker check zones.yaml   # then give one of them another group and type: paspeaker reload")
			bad++
		case taken:
			j.say("collision", paspeaker.SeverityFault, other.name()+" and "+g.name()+" are one group", g.Addr, "paspeaker check zones.yaml   # then give one of them another group and type: paspeaker reload")
			bad++
		default:
			first[mac] = g
		}
	}
	bad += j.neighbours(first)
	if bad == 0 {
		j.ok("collision", "no two groups look alike to a switch", fmt.Sprintf("%d groups", len(j.groups)))
	}
}

// neighbours: groups of other programs on this machine that look like ours.
func (j *judgement) neighbours(ours map[[3]byte]group) (bad int) {
	for _, m := range j.s.members {
		a := m.group.As4()
		mac := [3]byte{a[1] & 0x7f, a[2], a[3]}
		g, alike := ours[mac]
		if !alike || m.iface != j.s.link.name || g.at.Addr() == m.group {
			continue
		}
		j.say("collision", paspeaker.SeverityWarning, g.name()+" looks like "+m.group.String()+" to switches, and another program of this machine is a member of that", ether(mac), "paspeaker check zones.yaml   # then give the zone another group and type: paspeaker reload")
		bad++
	}
	return bad
}

func ether(mac [3]byte) string {
	return fmt.Sprintf("01:00:5e:%02x:%02x:%02x", mac[0], mac[1], mac[2])
}

// listened is for how long the network was listened to, in words.
func (j *judgement) listened() string {
	return "listened for " + j.s.listened.Round(100*time.Millisecond).String()
}

// command is how to look for longer.
func (j *judgement) longer(d string) string {
	switch j.p.Role {
	case paspeaker.RoleNode:
		return "paspeaker doctor " + j.p.Machine + " --listen " + d
	case paspeaker.RoleHere:
		return "paspeaker doctor --here --listen " + d
	}
	return "paspeaker doctor --listen " + d
}
