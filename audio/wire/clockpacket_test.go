package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestClockPacketsSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var key [32]byte
		var cookie [16]byte
		copy(key[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		copy(cookie[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "cookie"))
		b := make([]byte, clockLen)

		q := clockRequest{Node: rapid.StringMatching(`[a-z0-9-]{1,32}`).Draw(t, "node"), Nonce: rapid.Uint64().Draw(t, "nonce"), Cookie: cookie}
		q.put(b, &key)
		require.True(t, isClock(b))
		require.True(t, clockGenuine(b, &key))
		got, err := parseClockRequest(b)
		require.NoError(t, err)
		require.Equal(t, q, got)

		t2 := rapid.Int64().Draw(t, "t2")
		took := rapid.Int64Range(0, int64(time.Second)).Draw(t, "took")
		if t2 > t2+took {
			took = 0
		}
		r := clockReply{Nonce: q.Nonce, Timescale: rapid.Uint32().Draw(t, "timescale"), T2: t2, T3: t2 + took, Cookie: cookie}
		r.put(b, &key)
		require.True(t, clockGenuine(b, &key))
		back, err := parseClockReply(b)
		require.NoError(t, err)
		require.Equal(t, r, back, "to the nanosecond, in any era")

		b[rapid.IntRange(0, clockLen-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		_, err = parseClockReply(b)
		require.True(t, err != nil || !clockGenuine(b, &key), "a flipped bit goes unnoticed")
	})
}

// The packet is NTP to whoever looks: tshark reads the header, the extension
// field and the MAC where RFC 5905 and RFC 7822 put them.
func TestClockPacketsHaveTheFormOfNTP(t *testing.T) {
	key := DeriveClockKey([]byte("secret"), "gate-1")
	b := make([]byte, clockLen)
	(&clockRequest{Node: "gate-1", Nonce: 0x0102030405060708}).put(b, &key)
	assert.Equal(t, byte(0x23), b[0], "version 4, client")
	assert.Equal(t, make([]byte, 39), b[1:40], "a question tells nothing of the node's clock")
	assert.Equal(t, uint64(0x0102030405060708), binary.BigEndian.Uint64(b[40:]))
	assert.Zero(t, len(b)%4)
	assert.Zero(t, binary.BigEndian.Uint16(b[50:])%4, "a field is whole words")
	assert.Equal(t, 48+int(binary.BigEndian.Uint16(b[50:]))+4+16, len(b))

	// 2036-02-07 06:28:16 UTC is the first second of NTP's second era.
	turn := time.Date(2036, 2, 7, 6, 28, 16, 0, time.UTC).UnixNano()
	(&clockReply{Nonce: 5, T2: turn - 1000, T3: turn + 1000}).put(b, &key)
	assert.Equal(t, byte(0xe4), b[0], "not synchronised to UTC, version 4, server")
	assert.Equal(t, "XPAM", string(b[12:16]))
	assert.Equal(t, uint32(0xffffffff), binary.BigEndian.Uint32(b[32:]))
	assert.Zero(t, binary.BigEndian.Uint32(b[40:]))
	r, err := parseClockReply(b)
	require.NoError(t, err)
	assert.Equal(t, [2]int64{turn - 1000, turn + 1000}, [2]int64{r.T2, r.T3})
}

func FuzzClock(f *testing.F) {
	key := [32]byte{1}
	b := make([]byte, clockLen)
	(&clockRequest{Node: "gate-1", Nonce: 5}).put(b, &key)
	f.Add(append([]byte(nil), b...))
	(&clockReply{Nonce: 5, T2: -1, T3: 1 << 62}).put(b, &key)
	f.Add(append([]byte(nil), b...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := parseClockRequest(b); err == nil {
			if len(q.Node) == 0 || len(q.Node) > maxNodeID {
				t.Fatal("a node id out of bounds")
			}
			again := make([]byte, clockLen)
			q.put(again, &key)
			if p, err := parseClockRequest(again); err != nil || p != q {
				t.Fatal("what was understood cannot be said again")
			}
		}
		_, _ = parseClockReply(b)
	})
}

// The MAC is the standard's, whatever is spared on the way.
func TestTheClocksMACIsHMACSHA256(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		b := rapid.SliceOfN(rapid.Byte(), clockLen, clockLen).Draw(t, "packet")
		h := hmac.New(sha256.New, key[:])
		h.Write(b[:macAt])
		mac := clockMAC(b, &key)
		require.Equal(t, h.Sum(nil)[:16], mac[:])
	})
	var key [32]byte
	b := make([]byte, clockLen)
	assert.Zero(t, testing.AllocsPerRun(100, func() { clockGenuine(b, &key) }))
}
