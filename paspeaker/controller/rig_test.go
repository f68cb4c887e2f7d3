package controller

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pa/audio"
	"pa/audio/ingest"
	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/hub"
	"pa/paspeaker/state"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ingest.Mode {
		os.Exit(ingest.Main(os.Args[2:], os.Stdin, os.Stdout))
	}
	// A NATS server that is shut down while it makes a stream leaves that
	// stream's goroutines behind: tests end a moment after they began.
	const server = "github.com/nats-io/nats-server/v2/server"
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction(server+".(*fileStore).flushStreamStateLoop"),
		goleak.IgnoreTopFunction(server+"/ats.Register.func1"))
}

// park is a small site on loopback. Its groups differ from those of other test
// processes on this machine.
const park = `
site: {id: park, name: Khu thử, time_zone: Asia/Ho_Chi_Minh, interface: lo, groups: 239.255.%d.0/24, port: %d}
zones:
  - {id: gates, name: Các cổng}
  - {id: roads, name: Đường chính}
  - {id: yard, name: Sân, plain: {codec: pcmu}}
speakers:
  - {id: gate-1, name: Cổng 1, kind: fixed, zones: [gates]}
  - {id: gate-2, name: Cổng 2, kind: fixed, zones: [gates, roads]}
  - {id: road-1, name: Đường 1, kind: fixed, zones: [roads]}
  - {id: unit-1, name: Xe 1, kind: mobile, zones: [roads]}
  - {id: horn, name: Loa sân, kind: third-party, zones: [yard]}
`

// shelf is one for all tests: to decode the recordings takes longer than the
// tests themselves.
var shelf = sync.OnceValue(func() *Shelf { return NewShelf(os.DirFS("../../cmd/paspeakerd/sounds")) })

// rig is a controller with a real hub on loopback.
type rig struct {
	*Controller
	t        *testing.T
	dir      string
	hub      *hub.Hub
	identity *Identity
	stop     func() // ends the controller as SIGTERM does, and waits
}

// newRig starts a controller in dir, "" for a new one.
func newRig(t *testing.T, dir string) *rig {
	t.Helper()
	if dir == "" {
		dir = t.TempDir()
	}
	r := &rig{t: t, dir: dir}
	file := filepath.Join(dir, "zones.yaml")
	if _, err := os.Stat(file); err != nil {
		r.writeSite(parkYAML())
	}
	st, err := state.Open(filepath.Join(dir, "state"))
	require.NoError(t, err)
	r.identity, err = LoadIdentity(st, time.Now())
	require.NoError(t, err)
	r.hub, err = hub.Start(hub.Config{Addr: "127.0.0.1:0", Dir: st.Path("nats"),
		Allow: func(key string) (string, bool) { return r.NodeOfKey(key) }})
	require.NoError(t, err)
	b, err := bus.Connect(t.Context(), bus.Config{Name: "paspeakerd", InProcess: r.hub.InProcess(), NkeySeed: r.hub.Seed()})
	require.NoError(t, err)
	r.Controller, err = New(Config{
		SitePath: file, State: st, Identity: r.identity, Sounds: shelf(), Bus: b, Recheck: r.hub.Recheck,
		NodeNATS: r.hub.URL(), ClockAddr: "127.0.0.1:0", Decoder: []string{"/proc/self/exe", ingest.Mode}, Version: "test", Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	r.patience = 300 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
		b.Close()
		r.hub.Shutdown()
		require.NoError(t, st.Close())
	})
	t.Cleanup(r.stop)
	return r
}

func parkYAML() string {
	pid := os.Getpid()
	return fmt.Sprintf(park, 20+pid%200, 20000+pid%5000*2)
}

func (r *rig) writeSite(yaml string) {
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, "zones.yaml"), []byte(yaml), 0o600))
}

// until waits for an event that f wants; the test's own time limit is the only
// one.
func (r *rig) until(what string, f func(paspeaker.Event) bool, do func()) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	events := r.Watch(ctx)
	do()
	for ev := range events {
		if f(ev) {
			return
		}
	}
	r.t.Fatalf("waited in vain for: %s\nsessions: %+v", what, r.Sessions())
}

