package controller

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"pa/audio"
	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/controller/air"
	"pa/paspeaker/site"
)

// How long an on-air key may speak, and how long before it is replaced.
const (
	keyLife  = 30 * 24 * time.Hour
	keyRenew = 24 * time.Hour
)

// tagKeyID is the flood filter's key in use; the next is handed out before it
// is used.
const tagKeyID = 0

// peersEvery is how often the engine is told where mobile units are.
const peersEvery = 250 * time.Millisecond

// transmitter is the controller's side of the voice: the engine that sends it,
// the media clock, and the sockets of what is not voice. What it does needs
// neither the loop nor the bus.
type transmitter struct {
	id     *Identity
	link   air.Link
	clock  *wire.ClockServer
	sender atomic.Pointer[wire.Sender] // of announcements by SAP
	base   int64                       // media − local, ns: fixed for the life of the process
	log    *slog.Logger

	feeds sync.WaitGroup
	over  chan struct{} // closed when the engine has ended: feeds end, too

	finished func(air.Finished)
	trouble  func(air.Trouble)

	failedAt    atomic.Int64 // media ns
	lastFailure atomic.Pointer[string]
	stats       atomic.Pointer[air.Stats]
}

// newTransmitter starts the engine, opens the sockets and makes the first
// on-air key.
func newTransmitter(c *Controller, s *site.Site) (*transmitter, error) {
	t := &transmitter{
		id: c.cfg.Identity, base: c.cfg.Now().UnixNano() - audio.Now(), log: c.log, over: make(chan struct{}),
		finished: c.finished, trouble: c.trouble,
	}
	t.stats.Store(&air.Stats{})
	clock, err := wire.NewClockServer(wire.ClockServerConfig{
		Addr: c.cfg.ClockAddr, Timescale: t.id.Term, Media: t.media, Now: audio.Now, DSCP: s.DSCP, Log: c.log,
		Key: c.clockKeys().of,
	})
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, &paspeaker.Error{Code: paspeaker.CodeConflict, What: "the UDP address " + c.cfg.ClockAddr + " of the clock exchange is in use",
				Hint: "stop the program that uses it, or choose another with --clock"}
		}
		return nil, fmt.Errorf("open clock exchange: %w", err)
	}
	t.clock = clock
	if err := t.openSender(s); err != nil {
		return nil, errors.Join(err, clock.Close())
	}
	if c.cfg.Engine == nil {
		t.link = air.Here(t.hear, c.log)
	} else if t.link, err = air.Apart(c.cfg.Engine, t.hear, c.log); err != nil {
		return nil, errors.Join(err, clock.Close(), t.sender.Load().Close())
	}
	err = t.link.Do(air.Order{Open: &air.Open{Base: t.base - air.MonotonicOffset(), CName: "paspeakerd@" + s.ID, Units: clock.Descriptor}})
	if err == nil {
		err = t.renewKey()
	}
	if err == nil {
		err = t.link.Do(tuneTo(s))
	}
	if err == nil {
		err = t.link.Do(beaconsOf(s))
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// openSender opens the multicast socket that the site asks for. The one before
// it, if any, is closed a little later, when nobody uses it any more.
func (t *transmitter) openSender(s *site.Site) error {
	sender, err := wire.NewSender(wire.SenderConfig{Interface: s.Interface, TTL: s.TTL, DSCP: s.DSCP, Log: t.log})
	if err != nil {
		return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "open the multicast socket", Err: err,
			Hint: "site.interface in zones.yaml names the network card of the loudspeakers; `ip link` shows what is there"}
	}
	if old := t.sender.Swap(sender); old != nil {
		time.AfterFunc(time.Second, func() { old.Close() })
	}
	return nil
}

// tune opens the multicast sockets that the site asks for: ours, which shows
// whether the interface is there, and then the engine's.
func (t *transmitter) tune(s *site.Site) error {
	if err := t.openSender(s); err != nil {
		return err
	}
	return t.link.Do(tuneTo(s))
}

// beaconsOf has every group of a site spoken on now and then.
func beaconsOf(s *site.Site) air.Order {
	b := &air.Beacons{Every: paspeaker.BeaconEvery}
	for _, z := range s.Zones {
		if z.Group.IsValid() {
			b.Groups = append(b.Groups, z.Group)
		}
	}
	return air.Order{Beacons: b}
}

