package air

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pa/audio/wire"
)

func TestTheBookOfPeersFollows(t *testing.T) {
	addr := rapid.Custom(func(t *rapid.T) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, rapid.Byte().Draw(t, "host")}), 5000)
	})
	places := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d"}), addr)
	rapid.Check(t, func(t *rapid.T) {
		var b peerBook
		b.init()
		known := map[string]netip.AddrPort{}
		for range 5 {
			now := places.Draw(t, "now")
			if d := Difference(known, now); d != nil {
				b.change(d)
			}
			assert.Nil(t, Difference(now, now))
			known = now
			assert.Equal(t, now, *b.known.Load())
		}
		_, ok := b.find("nobody")
		assert.False(t, ok)
	})
}

func TestAnOrderCrossesAsItIs(t *testing.T) {
	for _, o := range []Order{
		{Open: &Open{Base: -5, CName: "paspeakerd@khu-a"}},
		{Tune: &Tune{Interface: "eth0", TTL: 16, DSCP: 46}},
		{Key: &Key{OnAir: []byte{1, 2}, Cert: []byte{3}, TagKeyID: 2, TagKey: [32]byte{31: 9}, Term: 7}},
		{Begin: &Begin{ID: 1<<63 + 1, Flags: wire.FlagLive, Gain: 0.7, Hold: 5, Urgent: true}},
		{Aim: &Aim{ID: 1<<63 + 1, Rank: 4e9, Legs: []Leg{{Profile: "opus", Unit: true, Lead: 3, Targets: []uint32{1, 4e9}, Units: []string{"xe-1"}}}}},
		{Silence: &Silence{Kind: wire.StopGoodbye, Before: 1e18 + 1, Targets: []uint32{0}, Groups: []netip.AddrPort{netip.MustParseAddrPort("239.1.2.3:5004")}}},
	} {
		text, err := json.Marshal(o)
		require.NoError(t, err)
		got, err := decode(text, nil)
		require.NoError(t, err)
		assert.Equal(t, o, got)
	}
}

func FuzzOrders(f *testing.F) {
	f.Add([]byte(`{"aim":{"id":1,"legs":[{"profile":"l16","groups":["239.1.2.3:5004"]}]}}`), []byte(nil))
	f.Add([]byte(`{"load":{"id":1,"HasSound":true,"live":{"rate":-1}}}`), []byte{20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0})
	f.Add([]byte(`{}`), []byte{1})
	f.Fuzz(func(t *testing.T, text, oob []byte) {
		if len(oob) >= 16 && oob[8] == 1 && oob[12] == 1 {
			return // would name descriptors of this process
		}
		o, err := decode(text, oob)
		if err == nil && o.Load != nil && (o.Load.HasSound != (o.Load.sound != nil) || (o.Load.Live != nil) != (o.Load.live != nil)) {
			t.Error("a load without what it says")
		}
	})
}
