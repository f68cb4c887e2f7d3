package controller

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"pa/audio/ingest"
	"pa/audio/source"
	"pa/paspeaker"
)

// readyBytes is how much decoded sound is kept ready: eight minutes.
const readyBytes = 48 << 20

// readyClips holds messages that were asked for lately, decoded, by hash. Who
// asks for one that is being decoded waits for it instead of decoding it again.
type readyClips struct {
	mu    sync.Mutex
	clips map[string]*readyClip
	bytes int
	turn  uint64
}

type readyClip struct {
	done chan struct{} // closed when clip or err is there
	clip *source.Clip
	err  error
	used uint64
}

func newReadyClips() *readyClips { return &readyClips{clips: make(map[string]*readyClip)} }

// get returns the clip of a hash, by decode when it is not at hand.
func (r *readyClips) get(ctx context.Context, hash string, decode func() (*source.Clip, error)) (*source.Clip, error) {
	for {
		r.mu.Lock()
		e, there := r.clips[hash]
		if !there {
			e = &readyClip{done: make(chan struct{})}
			r.clips[hash] = e
		}
		r.turn++
		e.used = r.turn
		r.mu.Unlock()
		if !there {
			clip, err := decode()
			r.settle(hash, e, clip, err)
			return clip, err
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		// Who decoded may have given up; that is no reason for others to.
		if !errors.Is(e.err, context.Canceled) && !errors.Is(e.err, context.DeadlineExceeded) {
			return e.clip, e.err
		}
	}
}

// settle keeps what was decoded, and makes room for it.
func (r *readyClips) settle(hash string, e *readyClip, clip *source.Clip, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.clip, e.err = clip, err
	close(e.done)
	if err != nil || 2*clip.Samples() > readyBytes {
		delete(r.clips, hash)
		return
	}
	r.bytes += 2 * clip.Samples()
	for r.bytes > readyBytes {
		oldest, least := "", ^uint64(0)
		for h, c := range r.clips {
			if c.clip != nil && c.used < least {
				oldest, least = h, c.used
			}
		}
		r.bytes -= 2 * r.clips[oldest].clip.Samples()
		delete(r.clips, oldest)
	}
}

// readyMessage returns the newest version of a message, decoded. A message that
// was made ready before is returned at once, with NATS down, too.
func (c *Controller) readyMessage(ctx context.Context, name string) (paspeaker.Message, *source.Clip, error) {
	m, err := c.Message(ctx, name, 0)
	if err != nil {
		return m, nil, err
	}
	clip, err := c.library.ready.get(ctx, m.Hash, func() (*source.Clip, error) {
		file, err := c.library.store.Sound(ctx, m.Hash)
		if err != nil {
			return nil, err
		}
		return c.decodeSound(ctx, file)
	})
	return m, clip, err
}

// decodeSound decodes a sound of the library, which we made ourselves and whose
// hash is right. Where no child can be started it is decoded here: a message
// that is due is worth more than the machine's rest.
func (c *Controller) decodeSound(ctx context.Context, file []byte) (*source.Clip, error) {
	limits := source.Limits{MaxBytes: int64(len(file)), MaxLength: time.Hour}
	clip, err := c.ingest.Decode(ctx, bytes.NewReader(file), limits)
	if errors.Is(err, ingest.ErrNoChild) {
		c.log.Warn("no child to decode a message; decoding it here", "err", err)
		clip, err = source.Decode(ctx, bytes.NewReader(file), limits)
	}
	return clip, err
}
