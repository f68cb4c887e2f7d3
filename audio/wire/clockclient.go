package wire

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// How often a node asks: quickly at first, and whenever the clock may have
// changed, then once a second.
const (
	firstProbes  = 6
	probeFirst   = 5 * time.Millisecond
	burstProbes  = 30
	probeBurst   = 20 * time.Millisecond
	soonProbes   = 60
	triesProbes  = 4 // of these, before anybody has answered
	probeSoon    = 250 * time.Millisecond
	probeSteady  = time.Second
	lockSamples  = 4
	degradedFrom = int64(10 * time.Second) // without an answer
	silentFor    = 5 * time.Second         // then the socket is opened anew, the name resolved again
	maxRTT       = int64(2 * time.Second)
	underWay     = 64                      // questions that may be
	unstampedBy  = int64(time.Millisecond) // a sample without the kernel's stamp counts as so much worse
)

// ClockClientConfig configures a ClockClient.
type ClockClientConfig struct {
	Controller string                 // "host:port"; the name is resolved again when it falls silent
	Node       string                 // id, at most 32 bytes
	Key        [32]byte               // DeriveClockKey
	Now        func() int64           // local monotonic ns; nil = since the process began
	Wall       func(unix int64) int64 // for tests: what this process's wall clock shows; nil = the system's
	OnLock     func()                 // a new timescale is known from here on; nil = ignore. It must not block
	Log        *slog.Logger           // nil = slog.Default
}

// ClockReading is what a clock says of an instant.
type ClockReading struct {
	Media     int64  // ns; local time itself before the first lock
	Timescale uint32 // what Media belongs to: the controller's term
	Locked    bool   // Media is not a guess
}

// ClockState is for presence and metrics.
type ClockState struct {
	State    string  // "locked", "degraded" (no answer for a while, still good) or "free-run" (unknown)
	OffsetNS int64   // media − local, now
	RatePPM  float64 // media seconds per local second − 1
	ErrorNS  int64   // one standard deviation, estimated; asymmetry of the path comes on top
	RTTNS    int64   // smallest in the window
}

// ClockClient keeps media time on a node. Read, Local and State may be called
// from any goroutine and do not lock.
type ClockClient struct {
	cfg   ClockClientConfig
	dial  func() (clockLink, error)
	line  atomic.Pointer[clockLine] // nil before the first lock
	burst chan struct{}

	asked    questions
	cookie   atomic.Pointer[[16]byte]
	answered atomic.Int64 // local ns of the last answer

	// The listener's own.
	fit       clockFit
	timescale uint32
}

// clockLink is the way to the controller: a socket, or what a test puts there.
type clockLink interface {
	read() (d Datagram, stamped bool, err error)
	write(b []byte) error
	close() error
}

// question is one that is under way.
type question struct {
	nonce uint64
	t1    int64 // local ns
}

// questions are the last ones asked; each is answered once.
type questions struct {
	mu   sync.Mutex
	ring [underWay]question
	i    int
}

func (q *questions) add(one question) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ring[q.i] = one
	q.i = (q.i + 1) % underWay
}

// take finds the question that a nonce answers, and forgets it.
func (q *questions) take(nonce uint64) (one question, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, one := range q.ring {
		if one.nonce == nonce && one != (question{}) {
			q.ring[i] = question{}
			return one, true
		}
	}
	return question{}, false
}

