package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

// Alerts is what waits to be told to somebody outside: a stream, a subject for
// each receiver. What Put has returned for is on the disk, and is handed out
// again and again until it was delivered. Its methods may be called from any
// goroutine.
type Alerts struct{ bus *Bus }

// Alert is one thing to tell one receiver.
type Alert struct {
	ID   string          `json:"id"` // the receiver's, to know it again; of all that ever were to this receiver
	Body json.RawMessage `json:"body"`
}

const (
	alertStream  = "PA_ALERTS"
	alertPrefix  = "pa.alert."
	alertAge     = 7 * 24 * time.Hour // who was away for longer asks for the faults that are open
	alertBytes   = 64 << 20
	maxAlert     = 256 << 10
	alertTwice   = 10 * time.Minute // one that is put again within this is the same
	alertWait    = 5 * time.Second
	alertAckWait = time.Minute
)

// Alerts returns the alerts. It asks nothing of the server yet.
func (b *Bus) Alerts() *Alerts { return &Alerts{bus: b} }

func (a *Alerts) stream(ctx context.Context) error {
	if !a.bus.Connected() {
		return unavailable("open alerts", nats.ErrConnectionReconnecting)
	}
	making, made := unhurried(ctx)
	defer made()
	_, err := a.bus.js.CreateOrUpdateStream(making, jetstream.StreamConfig{
		Name: alertStream, Description: "what waits to be told to somebody outside", Subjects: []string{alertPrefix + "*"},
		Storage: jetstream.FileStorage, MaxAge: alertAge, MaxBytes: alertBytes, MaxMsgSize: maxAlert, Duplicates: alertTwice,
		Discard: jetstream.DiscardOld,
	})
	if err != nil {
		return unavailable("open alerts", err)
	}
	return nil
}

// Put keeps an alert for a receiver, whose name is a token of letters and
// digits.
func (a *Alerts) Put(ctx context.Context, receiver string, v Alert) error {
	data, err := json.Marshal(v)
	if err != nil {
		return invalid("encode alert", err)
	}
	if len(data) > maxAlert {
		return tooLarge("keep alert", len(data), maxAlert)
	}
	ctx, cancel := context.WithTimeout(ctx, alertWait)
	defer cancel()
	publish := func() error {
		_, err := a.bus.js.Publish(ctx, alertPrefix+receiver, data, jetstream.WithMsgID(receiver+"/"+v.ID))
		return err
	}
	err = publish()
	if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) {
		if err = a.stream(ctx); err == nil {
			err = publish()
		}
	}
	if err != nil {
		return unavailable("keep alert", err)
	}
	return nil
}

// Deliver hands what waits for a receiver to f, one after the other, until ctx
// is done or NATS fails. What f does not take is handed out again after the
// time that f returns with its error.
func (a *Alerts) Deliver(ctx context.Context, receiver string, f func(Alert) (again time.Duration, err error)) error {
	if err := a.stream(ctx); err != nil {
		return err
	}
	cons, err := a.bus.js.CreateOrUpdateConsumer(ctx, alertStream, jetstream.ConsumerConfig{
		Durable: "to-" + receiver, FilterSubject: alertPrefix + receiver, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: alertAckWait, MaxAckPending: 1, MaxDeliver: -1, InactiveThreshold: alertAge,
	})
	if err != nil {
		return unavailable("listen for alerts", err)
	}
	messages, err := cons.Messages(jetstream.PullMaxMessages(1))
	if err != nil {
		return unavailable("listen for alerts", err)
	}
	stop := context.AfterFunc(ctx, messages.Stop)
	defer func() { stop(); messages.Stop() }()
	for {
		m, err := messages.Next()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return unavailable("listen for alerts", err)
		}
		if err := a.handOut(m, f); err != nil {
			return err
		}
	}
}

func (a *Alerts) handOut(m jetstream.Msg, f func(Alert) (time.Duration, error)) error {
	v, err := decode[Alert](m.Data(), maxAlert)
	if err != nil {
		a.bus.log.Error("an alert that cannot be read is dropped", "err", err)
		err = m.Term()
	} else if again, failed := f(v); failed != nil {
		err = m.NakWithDelay(again)
	} else {
		err = m.Ack()
	}
	if err != nil {
		return unavailable("settle alert", err)
	}
	return nil
}

// Waiting returns how many alerts a receiver has not taken.
func (a *Alerts) Waiting(ctx context.Context, receiver string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, alertWait)
	defer cancel()
	cons, err := a.bus.js.Consumer(ctx, alertStream, "to-"+receiver)
	if err != nil {
		return 0, unavailable("count alerts", err)
	}
	info, err := cons.Info(ctx)
	if err != nil {
		return 0, unavailable("count alerts", err)
	}
	return int(info.NumPending) + info.NumAckPending, nil
}

const (
	faultBucket = "PA_FAULTS"
	faultKey    = "book"
	maxBook     = 1 << 20
	bookBytes   = 16 << 20
)

// KeepBook keeps what the controller's next life must know of faults.
func (b *Bus) KeepBook(ctx context.Context, book json.RawMessage) error {
	if len(book) > maxBook {
		return tooLarge("keep faults", len(book), maxBook)
	}
	ctx, cancel := context.WithTimeout(ctx, alertWait)
	defer cancel()
	kv, err := b.faultBook(ctx)
	if err != nil {
		return err
	}
	if _, err := kv.Put(ctx, faultKey, book); err != nil {
		return unavailable("keep faults", err)
	}
	return nil
}

// ReadBook returns what KeepBook kept; nil when it never did.
func (b *Bus) ReadBook(ctx context.Context) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, alertWait)
	defer cancel()
	kv, err := b.faultBook(ctx)
	if err != nil {
		return nil, err
	}
	kept, err := kv.Get(ctx, faultKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, unavailable("read faults", err)
	}
	if !json.Valid(kept.Value()) {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInternal, What: fmt.Sprintf("read faults: %d bytes that are no JSON", len(kept.Value()))}
	}
	return kept.Value(), nil
}

func (b *Bus) faultBook(ctx context.Context) (jetstream.KeyValue, error) {
	return b.bucket(ctx, "faults", jetstream.KeyValueConfig{Bucket: faultBucket, Description: "what is wrong, and who has seen it",
		MaxValueSize: maxBook, MaxBytes: bookBytes})
}
