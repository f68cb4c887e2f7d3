package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

// A sound is an object whose name is the SHA-256 of what is in it. NATS keeps
// an object's parts under a name of their own and its description last: what
// a kill leaves behind is parts without a description, which Sweep removes.
const (
	soundStream = "OBJ_" + soundBucket
	soundParts  = "$O." + soundBucket + ".C."
	// Parts may belong to an upload of another controller.
	soundGrace = time.Hour
)

// SoundHash is the name of a sound.
func SoundHash(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

func (l *Library) sounds(ctx context.Context) (jetstream.ObjectStore, error) {
	if !l.bus.Connected() {
		return nil, unavailable("open sounds", nats.ErrConnectionReconnecting)
	}
	store, err := l.bus.js.ObjectStore(ctx, soundBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		making, made := unhurried(ctx)
		defer made()
		store, err = l.bus.js.CreateObjectStore(making, jetstream.ObjectStoreConfig{
			Bucket: soundBucket, Description: "sounds of messages, by their SHA-256", MaxBytes: soundBytes,
		})
	}
	if err != nil {
		return nil, unavailable("open sounds", err)
	}
	return store, nil
}

// Store stores a sound, once, and then a message that has it, as Put does.
func (l *Library) Store(ctx context.Context, file []byte, m paspeaker.Message, before int) (paspeaker.Message, error) {
	l.keeping.Lock()
	defer l.keeping.Unlock()
	m.Hash, m.Bytes = SoundHash(file), int64(len(file))
	if err := l.putSound(ctx, m.Hash, file); err != nil {
		return m, err
	}
	return l.Put(ctx, m, before)
}

func (l *Library) putSound(ctx context.Context, hash string, file []byte) error {
	ctx, cancel := context.WithTimeout(ctx, soundWait(len(file)))
	defer cancel()
	store, err := l.sounds(ctx)
	if err != nil {
		return err
	}
	if _, err := store.GetInfo(ctx, hash); err == nil {
		return nil
	}
	if _, err := store.PutBytes(ctx, hash, file); err != nil {
		return unavailable("store sound", err)
	}
	return nil
}

// soundWait is the patience for a sound of that size: a slow disk, with every
// part synced.
func soundWait(bytes int) time.Duration {
	return libraryWait + time.Duration(bytes>>20)*time.Second
}

// Sound returns a sound's file, whose hash it has checked.
func (l *Library) Sound(ctx context.Context, hash string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, soundWait(64<<20))
	defer cancel()
	store, err := l.sounds(ctx)
	if err != nil {
		return nil, err
	}
	file, err := l.whole(ctx, store, hash)
	switch {
	case errors.Is(err, jetstream.ErrObjectNotFound):
		return nil, &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "sound " + hash + ": there is none"}
	case err == nil && SoundHash(file) != hash:
		return nil, &paspeaker.Error{Code: paspeaker.CodeInternal, What: "sound " + hash + " is damaged in the store",
			Hint: "upload it again with --replace, or restore the state directory from a back-up"}
	case err != nil:
		return nil, unavailable("read sound", err)
	}
	return file, nil
}

// whole reads an object part by part. The client's own reader heeds neither
// the end of ctx nor a removal: it would wait for parts that never come.
func (l *Library) whole(ctx context.Context, store jetstream.ObjectStore, hash string) ([]byte, error) {
	info, err := store.GetInfo(ctx, hash)
	if err != nil {
		return nil, err
	}
	c, err := l.bus.js.OrderedConsumer(ctx, soundStream, jetstream.OrderedConsumerConfig{FilterSubjects: []string{soundParts + info.NUID}})
	if err != nil {
		return nil, err
	}
	parts, err := c.Messages()
	if err != nil {
		return nil, err
	}
	defer parts.Stop()
	var file []byte
	for uint64(len(file)) < info.Size {
		m, err := nextPart(ctx, parts)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			if _, err := store.GetInfo(ctx, hash); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		file = append(file, m.Data()...)
	}
	return file, nil
}

// stillThere is how long a part may take before the object is asked after.
const stillThere = 500 * time.Millisecond

func nextPart(ctx context.Context, parts jetstream.MessagesContext) (jetstream.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, stillThere)
	defer cancel()
	return parts.Next(jetstream.NextContext(ctx))
}

// Sweep removes sounds that no version of any message has, and parts that an
// upload which was cut off left behind an hour ago or earlier. It returns how
// many of both.
func (l *Library) Sweep(ctx context.Context) (removed int, err error) {
	l.keeping.Lock()
	defer l.keeping.Unlock()
	used := map[string]bool{}
	if err := l.each(ctx, true, func(_ string, m *paspeaker.Message) {
		if m != nil {
			used[m.Hash] = true
		}
	}); err != nil {
		return 0, err
	}
	store, err := l.sounds(ctx)
	if err != nil {
		return 0, err
	}
	list, err := store.List(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoObjectsFound) {
		return 0, unavailable("list sounds", err)
	}
	parts := map[string]bool{}
	for _, o := range list {
		if used[o.Name] {
			parts[o.NUID] = true
			continue
		}
		if err := store.Delete(ctx, o.Name); err != nil {
			return removed, unavailable("remove sound", err)
		}
		removed++
	}
	lost, err := l.sweepParts(ctx, parts)
	return removed + lost, err
}

// sweepParts removes parts of objects that have no description.
func (l *Library) sweepParts(ctx context.Context, known map[string]bool) (removed int, err error) {
	stream, err := l.bus.js.Stream(ctx, soundStream)
	if err != nil {
		return 0, unavailable("look at sounds", err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(soundParts+">"))
	if err != nil {
		return 0, unavailable("look at sounds", err)
	}
	for subject := range info.State.Subjects {
		if known[strings.TrimPrefix(subject, soundParts)] {
			continue
		}
		last, err := stream.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return removed, unavailable("look at sounds", err)
		}
		if l.bus.now().Sub(last.Time) < soundGrace {
			continue
		}
		if err := stream.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
			return removed, unavailable("remove parts of a sound", fmt.Errorf("%s: %w", subject, err))
		}
		removed++
	}
	return removed, nil
}
