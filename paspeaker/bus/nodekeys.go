package bus

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

const (
	nodeKeyBucket = "PA_NODE_KEYS"
	maxNodeKeys   = 16 << 10 // of one node
	nodeKeyBytes  = 16 << 20
)

// NodeKeys returns the keys that each node has signed its receipts with, the
// oldest first. A loudspeaker that was never heard is not among them.
func (b *Bus) NodeKeys(ctx context.Context) (map[paspeaker.SpeakerID][]paspeaker.NodeKey, error) {
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := b.nodeKeys(ctx)
	if err != nil {
		return nil, err
	}
	w, err := kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, unavailable("read node keys", err)
	}
	defer func() { _ = w.Stop() }()
	out := make(map[paspeaker.SpeakerID][]paspeaker.NodeKey)
	for {
		select {
		case <-ctx.Done():
			return nil, unavailable("read node keys", ctx.Err())
		case kept, open := <-w.Updates():
			if !open {
				return nil, unavailable("read node keys", jetstream.ErrConsumerDeleted)
			}
			if kept == nil {
				return out, nil
			}
			keys, err := decode[[]paspeaker.NodeKey](kept.Value(), maxNodeKeys)
			if err != nil {
				return nil, &paspeaker.Error{Code: paspeaker.CodeInternal, What: "read keys of " + kept.Key(), Err: err}
			}
			out[paspeaker.SpeakerID(kept.Key())] = keys
		}
	}
}

// KeepNodeKeys keeps the keys of one node, in place of those kept before.
func (b *Bus) KeepNodeKeys(ctx context.Context, id paspeaker.SpeakerID, keys []paspeaker.NodeKey) error {
	if !paspeaker.ValidID(string(id)) {
		return invalid(fmt.Sprintf("keep keys of %q: not an id", id), nil)
	}
	data, err := json.Marshal(keys)
	if err != nil {
		return invalid("encode node keys", err)
	}
	if len(data) > maxNodeKeys {
		return tooLarge("keep keys of "+string(id), len(data), maxNodeKeys)
	}
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := b.nodeKeys(ctx)
	if err != nil {
		return err
	}
	if _, err := kv.Put(ctx, string(id), data); err != nil {
		return unavailable("keep keys of "+string(id), err)
	}
	return nil
}

func (b *Bus) nodeKeys(ctx context.Context) (jetstream.KeyValue, error) {
	return b.bucket(ctx, "node keys", jetstream.KeyValueConfig{
		Bucket: nodeKeyBucket, Description: "by which keys nodes sign their receipts",
		MaxBytes: nodeKeyBytes, MaxValueSize: maxNodeKeys,
	})
}