func tuneTo(s *site.Site) air.Order {
	return air.Order{Tune: &air.Tune{Interface: s.Interface, TTL: s.TTL, DSCP: s.DSCP}}
}

// media converts local to media time, ns.
func (t *transmitter) media(local int64) int64 { return local + t.base }

// renewKey makes a new on-air key; sessions that are on air keep theirs. Its
// certificate is dated by media time, as nodes look at it, which does not follow
// the wall clock when that is set.
func (t *transmitter) renewKey() error {
	now := time.Unix(0, t.media(audio.Now()))
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make on-air key: %w", err)
	}
	// Clocks of nodes differ from ours; a day of grace on the early side.
	cert := wire.NewCertificate(t.id.Root, pub, now.Add(-24*time.Hour), now.Add(keyLife))
	return t.link.Do(air.Order{Key: &air.Key{
		OnAir: priv, Cert: cert.Bytes(), Term: t.id.Term,
		TagKeyID: tagKeyID, TagKey: wire.DeriveTagKey(t.id.Secret, tagKeyID),
	}})
}

// run drives engine and clock until ctx is done, renews the on-air key, and
// tells the engine where the mobile units of a site are.
func (t *transmitter) run(ctx context.Context, units func() []string) error {
	defer t.feeds.Wait()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(t.over)
		return t.link.Run(ctx)
	})
	g.Go(func() error { return t.clock.Run(ctx) })
	g.Go(func() error {
		renew, look := time.NewTicker(keyRenew), time.NewTicker(peersEvery)
		defer renew.Stop()
		defer look.Stop()
		known := make(map[string]netip.AddrPort)
		for {
			select {
			case <-renew.C:
				if err := t.renewKey(); err != nil {
					return err
				}
			case <-look.C:
				known = t.findUnits(known, units())
			case <-ctx.Done():
				return nil
			}
		}
	})
	return g.Wait()
}

// findUnits tells the engine what is new about where units are, and returns
// what it knows then.
func (t *transmitter) findUnits(known map[string]netip.AddrPort, units []string) map[string]netip.AddrPort {
	now := make(map[string]netip.AddrPort, len(units))
	for _, id := range units {
		if addr, ok := t.clock.Peer(id); ok {
			now[id] = addr
		}
	}
	if d := air.Difference(known, now); d != nil {
		t.do(air.Order{Peers: d})
	}
	return now
}

// do gives the engine an order; what it cannot take is noted, and looked at by
// watchHealth.
func (t *transmitter) do(o air.Order) {
	if err := t.link.Do(o); err != nil {
		t.trouble(air.Trouble{What: err.Error()})
	}
}

// hear takes what the engine says, on its threads.
func (t *transmitter) hear(ev air.Event) {
	switch {
	case ev.Finished != nil:
		t.finished(*ev.Finished)
	case ev.Trouble != nil:
		t.trouble(*ev.Trouble)
	case ev.Stats != nil:
		if ev.Stats.Failure != "" {
			t.lastFailure.Store(&ev.Stats.Failure)
		}
		t.stats.Store(ev.Stats)
	}
}

// read has a feed read ahead until it is stopped or has ended.
func (t *transmitter) read(f *air.Feed) { t.feeds.Go(func() { f.Run(t.over) }) }

// close ends what was never run; after run it closes the rest.
func (t *transmitter) close() {
	if s := t.sender.Load(); s != nil {
		s.Close()
	}
	t.clock.Close()
	t.link.Close()
}

// trouble is what could not be done on air.
func (c *Controller) trouble(tr air.Trouble) {
	c.log.Error("voice", "err", tr.What, "profile", tr.Profile)
	if tr.Profile != "" {
		c.faults.set("codec/"+tr.Profile, tr.What, "choose another profile for the zone in zones.yaml")
	} else {
		c.faults.set("voice", "the voice's engine: "+tr.What, "restart the controller when nothing is on air, and report this")
	}
}

// units are the site's mobile loudspeakers.
func (c *Controller) units() []string {
	var out []string
	for _, sp := range c.site.Load().Speakers {
		if sp.Kind == paspeaker.KindMobile {
			out = append(out, string(sp.ID))
		}
	}
	return out
}
