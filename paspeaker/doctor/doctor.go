// Package doctor examines how one machine stands on the network: its
// interface, routes, multicast memberships, who queries for them, who else
// speaks on the site's groups, what arrives and in which shape, firewall,
// clock, buffers and priorities. Every finding comes with what to type next.
//
// The controller, the node and the CLI call Examine. Looking (files of the
// kernel, netlink, sockets, a firewall's own program) is kept apart from
// judging: judge is a pure function of what was seen. It changes nothing on
// the machine but for memberships of its own while it listens.
package doctor

import (
	"context"
	"net/netip"
	"time"

	"pa/paspeaker"
)

// The bounds of listening. A querier asks every 125 s (RFC 3376 §8.2).
const (
	DefaultListen = 3 * time.Second
	MostListen    = 135 * time.Second
)

// Examine looks at this machine. It returns early, with what it has, when ctx
// ends; the findings are in the order in which a technician would look.
func Examine(ctx context.Context, p paspeaker.Patient) []paspeaker.Finding {
	if p.Listen <= 0 {
		p.Listen = paspeaker.Duration(DefaultListen)
	}
	p.Listen = min(p.Listen, paspeaker.Duration(MostListen))
	return judge(p, look(ctx, p))
}

// parsed are the patient's groups as addresses; what is none is left out.
func parsed(groups []paspeaker.Group) []group {
	var out []group
	for _, g := range groups {
		if at, err := netip.ParseAddrPort(g.Addr); err == nil && at.Addr().Is4() {
			out = append(out, group{at: at, Group: g})
		}
	}
	return out
}

// group is a group with its address parsed.
type group struct {
	paspeaker.Group
	at netip.AddrPort
}

// name is the group as people know it.
func (g group) name() string {
	if g.Whose == "" {
		return g.Addr
	}
	return g.Addr + " (" + g.Whose + ")"
}
