package air

import (
	"context"
	"crypto/ed25519"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pa/audio/wire"
)

// Every group is told that the way is open, though nothing is on air; a node
// takes what it hears for genuine.
func TestBeaconsAreHeardOnEveryGroup(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		pid := os.Getpid()
		var groups []netip.AddrPort
		for i := range 3 {
			groups = append(groups, netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 255, byte(20 + pid%200), byte(200 + i)}), uint16(20000+pid%5000*2)))
		}
		verifier := wire.NewVerifier(wire.VerifierConfig{Roots: []ed25519.PublicKey{s.root}, TagKeys: map[uint8][32]byte{0: s.tagKey}})
		ears := wire.NewReceiver(wire.ReceiverConfig{Interface: "lo"})
		require.NoError(t, ears.SetGroups(groups))
		ctx, cancel := context.WithCancel(t.Context())
		beacons := make(chan netip.AddrPort, 64)
		done := make(chan error, 1)
		go func() {
			done <- ears.Run(ctx, func(d wire.Datagram) {
				p, refusal := verifier.Verify(d.Data, wire.Instant{Local: d.At})
				if refusal == wire.OK && p.Flags&wire.FlagBeacon != 0 {
					select {
					case beacons <- d.To:
					default:
					}
				}
			})
		}()
		s.do(Order{Beacons: &Beacons{Every: 30 * time.Millisecond, Groups: groups}})
		for heard := map[netip.AddrPort]int{}; len(heard) < len(groups) || heard[groups[0]] < 2; {
			heard[<-beacons]++
		}
		s.do(Order{Beacons: &Beacons{}}) // no groups, no beacons
		cancel()
		require.NoError(t, <-done)
	})
}
