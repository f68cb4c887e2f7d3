package fleet

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pa/audio/wire"
	"pa/paspeaker/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// heardBy counts what one node hears, by its words.
type heardBy struct {
	mu    sync.Mutex
	words map[string]int
}

func (h *heardBy) take(d wire.Datagram) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.words[string(d.Data)]++
}

func (h *heardBy) count(word string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.words[word]
}

// Each hears the groups that it has joined and no others, over one receiver;
// and loses its own share.
func TestEverybodyInTheHallHearsItsOwnGroups(t *testing.T) {
	gates, roads := netip.MustParseAddrPort("239.255.181.1:36902"), netip.MustParseAddrPort("239.255.181.2:36902")
	h := newHall(nil)
	ctx, end := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer end()
	all.Go(func() { assert.NoError(t, h.run(ctx)) })
	seats := make([]*heardBy, 4)
	ears := make([]node.Ears, 4)
	for i, groups := range [][]netip.AddrPort{{gates}, {gates, roads}, {roads}, {gates}} {
		share := 0.0
		if i == 3 {
			share = 0.5
		}
		seats[i] = &heardBy{words: make(map[string]int)}
		ears[i] = h.seat(wire.ReceiverConfig{Interface: "lo"}, newLossy(share, 7, "gate-4"))
		require.NoError(t, ears[i].SetGroups(groups))
		all.Go(func() { assert.NoError(t, ears[i].Run(ctx, seats[i].take)) })
	}
	assert.Equal(t, map[string]bool{gates.String(): true, roads.String(): true}, ears[1].Joined())
	say := sayOnLoopback(t)
	require.Eventually(t, func() bool {
		say("g", gates)
		say("r", roads)
		return seats[0].count("g") > 200 && seats[1].count("g") > 200 && seats[1].count("r") > 200 && seats[2].count("r") > 200
	}, 30*time.Second, time.Millisecond)
	assert.Zero(t, seats[0].count("r"))
	assert.Zero(t, seats[2].count("g"))
	lossy, whole := seats[3].count("g"), seats[0].count("g")
	assert.Greater(t, lossy, whole/4)
	assert.Less(t, lossy, whole*3/4)

	// Who leaves a group hears it no more; the others do.
	require.NoError(t, ears[1].SetGroups([]netip.AddrPort{roads}))
	say("late", gates)
	require.Eventually(t, func() bool { say("late", gates); return seats[0].count("late") > 5 }, 30*time.Second, time.Millisecond)
	assert.Zero(t, seats[1].count("late"))
	assert.Equal(t, map[string]bool{roads.String(): true}, ears[1].Joined())
}

// sayOnLoopback returns a way to send a word to a group on loopback.
func sayOnLoopback(t *testing.T) func(word string, to netip.AddrPort) {
	t.Helper()
	lo, err := net.InterfaceByName("lo")
	require.NoError(t, err)
	s, err := wire.NewSender(wire.SenderConfig{Interface: lo.Name})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return func(word string, to netip.AddrPort) { _ = s.Send([]byte(word), to) }
}

func TestLossIsEachOnesOwnAndTheSameEveryTime(t *testing.T) {
	draw := func(seed uint64, id string) (out [64]bool) {
		l := newLossy(0.3, seed, id)
		for i := range out {
			out[i] = l.drops()
		}
		return out
	}
	assert.Equal(t, draw(1, "gate-1"), draw(1, "gate-1"))
	assert.NotEqual(t, draw(1, "gate-1"), draw(2, "gate-1"))
	assert.NotEqual(t, draw(1, "gate-1"), draw(1, "gate-2"))
	n := 0
	l := newLossy(0.02, 1, "gate-1")
	for range 100_000 {
		if l.drops() {
			n++
		}
	}
	assert.InDelta(t, 2000, n, 250)
	assert.False(t, newLossy(0, 1, "gate-1").drops())
}
