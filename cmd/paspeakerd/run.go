package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"pa/audio/ingest"
	"pa/paspeaker"
	"pa/paspeaker/api"
	"pa/paspeaker/bus"
	"pa/paspeaker/controller"
	"pa/paspeaker/controller/air"
	"pa/paspeaker/hub"
	"pa/paspeaker/state"
)

//go:embed sounds/*.opus
var sounds embed.FS

// options are the flags.
type options struct {
	config, state, http, nats, natsURL, natsSeed, clock, logLevel string
	oneProcess                                                    bool
}

// server is what run puts together.
type server struct {
	opts     options
	log      *slog.Logger
	dir      *state.Dir
	identity *controller.Identity
	listener net.Listener
	hub      *hub.Hub // nil with --nats-url
	bus      *bus.Bus
	ctl      atomic.Pointer[controller.Controller] // the hub asks for it while it starts
}

// run starts everything, says that it is ready, and ends in the other order.
func run(ctx context.Context, o options) error {
	d := &server{opts: o}
	if err := d.open(ctx); err != nil {
		d.close()
		return err
	}
	defer d.close()
	d.greet()
	ctl := d.ctl.Load()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return ctl.Run(gctx) })
	g.Go(func() error { return api.Serve(gctx, d.listener, tlsConfig(d.identity.TLS), d.handler()) })
	g.Go(func() error { d.reloadOnHangup(gctx); return nil })
	g.Go(func() error { boundMemory(gctx); return nil })
	g.Go(func() error { return notifySystemd(gctx, ctl.Alive) })
	endHub := d.watchHub(ctx)
	err := g.Wait()
	endHub() // last: the goodbye is in the journal by now
	d.log.Info("goodbye")
	return err
}

// open takes hold of what the daemon needs, cheapest first, so that a second
// daemon is told so before anything else happens.
func (d *server) open(ctx context.Context) error {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(d.opts.logLevel)); err != nil {
		return usageError{fmt.Errorf("--log %q: want debug, info, warn or error", d.opts.logLevel)}
	}
	d.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	var err error
	if d.dir, err = state.Open(d.opts.state); err != nil {
		return err
	}
	if d.identity, err = controller.LoadIdentity(d.dir, time.Now()); err != nil {
		return err
	}
	if d.listener, err = listen(d.opts.http); err != nil {
		return err
	}
	if err := d.openBus(ctx); err != nil {
		return err
	}
	sub, err := fs.Sub(sounds, "sounds")
	if err != nil {
		return err
	}
	var stored func() error
	var recheck func()
	if d.hub != nil {
		stored, recheck = d.hub.Stored, d.hub.Recheck
	}
	ctl, err := controller.New(controller.Config{
		SitePath: d.opts.config, State: d.dir, Identity: d.identity, Sounds: controller.NewShelf(sub), Stored: stored, Recheck: recheck, Bus: d.bus,
		NodeNATS: d.nodeNATS(), NATSCert: d.natsCert(), ClockAddr: d.clockAddr(),
		Decoder: []string{"/proc/self/exe", ingest.Mode}, Engine: engine(d.opts),
		Version: version, Now: time.Now, Log: d.log,
	})
	d.ctl.Store(ctl)
	return err
}

// engine is the program that sends the voice; nil is this one.
func engine(o options) []string {
	if o.oneProcess {
		// A thread that comes back from a system call must find a free P.
		runtime.GOMAXPROCS(runtime.NumCPU() + 4)
		return nil
	}
	return []string{"/proc/self/exe", air.Mode}
}

// listen opens the API's port; the error says what to do.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &paspeaker.Error{Code: paspeaker.CodeConflict, What: "the API's address " + addr + " is in use",
			Hint: "stop the program that uses it, or choose another with --http"}
	}
	if err != nil {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "open the API's address " + addr, Err: err,
			Hint: "choose another with --http"}
	}
	return l, nil
}

