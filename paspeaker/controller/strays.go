package controller

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/supervise"
)

// stray is a fault that the nodes' watch over silence has found.
type stray struct{ what, remedy string }

// id names a fault by its kind and subject.
type id struct {
	kind    paspeaker.FaultKind
	subject string
}

func (s stray) sight(of id, bad bool) supervise.Sight {
	return supervise.Sight{Kind: of.kind, Subject: of.subject, Bad: bad, What: s.what, Remedy: s.remedy}
}

const mostHearers = 6 // loudspeakers that a fault names

// watchStrays opens and ends the faults of what sounds, or wants to, though it
// is not ours. One sender is one fault, however many loudspeakers hear it. Loop
// only, once a second.
func (c *Controller) watchStrays() {
	found := strays(c.nodes.reports())
	for id, s := range found {
		c.faults.see(s.sight(id, true))
	}
	for id, s := range c.strays {
		if _, still := found[id]; !still {
			c.faults.see(s.sight(id, false))
		}
	}
	c.strays = found
}

// reports returns what the nodes that are online last said.
func (n *nodes) reports() []paspeaker.NodeReport {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []paspeaker.NodeReport
	for _, id := range slices.Sorted(maps.Keys(n.seen)) {
		if node := n.seen[id]; node.online && node.report != nil && n.now().Sub(node.last) <= silence {
			out = append(out, *node.report)
		}
	}
	return out
}

// strays makes faults of what the nodes say, by their ids.
func strays(reports []paspeaker.NodeReport) map[id]stray {
	out := make(map[id]stray)
	heard := make(map[string][]paspeaker.ForeignSender)
	by := make(map[string][]string)
	for _, r := range reports {
		for _, f := range r.Foreign {
			from := host(f.Source)
			heard[from] = append(heard[from], f)
			if !slices.Contains(by[from], string(r.ID)) {
				by[from] = append(by[from], string(r.ID))
			}
		}
		if q := r.Quiet; q != nil && q.Stray > 0 {
			out[id{paspeaker.FaultStray, string(r.ID)}] = stray{what: fmt.Sprintf("%s sounds at %.0f dBFS with nothing on air, for %s", r.ID, q.OutputDB, time.Duration(q.Stray).Truncate(time.Second))}
		}
		if q := r.Quiet; q != nil && q.Ghost > 0 && q.MonitorDB != nil {
			out[id{paspeaker.FaultGhost, string(r.ID)}] = stray{what: fmt.Sprintf("the monitor of %s hears %.0f dBFS with nothing on air, for %s", r.ID, *q.MonitorDB, time.Duration(q.Ghost).Truncate(time.Second))}
		}
	}
	for from, list := range heard {
		out[id{paspeaker.FaultForeign, from}] = foreignFault(from, list, by[from])
	}
	return out
}

// foreignFault is one for all groups that a sender speaks on.
func foreignFault(from string, list []paspeaker.ForeignSender, by []string) stray {
	var kinds, groups []string
	level := 0.0
	for _, f := range list {
		if !slices.Contains(kinds, f.What) {
			kinds = append(kinds, f.What)
		}
		if !slices.Contains(groups, f.Group) {
			groups = append(groups, f.Group)
		}
		if f.LevelDB != 0 && (level == 0 || f.LevelDB > level) {
			level = f.LevelDB
		}
	}
	what := fmt.Sprintf("foreign sender: %s speaks on our groups (%s), heard at %s: %s", from, some(groups), some(by), strings.Join(kinds, "; "))
	if level != 0 {
		what += fmt.Sprintf(", %.0f dBFS", level)
	}
	return stray{what + "; our loudspeakers do not play it, third-party ones may",
		"find it: `ip neighbour show " + from + "` for its hardware address, then its port in the switch; `paspeaker doctor` shows what it sends"}
}

// some lists a few words of many.
func some(words []string) string {
	if len(words) <= mostHearers {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:mostHearers], ", "), len(words)-mostHearers)
}

// host is the address of an address and port: a sender that changes its port
// is the same one.
func host(source string) string {
	if a, err := netip.ParseAddrPort(source); err == nil {
		return a.Addr().String()
	}
	return source
}
