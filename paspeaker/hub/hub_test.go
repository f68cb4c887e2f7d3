package hub

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pa/paspeaker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, cfg Config) *Hub {
	t.Helper()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	h, err := Start(cfg)
	require.NoError(t, err)
	t.Cleanup(h.Shutdown)
	return h
}

// key is an nkey and how to log in with it.
func key(t *testing.T) (public string, login nats.Option) {
	t.Helper()
	pair, err := nkeys.CreateUser()
	require.NoError(t, err)
	public, err = pair.PublicKey()
	require.NoError(t, err)
	return public, nats.Nkey(public, pair.Sign)
}

// controller connects with full rights.
func controller(t *testing.T, h *Hub, opts ...nats.Option) *nats.Conn {
	t.Helper()
	pair, err := nkeys.FromSeed([]byte(h.Seed()))
	require.NoError(t, err)
	public, err := pair.PublicKey()
	require.NoError(t, err)
	return connect(t, nats.DefaultURL, append(opts, nats.InProcessServer(h.InProcess()), nats.Nkey(public, pair.Sign))...)
}

func connect(t *testing.T, url string, opts ...nats.Option) *nats.Conn {
	t.Helper()
	gone := make(chan struct{})
	nc, err := nats.Connect(url, append(opts, nats.ClosedHandler(func(*nats.Conn) { close(gone) }))...)
	require.NoError(t, err)
	t.Cleanup(func() {
		nc.Close()
		<-gone
	})
	return nc
}

func TestTheControllerComesInThroughTheProcessWithFullRights(t *testing.T) {
	h := start(t, Config{})
	nc := controller(t, h)
	sub, err := nc.SubscribeSync("pa.>")
	require.NoError(t, err)
	require.NoError(t, nc.Publish("pa.node.gate-1.config", []byte("hello")))
	m, err := sub.NextMsg(5 * time.Second)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(m.Data))
	assert.True(t, h.Addr().Port() != 0 && strings.HasPrefix(h.URL(), "nats://127.0.0.1:"), h.URL())
	assert.NoError(t, h.Stored())
}

func TestNobodyComesInWithoutAKnownKey(t *testing.T) {
	known, login := key(t)
	_, stranger := key(t)
	h := start(t, Config{Allow: func(k string) (string, bool) { return "gate-1", k == known }})
	wrong, err := nkeys.CreateUser()
	require.NoError(t, err)

	for name, opt := range map[string]nats.Option{
		"no key":             nats.Name("nobody"),
		"a stranger's key":   stranger,
		"a password":         nats.UserInfo("admin", "admin"),
		"a token":            nats.Token("token"),
		"another's name":     nats.Nkey(known, wrong.Sign),
		"an empty signature": nats.Nkey(known, func([]byte) ([]byte, error) { return nil, nil }),
	} {
		_, err := nats.Connect(h.URL(), opt)
		assert.ErrorIs(t, err, nats.ErrAuthorization, name)
	}
	connect(t, h.URL(), login)
}

func TestAnIdThatIsNoneOpensNothing(t *testing.T) {
	_, login := key(t)
	for _, id := range []string{"", "*", ">", "gate-1.>", "gate 1", "Gate"} {
		h := start(t, Config{Allow: func(string) (string, bool) { return id, true }})
		_, err := nats.Connect(h.URL(), login)
		assert.ErrorIs(t, err, nats.ErrAuthorization, "%q", id)
	}
}

