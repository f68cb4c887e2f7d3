package wire_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/wire"
)

func TestAReceiverSaysWhatItHasJoined(t *testing.T) {
	r := wire.NewReceiver(wire.ReceiverConfig{Interface: "lo"})
	a, b := netip.MustParseAddrPort("239.255.211.1:5004"), netip.MustParseAddrPort("239.255.211.2:5004")
	require.NoError(t, r.SetGroups([]netip.AddrPort{a, b}))
	assert.Equal(t, map[string]bool{a.String(): true, b.String(): true}, r.Joined())
	require.NoError(t, r.SetGroups([]netip.AddrPort{b}))
	assert.Equal(t, map[string]bool{b.String(): true}, r.Joined())
	ended, end := context.WithCancel(t.Context())
	end()
	require.NoError(t, r.Run(ended, func(wire.Datagram) {}))
	assert.Empty(t, r.Joined(), "nothing is joined any more")
}
