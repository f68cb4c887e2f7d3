package api_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/api"
	"pa/paspeaker/api/client"
)

func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	require.NoError(t, err)
	sum := sha256.Sum256(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, hex.EncodeToString(sum[:])
}

// afar makes every connection look as if it came from another machine.
type afar struct{ net.Listener }

type farConn struct{ net.Conn }

func (farConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 9), Port: 5} }

func (a afar) Accept() (net.Conn, error) {
	c, err := a.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return farConn{c}, nil
}

func TestOnePortForTLSAndLoopback(t *testing.T) {
	cert, pin := certificate(t)
	for name, far := range map[string]bool{"from the machine itself": false, "from another": true} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			addr := l.Addr().String()
			if far {
				l = afar{l}
			}
			ctx, cancel := context.WithCancel(context.Background())
			served := make(chan error, 1)
			f := newFake()
			h := api.New(api.Config{Controller: f, Token: token})
			go func() { served <- api.Serve(ctx, l, &tls.Config{Certificates: []tls.Certificate{cert}}, h) }()
			defer func() { cancel(); assert.NoError(t, <-served); f.readers.Wait() }()

			secure, err := client.New(client.Config{URL: "https://" + addr, Token: token, Fingerprint: pin})
			require.NoError(t, err)
			defer secure.Close()
			_, err = secure.Status(t.Context())
			require.NoError(t, err)
			call, err := secure.Live(t.Context(), paspeaker.Announcement{})
			require.NoError(t, err)
			s, err := call.Close()
			require.NoError(t, err)
			assert.Equal(t, paspeaker.OutcomeDone, s.Outcome)

			wrong, err := client.New(client.Config{URL: "https://" + addr, Token: token, Fingerprint: pin[2:] + "00"})
			require.NoError(t, err)
			_, err = wrong.Status(t.Context())
			assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err), "%v", err)

			plain, err := client.New(client.Config{URL: "http://" + addr, Token: token})
			require.NoError(t, err)
			defer plain.Close()
			_, err = plain.Status(t.Context())
			if far {
				assert.ErrorContains(t, err, "https://")
			} else {
				assert.NoError(t, err)
			}
		})
	}
}

func TestTheEndComesDuringACall(t *testing.T) {
	f := newFake()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- api.Serve(ctx, l, nil, api.New(api.Config{Controller: f, Token: token})) }()
	c, err := client.New(client.Config{URL: l.Addr().String(), Token: token})
	require.NoError(t, err)
	defer c.Close()
	call, err := c.Live(t.Context(), paspeaker.Announcement{})
	require.NoError(t, err)
	cancel()
	assert.NoError(t, <-served)
	_, err = call.Close()
	assert.Error(t, err)
	f.readers.Wait()
	_, err = c.Status(t.Context())
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
}

func TestTLSWhereThereIsNone(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer tr.CloseIdleConnections()
	res, err := (&http.Client{Transport: tr}).Get("https" + p.url[len("http"):])
	if err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	assert.Error(t, err)
}
