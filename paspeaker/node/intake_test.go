package node

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/playout"
	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/state"
)

// station is one run of a controller: its clock on a port, and its seal.
type station struct {
	t      *testing.T
	media  func(local int64) int64
	stream *wire.Stream
	end    func()
}

func newStation(t *testing.T, addr string, term uint32, ahead time.Duration) *station {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	s := &station{t: t, media: func(local int64) int64 { return local + int64(1_800_000_000_000_000_000) + int64(ahead) }}
	var srv *wire.ClockServer
	require.Eventually(t, func() (ok bool) { // the port of the run before is free in a moment
		var err error
		srv, err = wire.NewClockServer(wire.ClockServerConfig{Addr: addr, Timescale: term, Media: s.media, Now: audio.Now,
			Key: func(string) ([32]byte, bool) { return [32]byte{}, true }, Log: slog.New(slog.DiscardHandler)})
		return err == nil
	}, 20*time.Second, 5*time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	s.end = func() { cancel(); require.NoError(t, <-done) }
	now := time.Unix(0, s.media(0))
	cert := wire.NewCertificate(key, key.Public().(ed25519.PublicKey), now.Add(-time.Hour), now.Add(time.Hour))
	sealer := wire.NewSealer(wire.SealerConfig{OnAir: key, Cert: cert, Term: term})
	s.stream = sealer.NewStream(uint64(term)<<8, term, 97)
	return s
}

// packet is 10 ms of sound that is to be heard some time from now.
func (s *station) packet(in time.Duration) wire.Datagram {
	s.t.Helper()
	now := audio.Now()
	b, err := s.stream.Packet(wire.Frame{Payload: make([]byte, 960), Samples: 480, TPlay: s.media(now + int64(in)), Rank: 1, Targets: []uint32{wire.Everybody}})
	require.NoError(s.t, err)
	return wire.Datagram{Data: append([]byte(nil), b[0]...), At: now}
}

// listener is a node as far as packets go.
func listener(t *testing.T, addr string) (n *Node, run func()) {
	t.Helper()
	dir, err := state.Open(filepath.Join(t.TempDir(), "state"))
	require.NoError(t, err)
	t.Cleanup(func() { dir.Close() })
	n = &Node{cfg: Config{Now: audio.Now}, log: slog.New(slog.DiscardHandler)}
	n.memory, err = remember(dir)
	require.NoError(t, err)
	n.mixer = playout.New(playout.Config{Clock: &n.time})
	n.intake = newIntake(n, &paspeaker.NodeConfig{Root: ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey),
		TagKeys: map[uint8][]byte{0: make([]byte, 32)}})
	client := wire.NewClockClient(wire.ClockClientConfig{Controller: addr, Node: "gate-1", Now: audio.Now,
		OnLock: n.intake.clockLocked, Log: n.log})
	n.time.client.Store(client)
	return n, func() {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- client.Run(ctx, n.intake.take) }()
		t.Cleanup(func() { cancel(); require.NoError(t, <-done) })
	}
}

// freeAddr is a UDP address that nobody uses.
func freeAddr(t *testing.T) string {
	t.Helper()
	srv, err := wire.NewClockServer(wire.ClockServerConfig{Addr: "127.0.0.1:0", Media: func(l int64) int64 { return l },
		Key: func(string) ([32]byte, bool) { return [32]byte{}, false }})
	require.NoError(t, err)
	defer srv.Close()
	return srv.Addr().String()
}

// A controller that starts anew with its media time an hour off is heard from
// its first packet on, at the right instant: the node asks for the time of the
// new term before it judges.
func TestANewTermsTimeIsAskedForBeforeItsPacketsAreJudged(t *testing.T) {
	addr := freeAddr(t)
	first := newStation(t, addr, 100, 0)
	n, run := listener(t, addr)
	run()
	require.Eventually(t, func() bool { return n.time.Read(audio.Now()).Locked }, 20*time.Second, time.Millisecond)
	n.intake.take(first.packet(time.Minute / 4))
	require.EqualValues(t, 1, n.intake.counts()[wire.OK])
	first.end()

	for i, ahead := range []time.Duration{time.Hour, -time.Hour} {
		term := uint32(200 + i)
		next := newStation(t, addr, term, ahead)
		n.intake.take(next.packet(time.Minute / 4))
		require.Eventually(t, func() bool { return n.intake.counts()[wire.OK] == uint64(2+i) }, 20*time.Second, time.Millisecond)
		counts := n.intake.counts()
		assert.Zero(t, counts[wire.Stale]+counts[wire.Early], "%v: nothing was refused for its time", ahead)
		r := n.time.Read(audio.Now())
		assert.Equal(t, term, r.Timescale)
		assert.InDelta(t, next.media(audio.Now()), r.Media, float64(50*time.Millisecond))
		for _, s := range n.mixer.Snapshot().Streams {
			assert.False(t, s.Unlocked)
		}
		next.end()
	}
}

// Where nobody tells the time of a term, its sound plays on arrival after half
// a second, in its order; a stop is obeyed at once.
func TestWithoutATimeSoundWaitsAndStopDoesNot(t *testing.T) {
	n, _ := listener(t, "127.0.0.1:9")
	s := newStation(t, "127.0.0.1:0", 300, 0)
	defer s.end()
	d := s.packet(time.Second)
	n.intake.take(d)
	assert.Zero(t, n.intake.counts()[wire.OK], "it waits")
	for i := range 3 {
		d = s.packet(time.Second)
		d.At += int64(i) * int64(200*time.Millisecond)
		n.intake.take(d)
	}
	d = s.packet(time.Second)
	d.At += int64(askTime) + int64(100*time.Millisecond)
	n.intake.take(d)
	assert.EqualValues(t, 5, n.intake.counts()[wire.OK])
	st := n.mixer.Snapshot().Streams
	require.Len(t, st, 1)
	assert.True(t, st[0].Unlocked)
	assert.EqualValues(t, 5, st[0].Received)
	assert.EqualValues(t, 300, n.intake.gaveUp)
}

// What has no right tag cannot make a node wait.
func TestAForgedTermIsNotWaitedFor(t *testing.T) {
	addr := freeAddr(t)
	s := newStation(t, addr, 100, 0)
	defer s.end()
	n, run := listener(t, addr)
	run()
	require.Eventually(t, func() bool { return n.time.Read(audio.Now()).Locked }, 20*time.Second, time.Millisecond)
	forged := s.packet(time.Second)
	forged.Data[21] = 0xff // the term's first byte
	n.intake.take(forged)
	assert.Empty(t, n.intake.held)
	n.intake.take(wire.Datagram{Data: []byte{0x90}, At: audio.Now()})
	assert.Empty(t, n.intake.held)
	n.intake.take(s.packet(time.Second))
	assert.EqualValues(t, 1, n.intake.counts()[wire.OK])
}
