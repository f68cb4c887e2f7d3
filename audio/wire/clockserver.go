package wire

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	peerLife   = int64(60 * time.Second)
	cookieLife = int64(60 * time.Second) // a cookie is good for this epoch and the one before
	maxPeers   = 20_000
)

// ClockServerConfig configures a ClockServer.
type ClockServerConfig struct {
	Addr      string                             // "host:port" to listen on, UDP
	Timescale uint32                             // what Media belongs to: the controller's term
	Media     func(local int64) int64            // local ns → media ns
	Key       func(node string) ([32]byte, bool) // DeriveClockKey of a known node
	Now       func() int64                       // local monotonic ns; nil = since the process began
	DSCP      int                                // 0–63, of what the socket sends
	Log       *slog.Logger
}

// ClockServer answers the nodes' question for the time, remembers where each
// node is behind its NAT, and sends unicast sound there.
type ClockServer struct {
	cfg  ClockServerConfig
	sock *socket
	// Run's own: a thousand questions a second are answered without a new
	// allocation for each hash.
	cookies hash.Hash // HMAC of a secret
	sum     []byte
	reply   [clockLen]byte

	mu      sync.RWMutex
	peers   map[string]peer  // where the nodes are, by proof of the return path
	heard   map[string]int64 // local ns of each node's last genuine question
	refused atomic.Uint64
}

type peer struct {
	addr netip.AddrPort
	seen int64 // local ns
}

// NewClockServer opens the socket.
func NewClockServer(cfg ClockServerConfig) (*ClockServer, error) {
	if cfg.Now == nil {
		cfg.Now = processClock
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	sock, err := listen(cfg.Addr, netip.AddrPort{}, clocks{local: cfg.Now}, append(bigBuffer(), markTraffic(cfg.DSCP)...)...)
	if err != nil {
		return nil, fmt.Errorf("clock exchange on %s: %w", cfg.Addr, err)
	}
	s := &ClockServer{cfg: cfg, sock: sock, peers: make(map[string]peer), heard: make(map[string]int64)}
	var secret [32]byte
	rand.Read(secret[:])
	s.cookies = hmac.New(sha256.New, secret[:])
	return s, nil
}

// Run answers until ctx is done, closes the socket, and returns nil.
func (s *ClockServer) Run(ctx context.Context) error {
	end := context.AfterFunc(ctx, func() { s.sock.conn.Close() })
	defer end()
	for {
		d, _, err := s.sock.read()
		switch {
		case err == nil:
			s.answer(d)
		case errors.Is(err, net.ErrClosed):
			return nil
		default: // an ICMP error of a node that left, say: do not spin
			select {
			case <-ctx.Done():
			case <-time.After(watchEvery / 10):
			}
		}
	}
}

// answer replies to one question, if it is genuine.
func (s *ClockServer) answer(d Datagram) {
	q, err := parseClockRequest(d.Data)
	if err != nil {
		s.refused.Add(1)
		return
	}
	key, ok := s.cfg.Key(q.Node)
	if !ok || !clockGenuine(d.Data, &key) {
		s.refused.Add(1)
		return
	}
	cookie := s.cookie(d.From, 0)
	s.remember(q.Node, d, hmac.Equal(q.Cookie[:], cookie[:]) || s.cookieOld(q.Cookie, d.From))
	r := clockReply{Nonce: q.Nonce, Timescale: s.cfg.Timescale, T2: s.cfg.Media(d.At), Cookie: cookie}
	r.T3 = s.cfg.Media(s.cfg.Now())
	r.put(s.reply[:], &key)
	if _, err := s.sock.conn.WriteToUDPAddrPort(s.reply[:], d.From); err != nil {
		s.cfg.Log.Debug("answer clock", "to", d.From, "error", err)
	}
}

// cookie binds an address to the present epoch, or to one before. Only who
// receives at the address learns it: a question copied and sent from elsewhere
// moves no voice there.
func (s *ClockServer) cookie(addr netip.AddrPort, before int64) (c [16]byte) {
	b := binary.BigEndian.AppendUint64(s.sum[:0], uint64(s.cfg.Now()/cookieLife-before))
	a := addr.Addr().As16()
	b = binary.BigEndian.AppendUint16(append(b, a[:]...), addr.Port())
	s.cookies.Reset()
	s.cookies.Write(b)
	s.sum = s.cookies.Sum(b[:0])
	copy(c[:], s.sum)
	return c
}

// cookieOld says whether a cookie is of the epoch before this one.
func (s *ClockServer) cookieOld(c [16]byte, addr netip.AddrPort) bool {
	old := s.cookie(addr, 1)
	return hmac.Equal(c[:], old[:])
}

// remember notes that a node asked, and with proof from where.
func (s *ClockServer) remember(node string, d Datagram, proved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.heard[node]; known || len(s.heard) < maxPeers {
		s.heard[node] = max(d.At, s.heard[node])
		if proved {
			s.peers[node] = peer{d.From, d.At}
		}
	}
}

// Heard is how long ago the node's last genuine question came, whatever way it
// took; false when none has. A question may be copied and sent again by others,
// so it shows life, not a place.
func (s *ClockServer) Heard(node string) (ago time.Duration, ok bool) {
	s.mu.RLock()
	at, ok := s.heard[node]
	s.mu.RUnlock()
	if !ok {
		return 0, false
	}
	return time.Duration(max(0, s.cfg.Now()-at)), true
}

// Close closes the socket of a server that was never run.
func (s *ClockServer) Close() error { return s.sock.conn.Close() }

// Addr is the local address.
func (s *ClockServer) Addr() netip.AddrPort { return s.sock.local }

// Peer is the node's last address that was proved by its key and by the return
// path, at most 60 s old.
func (s *ClockServer) Peer(node string) (netip.AddrPort, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, ok := s.peers[node]
	return p.addr, ok && s.cfg.Now()-p.seen <= peerLife
}

// Refused is how many questions were malformed, of unknown nodes, or forged.
func (s *ClockServer) Refused() uint64 { return s.refused.Load() }

// Send sends b from the clock's socket, so that the NAT in front of dst lets
// it in. It has the signature of Sender.Send. Any goroutine may call it.
func (s *ClockServer) Send(b []byte, dst netip.AddrPort) error {
	if _, err := s.sock.conn.WriteToUDPAddrPort(b, dst); err != nil {
		return fmt.Errorf("send to %s: %w", dst, err)
	}
	return nil
}