// openBus starts the NATS server, or connects to the one given.
func (d *server) openBus(ctx context.Context) error {
	cfg := bus.Config{Name: "paspeakerd", URL: d.opts.natsURL, Log: d.log}
	if d.opts.natsURL == "" {
		h, err := hub.Start(hub.Config{
			Addr: d.opts.nats, Dir: d.dir.Path("nats"), TLS: d.natsTLS(), Log: d.log,
			Allow: func(public string) (string, bool) {
				if ctl := d.ctl.Load(); ctl != nil {
					return ctl.NodeOfKey(public)
				}
				return "", false // still starting: nodes try again
			},
		})
		if err != nil {
			return err
		}
		d.hub, cfg.InProcess, cfg.NkeySeed = h, h.InProcess(), h.Seed()
	} else if d.opts.natsSeed != "" {
		b, err := os.ReadFile(d.opts.natsSeed)
		if err != nil {
			return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "read --nats-seed-file", Err: err}
		}
		cfg.NkeySeed = strings.TrimSpace(string(b))
	}
	var err error
	d.bus, err = bus.Connect(ctx, cfg)
	return err
}

// watchHub keeps the NATS server under observation until the function that it
// returns is called. Its end is a fault for the record, never the end of the
// voice.
func (d *server) watchHub(ctx context.Context) (end func()) {
	if d.hub == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := d.hub.Run(ctx); err != nil {
			d.log.Error("the NATS server ended; voice goes on, restart when nothing is on air", "err", err)
		}
	}()
	return func() { d.bus.Close(); cancel(); <-done }
}

// reloadOnHangup reloads the site file on SIGHUP.
func (d *server) reloadOnHangup(ctx context.Context) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-hup:
			if _, err := d.driven().Reload(ctx, paspeaker.Caller{By: "SIGHUP", From: "local"}); err != nil {
				d.log.Error("reload refused, the site runs on as it was", "err", err)
				continue
			}
			d.log.Info("site reloaded")
		case <-ctx.Done():
			return
		}
	}
}

// driven is the controller as API and signals drive it: after a reload the NATS
// server looks again at whom it may still let in.
type driven struct {
	*controller.Controller
	hub *hub.Hub // nil with --nats-url
}

func (d *server) driven() driven { return driven{d.ctl.Load(), d.hub} }

// Reload implements api.Controller.
func (c driven) Reload(ctx context.Context, by paspeaker.Caller) (paspeaker.ReloadResult, error) {
	res, err := c.Controller.Reload(ctx, by)
	if err == nil && c.hub != nil {
		c.hub.Recheck()
	}
	return res, err
}

// handler returns the API.
func (d *server) handler() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(d.ctl.Load().Collector(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return api.New(api.Config{
		Controller: d.driven(), Token: d.identity.Token, Version: version, Log: d.log,
		Metrics: promhttp.HandlerFor(reg, promhttp.HandlerOpts{}),
		Limits:  api.Limits{Upload: d.ctl.Load().MaxUpload},
	})
}

// greet says where everything is; the token itself is never printed.
func (d *server) greet() {
	d.log.Info("paspeakerd", "version", version, "api", "http://"+d.listener.Addr().String(),
		"token", d.dir.Path("token"), "fingerprint", d.identity.Fingerprint(), "clock", d.clockAddr())
	if d.identity.New {
		d.log.Info("a token for the API was made: give it to those who may speak", "file", d.dir.Path("token"))
	}
}

func (d *server) close() {
	if d.bus != nil {
		d.bus.Close()
	}
	if d.hub != nil {
		d.hub.Shutdown()
	}
	if d.listener != nil {
		d.listener.Close()
	}
	if d.dir != nil {
		d.dir.Close()
	}
}

// clockAddr is the UDP address of the clock exchange: the API's, next port,
// unless a flag says otherwise.
func (d *server) clockAddr() string {
	if d.opts.clock != "" {
		return d.opts.clock
	}
	host, port, err := net.SplitHostPort(d.listener.Addr().String())
	if err != nil {
		return d.listener.Addr().String()
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return d.listener.Addr().String()
	}
	return net.JoinHostPort(host, strconv.Itoa(n+1))
}

// nodeNATS is the URL that nodes are given.
func (d *server) nodeNATS() string {
	if d.hub != nil {
		return d.hub.URL()
	}
	return d.opts.natsURL
}

// loopback says whether an address stays on this machine.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
