package air

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"pa/audio"
	"pa/audio/wire"
)

const (
	statsEvery = 500 * time.Millisecond
	// A sender that was replaced is closed when no pacer uses it any more.
	senderGrace = time.Second
)

// ErrOrder means that an order cannot be understood or comes too early.
var ErrOrder = errors.New("bad order")

// Engine carries out orders. Make it with NewEngine, then Run it; Do may be
// called before and while it runs, from one goroutine at a time.
type Engine struct {
	log  *slog.Logger
	tell func(Event)

	urgent  *wire.Pacer   // emergencies and live voices: a thread that nobody else keeps
	shared  []*wire.Pacer // the others, one for each core
	pacers  []*wire.Pacer // all of them
	sender  atomic.Pointer[wire.Sender]
	units   *wire.Sender // nil when there are no mobile units
	sealer  *wire.Sealer
	beacons *Beacons
	light   atomic.Pointer[light] // what beacons are said with; nil: they are not
	base    int64                 // media − local, ns
	cname   string

	peers      peerBook
	programmes map[uint64]*programme
	plain      map[string]*plainStream // by zone and profile

	packets, failures, starved atomic.Uint64
	failure                    atomic.Pointer[string]
}

// NewEngine returns an Engine that has heard no order. tell is called from any
// of its threads and must not wait.
func NewEngine(tell func(Event), log *slog.Logger) *Engine {
	e := &Engine{log: log, tell: tell, programmes: make(map[uint64]*programme), plain: make(map[string]*plainStream)}
	e.peers.init()
	refused := sync.OnceFunc(func() {
		log.Warn("no real-time priority for the voice: packets may be late when the machine is busy; " +
			"grant CAP_SYS_NICE, or LimitRTPRIO=60 in the systemd unit")
	})
	pacer := func(priority int) *wire.Pacer {
		return wire.NewPacer(wire.PacerConfig{Now: audio.Now, Log: log, Priority: priority, Refused: func(error) { refused() }})
	}
	e.urgent = pacer(wire.DefaultPriority + 2)
	for range runtime.NumCPU() {
		e.shared = append(e.shared, pacer(wire.DefaultPriority))
	}
	e.pacers = append(e.pacers, e.urgent)
	e.pacers = append(e.pacers, e.shared...)
	return e
}

// Run drives the pacers until ctx is done, and closes the sockets.
func (e *Engine) Run(ctx context.Context) error {
	defer e.Close()
	g, ctx := errgroup.WithContext(ctx)
	for _, p := range e.pacers {
		g.Go(func() error { return p.Run(ctx) })
	}
	g.Go(func() error { return e.shine(ctx) })
	g.Go(func() error {
		tick := time.NewTicker(statsEvery)
		defer tick.Stop()
		for {
			e.tell(Event{Stats: e.stats()})
			select {
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
		}
	})
	return g.Wait()
}

// Close closes the sockets of an Engine that does not run.
func (e *Engine) Close() {
	if s := e.sender.Load(); s != nil {
		s.Close()
	}
	if e.units != nil {
		e.units.Close()
	}
}

func (e *Engine) stats() *Stats {
	s := &Stats{Packets: e.packets.Load(), Failures: e.failures.Load(), Starved: e.starved.Load()}
	for _, p := range e.pacers {
		s.Late = s.Late.Plus(p.Lateness())
	}
	if text := e.failure.Swap(nil); text != nil {
		s.Failure = *text
	}
	return s
}

// Do carries out one order.
func (e *Engine) Do(o Order) error {
	switch {
	case o.Open != nil:
		return e.open(o.Open)
	case o.Tune != nil:
		return e.tune(o.Tune)
	case o.Key != nil:
		return e.take(o.Key)
	case o.Peers != nil:
		e.peers.change(o.Peers)
		return nil
	case o.Beacons != nil:
		e.beacons = o.Beacons
		e.kindle()
		return nil
	case o.Begin != nil:
		return e.begin(o.Begin)
	case o.Silence != nil:
		return e.silence(*o.Silence)
	}
	return e.direct(o)
}

// direct gives an order to the programme that it names. One about a programme
// that is gone is too late, not wrong.
func (e *Engine) direct(o Order) error {
	switch {
	case o.Load != nil:
		if p := e.programmes[o.Load.ID]; p != nil {
			return p.load(o.Load)
		}
	case o.Aim != nil:
		if p := e.programmes[o.Aim.ID]; p != nil {
			return p.aim(o.Aim)
		}
	case o.Play != nil:
		if p := e.programmes[o.Play.ID]; p != nil {
			p.play(o.Play.Run, o.Play.Begin)
		}
	case o.Pause != nil:
		if p := e.programmes[o.Pause.ID]; p != nil {
			p.pause(o.Pause.After)
		}
	case o.End != nil:
		if p := e.programmes[o.End.ID]; p != nil {
			delete(e.programmes, p.id)
			p.end(*o.End)
		}
	default:
		return fmt.Errorf("%w: empty", ErrOrder)
	}
	return nil
}

func (e *Engine) open(o *Open) error {
	e.base, e.cname = o.Base+MonotonicOffset(), o.CName
	if o.Units == nil {
		return nil
	}
	return o.Units(func(fd int) error {
		dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open unit sender: %w", err)
		}
		e.units, err = wire.NewUnitSender(os.NewFile(uintptr(dup), "units"))
		return err
	})
}

