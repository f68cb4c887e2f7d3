package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pa/paspeaker"
)

// members: a program that should hear the groups is a member of them, on the
// right interface.
func (j *judgement) members() {
	if !j.p.Joined {
		return
	}
	if j.s.blind != nil {
		j.say("igmp", paspeaker.SeverityUnknown, "whether the groups are joined is not known", j.s.blind.Error(), "ip maddress show dev "+j.s.link.name)
		return
	}
	var missing, elsewhere []string
	version := ""
	for _, g := range j.groups {
		on := ""
		for _, m := range j.s.members {
			if m.group == g.at.Addr() && (on == "" || m.iface == j.s.link.name) {
				on = m.iface
			}
			if m.iface == j.s.link.name {
				version = m.version
			}
		}
		switch {
		case on == "":
			missing = append(missing, g.name())
		case on != j.s.link.name:
			elsewhere = append(elsewhere, g.name()+" on "+on)
		}
	}
	switch {
	case len(missing) > 0:
		j.say("igmp", paspeaker.SeverityFault, fmt.Sprintf("%d of %d groups are not joined", len(missing), len(j.groups)), "/proc/net/igmp lacks "+some(missing), "systemctl restart paspeaker-node   # on the node; its log says why it could not join")
	case len(elsewhere) > 0:
		j.say("igmp", paspeaker.SeverityFault, fmt.Sprintf("%d groups are joined on another interface than %s", len(elsewhere), j.s.link.name), some(elsewhere), "paspeaker-node … --interface "+j.s.link.name+"   # or site.interface in zones.yaml")
	default:
		j.ok("igmp", fmt.Sprintf("member of all %d groups on %s", len(j.groups), j.s.link.name), "/proc/net/igmp, IGMP"+strings.ToLower(version))
	}
}

// querier: a switch that snoops forgets its members after minutes unless
// somebody asks for them.
func (j *judgement) querier() {
	for _, b := range j.s.bridges {
		if b.snooping && !b.querier && !b.other.IsValid() && j.s.querier.n == 0 {
			j.say("querier", paspeaker.SeverityFault, "bridge "+b.name+" snoops IGMP and nobody asks for members: it stops passing multicast after some minutes",
				"multicast_snooping 1, multicast_querier 0, no querier known", "ip link set dev "+b.name+" type bridge mcast_querier 1")
			return
		}
	}
	q := j.s.querier
	heard := j.listened() + " on " + j.s.link.name
	known, by := j.bridgeQuerier()
	switch {
	case q.n > 0:
		j.ok("querier", "an IGMP querier asks: "+q.from.String(), fmt.Sprintf("%d queries, %s", q.n, heard))
	case known:
		j.ok("querier", "an IGMP querier asks: "+by, "the bridge of this machine knows it")
	case j.s.link.name == "lo":
		j.ok("querier", "the loopback needs no querier", "")
	case j.p.Mobile:
		j.ok("querier", "voice comes by unicast: no querier is needed", "")
	case q.err != nil || !j.s.rights.raw:
		j.say("querier", paspeaker.SeverityUnknown, "whether an IGMP querier asks is not known: needs CAP_NET_RAW", reason(q.err), "systemctl edit "+j.service()+"   # add under [Service]: AmbientCapabilities=CAP_NET_RAW CAP_SYS_NICE")
	case j.s.listened >= MostListen-10e9:
		j.say("querier", paspeaker.SeverityWarning, "no IGMP querier is heard: switches that snoop stop passing multicast after some minutes", heard, "enable the IGMP querier on one switch or router of this network (“ip igmp snooping querier”)")
	default:
		j.say("querier", paspeaker.SeverityNote, "no IGMP querier was heard yet; one asks every 125 s as a rule", heard, j.longer("130s"))
	}
}

