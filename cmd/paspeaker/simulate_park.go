package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// simulated is a simulation under way: the controller, ours or another's, and
// the loudspeakers.
type simulated struct {
	o     simulation
	park  *demoPark // where our programs run
	c     *client.Client
	url   string // of our controller
	pid   int    // of our controller; 0: it is somebody else's
	fleet *fleet
	board *simBoard
	ids   []paspeaker.SpeakerID
	began time.Time

	mu     sync.Mutex
	lives  *lives // nil until all are online
	calls  []callMade
	onAir  bool
	usage  usages
	online atomic.Int64
	joined time.Duration // that enrolling took
	roll   time.Duration // that the rolling restart took
}

// newSimulated starts or finds the controller and lists its loudspeakers.
func (g *globals) newSimulated(ctx context.Context, o simulation) (*simulated, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "paspeaker-simulate-")
	if err != nil {
		return nil, err
	}
	s := &simulated{o: o, began: time.Now(), park: &demoPark{dir: dir, bin: filepath.Dir(self)}, board: g.newSimBoard()}
	if err := s.find(ctx, g); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// find gets the controller and its loudspeakers, and starts the fleet.
func (s *simulated) find(ctx context.Context, g *globals) error {
	var at string
	var err error
	if s.o.join {
		if s.c, err = g.client(); err == nil {
			at, err = g.controllerHost()
		}
	} else {
		at, err = s.startController(ctx)
	}
	if err != nil {
		return err
	}
	if err := s.choose(ctx); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.park.dir, "fleet.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.fleet, err = startFleet(filepath.Join(s.park.bin, "paspeaker-node"), at, s.o, log)
	return err
}

// startController starts paspeakerd on the site that is simulated, and returns
// its API's address.
func (s *simulated) startController(ctx context.Context) (string, error) {
	ports, err := freePorts(4)
	if err != nil {
		return "", err
	}
	site := filepath.Join(s.park.dir, "zones.yaml")
	if s.o.zonesFile != "" {
		site, err = borrowSite(s.o.zonesFile, s.park.dir)
	} else {
		err = os.WriteFile(site, []byte(makeSite(s.o.speakers, ports[3]&^1)), 0o600)
	}
	if err != nil {
		return "", err
	}
	at := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	state := filepath.Join(s.park.dir, "state")
	if err := s.park.start(ctx, "paspeakerd", "--config", site, "--state", state, "--http", at(0), "--nats", at(1), "--clock", at(2), "--log", "error"); err != nil {
		return "", err
	}
	s.pid = s.park.running[0].Process.Pid
	s.url = "http://" + at(0)
	return at(0), s.awaitController(ctx, filepath.Join(state, "token"))
}

// awaitController returns when the controller answers.
func (s *simulated) awaitController(ctx context.Context, tokenFile string) error {
	var last error
	for range 100 {
		var token string
		if token, last = readToken(tokenFile); last == nil {
			if s.c, last = client.New(client.Config{URL: s.url, Token: token, By: "simulate"}); last != nil {
				return last
			}
			if last = s.c.Health(ctx); last == nil {
				return nil
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("the controller does not start: %w\n%s", last, s.park.log("paspeakerd"))
}

// choose takes the site's loudspeakers that nobody is, as many as were asked
// for.
func (s *simulated) choose(ctx context.Context) error {
	all, err := s.c.Speakers(ctx)
	if err != nil {
		return err
	}
	for _, sp := range all {
		if sp.Kind != paspeaker.KindThirdParty && !sp.Online && len(s.ids) < s.o.speakers {
			s.ids = append(s.ids, sp.ID)
		}
	}
	if len(s.ids) == 0 {
		return &paspeaker.Error{Code: paspeaker.CodeConflict, What: "the site has no loudspeaker that is not online already"}
	}
	return enoughFiles(len(s.ids))
}

// joinAtOnce is how many join tokens are asked for at one moment.
const joinAtOnce = 8

// joinAll gets a join token for each loudspeaker and has it started.
func (s *simulated) joinAll(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(joinAtOnce)
	var mu sync.Mutex
	for i, id := range s.ids {
		g.Go(func() error {
			join, err := s.c.JoinToken(ctx, id, time.Hour)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			return s.fleet.order(fleetOrder{Join: &fleetMember{ID: id, Token: join.Token, Sample: i < s.o.sample}})
		})
	}
	return g.Wait()
}

// close ends every program and removes what they left.
func (s *simulated) close() {
	if s.fleet != nil {
		s.fleet.close()
	}
	s.park.close()
	if s.c != nil {
		s.c.Close()
	}
	_ = os.RemoveAll(s.park.dir)
}

// troubles are what the fleet complained of last, for an error's text.
func (s *simulated) troubles() string {
	now, _ := s.fleet.state()
	var said []string
	for _, f := range now.Failed {
		said = append(said, string(f.ID)+": "+f.Error)
	}
	if len(said) == 0 {
		return s.park.log("fleet")
	}
	slices.Sort(said)
	return strings.Join(said[:min(len(said), 5)], "\n")
}