func TestANodeSpeaksForItselfAndHearsNobodyElse(t *testing.T) {
	_, login := key(t)
	h := start(t, Config{Allow: func(string) (string, bool) { return "gate-1", true }})
	refused := make(chan error, 100)
	node := connect(t, h.URL(), login, nats.CustomInboxPrefix("_INBOX.gate-1"),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	heard := make(chan string, 100)
	all := controller(t, h)
	_, err := all.Subscribe("pa.>", func(m *nats.Msg) { heard <- m.Subject })
	require.NoError(t, err)
	require.NoError(t, all.Flush())

	for _, s := range []string{
		"pa.presence.gate-2", "pa.receipt.gate-2", "pa.config.get.gate-2", "pa.node.gate-1.config", "pa.node.gate-2.config",
		"pa.journal", "$JS.API.STREAM.DELETE.PA_JOURNAL", "$JS.API.INFO", "$KV.PA_TOKENS.x", "_INBOX.gate-2.x", "_INBOX.paspeakerd.x", "$SYS.REQ.SERVER.PING",
	} {
		require.NoError(t, node.Publish(s, nil))
		assert.ErrorContains(t, <-refused, "Permissions Violation for Publish", s)
	}
	for _, s := range []string{">", "pa.>", "pa.node.*.config", "pa.node.gate-2.>", "pa.presence.gate-1", "_INBOX.>", "_INBOX.gate-2.>", "$SYS.>", "pa.journal"} {
		_, err := node.Subscribe(s, func(*nats.Msg) {})
		require.NoError(t, err)
		assert.ErrorContains(t, <-refused, "Permissions Violation for Subscription", s)
	}
	for _, s := range []string{"pa.presence.gate-1", "pa.receipt.gate-1", "pa.config.get.gate-1"} {
		require.NoError(t, node.Publish(s, nil))
		assert.Equal(t, s, <-heard, "the first that is heard at all")
	}
	require.NoError(t, node.Flush())
	assert.Empty(t, heard)
	assert.Empty(t, refused)
}

func TestANodeAnswersWhoAskedItOnce(t *testing.T) {
	_, login := key(t)
	h := start(t, Config{Allow: func(string) (string, bool) { return "gate-1", true }})
	refused := make(chan error, 100)
	node := connect(t, h.URL(), login, nats.CustomInboxPrefix("_INBOX.gate-1"),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	_, err := node.Subscribe("pa.node.gate-1.command", func(m *nats.Msg) {
		_ = m.Respond([]byte("once"))
		_ = m.Respond([]byte("twice"))
		_ = node.Publish(m.Reply+"x", nil)
	})
	require.NoError(t, err)
	require.NoError(t, node.Flush())
	boss := controller(t, h, nats.CustomInboxPrefix("_INBOX.paspeakerd"))
	m, err := boss.Request("pa.node.gate-1.command", nil, 20*time.Second)
	require.NoError(t, err)
	assert.Equal(t, "once", string(m.Data))
	for range 2 {
		assert.ErrorContains(t, <-refused, "Permissions Violation for Publish")
	}
}

func TestANodeThatIsNoLongerKnownIsCutOff(t *testing.T) {
	pubA, loginA := key(t)
	_, loginB := key(t)
	var reloaded atomic.Bool
	h := start(t, Config{Allow: func(k string) (string, bool) { return "gate-1", k == pubA || !reloaded.Load() }})
	gone := make(chan struct{})
	a := connect(t, h.URL(), loginA)
	connect(t, h.URL(), loginB, nats.NoReconnect(), nats.DisconnectErrHandler(func(*nats.Conn, error) { close(gone) }))
	boss := controller(t, h)

	reloaded.Store(true)
	h.Recheck()

	<-gone
	assert.NoError(t, a.Flush())
	assert.NoError(t, boss.Flush())
}

func TestOutsideTheMachineThereIsOnlyTLS(t *testing.T) {
	cert, der := certificate(t)
	_, err := Start(Config{Addr: "0.0.0.0:0", Dir: t.TempDir()})
	assert.ErrorContains(t, err, "leaves this machine")
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))

	_, login := key(t)
	h := start(t, Config{Addr: "0.0.0.0:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}},
		Allow: func(string) (string, bool) { return "gate-1", true }})
	require.True(t, strings.HasPrefix(h.URL(), "tls://0.0.0.0:"), h.URL())
	url := "127.0.0.1:" + strings.TrimPrefix(h.URL(), "tls://0.0.0.0:")
	roots := x509.NewCertPool()
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots.AddCert(c)
	nc := connect(t, "tls://"+url, login, nats.Secure(&tls.Config{RootCAs: roots}))
	state, err := nc.TLSConnectionState()
	require.NoError(t, err)
	assert.Equal(t, uint16(tls.VersionTLS13), state.Version)
	assert.NoError(t, controller(t, h).Flush(), "in the process there is nothing to encrypt")

	raw, err := net.Dial("tcp", url)
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Write([]byte("CONNECT {}\r\nPUB pa.presence.gate-1 0\r\n\r\nPING\r\n"))
	require.NoError(t, err)
	require.NoError(t, raw.SetReadDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, 8192)
	n, _ := raw.Read(buf)
	assert.NotContains(t, string(buf[:n]), "PONG")
}

func TestWhatIsWrongIsOneLine(t *testing.T) {
	dir := t.TempDir()
	h := start(t, Config{Dir: dir})
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))

	for name, test := range map[string]struct {
		cfg  Config
		code paspeaker.Code
		want string
	}{
		"busy port":             {Config{Addr: h.Addr().String(), Dir: t.TempDir()}, paspeaker.CodeConflict, "is taken; stop the program"},
		"busy directory":        {Config{Addr: "127.0.0.1:0", Dir: dir}, paspeaker.CodeConflict, "is in use; another paspeakerd"},
		"directory is a file":   {Config{Addr: "127.0.0.1:0", Dir: file}, paspeaker.CodeUnavailable, "cannot be written: not a directory; make it"},
		"directory beneath one": {Config{Addr: "127.0.0.1:0", Dir: file + "/x"}, paspeaker.CodeUnavailable, "cannot be written"},
		"kernel's directory":    {Config{Addr: "127.0.0.1:0", Dir: "/proc/nats"}, paspeaker.CodeUnavailable, "cannot be written"},
		"no directory":          {Config{Addr: "127.0.0.1:0"}, paspeaker.CodeInvalid, "no directory"},
		"no address":            {Config{Addr: "here", Dir: t.TempDir()}, paspeaker.CodeInvalid, "not an address and port; write it like"},
		"not our address":       {Config{Addr: "192.0.2.7:4222", Dir: t.TempDir(), TLS: &tls.Config{}}, paspeaker.CodeInvalid, "choose an address of this machine"},
	} {
		_, err := Start(test.cfg)
		require.Error(t, err, name)
		assert.ErrorContains(t, err, test.want, name)
		assert.Equal(t, test.code, paspeaker.CodeOf(err), name)
		assert.NotContains(t, err.Error(), "\n", name)
	}
	assert.NoError(t, controller(t, h).Flush(), "and the one that runs is not disturbed")
}

