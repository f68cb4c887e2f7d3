package bus

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

const (
	tokenMaxTTL = 7 * 24 * time.Hour
	tokenWait   = 5 * time.Second
)

// joinToken is what the store keeps of a token, under its hash.
type joinToken struct {
	Node    paspeaker.SpeakerID `json:"node"`
	Expires time.Time           `json:"expires"`
	Used    time.Time           `json:"used,omitzero"`
	Replace bool                `json:"replace,omitempty"`
}

// Grant is what a token allows.
type Grant struct {
	Node    paspeaker.SpeakerID
	Replace bool // new hardware takes the node's place: the old one's keys are over
}

// CreateToken makes a join token with which g.Node may enrol once within ttl,
// 1 s to 7 days: 26 characters, lower-case letters and digits. The store keeps
// only its hash.
func (b *Bus) CreateToken(ctx context.Context, g Grant, ttl time.Duration) (string, error) {
	id := g.Node
	if !paspeaker.ValidID(string(id)) {
		return "", invalid(fmt.Sprintf("join token for %q: not an id", id), nil)
	}
	if ttl < time.Second || ttl > tokenMaxTTL {
		return "", invalid(fmt.Sprintf("join token for %s: it may live 1 s to 7 days, not %s", id, ttl), nil)
	}
	ctx, cancel := context.WithTimeout(ctx, tokenWait)
	defer cancel()
	kv, err := b.tokens(ctx)
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(joinToken{Node: id, Expires: b.now().Add(ttl), Replace: g.Replace})
	if err != nil {
		return "", invalid("encode join token", err)
	}
	token := strings.ToLower(rand.Text())
	if _, err := kv.Create(ctx, tokenKey(token), data); err != nil {
		return "", unavailable("keep join token", err)
	}
	return token, nil
}

// UseToken spends a token and returns what it allows. Of many calls
// with one token exactly one succeeds. CodeDenied when it is unknown, used or
// expired; CodeUnavailable while NATS is down.
func (b *Bus) UseToken(ctx context.Context, token string) (Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenWait)
	defer cancel()
	kv, err := b.tokens(ctx)
	if err != nil {
		return Grant{}, err
	}
	kept, err := kv.Get(ctx, tokenKey(token))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Grant{}, denied("join token is not known")
	}
	if err != nil {
		return Grant{}, unavailable("read join token", err)
	}
	t, err := decode[joinToken](kept.Value(), maxReceipt)
	if err != nil {
		return Grant{}, &paspeaker.Error{Code: paspeaker.CodeInternal, What: "read join token", Err: err}
	}
	switch now := b.now(); {
	case !t.Used.IsZero():
		return Grant{}, denied(fmt.Sprintf("join token of %s was used at %s", t.Node, t.Used.Format(time.RFC3339)))
	case !now.Before(t.Expires):
		return Grant{}, denied(fmt.Sprintf("join token of %s expired at %s", t.Node, t.Expires.Format(time.RFC3339)))
	default:
		t.Used = now
	}
	data, err := json.Marshal(t)
	if err != nil {
		return Grant{}, invalid("encode join token", err)
	}
	// Whoever comes second finds another revision.
	_, err = kv.Update(ctx, tokenKey(token), data, kept.Revision())
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return Grant{}, denied(fmt.Sprintf("join token of %s was used just now", t.Node))
	}
	if err != nil {
		return Grant{}, unavailable("spend join token", err)
	}
	return Grant{Node: t.Node, Replace: t.Replace}, nil
}

func (b *Bus) tokens(ctx context.Context) (jetstream.KeyValue, error) {
	return b.bucket(ctx, "join tokens", jetstream.KeyValueConfig{
		Bucket: tokenBucket, Description: "who may enrol",
		TTL: tokenMaxTTL + 24*time.Hour, MaxBytes: 16 << 20, MaxValueSize: 4096,
	})
}

func tokenKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func denied(what string) error {
	return &paspeaker.Error{Code: paspeaker.CodeDenied, What: what, Hint: "make a new one with `paspeaker join-token`"}
}
