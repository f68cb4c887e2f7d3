package node

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/codec"
	"pa/audio/wire"
)

const ourGroup = "239.255.12.1:5004"

// plain is an RTP packet of 20 ms of a tone at that amplitude.
func plain(t *testing.T, name string, amplitude float64) []byte {
	t.Helper()
	p, ok := codec.ProfileByName(name)
	require.True(t, ok)
	e, err := codec.NewEncoder(p)
	require.NoError(t, err)
	pcm := make([]float32, p.Frame)
	var payload []byte
	for n := range 5 { // past the filter's beginning
		for i := range pcm {
			pcm[i] = float32(amplitude * math.Sin(2*math.Pi*440*float64(n*p.Frame+i)/audio.Rate))
		}
		payload, err = e.Encode(payload[:0], pcm)
		require.NoError(t, err)
	}
	return append([]byte{0x80, p.PayloadType, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4}, payload...)
}

func from(n int, b []byte, at time.Duration) wire.Datagram {
	return wire.Datagram{Data: b, From: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 4000), To: netip.MustParseAddrPort(ourGroup), At: int64(at)}
}

func TestAForeignVoiceIsKnownByItsSourceAndKind(t *testing.T) {
	for name, want := range map[string]string{"pcmu": "plain RTP, G.711 µ-law", "pcma": "plain RTP, G.711 A-law", "g722": "plain RTP, G.722"} {
		var f foreign
		b := plain(t, name, 0.1)
		var now time.Duration
		for range 50 {
			now += 20 * time.Millisecond
			f.note(from(9, b, now), wire.Unsealed)
		}
		list := f.told(int64(now))
		require.Len(t, list, 1, name)
		assert.Equal(t, "10.0.0.9:4000", list[0].Source)
		assert.Equal(t, ourGroup, list[0].Group)
		assert.Equal(t, want, list[0].What)
		assert.EqualValues(t, 50, list[0].Packets)
		if name != "g722" {
			assert.InDelta(t, -23, list[0].LevelDB, 1, name)
		}
		assert.Len(t, f.told(int64(now+3*time.Second)), 1, "a pause is no end")
		assert.Empty(t, f.told(int64(now+10*time.Second)), "it has ended")
	}
}

func TestASilentLineAndAStrayPacketAreNoVoice(t *testing.T) {
	var f foreign
	var now time.Duration
	quiet := plain(t, "pcmu", 0)
	for range 50 {
		now += 20 * time.Millisecond
		f.note(from(9, quiet, now), wire.Unsealed)
	}
	f.note(from(8, plain(t, "pcmu", 0.5), now), wire.Unsealed)
	assert.Empty(t, f.told(int64(now)))
}

func TestWhatIsOursThoughRefusedIsNotForeign(t *testing.T) {
	var f foreign
	b := plain(t, "pcmu", 0.5)
	for i := range 50 {
		at := time.Duration(i) * 20 * time.Millisecond
		for _, why := range []wire.Refusal{wire.NotForUs, wire.Duplicate, wire.Stale, wire.Early, wire.Ended, wire.OldTerm, wire.Flood, wire.Malformed} {
			f.note(from(int(why), b, at), why)
		}
		unicast := from(99, b, at)
		unicast.To = netip.MustParseAddrPort("10.0.0.11:7081")
		f.note(unicast, wire.Unsealed)
		f.note(from(98, b[:11], at), wire.Unsealed)
	}
	assert.Empty(t, f.told(int64(time.Second)))
}

func TestAForgerIsToldWhenItGoesOn(t *testing.T) {
	var f foreign
	b := plain(t, "pcmu", 0.5)
	var now time.Duration
	for second := range 6 {
		for range 50 {
			now += 20 * time.Millisecond
			f.note(from(9, b, now), wire.BadSignature)
			f.note(from(7, b, now), wire.UnknownKey)
		}
		list := f.told(int64(now))
		if second < foreignSealed-1 {
			assert.Empty(t, list, "a node may not know the key yet")
			continue
		}
		require.Len(t, list, 2)
		assert.Contains(t, list[0].What+list[1].What, "forged")
		assert.Contains(t, list[0].What+list[1].What, "another site")
	}
}

func TestAFloodOfSendersIsBounded(t *testing.T) {
	var f foreign
	b := plain(t, "pcmu", 0.5)
	var now time.Duration
	for range 20 {
		now += 50 * time.Millisecond
		for n := range 1000 {
			f.note(from(n, b, now), wire.Unsealed)
		}
	}
	assert.Len(t, f.told(int64(now)), toldForeign)
	d := from(3, b, now)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { f.note(d, wire.Unsealed) }))
	// Who is gone makes room.
	now += 10 * time.Second
	for range 20 {
		now += 20 * time.Millisecond
		f.note(from(5000, b, now), wire.Unsealed)
	}
	list := f.told(int64(now))
	require.Len(t, list, 1)
	assert.Equal(t, "10.0.19.136:4000", list[0].Source)
}

// The plain decoders agree with the codecs of the house.
func TestLoudnessOfPlainPackets(t *testing.T) {
	for _, amplitude := range []float64{0.5, 0.05, 0.005} {
		want := 20 * math.Log10(amplitude/math.Sqrt2)
		for _, name := range []string{"pcmu", "pcma"} {
			e, ok := loudness(plain(t, name, amplitude))
			require.True(t, ok)
			assert.InDelta(t, want, 10*math.Log10(e), 0.8, fmt.Sprintf("%s %g", name, amplitude))
		}
	}
	b := append(make([]byte, 12), make([]byte, 200)...)
	b[0], b[1] = 0x80, 11
	for i := 12; i < len(b); i += 2 {
		binary.BigEndian.PutUint16(b[i:], 16384)
	}
	e, ok := loudness(b)
	require.True(t, ok)
	assert.InDelta(t, 0.25, e, 1e-9)
	b[1] = 96
	_, ok = loudness(b)
	assert.False(t, ok, "nobody says what it is")
}

func FuzzForeign(f *testing.F) {
	f.Add([]byte{0x90, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 0xbe, 0xde, 0, 1, 0, 0, 0, 0, 255, 255, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var all foreign
		for range 20 {
			all.note(from(1, b, time.Second), wire.Unsealed)
		}
		for _, s := range all.told(int64(2 * time.Second)) {
			assert.LessOrEqual(t, s.LevelDB, 0.5)
		}
	})
}