func TestAStoreThatIsBrokenIsALineAndNotTheEndOfTheProcess(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "jetstream"), []byte("a file"), 0o600))
	_, err := Start(Config{Addr: "127.0.0.1:0", Dir: dir})
	assert.ErrorContains(t, err, "start NATS")
	require.NoError(t, os.Remove(filepath.Join(dir, "jetstream")))
	start(t, Config{Dir: dir}) // and nothing is left behind that stands in the way
}

func TestWhatWasAcknowledgedIsThereAfterARestart(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	for day := range 3 {
		h := start(t, Config{Dir: dir})
		js, err := jetstream.New(controller(t, h))
		require.NoError(t, err)
		kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "B"})
		require.NoError(t, err)
		rev, err := kv.PutString(ctx, "key", "value")
		require.NoError(t, err)
		assert.EqualValues(t, day+1, rev)
		h.Shutdown()
		h.Shutdown()
	}
}

func TestRunEndsWithItsContextAndSaysWhenTheServerDied(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := start(t, Config{})
	ran := make(chan error)
	go func() { ran <- h.Run(ctx) }()
	cancel()
	assert.NoError(t, <-ran)
	_, err := net.Dial("tcp", h.Addr().String())
	assert.Error(t, err)

	h = start(t, Config{})
	go func() { ran <- h.Run(t.Context()) }()
	h.server.Shutdown()
	assert.ErrorContains(t, <-ran, "ended by itself")
}

func TestJetStreamComesBackAfterAFullDisk(t *testing.T) {
	h := start(t, Config{})
	js, err := jetstream.New(controller(t, h))
	require.NoError(t, err)
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "B"})
	require.NoError(t, err)
	_, err = kv.PutString(t.Context(), "key", "value")
	require.NoError(t, err)

	require.NoError(t, h.server.ShutdownJetStream()) // as the server does when a write fails
	h.look()
	assert.ErrorContains(t, h.Stored(), "make room on the disk")
	h.tend()
	require.NoError(t, h.Stored())
	got, err := kv.Get(t.Context(), "key")
	require.NoError(t, err)
	assert.Equal(t, "value", string(got.Value()))
	h.tend() // nothing to do
}

// A write that fails on a disk that is really full ends a stream for the
// server; when there is room again it takes writes, and nothing is lost.
func TestAStreamComesBackAfterAFullDisk(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"), "this test mounts a small disk, and so must run as root (CAP_SYS_ADMIN)")
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	h := start(t, Config{Dir: filepath.Join(dir, "nats")})
	js, err := jetstream.New(controller(t, h))
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}})
	require.NoError(t, err)
	_, err = js.Publish(t.Context(), "s", []byte("before"))
	require.NoError(t, err)

	ballast := filepath.Join(dir, "ballast")
	require.Error(t, os.WriteFile(ballast, make([]byte, 9<<20), 0o600))
	_, err = js.Publish(t.Context(), "s", make([]byte, 64<<10), jetstream.WithRetryAttempts(0))
	require.Error(t, err)
	h.tend()
	assert.ErrorContains(t, h.Stored(), "make room on the disk")
	require.NoError(t, os.Remove(ballast))
	h.tend()
	require.NoError(t, h.Stored())
	_, err = js.Publish(t.Context(), "s", []byte("after"))
	require.NoError(t, err)
	stream, err := js.Stream(t.Context(), "S")
	require.NoError(t, err)
	assert.EqualValues(t, 2, stream.CachedInfo().State.Msgs)
}

func TestWritesAreSynced(t *testing.T) {
	h := start(t, Config{})
	assert.True(t, h.server.JetStreamConfig().SyncAlways)
	h.server.ShutdownJetStream()
	h.tend()
	assert.True(t, h.server.JetStreamConfig().SyncAlways)
}

func certificate(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, k.Public(), k)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}, der
}

func TestErrorsAreTheHouses(t *testing.T) {
	var e *paspeaker.Error
	_, err := Start(Config{})
	assert.True(t, errors.As(err, &e))
}

func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		h, err := Start(Config{Addr: "127.0.0.1:0", Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		h.Shutdown()
		b.StartTimer()
	}
}
