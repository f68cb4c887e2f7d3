package doctor

import (
	"fmt"
	"net/netip"
	"strings"

	"pa/paspeaker"
)

// firewall: what a rule drops never reaches a socket, and nothing says so.
func (j *judgement) firewall() {
	f := &j.s.filter
	switch {
	case f.ported:
		j.say("firewall", paspeaker.SeverityUnknown, "the firewall's rules are not known: neither nft nor iptables-save is installed here", "", "apt-get install nftables   # then ask again")
		return
	case f.err != nil:
		j.say("firewall", paspeaker.SeverityUnknown, "the firewall's rules are not known: "+f.err.Error(), "", "sudo nft list ruleset   # on that machine; look for drop, udp and igmp")
		return
	}
	bad := false
	for _, t := range j.trials() {
		bad = j.tried(t) || bad
	}
	if !bad {
		j.ok("firewall", "no rule drops voice or IGMP", f.tool)
	}
}

// trial is a kind of packet that must pass.
type trial struct {
	what, match string // in words, and in the firewall's
	packets     []packet
}

func (j *judgement) trials() []trial {
	out := j.p.Role == paspeaker.RoleController
	voice := trial{what: "voice that comes in", match: "udp"}
	if out {
		voice.what = "voice that goes out"
	}
	for _, g := range j.groups {
		voice.packets = append(voice.packets, packet{proto: "udp", dst: g.at.Addr(), port: g.at.Port(), iface: j.s.link.name, out: out})
	}
	queries := trial{what: "the questions of IGMP queriers", match: "igmp",
		packets: []packet{{proto: "igmp", dst: netip.AddrFrom4([4]byte{224, 0, 0, 1}), iface: j.s.link.name}}}
	if out {
		return []trial{voice}
	}
	return []trial{voice, queries}
}

// tried sends the packets of a trial through the rules and tells the first
// that fall.
func (j *judgement) tried(t trial) bool {
	var worst fate
	fallen := 0
	for _, p := range t.packets {
		got := j.s.filter.try(p)
		if got.drop != no {
			fallen++
		}
		if got.drop > worst.drop {
			worst = got
		}
	}
	if worst.drop == no {
		return false
	}
	evidence := worst.rule.text
	if len(t.packets) > 1 {
		evidence += fmt.Sprintf(", %d of %d groups", fallen, len(t.packets))
	}
	next := fmt.Sprintf(worst.rule.fix, j.passWords(t, worst.rule.fix))
	if worst.drop == yes {
		j.say("firewall", paspeaker.SeverityFault, "the firewall drops "+t.what, evidence, next)
	} else {
		j.say("firewall", paspeaker.SeverityWarning, "the firewall may drop "+t.what, evidence, "nft -a list ruleset   # and if it does: "+next)
	}
	return true
}

// passWords match what must pass, in the words of nft or iptables.
func (j *judgement) passWords(t trial, fix string) string {
	tables := strings.HasPrefix(fix, "iptables")
	switch {
	case t.match == "igmp" && tables:
		return "-p igmp"
	case t.match == "igmp":
		return "ip protocol igmp"
	case tables:
		return "-p udp -d " + j.span()
	}
	return "ip daddr " + j.span() + " meta l4proto udp"
}

func (j *judgement) clock() {
	c := j.s.clock
	keeps := "no program keeps it"
	if len(c.programs) > 0 {
		keeps = strings.Join(c.programs, ", ") + " runs"
	}
	next := "timedatectl set-ntp true   # or: apt-get install chrony"
	if len(c.programs) > 0 {
		next = "chronyc tracking || timedatectl timesync-status   # which servers does it reach?"
	}
	switch {
	case c.err != nil:
		j.say("time", paspeaker.SeverityUnknown, "the state of the wall clock is not known", c.err.Error(), "timedatectl")
	case c.synced:
		j.ok("time", "the wall clock is synchronised", fmt.Sprintf("%s, estimated error %d µs", keeps, c.errorUS))
	case j.p.Role == paspeaker.RoleController:
		j.say("time", paspeaker.SeverityWarning, "nobody sets the wall clock: campaigns and quiet hours go by it", keeps, next)
	case j.p.Role == paspeaker.RoleNode:
		j.say("time", paspeaker.SeverityNote, "nobody sets the wall clock; a node needs it for its log alone", keeps, next)
	default:
		j.say("time", paspeaker.SeverityNote, "nobody sets the wall clock", keeps, next)
	}
	if j.p.Role == paspeaker.RoleNode {
		j.mediaClock()
	}
}

// mediaClock: a node plays by the controller's clock.
func (j *judgement) mediaClock() {
	c := j.p.Clock
	evidence := fmt.Sprintf("round trip %.2f ms, error %.3f ms, rate %+.1f ppm", float64(c.RTTNS)/1e6, float64(c.ErrorNS)/1e6, c.RatePPM)
	switch c.State {
	case "":
	case "locked":
		j.ok("media-clock", "locked to the controller's media clock", evidence)
	case "degraded":
		j.say("media-clock", paspeaker.SeverityWarning, "the controller does not answer the questions for the time", evidence, "ping -c 3 "+j.p.Peer+"   # from the node; then its firewall: UDP, the API's port + 1")
	default:
		j.say("media-clock", paspeaker.SeverityFault, "the media clock was never locked: sound plays on arrival", evidence, "ping -c 3 "+j.p.Peer+"   # from the node; then its firewall: UDP, the API's port + 1")
	}
}

// wantedBuffer is what our sockets ask for, bytes.
const wantedBuffer = 1 << 20

func (j *judgement) buffers() {
	s := j.s.sockets
	evidence := fmt.Sprintf("net.core.rmem_max %d; %d packets dropped for full sockets since the start of the machine", s.rmemMax, s.overflows)
	if s.rmemMax >= 0 && s.rmemMax < wantedBuffer && !j.s.rights.admin {
		j.say("buffers", paspeaker.SeverityWarning, "sockets hold less than a burst of voice: a busy moment loses packets", evidence, "sysctl -w net.core.rmem_max=4194304   # and a line in /etc/sysctl.d/paspeaker.conf")
	} else {
		j.ok("buffers", "sockets hold enough", evidence)
	}
	if s.memberships >= 0 && s.memberships < groupsPerSocket && len(j.groups) > s.memberships {
		j.say("memberships", paspeaker.SeverityNote, "a socket may join fewer groups than usual; more sockets are opened instead", fmt.Sprintf("net.ipv4.igmp_max_memberships %d", s.memberships), "sysctl -w net.ipv4.igmp_max_memberships=20")
	}
}

func (j *judgement) priority() {
	r := j.s.rights
	evidence := fmt.Sprintf("CAP_SYS_NICE %v, RLIMIT_RTPRIO %d", r.nice, r.rtprio)
	switch {
	case j.p.Role == paspeaker.RoleHere:
	case r.nice || r.rtprio > 0:
		j.ok("priority", "real-time priority is allowed", evidence)
	default:
		j.say("priority", paspeaker.SeverityWarning, "real-time priority is not allowed: another busy program makes sound late", evidence,
			"systemctl edit "+j.service()+"   # add under [Service]: AmbientCapabilities=CAP_SYS_NICE")
	}
}
