package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	sapHead    = 8
	sapVersion = 1 << 5
	sapDelete  = 1 << 2
	sapIPv6    = 1 << 4
	sapLocked  = 1<<1 | 1 // encrypted or compressed
	sapType    = "application/sdp"
	sapEvery   = 30 * time.Second
	sapMax     = 1024 // bytes, RFC 2974 §6
)

// ErrSAP is wrapped by every complaint about a SAP packet.
var ErrSAP = errors.New("sap packet")

// SAP is one announcement (RFC 2974), IPv4, without authentication.
type SAP struct {
	Delete bool       // the session is gone
	Hash   uint16     // with Origin, names this version of the announcement; never 0
	Origin netip.Addr // of the sender
	SDP    string
}

// Append appends the packet to dst.
func (s SAP) Append(dst []byte) []byte {
	flags := byte(sapVersion)
	if s.Delete {
		flags |= sapDelete
	}
	origin := s.Origin.Unmap()
	if !origin.Is4() {
		origin = netip.IPv4Unspecified()
	}
	dst = append(dst, flags, 0)
	dst = binary.BigEndian.AppendUint16(dst, s.Hash)
	dst = append(dst, origin.AsSlice()...)
	dst = append(dst, sapType...)
	dst = append(dst, 0)
	return append(dst, s.SDP...)
}

// ParseSAP reads a packet that is neither encrypted nor compressed; it does
// not check authentication data. Wraps ErrSAP.
func ParseSAP(b []byte) (SAP, error) {
	if len(b) < sapHead || b[0]>>5 != 1 {
		return SAP{}, fmt.Errorf("parse %w: no version 1 header", ErrSAP)
	}
	if b[0]&(sapIPv6|sapLocked) != 0 {
		return SAP{}, fmt.Errorf("parse %w: IPv6, encrypted or compressed", ErrSAP)
	}
	s := SAP{Delete: b[0]&sapDelete != 0, Hash: binary.BigEndian.Uint16(b[2:]), Origin: netip.AddrFrom4([4]byte(b[4:8]))}
	auth := 4 * int(b[1])
	if len(b) < sapHead+auth {
		return SAP{}, fmt.Errorf("parse %w: authentication data cut", ErrSAP)
	}
	rest := b[sapHead+auth:]
	if !bytes.HasPrefix(rest, []byte("v=0")) { // the type may be missing, RFC 2974 §3
		kind, body, found := bytes.Cut(rest, []byte{0})
		if !found || string(kind) != sapType {
			return SAP{}, fmt.Errorf("parse %w: payload is not %s", ErrSAP, sapType)
		}
		rest = body
	}
	s.SDP = string(rest)
	return s, nil
}

// AnnouncerConfig configures an Announcer.
type AnnouncerConfig struct {
	Send   func(b []byte, dst netip.AddrPort) error // Sender.Send
	Origin netip.Addr                               // address of the sender, IPv4
	Group  netip.AddrPort                           // zero = 239.255.255.255:9875, the administrative scope
	Every  time.Duration                            // 0 = 30 s
	Log    *slog.Logger                             // nil = slog.Default
}

// Announcer tells receivers what is on the network (SAP, RFC 2974).
type Announcer struct {
	cfg  AnnouncerConfig
	wake chan struct{}

	mu   sync.Mutex
	sdps []string
}

// NewAnnouncer returns an Announcer with nothing to announce.
func NewAnnouncer(cfg AnnouncerConfig) *Announcer {
	if !cfg.Group.IsValid() {
		cfg.Group = netip.MustParseAddrPort("239.255.255.255:9875")
	}
	if cfg.Every <= 0 {
		cfg.Every = sapEvery
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Announcer{cfg: cfg, wake: make(chan struct{}, 1)}
}

// Set replaces what is announced: session descriptions as SDP returns them,
// at most 1,000 bytes each. What is new is announced at once, what is gone is
// deleted. Any goroutine may call it, before Run or while it runs.
func (a *Announcer) Set(sdps []string) error {
	for _, s := range sdps {
		if n := len(a.packet(s, false)); n > sapMax {
			return fmt.Errorf("announce session: %w: %d bytes, want at most %d", ErrSAP, n, sapMax)
		}
	}
	a.mu.Lock()
	a.sdps = append([]string(nil), sdps...)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return nil
}

// Run announces until ctx is done, then deletes everything and returns nil.
func (a *Announcer) Run(ctx context.Context) error {
	tick := time.NewTicker(a.cfg.Every)
	defer tick.Stop()
	known := map[string]bool{}
	for {
		again := false
		select {
		case <-ctx.Done():
			for sdp := range known {
				a.send(sdp, true)
			}
			return nil
		case <-a.wake:
		case <-tick.C:
			again = true
		}
		known = a.tell(known, again)
	}
}

// tell sends what has changed since known, or everything again.
func (a *Announcer) tell(known map[string]bool, again bool) map[string]bool {
	a.mu.Lock()
	sdps := a.sdps
	a.mu.Unlock()
	now := make(map[string]bool, len(sdps))
	for _, sdp := range sdps {
		if (again || !known[sdp]) && !now[sdp] {
			a.send(sdp, false)
		}
		now[sdp] = true
	}
	for sdp := range known {
		if !now[sdp] {
			a.send(sdp, true)
		}
	}
	return now
}

func (a *Announcer) send(sdp string, gone bool) {
	if err := a.cfg.Send(a.packet(sdp, gone), a.cfg.Group); err != nil {
		a.cfg.Log.Warn("session not announced", "error", err)
	}
}

// packet carries of a deleted session the origin line alone, RFC 2974 §4.
func (a *Announcer) packet(sdp string, gone bool) []byte {
	h := fnv.New32a()
	_, _ = h.Write([]byte(sdp))
	s := SAP{Delete: gone, Hash: uint16(h.Sum32()>>16) ^ uint16(h.Sum32()) | 1, Origin: a.cfg.Origin, SDP: sdp}
	if gone {
		if _, rest, ok := strings.Cut(sdp, "o="); ok {
			line, _, _ := strings.Cut(rest, "\r\n")
			s.SDP = "o=" + line + "\r\n"
		}
	}
	return s.Append(nil)
}
