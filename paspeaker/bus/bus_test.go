package bus

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pa/paspeaker"
	"pa/paspeaker/hub"
)

func TestMain(m *testing.M) {
	if killMe() || killLibrary() || killPlan() {
		return
	}
	goleak.VerifyTestMain(m)
}

// site is a hub and what its nodes' keys are.
type site struct {
	t     *testing.T
	dir   string
	addr  string
	seeds map[string]string // node → seed
	keys  map[string]string // public key → node
	tls   *tls.Config
	cert  []byte
	hub   *hub.Hub
}

func newSite(t *testing.T, nodes ...string) *site {
	s := &site{t: t, dir: t.TempDir(), addr: "127.0.0.1:0", seeds: map[string]string{}, keys: map[string]string{}}
	for i, n := range nodes {
		seed, public, err := NewSeed([32]byte{byte(i + 1)})
		require.NoError(t, err)
		s.seeds[n], s.keys[public] = seed, n
	}
	return s
}

// up starts the hub, on the port that it had before.
func (s *site) up() *site {
	h, err := hub.Start(hub.Config{Addr: s.addr, Dir: s.dir, TLS: s.tls,
		Allow: func(k string) (string, bool) { n, ok := s.keys[k]; return n, ok }})
	require.NoError(s.t, err)
	s.hub, s.addr = h, h.Addr().String()
	s.t.Cleanup(h.Shutdown)
	return s
}

func (s *site) controller() *Bus {
	return s.connect(Config{InProcess: s.hub.InProcess(), NkeySeed: s.hub.Seed(), Name: "paspeakerd"})
}

func (s *site) node(id string) *Bus {
	return s.connect(Config{URL: "nats://" + s.addr, NkeySeed: s.seeds[id], Name: id, CertDER: s.cert})
}

func (s *site) connect(cfg Config) *Bus {
	s.t.Helper()
	b, err := Connect(s.t.Context(), cfg)
	require.NoError(s.t, err)
	b.retry = 20 * time.Millisecond
	s.t.Cleanup(b.Close)
	return b
}

// opened takes receipts whose signature is right.
func opened(f func(paspeaker.Receipt)) func(paspeaker.SignedReceipt) error {
	return func(s paspeaker.SignedReceipt) error {
		r, err := s.Open()
		if err == nil {
			f(r)
		}
		return err
	}
}

// soon waits until something becomes true.
func soon(t *testing.T, what string, f func() bool) {
	t.Helper()
	require.Eventually(t, f, 20*time.Second, 5*time.Millisecond, what)
}

func TestADayOfANode(t *testing.T) {
	s := newSite(t, "gate-1").up()
	boss, node := s.controller(), s.node("gate-1")
	reports, receipts, configs := make(chan paspeaker.NodeReport, 8), make(chan paspeaker.Receipt, 8), make(chan paspeaker.SignedConfig, 8)
	require.NoError(t, boss.OnReport(func(r paspeaker.NodeReport) { reports <- r }))
	require.NoError(t, boss.OnReceipt(opened(func(r paspeaker.Receipt) { receipts <- r })))
	require.NoError(t, boss.ServeConfig(func(id paspeaker.SpeakerID) (paspeaker.SignedConfig, error) {
		return paspeaker.SignedConfig{Body: []byte("first of " + id)}, nil
	}))
	require.NoError(t, node.OnConfig(func(c paspeaker.SignedConfig) { configs <- c }))
	require.NoError(t, boss.nc.Flush()) // the server knows who answers
	require.NoError(t, node.nc.Flush())
	require.True(t, boss.Connected() && node.Connected())

	c, err := node.FetchConfig(t.Context(), "gate-1")
	require.NoError(t, err)
	assert.Equal(t, "first of gate-1", string(c.Body))

	require.NoError(t, node.PublishReport(paspeaker.NodeReport{ID: "gate-1", Version: "Cổng số 1"}))
	assert.Equal(t, "Cổng số 1", (<-reports).Version)

	require.NoError(t, node.PublishReceipt(paspeaker.Receipt{Node: "gate-1", Session: 256, Played: 100}))
	assert.EqualValues(t, 100, (<-receipts).Played)
	soon(t, "the node knows that its receipt was taken", node.out.empty)

	require.NoError(t, boss.PushConfig("gate-1", paspeaker.SignedConfig{Body: []byte("second"), Sig: []byte{1}}))
	assert.Equal(t, paspeaker.SignedConfig{Body: []byte("second"), Sig: []byte{1}}, <-configs)
	assert.Zero(t, boss.Refused()+node.Refused())
}

