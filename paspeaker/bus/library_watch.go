package bus

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"

	"pa/paspeaker"
)

// All returns the newest version of every message, in no order.
func (l *Library) All(ctx context.Context) ([]paspeaker.Message, error) {
	var out []paspeaker.Message
	err := l.each(ctx, false, func(_ string, m *paspeaker.Message) {
		if m != nil {
			out = append(out, *m)
		}
	})
	return out, err
}

// each calls f with what is stored now: the newest version of every message,
// or every version; nil for a name that was removed.
func (l *Library) each(ctx context.Context, history bool, f func(name string, m *paspeaker.Message)) error {
	w, err := l.open(ctx, history)
	if err != nil {
		return err
	}
	defer func() { _ = w.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return unavailable("read message library", ctx.Err())
		case kept, open := <-w.Updates():
			if !open {
				return unavailable("read message library", jetstream.ErrConsumerDeleted)
			}
			if kept == nil { // that was all
				return nil
			}
			l.take(kept, f)
		}
	}
}

// Watch calls f, one call at a time, with every message as it is now and then
// with each change, nil when it was removed; complete is called when all that
// was there has been told, again after a connection was lost. It returns nil
// when ctx is done.
func (l *Library) Watch(ctx context.Context, f func(name string, m *paspeaker.Message), complete func()) error {
	complained := false
	for ctx.Err() == nil {
		err := l.watch(ctx, f, complete)
		if ctx.Err() != nil {
			break
		}
		if !complained {
			l.bus.log.Warn("message library cannot be watched; trying again", "err", err)
			complained = true
		}
		if !pause(ctx, l.bus.retry) {
			break
		}
	}
	return nil
}

func (l *Library) watch(ctx context.Context, f func(string, *paspeaker.Message), complete func()) error {
	w, err := l.open(ctx, false)
	if err != nil {
		return err
	}
	defer func() { _ = w.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case kept, open := <-w.Updates():
			switch {
			case !open:
				return unavailable("watch message library", jetstream.ErrConsumerDeleted)
			case kept == nil:
				complete()
			default:
				l.take(kept, f)
			}
		}
	}
}

func (l *Library) open(ctx context.Context, history bool) (jetstream.KeyWatcher, error) {
	begin, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	kv, err := l.messages(begin)
	if err != nil {
		return nil, err
	}
	var opts []jetstream.WatchOpt
	if history {
		opts = append(opts, jetstream.IncludeHistory())
	}
	w, err := kv.WatchAll(ctx, opts...)
	if err != nil {
		return nil, unavailable("watch message library", err)
	}
	return w, nil
}

// take tells f of one entry; one that nobody can read is logged and left out.
func (l *Library) take(kept jetstream.KeyValueEntry, f func(string, *paspeaker.Message)) {
	name, err := messageName(kept.Key())
	if err != nil {
		l.bus.log.Warn("message cannot be read", "err", err)
		return
	}
	if kept.Operation() != jetstream.KeyValuePut {
		f(name, nil)
		return
	}
	m, err := decode[paspeaker.Message](kept.Value(), maxMessageInfo)
	if err != nil || m.Name != name {
		l.bus.log.Warn("message cannot be read", "name", name, "err", err)
		return
	}
	f(name, &m)
}
