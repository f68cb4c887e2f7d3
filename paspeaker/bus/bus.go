// Package bus is how controller and nodes speak with each other beside the
// voice path: presence, receipts, node configurations, the journal and join
// tokens. The subjects are in subjects.go.
//
// The controller and paspeaker-node use it; nothing else in the house imports
// nats.go. It promises that nothing here is needed for a voice to be heard:
// Connect succeeds while NATS is down, the connection comes back by itself, and
// what is called on the way to the air (Append, PublishReport, PublishReceipt)
// never waits.
package bus

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

// Config says to whom a Bus connects and as whom.
type Config struct {
	// URL is the NATS server's, "nats://127.0.0.1:4222" or "tls://host:4222";
	// several are separated by commas. It is not used when InProcess is set.
	URL string
	// InProcess connects without a network: hub.InProcess.
	InProcess interface {
		InProcessConn() (net.Conn, error)
	}
	// NkeySeed proves who this is ("SU…"); empty for a server without auth.
	NkeySeed string
	// CertDER is the one certificate to trust; nil leaves it to the system's
	// roots when the URL says tls.
	CertDER []byte
	// Key signs this node's receipts, an Ed25519 private key. Without one it is
	// made of the nkey seed, which the controller knows as well.
	Key ed25519.PrivateKey
	// Name is a node's id, or "paspeakerd": in the form of a paspeaker.SpeakerID.
	// The node's side of Bus speaks for this id.
	Name string
	// Spread is over how long a site's nodes come back after NATS was away; half
	// a second when shorter.
	Spread time.Duration
	// Now is the wall clock of token expiry, time.Now when nil.
	Now func() time.Time
	// Log may be nil.
	Log *slog.Logger
}

// Bus is one connection to NATS, kept for ever. Its methods may be called from
// any goroutine, but Close not from a callback.
type Bus struct {
	name  string
	key   ed25519.PrivateKey
	nc    *nats.Conn
	js    jetstream.JetStream
	log   *slog.Logger
	now   func() time.Time
	retry time.Duration
	out   *outbox

	refused atomic.Uint64
	closed  chan struct{} // closed by nats.go when the connection is gone for good
	stop    context.CancelFunc
	senders sync.WaitGroup
	closing sync.Once

	gate   sync.RWMutex // held for reading by every callback
	silent bool         // under gate: no callback begins any more
	deaf   bool         // under gate: no command is begun any more

	handlers sync.WaitGroup // of commands
}

const (
	firstTry   = time.Second     // how long a start waits for NATS
	closeWait  = 2 * time.Second // for what is still to be said
	fetchWait  = 5 * time.Second
	retryEvery = 500 * time.Millisecond
)

// Connect makes a Bus and tries to connect once, for 1 s at most or until ctx
// is done; when NATS is not there the Bus goes on trying, and no error is
// returned. An error means that the config is wrong (CodeInvalid).
func Connect(ctx context.Context, cfg Config) (*Bus, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	b := &Bus{name: cfg.Name, key: receiptKey(cfg), log: cfg.Log, now: cfg.Now, retry: retryEvery, out: newOutbox(), closed: make(chan struct{})}
	url, opts, err := b.options(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if b.nc, err = nats.Connect(url, opts...); err != nil {
		return nil, invalid("connect to NATS", err)
	}
	if b.js, err = jetstream.New(b.nc); err != nil {
		b.nc.Close()
		return nil, invalid("use JetStream", err)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	b.senders.Go(func() { b.sendReports(run) })
	b.senders.Go(func() { b.sendReceipts(run) })
	return b, nil
}

// Connected says whether NATS is there now.
func (b *Bus) Connected() bool { return b.nc.IsConnected() }

// Close hands over what is buffered (2 s at most), ends every subscription and
// waits for the last callback. It may be called twice.
func (b *Bus) Close() {
	b.closing.Do(func() {
		for end := time.Now().Add(closeWait); b.nc.IsConnected() && !b.out.empty() && time.Now().Before(end); {
			pause(context.Background(), 10*time.Millisecond)
		}
		b.stop()
		b.senders.Wait()
		b.gate.Lock()
		b.deaf = true
		b.gate.Unlock()
		b.handlers.Wait()
		if err := b.nc.Drain(); err != nil {
			b.nc.Close() // it was not connected
		}
		<-b.closed
		b.gate.Lock()
		b.silent = true
		b.gate.Unlock()
	})
}

// Refused returns how many messages were dropped because they were too large,
// no JSON, or spoke for somebody else.
func (b *Bus) Refused() uint64 { return b.refused.Load() }

// subscribe calls f for each message on subject, one at a time, and refuses
// what f cannot use.
func (b *Bus) subscribe(subject string, f func(m *nats.Msg) error) error {
	sub, err := b.nc.Subscribe(subject, func(m *nats.Msg) {
		b.gate.RLock()
		defer b.gate.RUnlock()
		if b.silent {
			return
		}
		if err := f(m); err != nil {
			b.refused.Add(1)
			b.log.Debug("message refused", "err", err)
		}
	})
	if err == nil {
		err = sub.SetPendingLimits(16384, 32<<20)
	}
	if err != nil {
		return unavailable("listen to "+subject, err)
	}
	return nil
}

func invalid(what string, err error) error {
	return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: what, Err: err}
}

func unavailable(what string, err error) error {
	return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: what, Err: err, Hint: "NATS is down or does not answer; try again"}
}

func tooLarge(what string, n, limit int) error {
	return &paspeaker.Error{Code: paspeaker.CodeTooLarge, What: fmt.Sprintf("%s: %d bytes, at most %d", what, n, limit)}
}
