package api

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// nodes registers what concerns the site and the nodes in its loudspeakers.
func (s *server) nodes() {
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/reload", "reload",
		"Read the site file again; a bad one changes nothing"),
		func(ctx context.Context, in *struct{ By }) (*reply[paspeaker.ReloadResult], error) {
			return answer(s.ctl.Reload(ctx, in.who()))
		})
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/join-tokens", "join-token",
		"Make a token by which one node can enrol, once"),
		func(ctx context.Context, in *struct {
			By
			Body body.Join
		}) (*reply[paspeaker.JoinToken], error) {
			return answer(s.ctl.JoinToken(ctx, in.who(), in.Body.Node, time.Duration(in.Body.TTL)))
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/keys", "keys",
		"The keys by which nodes sign, or signed, their receipts: what the journal's receipts are checked against"),
		func(ctx context.Context, _ *struct{ By }) (*reply[[]paspeaker.NodeKey], error) {
			return list(s.ctl.NodeKeys(ctx))
		})
	op := s.operation(http.MethodPost, pathEnrol, "enrol", "A node's first word: its join token, for its configuration")
	op.Security = []map[string][]string{{}}
	op.MaxBodyBytes = 4096
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		By
		Body paspeaker.EnrolRequest
	}) (*reply[paspeaker.SignedConfig], error) {
		if wait := s.enrols.take(in.caller.From); wait > 0 {
			return nil, huma.ErrorWithHeaders(newProblem(http.StatusTooManyRequests, &paspeaker.Error{
				Code: paspeaker.CodeUnavailable, What: "too many enrolments", Hint: "try again in " + wait.Round(time.Second).String(),
			}), http.Header{"Retry-After": {retryAfter(wait)}})
		}
		conf, err := s.ctl.Enrol(ctx, in.Body)
		if err == nil {
			s.enrols.giveBack(in.caller.From)
		}
		return answer(conf, err)
	})
}

// throttle bounds attempts to enrol, so that join tokens cannot be guessed:
// per address, and in all, because addresses of IPv6 are plenty. Who had a good
// token did not guess, and does not count: a park's nodes may all enrol at once,
// from behind one address.
type throttle struct {
	now func() time.Time

	mu    sync.Mutex
	all   bucket
	peers map[string]bucket
}

const (
	peerBurst  = 10
	peerEvery  = 6 * time.Second // one more attempt each
	totalBurst = 200
	totalEvery = 100 * time.Millisecond
	maxPeers   = 4096
)

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, peers: map[string]bucket{}}
}

// take returns 0 when the attempt may be made, else how long to wait.
func (t *throttle) take(from string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	key := network(from)
	if _, known := t.peers[key]; !known && len(t.peers) >= maxPeers {
		t.forget(now)
	}
	peer, wait := t.peers[key].take(now, peerBurst, peerEvery)
	t.peers[key] = peer
	if wait > 0 {
		return wait
	}
	t.all, wait = t.all.take(now, totalBurst, totalEvery)
	return wait
}

// giveBack undoes a take: the attempt was no guess.
func (t *throttle) giveBack(from string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := network(from)
	if peer, known := t.peers[key]; known {
		t.peers[key] = bucket{peer.full.Add(-peerEvery)}
	}
	t.all = bucket{t.all.full.Add(-totalEvery)}
}

// forget drops addresses whose buckets are full again, or all when none is:
// the bound on all attempts still holds.
func (t *throttle) forget(now time.Time) {
	for k, b := range t.peers {
		if !b.full.After(now) {
			delete(t.peers, k)
		}
	}
	if len(t.peers) >= maxPeers {
		clear(t.peers)
	}
}

// network is what counts as one address: an IPv4 address, or the /64 that one
// customer or one link has.
func network(from string) string {
	a, err := netip.ParseAddr(from)
	if err != nil || a.Is4() {
		return from
	}
	p, _ := a.WithZone("").Prefix(64) // 64 bits are always there
	return p.String()
}

// bucket is a leaky bucket told by the moment at which it is full again.
type bucket struct {
	full time.Time
}

func (b bucket) take(now time.Time, burst int, every time.Duration) (bucket, time.Duration) {
	if b.full.Before(now) {
		b.full = now
	}
	full := b.full.Add(every)
	if over := full.Sub(now) - time.Duration(burst)*every; over > 0 {
		return b, over
	}
	return bucket{full}, 0
}
