package doctor

import (
	"net"
	"slices"

	"pa/paspeaker"
)

// Sources returns the addresses from which this machine sends to the groups:
// what a node should take for its controller's.
func Sources(p paspeaker.Patient) []string {
	var out []string
	add := func(a string) {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	if p.Interface == "lo" { // wire.Sender binds there
		return []string{"127.0.0.1"}
	}
	if i, err := net.InterfaceByName(p.Interface); err == nil {
		for _, a := range prefixes(i.Addrs) {
			add(a.Addr().String())
		}
		return out
	}
	for _, g := range parsed(p.Groups) {
		if r := routeTo(g.at.Addr()); r.err == nil && r.src.IsValid() {
			add(r.src.String())
		}
	}
	return out
}