// NewClockClient returns a client that knows nothing yet.
func NewClockClient(cfg ClockClientConfig) *ClockClient {
	if cfg.Now == nil {
		cfg.Now = processClock
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	c := &ClockClient{cfg: cfg, burst: make(chan struct{}, 1)}
	c.dial = c.open
	c.cookie.Store(new([16]byte))
	return c
}

// open resolves the controller and opens a socket to it.
func (c *ClockClient) open() (clockLink, error) {
	addr, err := net.ResolveUDPAddr("udp4", c.cfg.Controller)
	if err != nil {
		return nil, err
	}
	return listen("", addr.AddrPort(), clocks{c.cfg.Now, c.cfg.Wall}, bigBuffer()...)
}

// Run asks until ctx is done and returns nil. Datagrams on its socket that are
// not answers (unicast sound) go to audio, one at a time; nil drops them.
func (c *ClockClient) Run(ctx context.Context, audio func(Datagram)) error {
	if len(c.cfg.Node) == 0 || len(c.cfg.Node) > maxNodeID {
		return fmt.Errorf("keep time: node id %q is not 1–%d bytes long", c.cfg.Node, maxNodeID)
	}
	for ctx.Err() == nil {
		if err := c.session(ctx, audio); err != nil && ctx.Err() == nil {
			c.cfg.Log.Warn("keep time, will try again", "controller", c.cfg.Controller, "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
	return nil
}

// session asks over one link until the controller has been silent for too
// long.
func (c *ClockClient) session(ctx context.Context, audio func(Datagram)) error {
	link, err := c.dial()
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.listen(link, audio)
	}()
	err = c.ask(ctx, link)
	_ = link.close() // ends listen
	<-done
	return err
}

// pause is how long after question n of a burst the next one comes; a burst
// waits for the first answer, so that nobody hammers on a door that is shut.
func pause(n int) time.Duration {
	wait := probeSteady
	switch {
	case n < firstProbes:
		wait = probeFirst
	case n < burstProbes:
		wait = probeBurst
	case n < soonProbes:
		wait = probeSoon
	}
	return wait + time.Duration(mrand.Int64N(int64(wait)/5)) - wait/10 // nodes that began together part
}

// ask sends questions.
func (c *ClockClient) ask(ctx context.Context, link clockLink) error {
	opened := time.Now()
	c.answered.Store(0)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for sent := soonProbes - triesProbes; ; sent++ {
		select {
		case <-ctx.Done():
			return nil
		case <-c.burst:
			sent = 0
		case <-timer.C:
		}
		c.probe(link)
		timer.Reset(pause(sent))
		if last := c.answered.Load(); last != 0 && c.cfg.Now()-last > int64(silentFor) || last == 0 && time.Since(opened) > silentFor {
			return errors.New("the controller does not answer")
		}
	}
}

// probe sends one question.
func (c *ClockClient) probe(link clockLink) {
	var nonce [8]byte
	rand.Read(nonce[:])
	q := clockRequest{Node: c.cfg.Node, Nonce: binary.BigEndian.Uint64(nonce[:]), Cookie: *c.cookie.Load()}
	var b [clockLen]byte
	q.put(b[:], &c.cfg.Key)
	c.asked.add(question{q.Nonce, c.cfg.Now()})
	_ = link.write(b[:]) // refused while the controller is away: asked again
}

// listen takes answers and sound until the link is closed.
func (c *ClockClient) listen(link clockLink, audio func(Datagram)) {
	for {
		d, stamped, err := link.read()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // ICMP: nobody there; the asking goes on
			continue
		case isClock(d.Data):
			c.take(d, stamped)
		case audio != nil:
			audio(d)
		}
	}
}

// take learns from one answer.
func (c *ClockClient) take(d Datagram, stamped bool) {
	r, err := parseClockReply(d.Data)
	if err != nil || !clockGenuine(d.Data, &c.cfg.Key) {
		return
	}
	q, ok := c.asked.take(r.Nonce)
	if !ok {
		return
	}
	if last := c.answered.Swap(d.At); last == 0 || d.At-last > int64(silentFor) {
		c.Burst() // back, or here for the first time
	}
	c.cookie.Store(&r.Cookie)
	rtt := (d.At - q.t1) - (r.T3 - r.T2)
	if rtt < 0 || rtt > maxRTT {
		return
	}
	// Without the kernel's stamp the moment of reading stands for it, which is
	// late by what the scheduler took: let it count for less.
	if !stamped {
		rtt += unstampedBy
	}
	// theta = ((T2−t1)+(T3−t4))/2, RFC 5905 §8.
	c.learn(clockSample{at: d.At, offset: (r.T2-q.t1)/2 + (r.T3-d.At)/2, rtt: rtt}, r.Timescale)
}

// learn takes a sample into the fit and publishes the line, as soon as it is
// one.
func (c *ClockClient) learn(s clockSample, timescale uint32) {
	if timescale != c.timescale {
		c.timescale = timescale
		c.fit.reset()
		c.Burst()
	}
	fresh := c.fit.last == nil
	l, ok := c.fit.add(s)
	if !ok {
		c.cfg.Log.Warn("the clocks have jumped against each other, measuring anew")
		c.fit.reset()
		c.Burst()
		return
	}
	if l == nil {
		return
	}
	l.Timescale = timescale
	c.line.Store(l)
	if fresh && c.cfg.OnLock != nil {
		c.cfg.OnLock()
	}
}

// Read converts local ns to media ns.
func (c *ClockClient) Read(local int64) ClockReading {
	l := c.line.Load()
	if l == nil {
		return ClockReading{Media: local}
	}
	return ClockReading{Media: l.media(local), Timescale: l.Timescale, Locked: l.err(local) < freeRunFrom}
}

// Local converts media ns to local ns, the inverse of Read.
func (c *ClockClient) Local(media int64) int64 {
	l := c.line.Load()
	if l == nil {
		return media
	}
	return l.local(media)
}

// State describes the clock now.
func (c *ClockClient) State() ClockState {
	l := c.line.Load()
	if l == nil {
		return ClockState{State: "free-run"}
	}
	now := c.cfg.Now()
	out := ClockState{State: "locked", OffsetNS: l.media(now) - now, RatePPM: l.B * 1e6, ErrorNS: int64(l.err(now)), RTTNS: l.RTT}
	switch {
	case l.err(now) >= freeRunFrom:
		out.State = "free-run"
	case now-l.Newest > degradedFrom:
		out.State = "degraded"
	}
	return out
}

// Burst asks for the time at once, a few times in a row.
func (c *ClockClient) Burst() {
	select {
	case c.burst <- struct{}{}:
	default:
	}
}
