package wire

import (
	"bytes"
	"crypto/ed25519"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// house is n verifiers that share a witness, each with a tag of its own and
// the road's.
func house(n int, w *Witness) []*Verifier {
	out := make([]*Verifier, n)
	for i := range out {
		cfg := verifierConfig()
		cfg.Tags, cfg.Witness = []uint32{road, 1000 + uint32(i)}, w
		out[i] = NewVerifier(cfg)
	}
	return out
}

// Who asks second is told what the first found out; what is each one's own to
// decide stays so.
func TestVerifiersWithAWitnessDecideAsTheyWouldAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := new(Witness)
		shared, alone := house(3, w), house(3, nil)
		st := sealerOf(t).NewStream(slogan, 1, 97)
		forger := sealerOf(t, func(c *SealerConfig) {
			c.OnAir = keyOf(stranger)
			c.Cert = NewCertificate(keyOf(stranger), pubOf(stranger), dayOne.AddDate(0, 0, -1), dayOne.AddDate(0, 0, 7))
		}).NewStream(slogan, 1, 97)
		f := frame(0) // brings everybody the on-air key, which else one may have and another not
		f.Targets = []uint32{road}
		hello := packet(t, st, f) // the same for all: who has heard a number refuses it
		for _, one := range append(shared, alone...) {
			_, r := one.Verify(hello, at(0))
			requireRefusal(t, OK, r)
		}
		for i := range rapid.IntRange(1, 20).Draw(rt, "packets") {
			f := frame(int64(40 * i)) // which pays for both looks that each takes alone
			f.Targets = []uint32{rapid.SampledFrom([]uint32{road, gateB, 1000, 1001, 1002}).Draw(rt, "target")}
			from := st
			if rapid.Bool().Draw(rt, "forged") {
				from = forger
			}
			b := packet(t, from, f)
			if rapid.Bool().Draw(rt, "flipped") {
				b = bytes.Clone(b)
				b[rapid.IntRange(0, len(b)-1).Draw(rt, "byte")] ^= 1
			}
			now := at(int64(40 * i))
			for range rapid.IntRange(1, 2).Draw(rt, "copies") {
				for k := range shared {
					p, r := shared[k].Verify(b, now)
					want, wantR := alone[k].Verify(b, now)
					require.Equal(rt, wantR.String(), r.String())
					require.Equal(rt, want, p)
				}
			}
		}
	})
}

// A forgery that carries a good packet's signature is not that packet.
func TestAWitnessKnowsAPacketByEveryByte(t *testing.T) {
	v := house(2, new(Witness))
	b := packet(t, sealerOf(t).NewStream(slogan, 1, 97), Frame{Payload: make([]byte, 960), Samples: 480, TPlay: noon, Targets: []uint32{road}})
	_, r := v[0].Verify(b, at(0))
	requireRefusal(t, OK, r)
	forged := bytes.Clone(b)
	forged[len(forged)-1] ^= 1
	_, r = v[1].Verify(forged, at(0))
	requireRefusal(t, BadSignature, r)
	_, r = v[1].Verify(b, at(0))
	requireRefusal(t, OK, r)
}

// Roots that change are everybody's.
func TestAWitnessForgetsAKeyWithItsRoot(t *testing.T) {
	v := house(2, new(Witness))
	st := sealerOf(t).NewStream(slogan, 1, 97)
	f := Frame{Payload: make([]byte, 960), Samples: 480, TPlay: noon, Targets: []uint32{road}}
	_, r := v[0].Verify(packet(t, st, f), at(0))
	requireRefusal(t, OK, r)
	cfg := verifierConfig()
	cfg.Roots = []ed25519.PublicKey{pubOf(stranger)}
	for _, one := range v {
		one.Update(cfg)
	}
	_, r = v[1].Verify(packet(t, st, f), at(0))
	requireRefusal(t, UnknownKey, r)
}

func TestAWitnessIsAskedFromManyGoroutines(t *testing.T) {
	v := house(8, new(Witness))
	st := sealerOf(t).NewStream(slogan, 1, 97)
	var all sync.WaitGroup
	packets := make([][]byte, 50)
	for i := range packets {
		packets[i] = packet(t, st, Frame{Payload: make([]byte, 960), Samples: 480, TPlay: noon + int64(10*i)*ms, Targets: []uint32{road}})
	}
	for _, one := range v {
		all.Go(func() {
			for i, b := range packets {
				_, r := one.Verify(b, at(int64(10*i)))
				assert.Equal(t, OK.String(), r.String())
			}
			one.Update(verifierConfig())
		})
	}
	all.Wait()
}

func BenchmarkVerifyForAThousand(b *testing.B) {
	v := house(1000, new(Witness))
	st := sealerOf(b).NewStream(slogan, 1, 97)
	for i := 0; b.Loop(); i++ {
		f := frame(int64(10 * i))
		f.Targets = []uint32{road}
		data := packet(b, st, f)
		for _, one := range v {
			if _, r := one.Verify(data, at(int64(10*i))); r != OK {
				b.Fatal(r)
			}
		}
	}
}
