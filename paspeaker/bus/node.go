package bus

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"

	"pa/paspeaker"
)

// PublishReport sends what this node says of itself. r.ID must be Config.Name.
// It never waits; while NATS is down the report is dropped, for the next one
// says more (CodeUnavailable).
func (b *Bus) PublishReport(r paspeaker.NodeReport) error {
	data, err := b.encode("report", r, r.ID, maxReport)
	if err != nil {
		return err
	}
	if !b.nc.IsConnected() {
		return unavailable("send report", nil)
	}
	b.out.putReport(data)
	return nil
}

// PublishReceipt signs what this node's output played, and sends it. r.Node
// must be Config.Name. It never waits: the newest 1,024 receipts are kept until
// the controller has taken them, so that it may see one twice.
func (b *Bus) PublishReceipt(r paspeaker.Receipt) error {
	signed, err := paspeaker.SignReceipt(b.key, r)
	if err != nil {
		return invalid("sign receipt", err)
	}
	data, err := b.encode("receipt", signed, r.Node, maxReceipt)
	if err == nil {
		b.out.putReceipt(data)
	}
	return err
}

// receiptKey is the key that signs receipts: the node's own, else one of its
// nkey seed, else one that lasts as long as this Bus.
func receiptKey(cfg Config) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	switch {
	case len(cfg.Key) == ed25519.PrivateKeySize:
		return cfg.Key
	case cfg.NkeySeed != "":
		sum := sha256.Sum256([]byte("pa-receipt-key-v1 " + cfg.NkeySeed))
		copy(seed, sum[:])
	default:
		rand.Read(seed)
	}
	return ed25519.NewKeyFromSeed(seed)
}

func (b *Bus) encode(what string, v any, id paspeaker.SpeakerID, limit int) ([]byte, error) {
	if string(id) != b.name {
		return nil, &paspeaker.Error{Code: paspeaker.CodeDenied, What: fmt.Sprintf("send %s of %q: this is %q", what, id, b.name)}
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, invalid("encode "+what, err)
	}
	if len(data) > limit {
		return nil, tooLarge("send "+what, len(data), limit)
	}
	return data, nil
}

// OnConfig calls f, one call at a time, for each configuration that the
// controller pushes to this node. The signature is not checked here.
func (b *Bus) OnConfig(f func(paspeaker.SignedConfig)) error {
	return b.subscribe(configSubject(b.name), func(m *nats.Msg) error {
		c, err := decode[paspeaker.SignedConfig](m.Data, maxMessage)
		if err == nil {
			f(c)
		}
		return err
	})
}

// FetchConfig asks the controller for the configuration of node id, which must
// be Config.Name. CodeUnavailable when nobody answers before ctx is done (5 s
// at most); otherwise the controller's own error. The signature is not checked
// here.
func (b *Bus) FetchConfig(ctx context.Context, id paspeaker.SpeakerID) (paspeaker.SignedConfig, error) {
	var none paspeaker.SignedConfig
	if string(id) != b.name {
		return none, &paspeaker.Error{Code: paspeaker.CodeDenied, What: fmt.Sprintf("fetch configuration of %q: this is %q", id, b.name)}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchWait)
	defer cancel()
	m, err := b.nc.RequestWithContext(ctx, configGetSubject(b.name), nil)
	if err != nil {
		return none, unavailable("fetch configuration", err)
	}
	r, err := decode[configReply](m.Data, maxMessage)
	switch {
	case err != nil:
		return none, unavailable("fetch configuration", err)
	case r.Error != nil:
		return none, r.Error
	case r.Config == nil:
		return none, unavailable("fetch configuration: empty answer", nil)
	}
	return *r.Config, nil
}
