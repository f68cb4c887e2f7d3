package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

// Recordings are the sound of live calls: a stream with a subject for each
// call and a message for each page of its file, so that a call is on the disk
// while it is spoken, and what is old goes by itself. Its methods may be called
// from any goroutine.
type Recordings struct {
	bus  *Bus
	keep time.Duration
	most int64
}

const (
	recordingStream  = "PA_RECORDINGS"
	recordingPrefix  = "pa.recording."
	maxRecording     = 256 << 20 // bytes of one call that are read at once
	recordingPageGap = 5 * time.Second
)

// Recordings returns the recordings, which are kept so long, and as many as
// have room in most bytes. It asks nothing of the server yet.
func (b *Bus) Recordings(keep time.Duration, most int64) *Recordings {
	return &Recordings{bus: b, keep: keep, most: most}
}

func recordingSubject(id paspeaker.SessionID) string { return recordingPrefix + id.String() }

// Prepare makes the stream, or gives the one that there is the limits that
// hold now: what is older goes at once.
func (r *Recordings) Prepare(ctx context.Context) error {
	if !r.bus.Connected() {
		return unavailable("prepare recordings", nats.ErrConnectionReconnecting)
	}
	ctx, cancel := context.WithTimeout(ctx, writeWait)
	defer cancel()
	_, err := r.bus.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: recordingStream, Description: "the sound of live calls", Subjects: []string{recordingPrefix + "*"},
		Storage: jetstream.FileStorage, MaxAge: r.keep, MaxBytes: r.most, MaxMsgSize: maxMessage,
		Duplicates: min(r.keep, journalTwice), AllowDirect: true,
	})
	if err != nil {
		return unavailable("prepare recordings", err)
	}
	return nil
}

// Put stores page n of a call's file. The same page may be put again.
func (r *Recordings) Put(ctx context.Context, id paspeaker.SessionID, n int, page []byte) error {
	if !r.bus.Connected() {
		return unavailable("store recording", nats.ErrConnectionReconnecting)
	}
	m := &nats.Msg{Subject: recordingSubject(id), Data: page}
	name := jetstream.WithMsgID(id.String() + "-" + strconv.Itoa(n))
	_, err := r.bus.js.PublishMsg(ctx, m, name, jetstream.WithRetryAttempts(0))
	if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) {
		if err := r.Prepare(ctx); err != nil {
			return err
		}
		_, err = r.bus.js.PublishMsg(ctx, m, name)
	}
	if err != nil {
		return unavailable("store recording", err)
	}
	return nil
}

// Has returns how many pages there are of each call that is still kept.
func (r *Recordings) Has(ctx context.Context) (map[paspeaker.SessionID]int, error) {
	_, subjects, err := r.look(ctx, recordingPrefix+"*")
	if err != nil {
		return nil, err
	}
	out := make(map[paspeaker.SessionID]int)
	for subject, n := range subjects {
		if id, err := paspeaker.ParseSessionID(strings.TrimPrefix(subject, recordingPrefix)); err == nil {
			out[id] = int(n)
		}
	}
	return out, nil
}

// look returns the stream and how many pages there are of each subject; nothing
// when there is no stream.
func (r *Recordings) look(ctx context.Context, filter string) (jetstream.Stream, map[string]uint64, error) {
	if !r.bus.Connected() {
		return nil, nil, unavailable("read recordings", nats.ErrConnectionReconnecting)
	}
	s, err := r.bus.js.Stream(ctx, recordingStream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, unavailable("read recordings", err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, nil, unavailable("read recordings", err)
	}
	return s, info.State.Subjects, nil
}

// Get writes a call's file (Ogg Opus) to w. CodeNotFound when nothing is kept
// of it, or its beginning is gone.
func (r *Recordings) Get(ctx context.Context, id paspeaker.SessionID, w io.Writer) error {
	none := &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "recording of " + id.String() + ": there is none",
		Hint: "`paspeaker recording list` shows what is kept, and for how long"}
	s, subjects, err := r.look(ctx, recordingSubject(id))
	if err != nil {
		return err
	}
	pages := subjects[recordingSubject(id)]
	if pages == 0 {
		return none
	}
	c, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{recordingSubject(id)}})
	if err != nil {
		return unavailable("read recording", err)
	}
	msgs, err := c.Messages()
	if err != nil {
		return unavailable("read recording", err)
	}
	defer msgs.Stop()
	for i, size := uint64(0), 0; i < pages; i++ {
		wait, cancel := context.WithTimeout(ctx, recordingPageGap)
		m, err := msgs.Next(jetstream.NextContext(wait))
		cancel()
		if err != nil {
			return unavailable("read recording", err)
		}
		if i == 0 && !strings.HasPrefix(string(m.Data()), "OggS\x00\x02") {
			return none // its head is gone, and the rest is going
		}
		if size += len(m.Data()); size > maxRecording {
			return tooLarge("recording", size, maxRecording)
		}
		if _, err := w.Write(m.Data()); err != nil {
			return fmt.Errorf("write recording: %w", err)
		}
	}
	return nil
}

// Erase removes a call's sound for good.
func (r *Recordings) Erase(ctx context.Context, id paspeaker.SessionID) error {
	s, err := r.bus.js.Stream(ctx, recordingStream)
	if err == nil {
		err = s.Purge(ctx, jetstream.WithPurgeSubject(recordingSubject(id)))
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return unavailable("erase recording", err)
	}
	return nil
}