func TestANodeSpeaksForItselfAlone(t *testing.T) {
	s := newSite(t, "gate-1", "gate-2").up()
	boss, node := s.controller(), s.node("gate-1")
	reports := make(chan paspeaker.NodeReport, 8)
	require.NoError(t, boss.OnReport(func(r paspeaker.NodeReport) { reports <- r }))
	require.NoError(t, boss.nc.Flush())

	for _, err := range []error{
		node.PublishReport(paspeaker.NodeReport{ID: "gate-2"}),
		node.PublishReceipt(paspeaker.Receipt{Node: "gate-2"}),
		func() error { _, err := node.FetchConfig(t.Context(), "gate-2"); return err }(),
	} {
		assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err), "%v", err)
	}

	// One that is taken over and says it anyway, on its own subject.
	require.NoError(t, node.nc.Publish("pa.presence.gate-1", []byte(`{"id":"gate-2"}`)))
	require.NoError(t, node.nc.Publish("pa.presence.gate-1", []byte(`{"id":`)))
	require.NoError(t, node.nc.Publish("pa.presence.gate-1", []byte(`{"id":"gate-1","version":"`+strings.Repeat("x", maxReport)+`"}`)))
	require.NoError(t, node.nc.Publish("pa.presence.gate-1", []byte(`{"id":"gate-1"}`)))
	assert.EqualValues(t, "gate-1", (<-reports).ID)
	assert.EqualValues(t, 3, boss.Refused())
	assert.Empty(t, reports)
}

func TestTheControllerDoesNotSpeakForANode(t *testing.T) {
	s := newSite(t, "gate-1", "gate-2").up()
	boss, node, other := s.controller(), s.node("gate-1"), s.node("gate-2")
	pushed := make(chan paspeaker.SignedConfig, 8)
	require.NoError(t, other.OnConfig(func(c paspeaker.SignedConfig) { pushed <- c }))
	require.NoError(t, other.nc.Flush())
	require.NoError(t, boss.ServeConfig(func(paspeaker.SpeakerID) (paspeaker.SignedConfig, error) { return paspeaker.SignedConfig{}, nil }))
	require.NoError(t, boss.nc.Flush())

	require.NoError(t, node.nc.PublishRequest("pa.config.get.gate-1", "pa.node.gate-2.config", nil))
	require.NoError(t, node.nc.PublishRequest("pa.config.get.gate-1", "pa.presence.gate-2", nil))
	require.NoError(t, node.nc.PublishRequest("pa.config.get.gate-1", "_INBOX.gate-2.x", nil))
	soon(t, "all three are refused", func() bool { return boss.Refused() == 3 })
	assert.Empty(t, pushed)
}

func TestAnErrorOfTheControllerReachesTheNode(t *testing.T) {
	s := newSite(t, "gate-1").up()
	boss, node := s.controller(), s.node("gate-1")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := node.FetchConfig(ctx, "gate-1")
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err), "nobody serves")

	fail := error(&paspeaker.Error{Code: paspeaker.CodeNotFound, What: "speaker gate-1: not in the site", Hint: "add it"})
	require.NoError(t, boss.ServeConfig(func(paspeaker.SpeakerID) (paspeaker.SignedConfig, error) { return paspeaker.SignedConfig{}, fail }))
	require.NoError(t, boss.nc.Flush())
	_, err = node.FetchConfig(ctx, "gate-1")
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "speaker gate-1: not in the site; add it")
}

