package fleet

import (
	"context"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"

	"pa/audio/wire"
	"pa/paspeaker/node"
)

// hall is where all nodes of the fleet listen: one receiver joins every group
// that any of them wants, and each packet is handed to all whose group it came
// over, one after the other.
type hall struct {
	log   *slog.Logger
	began chan struct{} // closed when the receiver is there

	mu       sync.RWMutex // held for reading while a packet is handed round
	receiver *wire.Receiver
	seats    map[netip.AddrPort][]*seat
}

func newHall(log *slog.Logger) *hall {
	return &hall{log: log, began: make(chan struct{}), seats: make(map[netip.AddrPort][]*seat)}
}

// run receives until ctx is done.
func (h *hall) run(ctx context.Context) error {
	select {
	case <-h.began:
		return h.receiver.Run(ctx, h.hand)
	case <-ctx.Done():
		return nil
	}
}

// hand gives a packet to every node of its group.
func (h *hall) hand(d wire.Datagram) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, s := range h.seats[d.To] {
		if s.take != nil && !s.lossy.drops() {
			s.take(d)
		}
	}
}

// seat returns a place for one node. The first of them says by which interface
// and clock all will hear.
func (h *hall) seat(cfg wire.ReceiverConfig, l *lossy) node.Ears {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.receiver == nil {
		cfg.Log = h.log
		h.receiver = wire.NewReceiver(cfg)
		close(h.began)
	}
	return &seat{hall: h, lossy: l}
}

// seat is one node's ears.
type seat struct {
	hall   *hall
	lossy  *lossy
	take   func(wire.Datagram) // under hall.mu
	groups []netip.AddrPort    // under hall.mu
}

// SetGroups implements node.Ears.
func (s *seat) SetGroups(groups []netip.AddrPort) error {
	h := s.hall
	h.mu.Lock()
	defer h.mu.Unlock()
	before := len(h.seats)
	changed := false
	for _, g := range s.groups {
		if slices.Contains(groups, g) {
			continue
		}
		h.seats[g] = slices.DeleteFunc(h.seats[g], func(o *seat) bool { return o == s })
		if len(h.seats[g]) == 0 {
			delete(h.seats, g)
			changed = true
		}
	}
	for _, g := range groups {
		if !slices.Contains(s.groups, g) {
			h.seats[g] = append(h.seats[g], s)
		}
	}
	s.groups = slices.Clone(groups)
	if !changed && len(h.seats) == before {
		return nil
	}
	all := make([]netip.AddrPort, 0, len(h.seats))
	for g := range h.seats {
		all = append(all, g)
	}
	return h.receiver.SetGroups(all)
}

// Joined implements node.Ears.
func (s *seat) Joined() map[string]bool {
	s.hall.mu.RLock()
	defer s.hall.mu.RUnlock()
	all, own := s.hall.receiver.Joined(), make(map[string]bool, len(s.groups))
	for _, g := range s.groups {
		own[g.String()] = all[g.String()]
	}
	return own
}

// Run implements node.Ears: the node hears from now on, until ctx is done.
func (s *seat) Run(ctx context.Context, take func(wire.Datagram)) error {
	s.listen(take)
	<-ctx.Done()
	s.listen(nil)
	_ = s.SetGroups(nil) // a receiver that has ended has left them all
	return nil
}

func (s *seat) listen(take func(wire.Datagram)) {
	s.hall.mu.Lock()
	defer s.hall.mu.Unlock()
	s.take = take
}

// lossy loses a share of what comes to one node, by chance of its own.
type lossy struct {
	share float64
	dice  *rand.Rand
}

func newLossy(share float64, seed uint64, id string) *lossy {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return &lossy{share: share, dice: rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// drops says whether the next packet is lost. One goroutine at a time calls it.
func (l *lossy) drops() bool { return l.share > 0 && l.dice.Float64() < l.share }
