package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// shelf is the index in memory and what fills it: from the blocks that an
// earlier run has kept (journal_keep.go), else from the entries themselves. A
// million entries are 16 MB.
type shelf struct {
	mu      chan struct{} // held to look at index; a channel, so that a wait for it ends with its context
	filling chan struct{} // held to fill it
	index   *index
	unkept  []uint64 // blocks that became full and are not kept yet
}

func newShelf() *shelf {
	return &shelf{mu: make(chan struct{}, 1), filling: make(chan struct{}, 1), index: newIndex(time.Time{})}
}

func acquire(ctx context.Context, lock chan struct{}) error {
	select {
	case lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func release(lock chan struct{}) { <-lock }

// note takes in an entry that has just been written, when nothing is missing
// before it. It never waits long: the lock is held for moments.
func (j *Journal) note(seq uint64, data []byte) {
	g := glanceAt(data)
	j.shelf.mu <- struct{}{}
	defer release(j.shelf.mu)
	if x := j.shelf.index; len(x.blocks) > 0 && x.next() == seq && x.put(seq, g) {
		j.shelf.unkept = append(j.shelf.unkept, seq/blockLen)
	}
}

// look returns the stream and its state, and sees to it that the index is
// about that stream. What the index had before the question must be in the
// answer: entries that are noted meanwhile are no reason to begin anew.
func (j *Journal) look(ctx context.Context) (jetstream.Stream, jetstream.StreamState, error) {
	had, err := j.indexed(ctx)
	if err != nil {
		return nil, jetstream.StreamState{}, err
	}
	s, info, err := j.info(ctx)
	if err != nil {
		return nil, jetstream.StreamState{}, err
	}
	if info.State.Msgs == 0 {
		return nil, info.State, nil
	}
	return s, info.State, j.begin(ctx, info, had)
}

// indexed returns the number of the first entry after those of the index.
func (j *Journal) indexed(ctx context.Context) (uint64, error) {
	if err := acquire(ctx, j.shelf.mu); err != nil {
		return 0, err
	}
	defer release(j.shelf.mu)
	return j.shelf.index.next(), nil
}

// begin makes a new index when the stream of info is another one, or has lost
// entries that the index had when info was asked for.
func (j *Journal) begin(ctx context.Context, info *jetstream.StreamInfo, had uint64) error {
	if err := acquire(ctx, j.shelf.mu); err != nil {
		return err
	}
	defer release(j.shelf.mu)
	if x := j.shelf.index; !x.created.Equal(info.Created) || had > info.State.LastSeq+1 {
		j.shelf.index, j.shelf.unkept = newIndex(info.Created), nil
	}
	return nil
}

// ensure fills block k with every entry up to number last.
func (j *Journal) ensure(ctx context.Context, s jetstream.Stream, k, last uint64) error {
	want := int(min(last-min(last, k*blockLen)+1, blockLen))
	if n, err := j.filled(ctx, k); err != nil || n >= want {
		return err
	}
	if err := acquire(ctx, j.shelf.filling); err != nil {
		return err
	}
	defer release(j.shelf.filling)
	n, err := j.filled(ctx, k)
	if err != nil || n >= want {
		return err
	}
	if n == 0 && want == blockLen && j.recall(ctx, s, k) {
		return nil
	}
	return j.fill(ctx, k, k*blockLen+uint64(n), last)
}

func (j *Journal) filled(ctx context.Context, k uint64) (int, error) {
	if err := acquire(ctx, j.shelf.mu); err != nil {
		return 0, err
	}
	defer release(j.shelf.mu)
	return j.shelf.index.filled(k), nil
}

// fill reads block k's entries from number from to last. Entries that there
// are not are passed over.
func (j *Journal) fill(ctx context.Context, k, from, last uint64) error {
	end := min(last+1, (k+1)*blockLen)
	msgs, err := j.read(ctx, from)
	if err != nil {
		return err
	}
	defer msgs.Stop()
	var batch []glance
	var at []uint64
	for done := false; !done; {
		m, err := msgs.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if seq := meta.Sequence.Stream; seq < end {
			batch, at = append(batch, glanceAt(m.Data())), append(at, seq)
		}
		done = meta.Sequence.Stream+1 >= end || meta.NumPending == 0
	}
	if err := acquire(ctx, j.shelf.mu); err != nil {
		return err
	}
	defer release(j.shelf.mu)
	for i, g := range batch {
		j.shelf.index.put(at[i], g)
	}
	j.shelf.index.close(k, int(end-k*blockLen))
	if end == (k+1)*blockLen {
		j.shelf.unkept = append(j.shelf.unkept, k)
	}
	return nil
}

// warmEvery is how often the index is looked after: another controller may
// have written.
const warmEvery = time.Minute

// warm keeps the index filled, newest entries first. It rests as long as it
// works, so that a start with a long journal is no burden.
func (j *Journal) warm(ctx context.Context) {
	for wait := warmEvery; ; wait = warmEvery {
		if err := j.warmOnce(ctx); err != nil {
			wait = j.bus.retry
			j.bus.log.Debug("journal index", "err", err)
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

func (j *Journal) warmOnce(ctx context.Context) error {
	if !j.bus.Connected() {
		return nats.ErrConnectionReconnecting
	}
	s, state, err := j.look(ctx)
	if err != nil || state.Msgs == 0 {
		return err
	}
	last := state.LastSeq
	for k := last / blockLen; ; k-- {
		began := time.Now()
		if err := j.ensure(ctx, s, k, last); err != nil {
			return err
		}
		j.keep(ctx)
		if k <= state.FirstSeq/blockLen {
			return nil
		}
		pause(ctx, time.Since(began))
	}
}

// info returns the stream and its state; a stream that does not exist has no
// entries.
func (j *Journal) info(ctx context.Context) (jetstream.Stream, *jetstream.StreamInfo, error) {
	s, err := j.bus.js.Stream(ctx, journalStream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, &jetstream.StreamInfo{}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return s, s.CachedInfo(), nil
}