func (e *Engine) tune(t *Tune) error {
	s, err := wire.NewSender(wire.SenderConfig{Interface: t.Interface, TTL: t.TTL, DSCP: t.DSCP, Log: e.log})
	if err != nil {
		return fmt.Errorf("open multicast socket: %w", err)
	}
	if old := e.sender.Swap(s); old != nil {
		time.AfterFunc(senderGrace, func() { old.Close() })
	}
	return nil
}

func (e *Engine) take(k *Key) error {
	cert, err := wire.ParseCertificate(k.Cert)
	if err != nil {
		return err
	}
	s := wire.NewSealer(wire.SealerConfig{OnAir: k.OnAir, Cert: cert, TagKeyID: k.TagKeyID, TagKey: k.TagKey, Term: k.Term})
	if err := s.Err(); err != nil {
		return err
	}
	e.sealer = s
	e.kindle()
	return nil
}

func (e *Engine) begin(b *Begin) error {
	if e.sealer == nil || e.sender.Load() == nil {
		return fmt.Errorf("%w: a programme before key and socket", ErrOrder)
	}
	p := newProgramme(e, b)
	p.pacer = e.urgent
	if !b.Urgent {
		p.pacer = e.shared[0]
		for _, other := range e.shared[1:] {
			if other.Len() < p.pacer.Len() {
				p.pacer = other
			}
		}
	}
	e.programmes[b.ID] = p
	return nil
}

// silence says a stop order from the urgent thread.
func (e *Engine) silence(s Silence) error {
	sealer := e.sealer
	if sealer == nil || e.sender.Load() == nil {
		return fmt.Errorf("%w: a stop before key and socket", ErrOrder)
	}
	e.urgent.Add(0, stopEvery, func(k, due int64) bool {
		e.sayStop(sealer, &s, due)
		return k < stopTimes-1
	})
	return nil
}

func (e *Engine) sayStop(sealer *wire.Sealer, s *Silence, due int64) {
	for _, targets := range wire.Chunks(s.Targets) {
		b, err := sealer.Stop(s.Kind, s.Session, s.Before, e.media(due), targets)
		if err != nil {
			e.note(err)
			continue
		}
		for _, g := range s.Groups {
			e.send(b, g)
		}
		for _, u := range s.Units {
			e.sendUnit(b, u)
		}
	}
}

// media converts local to media time, ns.
func (e *Engine) media(local int64) int64 { return local + e.base }

// send puts one packet on a group.
func (e *Engine) send(b []byte, dst netip.AddrPort) {
	e.packets.Add(1)
	e.note(e.sender.Load().Send(b, dst))
}

// report sends RTCP to a group's control port: the next one (RFC 3550 §11).
func (e *Engine) report(b []byte, rtp netip.AddrPort) {
	e.note(e.sender.Load().Send(b, netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)))
}

// sendUnit puts one packet on the way to a mobile unit, if it is known where
// it is.
func (e *Engine) sendUnit(b []byte, node string) {
	if addr, ok := e.peers.find(node); ok && e.units != nil {
		e.packets.Add(1)
		e.note(e.units.Send(b, addr))
	}
}

func (e *Engine) note(err error) {
	if err != nil {
		e.failures.Add(1)
		text := err.Error()
		e.failure.Store(&text)
	}
}
