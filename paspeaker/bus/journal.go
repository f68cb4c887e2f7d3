package bus

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

// Journal is the site's record: a JetStream stream to which entries are only
// ever appended. Its methods may be called from any goroutine.
type Journal struct {
	bus   *Bus
	buf   *buffer
	shelf *shelf
}

const (
	journalAge   = 400 * 24 * time.Hour // a year and the time to look at it
	journalBytes = 512 << 20            // about a million entries
	// Within this time a repeated write is known for one by its id.
	journalTwice = 2 * time.Hour
	writeWait    = 5 * time.Second
)

// OpenJournal returns the journal. While NATS is down it still does; Run makes
// the stream as soon as it can. An error means that the server refuses.
func (b *Bus) OpenJournal(ctx context.Context) (*Journal, error) {
	j := &Journal{bus: b, buf: newBuffer(rand.Text()), shelf: newShelf()}
	if !b.Connected() {
		return j, nil
	}
	if err := j.create(ctx); err != nil {
		var api *jetstream.APIError
		if errors.As(err, &api) && api.Code < 500 {
			return nil, invalid("open journal", err)
		}
		b.log.Warn("journal not ready", "err", err)
	}
	return j, nil
}

// create makes the stream. One that exists keeps the settings that it has, for
// a site may have changed its limits, but for direct reads, which pages need.
func (j *Journal) create(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writeWait)
	defer cancel()
	_, err := j.bus.js.CreateStream(ctx, jetstream.StreamConfig{
		Name:        journalStream,
		Description: "who said what, where, and how it ended",
		Subjects:    []string{journalSubject},
		Storage:     jetstream.FileStorage,
		MaxAge:      journalAge,
		MaxBytes:    journalBytes,
		MaxMsgSize:  maxMessage,
		Duplicates:  journalTwice,
		DenyDelete:  true,
		DenyPurge:   true,
		AllowDirect: true,
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return j.allowDirect(ctx)
	}
	return err
}

func (j *Journal) allowDirect(ctx context.Context) error {
	s, err := j.bus.js.Stream(ctx, journalStream)
	if err != nil {
		return err
	}
	cfg := s.CachedInfo().Config
	if cfg.AllowDirect {
		return nil
	}
	cfg.AllowDirect = true
	if _, err = j.bus.js.UpdateStream(ctx, cfg); err != nil {
		j.bus.log.Warn("the journal's pages will be slow", "err", err) // and right all the same
	}
	return nil
}

// Append records e; e.Seq is not read, and a zero e.Time becomes now. It never
// waits and never fails: the entry is buffered and written by Run. When the
// buffer is full (8,192 entries, 16 MiB) the oldest entry goes that is neither
// live nor emergency, and an entry "loss" says how many went.
func (j *Journal) Append(e paspeaker.Entry) {
	e.Seq = 0
	if e.Time.IsZero() {
		e.Time = j.bus.now()
	}
	data, err := json.Marshal(e)
	if err == nil && len(data) > maxMessage/2 {
		e.Receipts, e.Verdicts, e.Speakers = nil, nil, nil
		e.Detail = strings.TrimSpace(fmt.Sprintf("%.200s too long to keep whole (%d bytes)", e.Detail, len(data)))
		data, err = json.Marshal(e)
	}
	if err != nil || len(data) > maxMessage/2 {
		j.bus.log.Error("journal entry cannot be written", "what", e.What, "session", e.Session, "err", err)
		j.buf.lose()
		return
	}
	j.buf.put(data, important(e))
}

// important says which entries are the last to go.
func important(e paspeaker.Entry) bool {
	return e.Kind == paspeaker.KindLive || e.Kind == paspeaker.KindEmergency || e.Priority >= paspeaker.PriorityEmergency
}

// Run writes what is appended until ctx is done, again and again while NATS is
// down, never twice. Before it returns nil it tries for 2 s to write the rest.
func (j *Journal) Run(ctx context.Context) error {
	var index sync.WaitGroup
	defer index.Wait()
	index.Go(func() { j.warm(ctx) })
	complained := false
	for {
		it, ok := j.buf.head(j.bus.now())
		if !ok {
			select {
			case <-ctx.Done():
				return nil
			case <-j.buf.ready:
			}
			continue
		}
		err := j.write(ctx, it)
		if err == nil {
			j.buf.done(it)
			complained = false
			continue
		}
		if !complained && ctx.Err() == nil {
			j.bus.log.Warn("journal cannot be written; entries are kept", "err", err)
			complained = true
		}
		if !pause(ctx, j.bus.retry) {
			j.finish(ctx)
			return nil
		}
	}
}

// finish writes what is left when Run's time is up.
func (j *Journal) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWait)
	defer cancel()
	for {
		it, ok := j.buf.head(j.bus.now())
		if !ok {
			return
		}
		if err := j.write(ctx, it); err != nil {
			waiting, _ := j.Pending()
			j.bus.log.Error("journal entries are lost", "entries", waiting, "err", err)
			return
		}
		j.buf.done(it)
	}
}

// write returns nil when the entry is on the disk.
func (j *Journal) write(ctx context.Context, it item) error {
	if !j.bus.Connected() {
		return nats.ErrConnectionReconnecting
	}
	ctx, cancel := context.WithTimeout(ctx, writeWait)
	defer cancel()
	m := &nats.Msg{Subject: journalSubject, Data: it.data}
	ack, err := j.bus.js.PublishMsg(ctx, m, jetstream.WithMsgID(it.id), jetstream.WithExpectStream(journalStream), jetstream.WithRetryAttempts(0))
	if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) {
		if err := j.create(ctx); err != nil {
			return err
		}
		ack, err = j.bus.js.PublishMsg(ctx, m)
	}
	if err == nil && !ack.Duplicate {
		j.note(ack.Sequence, it.data)
	}
	return err
}

// Flush waits until all that was appended before is on the disk, or ctx is
// done. Run must be running.
func (j *Journal) Flush(ctx context.Context) error {
	select {
	case <-j.buf.mark():
		return nil
	case <-ctx.Done():
		waiting, _ := j.Pending()
		return unavailable(fmt.Sprintf("write journal: %d entries wait", waiting), ctx.Err())
	}
}

// Pending returns how many entries wait to be written, and how many were lost
// since the start.
func (j *Journal) Pending() (waiting int, lost uint64) { return j.buf.counts() }