// again tries until f succeeds, for what has no event of its own.
func (r *rig) again(what string, f func() error) {
	r.t.Helper()
	limit := time.After(20 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		err := f()
		if err == nil {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			r.t.Fatalf("waited in vain until %s: %v", what, err)
		}
	}
}

// ended waits until a session is over and returns it.
func (r *rig) ended(id paspeaker.SessionID) paspeaker.Session {
	r.t.Helper()
	over := func(s paspeaker.Session) bool { return s.ID == id && !s.Ended.IsZero() }
	var out paspeaker.Session
	r.until("end of "+id.String(), func(ev paspeaker.Event) bool {
		if ev.Session != nil && over(*ev.Session) {
			out = *ev.Session
			return true
		}
		return ev.Kind == "poll"
	}, func() {
		if s, ok := r.Session(id); ok && over(s) {
			out = s
			r.events.send(paspeaker.Event{Kind: "poll"})
		}
	})
	return out
}

func (r *rig) session(id paspeaker.SessionID) paspeaker.Session {
	r.t.Helper()
	s, ok := r.Session(id)
	require.True(r.t, ok, "session %s is known", id)
	return s
}

// ear listens to a zone's sealed group as a node would.
type ear struct {
	mu      sync.Mutex
	packets []wire.Packet
	raw     [][]byte
	came    chan struct{}
}

// listen opens an ear on groups; tags say whom it pretends to be.
func (r *rig) listen(tags []uint32, groups ...netip.AddrPort) *ear {
	r.t.Helper()
	tagKey := wire.DeriveTagKey(r.identity.Secret, tagKeyID)
	v := wire.NewVerifier(wire.VerifierConfig{
		Roots: []ed25519.PublicKey{r.identity.Root.Public().(ed25519.PublicKey)}, TagKeys: map[uint8][32]byte{tagKeyID: tagKey}, Tags: tags,
	})
	rx := wire.NewReceiver(wire.ReceiverConfig{Interface: "lo"})
	require.NoError(r.t, rx.SetGroups(groups))
	e := &ear{came: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- rx.Run(ctx, func(d wire.Datagram) {
			now := wire.Instant{Local: d.At, Media: r.air.media(audio.Now()), Locked: true, Wall: time.Now()}
			p, refusal := v.Verify(d.Data, now)
			if p.Flags&wire.FlagBeacon != 0 {
				return // says nothing but that the way is open
			}
			e.mu.Lock()
			e.raw = append(e.raw, append([]byte(nil), d.Data...))
			if refusal == wire.OK {
				p.Payload = append([]byte(nil), p.Payload...)
				if p.Stop != nil { // good until the next packet only
					order := *p.Stop
					p.Stop = &order
				}
				e.packets = append(e.packets, p)
			}
			e.mu.Unlock()
			select {
			case e.came <- struct{}{}:
			default:
			}
		})
	}()
	r.t.Cleanup(func() { cancel(); require.NoError(r.t, <-done) })
	return e
}

// heard waits for a verified packet that f wants.
func (e *ear) heard(t *testing.T, what string, f func(wire.Packet) bool) wire.Packet {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		e.mu.Lock()
		for _, p := range e.packets {
			if f(p) {
				e.mu.Unlock()
				return p
			}
		}
		e.mu.Unlock()
		select {
		case <-e.came:
		case <-limit:
			t.Fatalf("never heard: %s", what)
		}
	}
}

func (e *ear) copyPackets() []wire.Packet {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]wire.Packet(nil), e.packets...)
}

// what returns the journal's words about a session, in order.
func (r *rig) what(id paspeaker.SessionID) string {
	r.t.Helper()
	require.NoError(r.t, r.journal.Flush(r.t.Context()))
	entries, err := r.Journal(r.t.Context(), paspeaker.JournalQuery{Session: id})
	require.NoError(r.t, err)
	var words []string
	for _, e := range entries {
		words = append(words, e.What)
	}
	return strings.Join(words, " ")
}

func (r *rig) group(id paspeaker.ZoneID) netip.AddrPort {
	z, ok := r.site.Load().Zone(id)
	require.True(r.t, ok)
	return z.Group
}
