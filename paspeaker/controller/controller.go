// Package controller is the mind of paspeakerd: one loop that owns the
// Arbiter, the sessions on air, the supervision of the nodes, and the site
// that all of them live by.
//
// The daemon in cmd/paspeakerd makes one and calls Run; package api calls its
// methods, from any goroutine. What it promises: voice never waits for control.
// The loop never waits for NATS, the disk or a client; what goes on air is
// driven by the pacer of audio/wire alone, and a session that hangs or a bus
// that is down changes nothing of what the other sessions sound like.
package controller

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"pa/audio"
	"pa/audio/ingest"
	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/site"
	"pa/paspeaker/state"
	"pa/paspeaker/webhook"
)

// Config is what a controller lives on.
type Config struct {
	SitePath  string // zones.yaml
	State     *state.Dir
	Identity  *Identity
	Sounds    *Shelf       // the shipped recordings
	Recheck   func()       // has the NATS server look again at whom it lets in; nil where it is somebody else's
	Stored    func() error // why NATS keeps nothing that it is given; nil where it is somebody else's
	Bus       *bus.Bus     // may be without a connection for as long as it likes
	NodeNATS  string       // the URL that nodes are given
	NATSCert  []byte       // DER of the certificate that nodes trust for it; nil: plain, loopback
	ClockAddr string       // "host:port", UDP, of the clock exchange and of mobile units' voice
	Decoder   []string     // starts a child that decodes: ingest.Config.Program
	Engine    []string     // starts a child that sends the voice: air.Apart's program; nil: it is sent from this process
	Version   string
	Now       func() time.Time // the wall clock
	Log       *slog.Logger
}

// Controller is a running site. Make it with New, then call Run.
type Controller struct {
	cfg  Config
	log  *slog.Logger
	site atomic.Pointer[site.Site]
	air  *transmitter
	do   chan func(time.Time)
	quit chan struct{} // closed when the loop has ended

	// The loop's own.
	arbiter  *paspeaker.Arbiter
	sessions map[paspeaker.SessionID]*session // by announcement
	order    []paspeaker.SessionID            // sessions as they came, oldest first
	saying   bool                             // goodbye was said: nothing new goes on air
	healthAt time.Time                        // of the last look at what has no event of its own
	busDown  time.Time                        // NATS was last found gone, or the start
	strays   map[id]stray                     // faults that the watch over silence holds open
	patience time.Duration                    // with receipts that do not come
	mute     map[paspeaker.SpeakerID]bool     // they keep time and do not report
	twins    map[paspeaker.SpeakerID]bool     // two programs say that they are one

	lateness *lateness

	sounds    atomic.Pointer[soundbook]
	keys      atomic.Pointer[keyring]
	keybook   *keybook // who signs receipts
	ingest    *ingest.Ingester
	library   *library
	campaigns *plan
	nodes     *nodes
	roster    *roster
	programs  *programs
	faults    *faults
	bench     *bench
	selfSched *scheduler // of the site's self-tests
	calls     *calls
	hooks     *webhook.Sender
	events    *events
	journal   *bus.Journal
	started   time.Time
	reloads   atomic.Uint32
	reloading sync.Mutex     // one at a time
	tapes     sync.WaitGroup // of live calls
	proofs    sync.WaitGroup // of silence
	gone      atomic.Bool    // Run has ended or is ending
}

// New checks the site file and opens the sockets. A site file with faults
// starts the last good one instead, with a Fault; it is an error only when
// there is no last good one.
func New(cfg Config) (*Controller, error) {
	c := &Controller{
		cfg: cfg, log: cfg.Log, started: cfg.Now(),
		do: make(chan func(time.Time), 64), quit: make(chan struct{}),
		sessions: make(map[paspeaker.SessionID]*session),
		events:   newEvents(), busDown: cfg.Now(),
		ingest:   ingest.New(ingest.Config{Program: cfg.Decoder, Log: cfg.Log}),
		library:  newLibrary(cfg.Bus.Library()),
		patience: verdictWait, bench: newBench(),
	}
	c.faults = newFaults(cfg.Now, c.domains(), c.faultChanged)
	c.keybook = newKeybook(cfg.Bus, cfg.Now, c.keyPinned)
	var err error
	if c.roster, err = loadRoster(cfg.State); err != nil {
		return nil, err
	}
	c.programs = newPrograms(cfg.State)
	c.calls, c.hooks = newCalls(c), webhook.NewSender("paspeakerd/"+cfg.Version, cfg.Now)
	c.calls.readBook(context.Background())
	c.nodes, c.lateness = newNodes(cfg.Now), newLateness()
	if cfg.Identity.Fault != nil {
		c.faults.set("disk", "state directory cannot be written: "+cfg.Identity.Fault.Error(), "free the disk, then restart")
	}
	first, err := c.firstSite()
	if err != nil {
		return nil, err
	}
	c.sounds.Store(first.sounds)
	c.site.Store(first.site)
	c.nodes.expect(first.site)
	c.newSchedule()
	c.newSelfTests(first.site)
	c.arbiter = paspeaker.NewArbiter(paspeaker.ArbiterConfig{NoMixer: c.noMixer})
	if c.air, err = newTransmitter(c, first.site); err != nil {
		return nil, err
	}
	c.keepLastGood(first)
	if c.journal, err = cfg.Bus.OpenJournal(context.Background()); err != nil {
		c.air.close()
		return nil, err
	}
	return c, nil
}

