package api

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
)

// tlsHandshake is the first byte of every TLS connection: the content type of
// its first record (RFC 8446, 5.1). No HTTP method begins with it.
const tlsHandshake = 0x16

// sniffer accepts connections that tell by their first byte what they speak.
type sniffer struct {
	net.Listener
	secure *tls.Config // nil: no TLS
}

// Accept implements net.Listener. It never waits for a byte: that is for the
// first Read, which runs in the connection's own goroutine.
func (s *sniffer) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &sniffed{Conn: c, secure: s.secure}, nil
}

// sniffed is plain until its first byte is known. The server's first Read
// comes before its first Write; later ones may come at the same time.
type sniffed struct {
	net.Conn
	secure  *tls.Config
	known   bool // of Read's goroutines alone, of which one runs at a time
	secured atomic.Pointer[tls.Conn]
}

var errNoTLS = errors.New("client speaks TLS, which is not configured")

// Read implements net.Conn.
func (s *sniffed) Read(b []byte) (int, error) {
	if !s.known {
		n, err := s.sniff(b)
		if n > 0 || err != nil {
			return n, err
		}
	}
	if c := s.secured.Load(); c != nil {
		return c.Read(b)
	}
	return s.Conn.Read(b)
}

// sniff reads the first byte. A plain connection's it returns in b; a secure
// one's goes to the handshake.
func (s *sniffed) sniff(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := s.Conn.Read(b[:1])
	if n == 0 {
		return 0, err
	}
	s.known = true
	if b[0] != tlsHandshake {
		return 1, err
	}
	if s.secure == nil {
		return 0, errNoTLS
	}
	s.secured.Store(tls.Server(&replay{s.Conn, io.MultiReader(bytes.NewReader([]byte{b[0]}), s.Conn)}, s.secure))
	return 0, nil
}

// Write implements net.Conn.
func (s *sniffed) Write(b []byte) (int, error) {
	if c := s.secured.Load(); c != nil {
		return c.Write(b)
	}
	return s.Conn.Write(b)
}

// Close implements net.Conn.
func (s *sniffed) Close() error {
	if c := s.secured.Load(); c != nil {
		return c.Close()
	}
	return s.Conn.Close()
}

// CloseWrite lets the server end its side first, so that a client which still
// sends gets to read the answer.
func (s *sniffed) CloseWrite() error {
	if c := s.secured.Load(); c != nil {
		return c.CloseWrite()
	}
	if c, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// replay is a connection whose first byte has been looked at.
type replay struct {
	net.Conn
	r io.Reader
}

// Read implements net.Conn.
func (r *replay) Read(b []byte) (int, error) { return r.r.Read(b) }
