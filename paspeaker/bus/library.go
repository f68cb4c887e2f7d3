package bus

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

// Library is the site's messages: what is known of each, in a key-value bucket
// that keeps the last versions, and their sounds, each once, under the hash of
// what is in it. Its methods may be called from any goroutine. What they have
// returned without an error is on the disk.
type Library struct {
	bus *Bus
	// A sound that is stored and a message that refers to it are one step
	// before those who look for sounds without a message.
	keeping sync.Mutex
}

const (
	messageBucket  = "PA_MESSAGES"
	soundBucket    = "PA_SOUNDS"
	messageHistory = 64 // versions, the most that a bucket keeps
	maxMessageInfo = 128 << 10
	messageBytes   = 256 << 20
	soundBytes     = 4 << 30
	libraryWait    = 10 * time.Second
)

// Library returns the messages. It asks nothing of the server yet.
func (b *Bus) Library() *Library { return &Library{bus: b} }

// messageKey is a name as a key: keys are ASCII without spaces.
func messageKey(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }

// messageName is the way back.
func messageName(key string) (string, error) {
	name, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return "", fmt.Errorf("message under key %q: %w", key, err)
	}
	return string(name), nil
}

func (l *Library) messages(ctx context.Context) (jetstream.KeyValue, error) {
	return l.bus.bucket(ctx, "message library", jetstream.KeyValueConfig{
		Bucket: messageBucket, Description: "messages and their versions", History: messageHistory,
		MaxValueSize: maxMessageInfo, MaxBytes: messageBytes,
	})
}

// unhurried is a context for making a bucket: a server that is shut down while
// it makes one for somebody who has gone leaves it half open.
func unhurried(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
}

// Put stores a new version of a message, whose sound is stored already, and
// gives it its number. It replaces version before, 0 for a name that is new;
// when that is not the newest any more, the error is CodeConflict and says
// which is.
func (l *Library) Put(ctx context.Context, m paspeaker.Message, before int) (paspeaker.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := l.messages(ctx)
	if err != nil {
		return m, err
	}
	now, revision, err := newest(ctx, kv, m.Name)
	if err != nil {
		return m, err
	}
	if now.Version != before {
		return m, outdated(m.Name, before, now)
	}
	m.Version = before + 1
	data, err := json.Marshal(m)
	if err != nil {
		return m, invalid("encode message", err)
	}
	if len(data) > maxMessageInfo {
		return m, tooLarge("message "+m.Name, len(data), maxMessageInfo)
	}
	if before == 0 {
		_, err = kv.Create(ctx, messageKey(m.Name), data)
	} else {
		_, err = kv.Update(ctx, messageKey(m.Name), data, revision)
	}
	if lostRace(err) {
		return m, outdated(m.Name, before, paspeaker.Message{Version: before + 1})
	}
	if err != nil {
		return m, unavailable("store message "+m.Name, err)
	}
	return m, nil
}

func lostRace(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyExists) || errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

func outdated(name string, before int, now paspeaker.Message) error {
	e := &paspeaker.Error{Code: paspeaker.CodeConflict, Hint: "look at it again: paspeaker message show"}
	switch {
	case before == 0:
		e.What = fmt.Sprintf("message %q: there is one already, version %d", name, now.Version)
		e.Hint = "replace its sound with --replace, or choose another name"
	case now.Version == 0:
		e.What = fmt.Sprintf("message %q: it was removed just now", name)
	default:
		e.What = fmt.Sprintf("message %q: somebody else made version %d just now", name, now.Version)
	}
	return e
}

// newest returns the newest version of a message, version 0 when there is
// none.
func newest(ctx context.Context, kv jetstream.KeyValue, name string) (paspeaker.Message, uint64, error) {
	kept, err := kv.Get(ctx, messageKey(name))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return paspeaker.Message{}, 0, nil
	}
	if err != nil {
		return paspeaker.Message{}, 0, unavailable("read message "+name, err)
	}
	m, err := decode[paspeaker.Message](kept.Value(), maxMessageInfo)
	if err != nil {
		return m, 0, &paspeaker.Error{Code: paspeaker.CodeInternal, What: "read message " + name, Err: err}
	}
	return m, kept.Revision(), nil
}

// Versions returns what is kept of a message, newest first; nothing when there
// is no such message. The last 64 versions are kept.
func (l *Library) Versions(ctx context.Context, name string) ([]paspeaker.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := l.messages(ctx)
	if err != nil {
		return nil, err
	}
	kept, err := kv.History(ctx, messageKey(name))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, unavailable("read message "+name, err)
	}
	var out []paspeaker.Message
	for _, k := range kept {
		if k.Operation() != jetstream.KeyValuePut {
			out = nil // what was before a removal is not this message's
			continue
		}
		m, err := decode[paspeaker.Message](k.Value(), maxMessageInfo)
		if err != nil {
			return nil, &paspeaker.Error{Code: paspeaker.CodeInternal, What: "read message " + name, Err: err}
		}
		out = append([]paspeaker.Message{m}, out...)
	}
	return out, nil
}

// Remove takes a message with all its versions out of the library, when version
// is its newest; its sounds go with the next Sweep.
func (l *Library) Remove(ctx context.Context, name string, version int) error {
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := l.messages(ctx)
	if err != nil {
		return err
	}
	now, revision, err := newest(ctx, kv, name)
	if err != nil {
		return err
	}
	if now.Version != version {
		return outdated(name, version, now)
	}
	err = kv.Purge(ctx, messageKey(name), jetstream.LastRevision(revision))
	if lostRace(err) {
		return outdated(name, version, paspeaker.Message{Version: version + 1})
	}
	if err != nil {
		return unavailable("remove message "+name, err)
	}
	return nil
}
