package air

import (
	"maps"
	"net/netip"
	"sync/atomic"
)

// peerBook knows where mobile units are. The pacers look without waiting for
// who changes it.
type peerBook struct {
	known atomic.Pointer[map[string]netip.AddrPort]
}

func (b *peerBook) init() { b.known.Store(&map[string]netip.AddrPort{}) }

func (b *peerBook) find(node string) (netip.AddrPort, bool) {
	addr, ok := (*b.known.Load())[node]
	return addr, ok
}

// change is for one goroutine at a time.
func (b *peerBook) change(p *Peers) {
	next := maps.Clone(*b.known.Load())
	maps.Copy(next, p.Moved)
	for _, node := range p.Gone {
		delete(next, node)
	}
	b.known.Store(&next)
}

// Difference returns the order that brings an engine which knows one set of
// peers to another; nil when they are the same.
func Difference(known, now map[string]netip.AddrPort) *Peers {
	var p Peers
	for node, addr := range now {
		if known[node] != addr {
			if p.Moved == nil {
				p.Moved = make(map[string]netip.AddrPort)
			}
			p.Moved[node] = addr
		}
	}
	for node := range known {
		if _, ok := now[node]; !ok {
			p.Gone = append(p.Gone, node)
		}
	}
	if p.Moved == nil && p.Gone == nil {
		return nil
	}
	return &p
}
