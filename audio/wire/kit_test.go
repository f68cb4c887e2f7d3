package wire

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The park of these tests: one root, one on-air key, zones by tag.
const (
	gateA, gateB, road uint32 = 0xa, 0xb, 0xc
	slogan, fire       uint64 = 1001, 1002
	termNow            uint32 = 7
	ms                        = int64(time.Millisecond)
	noon                      = int64(1_800_000_000) * int64(time.Second) // media ns
)

var dayOne = time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC)

func keyOf(n byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, 32)) }
func pubOf(n byte) ed25519.PublicKey  { return keyOf(n).Public().(ed25519.PublicKey) }

const root, onAir, stranger byte = 1, 2, 9

func siteTagKey() [32]byte { return DeriveTagKey([]byte("the site's secret"), 3) }

func sealerConfig() SealerConfig {
	return SealerConfig{
		OnAir:    keyOf(onAir),
		Cert:     NewCertificate(keyOf(root), pubOf(onAir), dayOne.AddDate(0, 0, -1), dayOne.AddDate(0, 0, 7)),
		TagKeyID: 3, TagKey: siteTagKey(), Term: termNow,
	}
}

func sealerOf(t testing.TB, change ...func(*SealerConfig)) *Sealer {
	t.Helper()
	cfg := sealerConfig()
	for _, f := range change {
		f(&cfg)
	}
	s := NewSealer(cfg)
	require.NoError(t, s.Err())
	return s
}

func verifierConfig() VerifierConfig {
	return VerifierConfig{
		Roots:   []ed25519.PublicKey{pubOf(root)},
		TagKeys: map[uint8][32]byte{3: siteTagKey()},
		Tags:    []uint32{gateA, road},
		Term:    termNow,
	}
}

// at is a locked node's instant, ms after noon.
func at(msAfter int64) Instant {
	return Instant{Local: 1e9 + msAfter*ms, Media: noon + msAfter*ms, Locked: true, Wall: dayOne}
}

// lost is the same instant on a node without a clock.
func lost(msAfter int64) Instant {
	i := at(msAfter)
	i.Media, i.Locked = 12345, false
	return i
}

// frame is 10 ms of L16 for gateA that sounds ms after noon.
func frame(msAfter int64) Frame {
	return Frame{Payload: bytes.Repeat([]byte{0x12, 0x34}, 480), Samples: 480,
		TPlay: noon + msAfter*ms, Rank: 100, Targets: []uint32{gateA}}
}

// packet seals one frame and copies what comes out.
func packet(t testing.TB, st *Stream, f Frame) []byte {
	t.Helper()
	return packets(t, st, f)[0]
}

func packets(t testing.TB, st *Stream, f Frame) [][]byte {
	t.Helper()
	bufs, err := st.Packet(f)
	require.NoError(t, err)
	var out [][]byte
	for _, b := range bufs {
		out = append(out, bytes.Clone(b))
	}
	return out
}

func requireRefusal(t testing.TB, want, got Refusal) {
	t.Helper()
	require.Equal(t, want.String(), got.String())
}