func (j *judgement) bridgeQuerier() (known bool, by string) {
	for _, b := range j.s.bridges {
		if b.other.IsValid() {
			return true, b.other.String()
		}
		if b.querier {
			return true, "bridge " + b.name
		}
	}
	return false, ""
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// service is the systemd unit that runs the program.
func (j *judgement) service() string {
	if j.p.Role == paspeaker.RoleNode {
		return "paspeaker-node"
	}
	return "paspeakerd"
}

// allowed says whether an address may speak on the groups.
func (j *judgement) allowed(a netip.Addr) bool {
	return j.anybody() || slices.ContainsFunc(j.p.Senders, func(s string) bool { return s == a.String() }) ||
		j.p.Role == paspeaker.RoleController && (a.IsUnspecified() || slices.Contains(j.s.own, a)) // a packet without an address never left the machine
}

// anybody says that nobody has told who may speak: then the form of a packet
// must do.
func (j *judgement) anybody() bool { return len(j.p.Senders) == 0 && j.p.Role == paspeaker.RoleHere }

// ours says whether a stream is what the site itself sends.
func (j *judgement) ours(s stream) bool {
	if !j.allowed(s.from) {
		return false
	}
	return s.kind == kindSealed && !s.group.Plain || s.kind == kindRTP && s.group.Plain
}

func (j *judgement) senders() {
	if j.p.Mobile {
		return
	}
	if j.s.deaf != nil {
		j.say("senders", paspeaker.SeverityUnknown, "who speaks on the groups is not known", j.s.deaf.Error(), "ip maddress show dev "+j.s.link.name)
		return
	}
	strangers, packets := 0, 0
	var speak []string
	for _, s := range j.s.streams {
		if j.ours(s) {
			packets += s.packets
			if a := s.from.String(); !slices.Contains(speak, a) {
				speak = append(speak, a)
			}
			continue
		}
		strangers++
		j.stranger(s)
	}
	switch {
	case strangers > 0:
	case packets > 0 && j.anybody() && len(speak) > 1:
		j.say("senders", paspeaker.SeverityNote, "several speak on the groups, in the site's form: "+some(speak), j.listened(), "paspeaker doctor   # which of them is the controller?")
	case packets > 0:
		j.ok("senders", "nobody but the controller ("+some(speak)+") speaks on the groups", fmt.Sprintf("%d packets of ours, %s", packets, j.listened()))
	default:
		j.ok("senders", "nobody else speaks on the groups", j.listened()+"; nothing was on air")
	}
}

func (j *judgement) stranger(s stream) {
	next := "ip neighbour show " + s.from.String() + "   # its hardware address; find its port in the switch's table, and stop it there"
	evidence := fmt.Sprintf("%d packets of up to %d bytes, %s", s.packets, s.longest, j.listened())
	where := " on " + s.group.name()
	switch s.kind {
	case kindSealed:
		j.say("senders", paspeaker.SeverityWarning, s.from.String()+" sends sealed packets"+where+": another controller, or a relay", evidence, next)
	case kindRTP:
		j.say("senders", paspeaker.SeverityFault, "foreign sender: "+s.from.String()+" sends "+payloadName(s.payload)+where, evidence, next)
	default:
		j.say("senders", paspeaker.SeverityWarning, s.from.String()+" sends something that is not RTP"+where, evidence, next)
	}
}

// payloadName is a payload type in words (RFC 3551 §6).
func payloadName(pt uint8) string {
	names := map[uint8]string{0: "G.711 µ-law", 3: "GSM", 8: "G.711 A-law", 9: "G.722", 10: "L16 stereo", 11: "L16", 14: "MPEG audio", 33: "MPEG transport"}
	if n, ok := names[pt]; ok {
		return "plain RTP (" + n + ")"
	}
	return fmt.Sprintf("plain RTP (payload type %d)", pt)
}

// ttl: every router takes one off; at one the next router drops.
func (j *judgement) ttl() {
	if j.p.Role == paspeaker.RoleController {
		if j.p.TTL == 1 && j.s.link.name != "lo" {
			j.say("ttl", paspeaker.SeverityNote, "packets are sent with TTL 1: no router passes them", "site.ttl in zones.yaml", "paspeaker check zones.yaml   # raise site.ttl if loudspeakers stand behind a router, then: paspeaker reload")
			return
		}
		j.ok("ttl", fmt.Sprintf("packets are sent with TTL %d", j.p.TTL), "site.ttl in zones.yaml")
		return
	}
	lowest, from := 0, netip.Addr{}
	for _, s := range j.s.streams {
		if j.ours(s) && s.ttl > 0 && (lowest == 0 || s.ttl < lowest) {
			lowest, from = s.ttl, s.from
		}
	}
	hops := j.p.TTL - lowest
	evidence := fmt.Sprintf("TTL %d at arrival from %s, sent with %d", lowest, from, j.p.TTL)
	switch {
	case j.p.Mobile:
	case lowest == 0:
		j.say("ttl", paspeaker.SeverityUnknown, "how many routers lie between is not known: nothing was on air", j.listened(), j.tryTone())
	case lowest == 1 && hops > 0:
		j.say("ttl", paspeaker.SeverityWarning, "packets arrive with their last breath: one more router and they are lost", evidence, "paspeaker check zones.yaml   # raise site.ttl, then: paspeaker reload")
	case j.p.TTL > 0 && hops < 0 || hops > 0 && j.p.TTL > 0:
		j.say("ttl", paspeaker.SeverityNote, fmt.Sprintf("%d routers lie between", max(hops, 0)), evidence, "")
	default:
		j.ok("ttl", "no router lies between", evidence)
	}
}

// tryTone is how to have something on air to look at.
func (j *judgement) tryTone() string {
	zone := "all"
	for _, g := range j.groups {
		if z, ok := strings.CutPrefix(g.Whose, "zone "); ok && !g.Plain {
			zone = z
			break
		}
	}
	return "paspeaker tone " + zone + " --level -50 --length 10s & " + j.longer("5s")
}

// least is how many packets of a stream tell about its order.
const least = 20

func (j *judgement) sequence() {
	if j.p.Mobile || j.p.Role == paspeaker.RoleController {
		return // what it hears is its own
	}
	var packets, lost, late, twice int
	for _, s := range j.s.streams {
		if j.ours(s) && s.packets >= least {
			packets, lost, late, twice = packets+s.packets, lost+s.lost, late+s.reordered, twice+s.duplicates
		}
	}
	if packets == 0 {
		j.say("order", paspeaker.SeverityUnknown, "loss, order and copies are not known: nothing was on air", j.listened(), j.tryTone())
		return
	}
	share := func(n int) string { return fmt.Sprintf("%d of %d packets", n, packets) }
	clean := true
	if twice > 0 {
		clean = false
		j.say("duplicates", paspeaker.SeverityWarning, "packets arrive twice: there is a loop, two links without LAG, or a relay that sends back", share(twice), "bridge link show   # and spanning tree on the switches: which two ways lead here?")
	}
	if late > 0 {
		clean = false
		j.say("order", paspeaker.SeverityWarning, "packets overtake each other: several ways lead here, or a queue without order", share(late), "ethtool -l "+j.s.link.name+"   # and look for link aggregation that deals out packet by packet")
	}
	if lost > 0 {
		clean = false
		j.say("loss", lossSeverity(lost, packets), "packets are lost on the way", share(lost)+" never came", "ip -s link show dev "+j.s.link.name+"   # then the counters of each switch port on the way")
	}
	if clean {
		j.ok("order", "every packet arrives once and in order", fmt.Sprintf("%d packets", packets))
	}
}

func lossSeverity(lost, packets int) paspeaker.Severity {
	if lost*50 > packets+lost { // 2 %
		return paspeaker.SeverityFault
	}
	return paspeaker.SeverityWarning
}
