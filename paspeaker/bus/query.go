package bus

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"pa/paspeaker"
)

const (
	defaultLimit = 1000
	maxLimit     = 100_000
	queryWait    = 30 * time.Second
	fetchers     = 8 // entries that are fetched at once
	fetchBatch   = 1024
)

// Query returns the entries that q selects, oldest first, at most the newest
// q.Limit (1000 when 0, 100,000 at most). What it costs is what it returns: the
// index knows where they are. CodeUnavailable while NATS is down.
func (j *Journal) Query(ctx context.Context, q paspeaker.JournalQuery) ([]paspeaker.Entry, error) {
	found, _, err := j.query(ctx, q)
	return found, err
}

// query is Query; it also returns the number of the newest entry of all.
func (j *Journal) query(ctx context.Context, q paspeaker.JournalQuery) (found []paspeaker.Entry, last uint64, err error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	if !j.bus.Connected() {
		return nil, 0, unavailable("read journal", nats.ErrConnectionReconnecting)
	}
	ctx, cancel := context.WithTimeout(ctx, queryWait)
	defer cancel()
	s, state, err := j.look(ctx)
	if err == nil && state.Msgs > 0 {
		last = state.LastSeq
		found, err = j.search(ctx, s, state, q)
	}
	if err != nil {
		return nil, 0, unavailable("read journal", err)
	}
	slices.Reverse(found)
	return found, last, nil
}

// search goes from the newest block to the oldest, and returns what it finds
// in that order.
func (j *Journal) search(ctx context.Context, s jetstream.Stream, state jetstream.StreamState, q paspeaker.JournalQuery) ([]paspeaker.Entry, error) {
	first, end := max(state.FirstSeq, q.After+1), state.LastSeq+1
	if q.Before > 0 {
		end = min(end, q.Before)
	}
	var found []paspeaker.Entry
	for end > first && len(found) < q.Limit {
		k := (end - 1) / blockLen
		if err := j.ensure(ctx, s, k, state.LastSeq); err != nil {
			return nil, err
		}
		hits, err := j.hits(ctx, k, q, first, end, min(q.Limit-len(found), fetchBatch))
		if err != nil {
			return nil, err
		}
		entries, err := j.fetch(ctx, s, hits)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Seq > 0 && q.Selects(e) {
				found = append(found, e)
			}
		}
		end = k * blockLen
		if len(hits) > 0 { // there may be more of them in this block
			end = hits[len(hits)-1]
		}
	}
	return found, nil
}

func (j *Journal) hits(ctx context.Context, k uint64, q paspeaker.JournalQuery, first, end uint64, limit int) ([]uint64, error) {
	if err := acquire(ctx, j.shelf.mu); err != nil {
		return nil, err
	}
	defer release(j.shelf.mu)
	x := j.shelf.index
	b := x.blocks[k]
	if b == nil {
		return nil, nil
	}
	sieve := x.sieve(q)
	return b.match(k, &sieve, first, end, limit, nil), nil
}

// fetch returns the entries of those numbers in their order; one that is gone
// or is none of ours has the number 0.
func (j *Journal) fetch(ctx context.Context, s jetstream.Stream, seqs []uint64) ([]paspeaker.Entry, error) {
	out := make([]paspeaker.Entry, len(seqs))
	g, ctx := errgroup.WithContext(ctx)
	for w := range min(fetchers, len(seqs)) {
		g.Go(func() error {
			for i := w; i < len(seqs); i += fetchers {
				data, err := j.get(ctx, s, seqs[i])
				if err != nil {
					return err
				}
				if e, err := entry(data, seqs[i]); err == nil {
					out[i] = e
				}
			}
			return nil
		})
	}
	return out, g.Wait()
}

// get returns one entry's bytes, nil when it is gone. A replica may answer that
// has not got the newest yet; then the leader is asked.
func (j *Journal) get(ctx context.Context, s jetstream.Stream, seq uint64) ([]byte, error) {
	m, err := s.GetMsg(ctx, seq)
	if err == nil {
		return m.Data, nil
	}
	if !errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, err
	}
	if info, err := s.Info(ctx); err != nil || seq < info.State.FirstSeq {
		return nil, err
	}
	msgs, err := j.read(ctx, seq)
	if err != nil {
		return nil, err
	}
	defer msgs.Stop()
	later, err := msgs.Next(jetstream.NextContext(ctx))
	if err != nil {
		return nil, err
	}
	if meta, err := later.Metadata(); err != nil || meta.Sequence.Stream != seq {
		return nil, err
	}
	return later.Data(), nil
}

// read returns the messages from a number on, in order.
func (j *Journal) read(ctx context.Context, from uint64) (jetstream.MessagesContext, error) {
	c, err := j.bus.js.OrderedConsumer(ctx, journalStream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   max(1, from),
	})
	if err != nil {
		return nil, err
	}
	return c.Messages()
}

func entry(data []byte, seq uint64) (paspeaker.Entry, error) {
	e, err := decode[paspeaker.Entry](data, maxMessage)
	e.Seq = seq
	return e, err
}

// Follow calls f for each entry that q selects: first, when q.Limit is above
// zero, the newest so many that are written already, then every one that is
// written from now on. With q.After it begins after that entry instead, so that
// who was interrupted misses nothing. It outlives interruptions of NATS and
// returns nil when ctx is done, or f's error.
func (j *Journal) Follow(ctx context.Context, q paspeaker.JournalQuery, f func(paspeaker.Entry) error) error {
	next := uint64(0) // 0: not known yet
	if q.After > 0 {
		next = q.After + 1
	}
	for ctx.Err() == nil {
		err, ours := j.follow(ctx, q, &next, f)
		if ours && ctx.Err() == nil {
			return err
		}
		j.bus.log.Debug("journal not followed", "err", err)
		pause(ctx, j.bus.retry)
	}
	return nil
}

// follow returns f's error with true, any other with false.
func (j *Journal) follow(ctx context.Context, q paspeaker.JournalQuery, next *uint64, f func(paspeaker.Entry) error) (err error, ours bool) {
	if !j.bus.Connected() {
		return nats.ErrConnectionReconnecting, false
	}
	if *next == 0 {
		page := q
		page.Limit = max(q.Limit, 1) // for its number, if for nothing else
		backlog, last, err := j.query(ctx, page)
		if err != nil {
			return err, false
		}
		*next = last + 1
		for _, e := range backlog[len(backlog)-min(q.Limit, len(backlog)):] {
			if err := f(e); err != nil {
				return err, true
			}
		}
	}
	msgs, err := j.read(ctx, *next)
	if err != nil {
		return err, false
	}
	defer msgs.Stop()
	for {
		m, err := msgs.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err, false
		}
		meta, err := m.Metadata()
		if err != nil {
			return err, false
		}
		*next = meta.Sequence.Stream + 1
		if e, err := entry(m.Data(), meta.Sequence.Stream); err == nil && q.Selects(e) {
			if err := f(e); err != nil {
				return err, true
			}
		}
	}
}