func TestANodeStartsWhileNATSIsDownAndIsHeardWhenItIsUp(t *testing.T) {
	s := newSite(t, "gate-1").up()
	s.hub.Shutdown()
	node := s.node("gate-1")
	require.False(t, node.Connected())
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(node.PublishReport(paspeaker.NodeReport{ID: "gate-1"})))
	for i := range maxReceipts + 10 {
		require.NoError(t, node.PublishReceipt(paspeaker.Receipt{Node: "gate-1", Played: uint64(i)}))
	}

	s.up()
	boss := s.controller()
	got := make(chan uint64, 2*maxReceipts)
	require.NoError(t, boss.OnReceipt(opened(func(r paspeaker.Receipt) { got <- r.Played })))
	next := uint64(10)
	for next < maxReceipts+10 {
		n := <-got // one whose answer was late comes twice
		require.LessOrEqual(t, n, next, "the newest are kept, in order")
		next = max(next, n+1)
	}
	soon(t, "connected", node.Connected)

	s.hub.Shutdown()
	soon(t, "down", func() bool { return !node.Connected() })
	require.NoError(t, node.PublishReceipt(paspeaker.Receipt{Node: "gate-1", Played: 7777}))
	s.up()
	boss = s.controller()
	require.NoError(t, boss.OnReceipt(opened(func(r paspeaker.Receipt) { got <- r.Played })))
	n := <-got
	for ; n < next; n = <-got {
	}
	assert.EqualValues(t, 7777, n)
}

func TestAReceiptThatIsRefusedDoesNotHoldUpTheNext(t *testing.T) {
	s := newSite(t, "gate-1").up()
	boss, node := s.controller(), s.node("gate-1")
	got := make(chan paspeaker.Receipt, 8)
	require.NoError(t, boss.OnReceipt(opened(func(r paspeaker.Receipt) { got <- r })))
	require.NoError(t, boss.nc.Flush())
	node.out.putReceipt([]byte("not a receipt"))
	require.NoError(t, node.PublishReceipt(paspeaker.Receipt{Node: "gate-1", Played: 1}))
	assert.EqualValues(t, 1, (<-got).Played)
	assert.EqualValues(t, 1, boss.Refused())
}

func TestANodeTrustsOneCertificateAlone(t *testing.T) {
	s := newSite(t, "gate-1")
	s.tls, s.cert = certificate(t)
	s.addr = "0.0.0.0:0"
	s.up()
	s.addr = "127.0.0.1:" + s.addr[strings.LastIndex(s.addr, ":")+1:]
	assert.True(t, s.node("gate-1").Connected(), "whatever name and date it has")

	_, s.cert = certificate(t)
	assert.False(t, s.node("gate-1").Connected())
}

func TestAPinnedNodeRefusesToSpeakInTheClear(t *testing.T) {
	s := newSite(t, "gate-1").up()
	_, s.cert = certificate(t)
	assert.False(t, s.node("gate-1").Connected())
}

func TestWhatIsWrongIsSaidAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		cfg  Config
		want string
	}{
		"name":     {Config{URL: "nats://127.0.0.1", Name: "Gate 1"}, "name on the bus"},
		"wildcard": {Config{URL: "nats://127.0.0.1", Name: "*"}, "name on the bus"},
		"seed":     {Config{URL: "nats://127.0.0.1", Name: "gate-1", NkeySeed: "SUA"}, "nkey seed"},
		"no url":   {Config{Name: "gate-1"}, "NATS URL"},
		"http":     {Config{URL: "http://127.0.0.1", Name: "gate-1"}, "NATS URL"},
		"clear":    {Config{URL: "nats://127.0.0.1,nats://10.0.0.1:4222", Name: "gate-1"}, "in the clear; use tls://"},
		"clear 2":  {Config{URL: "nats://controller:4222", Name: "gate-1"}, "in the clear"},
	} {
		_, err := Connect(t.Context(), test.cfg)
		require.ErrorContains(t, err, test.want, name)
		assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err), name)
	}
}

func TestConnectDoesNotWaitForAHostThatDoesNotAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cancel() // not even a moment
	b, err := Connect(ctx, Config{URL: "nats://" + addr, Name: "gate-1"})
	require.NoError(t, err)
	assert.False(t, b.Connected())
	b.Close()
	b.Close()
}

func TestTheSameSecretIsTheSameKey(t *testing.T) {
	seedA, pubA, err := NewSeed([32]byte{1})
	require.NoError(t, err)
	seedB, pubB, err := NewSeed([32]byte{1})
	require.NoError(t, err)
	assert.Equal(t, seedA+pubA, seedB+pubB)
	assert.True(t, strings.HasPrefix(seedA, "SU") && strings.HasPrefix(pubA, "U"))
	_, pubC, err := NewSeed([32]byte{2})
	require.NoError(t, err)
	assert.NotEqual(t, pubA, pubC)
}