// noMixer says whether a loudspeaker plays one plain stream and no more.
func (c *Controller) noMixer(id paspeaker.SpeakerID) bool {
	sp, ok := c.site.Load().Speaker(id)
	return ok && sp.Kind == paspeaker.KindThirdParty
}

// Run drives the site until ctx is done; then it says goodbye on air, writes
// the journal's rest and returns nil. It returns an error when the voice path
// itself fails. It is called once.
func (c *Controller) Run(ctx context.Context) error {
	defer c.air.close()
	if err := c.subscribe(); err != nil {
		return err
	}
	// What must outlive the loop, so that the goodbye is heard and recorded.
	under, endUnder := context.WithCancel(context.WithoutCancel(ctx))
	defer endUnder()
	g, gctx := errgroup.WithContext(under)
	g.Go(func() error { return c.air.run(gctx, c.units) })
	g.Go(func() error { return c.journal.Run(gctx) })
	g.Go(func() error { return c.keybook.run(gctx) })
	g.Go(func() error { defer c.hooks.Close(); return c.calls.run(gctx) })
	g.Go(func() error { return c.watchLibrary(gctx) })
	g.Go(func() error { return c.campaigns.watch(gctx) })
	g.Go(func() error { return c.runPlan(ctx) })
	g.Go(func() error { return c.runTests(ctx) })
	g.Go(func() error { return c.selfSched.Run(ctx) })
	g.Go(func() error { c.announceSDP(gctx); return nil })
	g.Go(func() error { c.watchInterface(gctx); return nil })
	g.Go(func() error { return c.roster.run(gctx, c.log) })
	g.Go(func() error { c.limitRecordings(gctx); return nil })
	g.Go(func() error {
		defer endUnder()
		err := c.loop(ctx, gctx)
		c.tapes.Wait() // the journal says what became of them
		c.proofs.Wait()
		return err
	})
	c.record(paspeaker.Entry{What: "start", Detail: "paspeakerd " + c.cfg.Version, Name: c.site.Load().Name})
	c.recordOpenFaults()
	c.pushConfigs()
	err := g.Wait()
	c.events.close()
	return err
}

// loop owns the Arbiter and the sessions. Everything that touches them is a
// function on c.do, and every function is short.
func (c *Controller) loop(ctx, under context.Context) error {
	defer close(c.quit)
	beat := time.NewTicker(50 * time.Millisecond)
	defer beat.Stop()
	for {
		select {
		case f := <-c.do:
			f(c.now())
		case <-beat.C:
			c.tend(c.now())
		case <-under.Done(): // the voice path failed
			return context.Cause(under)
		case <-ctx.Done():
			c.goodbye(c.now())
			return nil
		}
	}
}

// now is the time in the site's own zone: rulings say since when somebody
// speaks.
func (c *Controller) now() time.Time { return c.cfg.Now().In(c.site.Load().Location) }

// tend is the loop's rounds: waits and lengths that ran out, voices whose
// client died, nodes that fell silent, sessions old enough to forget.
func (c *Controller) tend(now time.Time) {
	if next := c.arbiter.Next(); !next.IsZero() && !now.Before(next) {
		c.carryOut(now, c.arbiter.Tick(now))
	}
	for _, id := range c.order {
		s := c.sessions[id]
		if s.State == paspeaker.StatePlaying && s.starved() {
			c.log.Warn("live voice lost", "session", id, "by", s.By)
			c.carryOut(now, c.arbiter.Cancel(now, id, paspeaker.OutcomeLost))
		}
		c.judge(now, s)
		c.cutLate(now, s)
	}
	c.tendNodes(now)
	if now.Sub(c.healthAt) >= healthEvery {
		c.healthAt = now
		c.forget(now)
		c.campaigns.days.forget(now)
		c.watchHealth()
		c.watchStrays()
	}
}

// call runs f on the loop and waits for it. It returns CodeUnavailable when
// the controller is ending.
func (c *Controller) call(f func(now time.Time)) error {
	done := make(chan struct{})
	select {
	case c.do <- func(now time.Time) { f(now); close(done) }:
	case <-c.quit:
		return errEnding()
	}
	select {
	case <-done:
		return nil
	case <-c.quit:
		return errEnding()
	}
}

// post hands f to the loop without waiting for it to run. It is for callers
// that must never wait: when the loop is behind, a goroutine waits instead.
func (c *Controller) post(f func(now time.Time)) {
	select {
	case c.do <- f:
	default:
		go func() {
			select {
			case c.do <- f:
			case <-c.quit:
			}
		}()
	}
}

func errEnding() error {
	return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "the controller is stopping", Hint: "try again when it is back"}
}

// media returns the media time of now, ns: the controller's own timescale,
// which never steps.
func (c *Controller) media() int64 { return c.air.media(audio.Now()) }

// Alive is nil when voice can go out.
func (c *Controller) Alive() error {
	if c.gone.Load() {
		return errEnding()
	}
	return c.call(func(time.Time) {})
}
