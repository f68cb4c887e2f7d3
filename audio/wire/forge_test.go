package wire

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnyFlippedBitIsRefused(t *testing.T) {
	good := packet(t, sealerOf(t).NewStream(slogan, 1, 97), frame(0))
	for i := range good {
		if i >= 45 && i < 49 {
			continue // the flood filter's tag proves nothing: a wrong one only costs a place in the queue
		}
		v := NewVerifier(verifierConfig())
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		_, r := v.Verify(bad, at(0))
		require.NotEqual(t, OK, r, "byte %d", i)
	}
	for n := range good {
		_, r := NewVerifier(verifierConfig()).Verify(good[:n], at(0))
		require.NotEqual(t, OK, r, "cut to %d bytes", n)
	}
}

func TestTheLogOfABadDay(t *testing.T) {
	v := NewVerifier(verifierConfig())
	st := sealerOf(t).NewStream(slogan, 1, 97)
	first := packet(t, st, frame(0))
	p, r := v.Verify(first, at(0))
	requireRefusal(t, OK, r)
	assert.Equal(t, slogan, p.Session)
	assert.Equal(t, noon, p.TPlay)
	assert.Equal(t, uint32(100), p.Rank)

	_, r = v.Verify(first, at(1))
	requireRefusal(t, Duplicate, r)

	elsewhere := frame(10)
	elsewhere.Targets = []uint32{gateB}
	_, r = v.Verify(packet(t, st, elsewhere), at(10))
	requireRefusal(t, NotForUs, r)

	_, r = v.Verify(packet(t, st, frame(20)), at(5_000))
	requireRefusal(t, Stale, r)

	_, r = v.Verify(packet(t, st, frame(60_000)), at(30))
	requireRefusal(t, Early, r)

	old := sealerOf(t, func(c *SealerConfig) { c.Term = termNow - 1 })
	_, r = v.Verify(packet(t, old.NewStream(fire, 2, 97), frame(40)), at(40))
	requireRefusal(t, OldTerm, r)

	next := sealerOf(t, func(c *SealerConfig) { c.Term = termNow + 1 })
	_, r = v.Verify(packet(t, next.NewStream(fire, 3, 97), frame(50)), at(50))
	requireRefusal(t, OK, r)
	assert.Equal(t, termNow+1, v.Term(), "a restarted controller is followed")
	_, r = v.Verify(packet(t, st, frame(70)), at(70))
	requireRefusal(t, OldTerm, r)

	_, r = v.Verify([]byte{0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3}, at(80))
	assert.NotEqual(t, OK, r, "plain RTP is never played")
}

func TestAStrangersKeyIsNotTrusted(t *testing.T) {
	forger := sealerOf(t, func(c *SealerConfig) {
		c.OnAir = keyOf(stranger)
		c.Cert = NewCertificate(keyOf(stranger), pubOf(stranger), dayOne.AddDate(0, 0, -1), dayOne.AddDate(0, 0, 7))
	})
	v := NewVerifier(verifierConfig())
	_, r := v.Verify(packet(t, forger.NewStream(fire, 9, 97), frame(0)), at(0))
	assert.NotEqual(t, OK, r)
}

func TestANodeThatMissedAKeyChangeStillPlays(t *testing.T) {
	changed := sealerOf(t, func(c *SealerConfig) { c.TagKeyID, c.TagKey = 4, DeriveTagKey([]byte("new"), 4) })
	v := NewVerifier(verifierConfig())
	_, r := v.Verify(packet(t, changed.NewStream(fire, 9, 97), frame(0)), at(0))
	requireRefusal(t, OK, r)

	flood := 0
	st := changed.NewStream(slogan, 10, 97)
	for range 500 {
		if _, r := v.Verify(packet(t, st, frame(1)), at(0)); r == Flood {
			flood++
		}
	}
	assert.Greater(t, flood, 300, "but what has no right tag may cost little time")
}

func TestAStopIsFinal(t *testing.T) {
	v := NewVerifier(verifierConfig())
	s := sealerOf(t)
	st := s.NewStream(slogan, 1, 97)
	_, r := v.Verify(packet(t, st, frame(0)), at(0))
	requireRefusal(t, OK, r)
	stop, err := s.Stop(StopSession, slogan, 0, noon+10*ms, []uint32{road})
	require.NoError(t, err)
	p, r := v.Verify(stop, at(10))
	requireRefusal(t, OK, r)
	require.NotNil(t, p.Stop)
	assert.Equal(t, StopOrder{Kind: StopSession, Session: slogan}, *p.Stop)
	_, r = v.Verify(packet(t, st, frame(20)), at(20))
	requireRefusal(t, Ended, r)

	all, err := s.Stop(StopBefore, 0, noon+30*ms, noon+30*ms, []uint32{Everybody})
	require.NoError(t, err)
	p, r = v.Verify(all, at(30))
	requireRefusal(t, OK, r)
	assert.Equal(t, noon+30*ms, p.Stop.Before)
}

func TestWithoutAClockAnUnseenSessionPlaysOnArrival(t *testing.T) {
	v := NewVerifier(verifierConfig())
	p, r := v.Verify(packet(t, sealerOf(t).NewStream(slogan, 1, 97), frame(0)), lost(0))
	requireRefusal(t, OK, r)
	assert.True(t, p.Unlocked)
}

func TestManyTargetsTravelInChunks(t *testing.T) {
	f := frame(0)
	f.Targets = nil
	for i := range uint32(95) {
		f.Targets = append(f.Targets, 1000+i)
	}
	f.Targets = append(f.Targets, gateA)
	chunks := packets(t, sealerOf(t).NewStream(slogan, 1, 97), f)
	require.Len(t, chunks, 3)
	v := NewVerifier(verifierConfig())
	played := 0
	for _, b := range chunks {
		assert.LessOrEqual(t, len(b), MaxPacket)
		if _, r := v.Verify(b, at(0)); r == OK {
			played++
		}
	}
	assert.Equal(t, 1, played)
}

func FuzzVerify(f *testing.F) {
	s := NewSealer(sealerConfig())
	bufs, _ := s.NewStream(slogan, 1, 97).Packet(frame(0))
	f.Add(bytes.Clone(bufs[0]))
	stop, _ := s.Stop(StopBefore, 0, noon, noon, []uint32{Everybody})
	f.Add(stop)
	f.Add([]byte{0x90, 97, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		v := NewVerifier(verifierConfig())
		p, r := v.Verify(b, at(0))
		if r == OK && len(p.Payload) > len(b) {
			t.Fatal("more payload than packet")
		}
	})
}

func FuzzCertificate(f *testing.F) {
	f.Add(sealerConfig().Cert.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ParseCertificate(b); err == nil {
			require.Equal(t, b, c.Bytes())
		}
	})
}
