package bus

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"pa/paspeaker"
)

// NewSeed makes the nkey that raw stands for: the seed is for Config.NkeySeed
// (a node's NodeConfig.NATSSeed), the public key for hub.Config.Allow. The same
// raw gives the same nkey, so that a controller can derive a node's from a
// secret and keep no list.
func NewSeed(raw [32]byte) (seed, public string, err error) {
	pair, err := nkeys.FromRawSeed(nkeys.PrefixByteUser, raw[:])
	if err != nil {
		return "", "", fmt.Errorf("make nkey: %w", err)
	}
	s, err := pair.Seed()
	if err != nil {
		return "", "", fmt.Errorf("make nkey: %w", err)
	}
	public, err = pair.PublicKey()
	if err != nil {
		return "", "", fmt.Errorf("make nkey: %w", err)
	}
	return string(s), public, nil
}

// options turns a Config into nats.go's.
func (b *Bus) options(ctx context.Context, cfg Config) (string, []nats.Option, error) {
	if !paspeaker.ValidID(cfg.Name) {
		return "", nil, invalid(fmt.Sprintf("name on the bus %q: want lower-case letters, digits and hyphens", cfg.Name), nil)
	}
	opts := []nats.Option{
		nats.Name(cfg.Name),
		nats.CustomInboxPrefix(inboxPrefix + cfg.Name),
		nats.NoEcho(),
		nats.Timeout(5 * time.Second), // dial, TLS and INFO; a 4G link is slow
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		// A key that the controller does not know yet may be known after its
		// next reload.
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(250 * time.Millisecond),
		// 1,000 nodes must not come back in one moment.
		nats.ReconnectJitter(max(500*time.Millisecond, cfg.Spread), max(time.Second, cfg.Spread)),
		nats.PingInterval(5 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.ReconnectBufSize(1 << 20),
		nats.DrainTimeout(closeWait),
		// What a server gossips of itself may be unreachable from behind NAT.
		nats.IgnoreDiscoveredServers(),
		nats.ConnectHandler(func(*nats.Conn) { b.log.Info("connected to NATS") }),
		nats.ReconnectHandler(func(*nats.Conn) { b.log.Info("connected to NATS again") }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				b.log.Warn("lost NATS", "err", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.refused.Add(1)
			b.log.Debug("nats", "err", err)
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(b.closed) }),
	}
	if cfg.NkeySeed != "" {
		key, err := nkeyOption(cfg.NkeySeed)
		if err != nil {
			return "", nil, err
		}
		opts = append(opts, key)
	}
	if cfg.InProcess != nil {
		return nats.DefaultURL, append(opts, nats.InProcessServer(cfg.InProcess)), nil
	}
	if err := checkURL(cfg.URL, len(cfg.CertDER) > 0); err != nil {
		return "", nil, err
	}
	if len(cfg.CertDER) > 0 {
		opts = append(opts, nats.Secure(pinned(cfg.CertDER)))
	}
	return cfg.URL, append(opts, nats.SkipHostLookup(), nats.SetCustomDialer(newDialer(ctx))), nil
}

func nkeyOption(seed string) (nats.Option, error) {
	pair, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return nil, invalid("NATS nkey seed", err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, invalid("NATS nkey seed", err)
	}
	return nats.Nkey(public, pair.Sign), nil
}

// checkURL refuses what nats.go would try for ever, and what would carry keys
// over a network in the clear.
func checkURL(urls string, pinned bool) error {
	for s := range strings.SplitSeq(urls, ",") {
		u, err := url.Parse(strings.TrimSpace(s))
		if err != nil || u.Hostname() == "" || (u.Scheme != "nats" && u.Scheme != "tls") {
			return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("NATS URL %q: not one", s), Hint: "write it like tls://controller:4222"}
		}
		ip, _ := netip.ParseAddr(u.Hostname()) // the zero Addr is no loopback
		if u.Scheme == "nats" && !pinned && u.Hostname() != "localhost" && !ip.Unmap().IsLoopback() {
			return &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("NATS URL %q leaves this machine in the clear", s), Hint: "use tls://"}
		}
	}
	return nil
}

// pinned trusts one certificate, whatever its names and dates say: a node's
// clock may be years off.
func pinned(der []byte) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // VerifyConnection is stricter
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || !bytes.Equal(s.PeerCertificates[0].Raw, der) {
				return errors.New("verify NATS server: not the certificate of enrolment")
			}
			return nil
		},
	}
}

// dialer gives the first try little time: a node that starts while NATS is
// down has something better to do.
type dialer struct {
	first time.Duration
	tried atomic.Bool
}

func newDialer(ctx context.Context) *dialer {
	d := &dialer{first: firstTry}
	if end, ok := ctx.Deadline(); ok {
		d.first = max(min(d.first, time.Until(end)), time.Millisecond)
	}
	return d
}

// Dial implements nats.CustomDialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	limit := 5 * time.Second
	if !d.tried.Swap(true) {
		limit = d.first
	}
	return (&net.Dialer{Timeout: limit}).Dial(network, address)
}
