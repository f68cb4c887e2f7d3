package air

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"log/slog"
	"math"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pa/audio"
	"pa/audio/wire"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Mode {
		os.Exit(Main(os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

const (
	gates   = uint32(7) // a zone's tag
	chapter = uint64(0x1234500)
)

// group is an address that other test processes of this machine do not use.
func group(n byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 252, byte(os.Getpid()), n}), 38004)
}

// studio is an engine with key and socket, and what it says.
type studio struct {
	Link
	t      *testing.T
	root   ed25519.PublicKey
	tagKey [32]byte
	base   int64 // media − local
	events chan Event
	end    func() error // of Run
}

// links are the ways to have an engine: what holds for one holds for all.
var links = map[string]func(func(Event), *slog.Logger) (Link, error){
	"here": func(tell func(Event), log *slog.Logger) (Link, error) { return Here(tell, log), nil },
	"apart": func(tell func(Event), log *slog.Logger) (Link, error) {
		return Apart([]string{"/proc/self/exe", Mode}, tell, log)
	},
}

// each runs a test with every kind of engine.
func each(t *testing.T, f func(t *testing.T, s *studio)) {
	for name, link := range links {
		t.Run(name, func(t *testing.T) { f(t, newStudio(t, link)) })
	}
}

func newStudio(t *testing.T, link func(func(Event), *slog.Logger) (Link, error)) *studio {
	t.Helper()
	s := &studio{t: t, base: 1e18, events: make(chan Event, 4096)}
	var err error
	s.Link, err = link(func(ev Event) { s.events <- ev }, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s.open(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	s.end = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { require.NoError(t, s.end()) })
	return s
}

// open gives an engine clock, key and socket.
func (s *studio) open(t testing.TB) {
	t.Helper()
	root, rootKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	pub, onAir, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s.root = root
	_, err = rand.Read(s.tagKey[:])
	require.NoError(t, err)
	cert := wire.NewCertificate(rootKey, pub, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	for _, o := range []Order{
		{Open: &Open{Base: s.base - MonotonicOffset(), CName: "test"}},
		{Key: &Key{OnAir: onAir, Cert: cert.Bytes(), TagKey: s.tagKey, Term: 3}},
		{Tune: &Tune{Interface: "lo", TTL: 1}},
	} {
		require.NoError(t, s.Do(o))
	}
}

func (s *studio) do(o Order) { s.t.Helper(); require.NoError(s.t, s.Do(o)) }

// heard waits for an event that f wants; the test's own time limit is the only
// one.
func (s *studio) heard(f func(Event) bool) Event {
	s.t.Helper()
	for {
		select {
		case ev := <-s.events:
			if f(ev) {
				return ev
			}
		case <-s.t.Context().Done():
			s.t.Fatal("never said")
		}
	}
}

func (s *studio) finished() Finished {
	return *s.heard(func(ev Event) bool { return ev.Finished != nil }).Finished
}

// tone is n samples of a sine, loud enough to be found.
func tone(n int) audio.Source { return &sine{left: n} }

type sine struct{ at, left int }

func (s *sine) Read(dst []float32) (int, error) {
	n := min(len(dst), s.left)
	for i := range n {
		dst[i] = 0.25 * float32(math.Sin(2*math.Pi*1000*float64(s.at+i)/audio.Rate))
	}
	s.at, s.left = s.at+n, s.left-n
	if n < len(dst) {
		return n, io.EOF
	}
	return n, nil
}

// play puts a recording on air as a controller does, and returns its feed.
func (s *studio) play(id uint64, urgent bool, src audio.Source, legs ...Leg) *Feed {
	s.t.Helper()
	f, err := NewFeed(src)
	require.NoError(s.t, err)
	s.do(Order{Begin: &Begin{ID: id, Gain: 1, Hold: 50 * time.Millisecond, Urgent: urgent}})
	l, err := NewLoad(id, f, nil, new(atomic.Bool))
	require.NoError(s.t, err)
	s.do(Order{Load: l})
	s.do(Order{Aim: &Aim{ID: id, Rank: 9, Legs: legs}})
	s.do(Order{Play: &Play{ID: id, Run: 1}})
	over := make(chan struct{})
	done := make(chan struct{})
	go func() { f.Run(over); close(done) }()
	s.t.Cleanup(func() { close(over); <-done })
	return f
}

func toGates(g netip.AddrPort) Leg {
	return Leg{Profile: "l16", Lead: 40 * time.Millisecond, Targets: []uint32{gates}, Groups: []netip.AddrPort{g}}
}

// ear is a node that checks what it hears.
type ear struct {
	t    *testing.T
	came chan wire.Packet
	raw  chan []byte
}

// listen opens an ear on a group.
func (s *studio) listen(g netip.AddrPort) *ear {
	s.t.Helper()
	v := wire.NewVerifier(wire.VerifierConfig{Roots: []ed25519.PublicKey{s.root}, TagKeys: map[uint8][32]byte{0: s.tagKey}, Tags: []uint32{gates}})
	rx := wire.NewReceiver(wire.ReceiverConfig{Interface: "lo", Clock: audio.Now})
	require.NoError(s.t, rx.SetGroups([]netip.AddrPort{g}))
	e := &ear{t: s.t, came: make(chan wire.Packet, 4096), raw: make(chan []byte, 4096)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- rx.Run(ctx, func(d wire.Datagram) {
			e.raw <- append([]byte(nil), d.Data...)
			p, refusal := v.Verify(d.Data, wire.Instant{Local: d.At, Media: d.At + s.base, Locked: true, Wall: time.Now()})
			if refusal != wire.OK {
				return
			}
			p.Payload = append([]byte(nil), p.Payload...)
			if p.Stop != nil { // good until the next packet only
				stop := *p.Stop
				p.Stop = &stop
			}
			e.came <- p
		})
	}()
	s.t.Cleanup(func() { cancel(); require.NoError(s.t, <-done) })
	return e
}

// next waits for a packet that f wants.
func (e *ear) next(f func(wire.Packet) bool) wire.Packet {
	e.t.Helper()
	for {
		select {
		case p := <-e.came:
			if f(p) {
				return p
			}
		case <-e.t.Context().Done():
			e.t.Fatal("never heard")
		}
	}
}
