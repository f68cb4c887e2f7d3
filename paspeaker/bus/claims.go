package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

// Claims says which occurrences have been dealt with. Whoever claims one first,
// of all controllers and all their starts, is the only one who ever does: that
// is why a slogan sounds at most once. Its methods may be called from any
// goroutine.
type Claims struct{ bus *Bus }

// Claim is what is kept of an occurrence that somebody dealt with.
type Claim struct {
	Occurrence string              `json:"occurrence"`
	Session    paspeaker.SessionID `json:"session,omitzero"` // that plays it; zero when none does
	Term       uint32              `json:"term"`             // of the controller that claimed it
	At         time.Time           `json:"at"`
	Why        string              `json:"why,omitempty"` // it is not played: missed, refused
}

const (
	claimBucket = "PA_CLAIMS"
	claimBytes  = 2 << 30 // of 10,000 campaigns, each twenty times a day
	maxClaim    = 4 << 10
	// An occurrence that is older is never played, whatever the policy says, so
	// that what is forgotten cannot come back.
	claimAge = 40 * 24 * time.Hour
)

// Claims returns the claims. It asks nothing of the server yet.
func (b *Bus) Claims() *Claims { return &Claims{bus: b} }

func (c *Claims) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	return c.bus.bucket(ctx, "claims", jetstream.KeyValueConfig{
		Bucket: claimBucket, Description: "occurrences that have been dealt with", TTL: claimAge,
		MaxValueSize: maxClaim, MaxBytes: claimBytes,
	})
}

// claimKey is an occurrence as a key: campaign, day and time are tokens, so
// that those of a day can be asked for.
func claimKey(occurrence string) (string, error) {
	campaign, due, err := paspeaker.ParseOccurrenceID(occurrence)
	if err != nil {
		return "", err
	}
	return campaign + "." + due.Day.String() + "." + strings.ReplaceAll(due.At.String(), ":", ""), nil
}

// Claim is true for the first who claims an occurrence, of all who ever do.
// With an error nobody knows whether it was claimed: it must not be played.
func (c *Claims) Claim(ctx context.Context, v Claim) (bool, error) {
	key, err := claimKey(v.Occurrence)
	if err != nil {
		return false, err
	}
	data, err := json.Marshal(v)
	if err != nil {
		return false, invalid("encode claim", err)
	}
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := c.bucket(ctx)
	if err != nil {
		return false, err
	}
	_, err = kv.Create(ctx, key, data)
	if lostRace(err) {
		return false, nil
	}
	if err != nil {
		return false, unavailable("claim "+v.Occurrence, err)
	}
	return true, nil
}

// On returns the claims of the occurrences that are due on a day, by the wall
// clock of the site, in no order.
func (c *Claims) On(ctx context.Context, day paspeaker.Date) ([]Claim, error) {
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := c.bucket(ctx)
	if err != nil {
		return nil, err
	}
	w, err := kv.WatchFiltered(ctx, []string{"*." + day.String() + ".*"}, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, unavailable("read claims", err)
	}
	defer func() { _ = w.Stop() }()
	var out []Claim
	for {
		select {
		case <-ctx.Done():
			return nil, unavailable("read claims", ctx.Err())
		case kept, open := <-w.Updates():
			if !open {
				return nil, unavailable("read claims", jetstream.ErrConsumerDeleted)
			}
			if kept == nil {
				return out, nil
			}
			v, err := decode[Claim](kept.Value(), maxClaim)
			if err != nil {
				return nil, &paspeaker.Error{Code: paspeaker.CodeInternal, What: fmt.Sprintf("read claim %s", kept.Key()), Err: err}
			}
			out = append(out, v)
		}
	}
}

// Get returns the claim of one occurrence; false when nobody has claimed it.
func (c *Claims) Get(ctx context.Context, occurrence string) (Claim, bool, error) {
	key, err := claimKey(occurrence)
	if err != nil {
		return Claim{}, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := c.bucket(ctx)
	if err != nil {
		return Claim{}, false, err
	}
	kept, err := kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Claim{}, false, nil
	}
	if err != nil {
		return Claim{}, false, unavailable("read claim "+occurrence, err)
	}
	v, err := decode[Claim](kept.Value(), maxClaim)
	return v, err == nil, err
}
