// Package node is one loudspeaker's life: it enrols once, joins its groups,
// keeps media time, verifies what arrives, mixes what it may play, and says
// once a second how it is. cmd/paspeaker-node runs it.
//
// What it promises: with a configuration on disk it plays while the
// controller's API and NATS are down; nothing that is not sealed for it is
// ever heard; a sound card that is missing or lost ends Run with a clear error,
// for a supervisor to act on.
package node

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"pa/audio"
	"pa/audio/monitor"
	"pa/audio/playout"
	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/program"
)

// Config is what a node is started with.
type Config struct {
	ID          paspeaker.SpeakerID
	Controller  string // "host" or "host:port" of the API
	Token       string // join token; needed for the first start only
	Interface   string // for the groups; "" leaves it to the site, then to routing
	State       Store  // state.Dir
	Sink        audio.Sink
	SinkName    string
	Monitor     monitor.Opener // what hears this loudspeaker; nil: nothing does
	MonitorName string
	Now         audio.Clock            // local monotonic ns
	Wall        func(unix int64) int64 // for tests: what the node's wall clock shows; nil = the system's
	Version     string
	Sys         string         // where the machine tells of its heat and supply, "/sys"; "" for nowhere
	LED         string         // file that lights a lamp at the loudspeaker, /sys/class/leds/x/brightness; "": there is none
	Logs        *LogRing       // what Log writes is kept there, for `paspeaker node logs`; nil: it is not
	Slots       *program.Slots // the node's programs, for upgrades; nil: it has one, and keeps it
	Parts       Parts          // of a node among thousands; the zero value is a node alone
	Log         *slog.Logger
}

// Node is a loudspeaker's program. Make it with New, then call Run.
type Node struct {
	cfg      Config
	log      *slog.Logger
	instance string
	key      ed25519.PrivateKey // signs the receipts
	conf     atomic.Pointer[paspeaker.NodeConfig]
	relink   chan struct{} // a signal: the links' part of the configuration has changed
	said     chan struct{} // closed when the last word was said: the uplink waits for it

	time       mediaTime
	mixer      Mixer
	monitor    *monitor.Monitor // nil when it has none
	intake     *intake
	receiver   Ears
	memory     *memory
	uplink     atomic.Pointer[uplink]
	receipts   receipts
	turned     turned
	commands   commands
	bench      *bench
	local      local
	upgrading  atomic.Bool
	restart    chan struct{} // closed when another program is to be tried
	fetched    atomic.Bool   // the controller has answered this program once
	mutedBelow uint64        // what the mixer was last told; the report's goroutine alone
	slack      slack
	quiet      quiet
	ghost      ghost
	examining  sync.Mutex // one examination at a time
	foreign    foreign
	health     health // of the report's goroutine alone
	started    time.Time
}

// New reads what the node knows from earlier, or enrols with the join token;
// that may take as long as the controller is away, or ctx allows.
func New(ctx context.Context, cfg Config) (*Node, error) {
	var id [6]byte
	rand.Read(id[:])
	n := &Node{cfg: cfg, log: cfg.Log, instance: hex.EncodeToString(id[:]), relink: make(chan struct{}, 1), said: make(chan struct{}), restart: make(chan struct{}), started: time.Now()}
	n.key = n.receiptKey()
	conf, err := n.firstConfig(ctx)
	if err != nil {
		return nil, err
	}
	n.conf.Store(conf)
	n.health.board.root = cfg.Sys
	if n.memory, err = remember(cfg.State); err != nil {
		return nil, err
	}
	n.bench = recallBench(cfg.State, n.commandTime)
	n.mixer = cfg.Parts.mixer(playout.Config{Clock: &n.time, Gain: conf.GainDB + n.bench.trim(), Delay: n.delay(conf), Log: cfg.Log})
	n.mixer.SetMute(n.bench.below())
	if cfg.Monitor != nil {
		n.monitor = monitor.New(monitor.Config{Name: cfg.MonitorName, Open: cfg.Monitor, Clock: cfg.Now, Log: cfg.Log})
	}
	n.intake = newIntake(n, conf)
	n.receiver = cfg.Parts.ears(wire.ReceiverConfig{Interface: n.iface(conf), Clock: cfg.Now, Wall: cfg.Wall, Log: cfg.Log})
	return n, nil
}

// iface is where groups are joined: the flag's word, else the site's.
func (n *Node) iface(conf *paspeaker.NodeConfig) string {
	if n.cfg.Interface != "" {
		return n.cfg.Interface
	}
	return conf.Interface
}

// Run plays until ctx is done and returns nil. An error means that the sound
// card is missing or lost, or that the network cannot be listened to at all.
// It is called once.
func (n *Node) Run(ctx context.Context) error {
	n.join(n.conf.Load())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		err := n.cfg.Sink.Run(ctx, n.quiet.pull(n.pull()))
		if err == nil && ctx.Err() == nil {
			err = errors.New("the output ended by itself")
		}
		if err != nil {
			return fmt.Errorf("output %s: %w", n.cfg.SinkName, err)
		}
		return nil
	})
	g.Go(func() error { return n.receiver.Run(ctx, n.intake.take) })
	g.Go(func() error { return n.keepLinks(ctx) })
	g.Go(func() error { return n.memory.run(ctx) })
	g.Go(func() error { return n.report(ctx) })
	g.Go(func() error {
		select {
		case <-n.restart:
			return ErrUpgrade
		case <-ctx.Done():
			return nil
		}
	})
	if n.monitor != nil {
		g.Go(func() error { return n.monitor.Run(ctx) })
	}
	return g.Wait()
}

// join enters the groups of a configuration; what cannot be joined now is
// tried again by the receiver.
func (n *Node) join(conf *paspeaker.NodeConfig) {
	groups, err := parseGroups(conf.Groups)
	if err == nil {
		err = n.receiver.SetGroups(groups)
	}
	if err != nil {
		n.log.Warn("join groups", "err", err)
	}
}

// keepLinks runs clock exchange and uplink, anew when the configuration sends
// them elsewhere. They outlive ctx until the node's last word is said: receipts
// wait for their turn, and must not be lost when it is stopped.
func (n *Node) keepLinks(ctx context.Context) error {
	under, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() { <-n.said; end() })()
	for under.Err() == nil {
		linked, cut := context.WithCancel(under)
		g, gctx := errgroup.WithContext(linked)
		conf := n.conf.Load()
		g.Go(func() error { return n.keepTime(gctx, conf) })
		g.Go(func() error { return n.keepUplink(gctx, conf) })
		select {
		case <-n.relink:
		case <-gctx.Done():
		}
		cut()
		if err := g.Wait(); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// keepTime asks the controller for the time. A mobile unit's voice comes on
// the same socket.
func (n *Node) keepTime(ctx context.Context, conf *paspeaker.NodeConfig) error {
	client := wire.NewClockClient(wire.ClockClientConfig{
		Controller: hostPort(n.cfg.Controller, conf.ClockPort), Node: string(conf.ID),
		Key: [32]byte(conf.ClockKey), Now: n.cfg.Now, Wall: n.cfg.Wall, OnLock: n.intake.clockLocked, Log: n.log,
	})
	n.time.client.Store(client)
	if err := client.Run(ctx, n.intake.take); err != nil {
		return fmt.Errorf("keep time: %w", err)
	}
	return nil
}