func TestPushIsChecked(t *testing.T) {
	boss := newSite(t).up().controller()
	assert.Error(t, boss.PushConfig("*", paspeaker.SignedConfig{}))
	err := boss.PushConfig("gate-1", paspeaker.SignedConfig{Body: make([]byte, maxMessage)})
	assert.Equal(t, paspeaker.CodeTooLarge, paspeaker.CodeOf(err))
}

func certificate(t *testing.T) (*tls.Config, []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, k.Public(), k)
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: k}}}, der
}

func FuzzDecode(f *testing.F) {
	f.Add("pa.presence.gate-1", []byte(`{"id":"gate-1","node":"gate-1"}`))
	f.Add("pa.receipt.gate-1", []byte(`{"node":"gate-1","session":"0000000000000100"}`))
	f.Add("pa.presence.*", []byte(`{"id":"*"}`))
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		if r, err := decodeReport(subject, data); err == nil {
			require.Equal(t, presenceSubject(string(r.ID)), subject)
			require.True(t, paspeaker.ValidID(string(r.ID)))
		}
		if r, err := decodeReceipt(subject, data); err == nil {
			require.Equal(t, receiptSubject(string(r.Node)), subject)
		}
		_, _ = decode[paspeaker.Entry](data, maxMessage)
		_, _ = decode[paspeaker.SignedConfig](data, maxMessage)
		_, _ = decode[configReply](data, maxMessage)
		if ownInbox(subject, "gate-1") {
			require.True(t, strings.HasPrefix(subject, "_INBOX.gate-1.") && !strings.ContainsAny(subject, "*>"))
		}
	})
}

func TestErrorsAreTheHouses(t *testing.T) {
	var e *paspeaker.Error
	_, err := Connect(t.Context(), Config{})
	assert.True(t, errors.As(err, &e))
}

func TestAReceiptThatNobodyCanJudgeYetIsOfferedAgain(t *testing.T) {
	s := newSite(t, "gate-1").up()
	boss, node := s.controller(), s.node("gate-1")
	tries := make(chan int, 8)
	n := 0
	require.NoError(t, boss.OnReceipt(func(paspeaker.SignedReceipt) error {
		if n++; n < 3 {
			return paspeaker.Errorf(paspeaker.CodeUnavailable, "the keys cannot be read")
		}
		tries <- n
		return nil
	}))
	require.NoError(t, boss.nc.Flush())
	require.NoError(t, node.PublishReceipt(paspeaker.Receipt{Node: "gate-1"}))
	assert.Equal(t, 3, <-tries)
	soon(t, "it was taken", node.out.empty)
}

func TestNodeKeysOutliveTheConnection(t *testing.T) {
	s := newSite(t, "gate-1").up()
	boss := s.controller()
	keys, err := boss.NodeKeys(t.Context())
	require.NoError(t, err)
	assert.Empty(t, keys)
	want := []paspeaker.NodeKey{{Node: "gate-1", Key: []byte("k"), How: paspeaker.KeyEnrolled}, {Node: "gate-1", Key: []byte("l"), How: paspeaker.KeyFirstUse}}
	require.NoError(t, boss.KeepNodeKeys(t.Context(), "gate-1", want))
	keys, err = s.controller().NodeKeys(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[paspeaker.SpeakerID][]paspeaker.NodeKey{"gate-1": want}, keys)
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(boss.KeepNodeKeys(t.Context(), "Gate 1", nil)))
	s.hub.Shutdown()
	_, err = boss.NodeKeys(t.Context())
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
}

func TestTheKeyThatSignsIsTheNodesOwn(t *testing.T) {
	own := ed25519.NewKeyFromSeed(make([]byte, 32))
	assert.Equal(t, own, receiptKey(Config{Key: own, NkeySeed: "SU1"}))
	assert.Equal(t, receiptKey(Config{NkeySeed: "SU1"}), receiptKey(Config{NkeySeed: "SU1"}))
	assert.NotEqual(t, receiptKey(Config{NkeySeed: "SU1"}), receiptKey(Config{NkeySeed: "SU2"}))
	assert.NotEqual(t, receiptKey(Config{}), receiptKey(Config{}))
}
