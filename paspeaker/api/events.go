package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"pa/paspeaker"
)

const (
	heartbeat     = 10 * time.Second // between comments on a silent event stream, so that both sides notice a dead peer
	writePatience = 5 * time.Second  // for a client to take what was written
)

// events registers the stream of events (server-sent events, as the HTML
// standard has them).
func (s *server) events() {
	op := s.operation(http.MethodGet, "/v1/events", "events",
		"Follow what happens: sessions, loudspeakers, faults, receipts. A slow reader loses events")
	op.Responses["200"] = &huma.Response{Description: "each event is named by its kind; its data is the JSON of an Event",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: eventSchema(s.api)}}}
	huma.Register(s.api, op, func(context.Context, *struct{}) (*huma.StreamResponse, error) {
		if err := s.takeStream(); err != nil {
			return nil, asProblem(err)
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			defer func() { <-s.streams }()
			r, w := humago.Unwrap(c)
			s.stream(r.Context(), w)
		}}, nil
	})
}

// takeStream takes a place for an event stream; a receive from s.streams gives
// it back.
func (s *server) takeStream() error {
	select {
	case s.streams <- struct{}{}:
		return nil
	default:
		return &paspeaker.Error{
			Code: paspeaker.CodeUnavailable, What: "too many event streams are open", Hint: "close one, or ask GET /v1/status now and then",
		}
	}
}

// stream writes events to w until ctx ends or the client takes no more.
func (s *server) stream(ctx context.Context, w http.ResponseWriter) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pour(ctx, w, s.ctl.Watch(ctx), (*eventWriter).event)
}

// pour writes what comes to a client as server-sent events, with a heartbeat,
// until ctx ends, nothing more comes, or the client takes no more.
func pour[T any](ctx context.Context, w http.ResponseWriter, from <-chan T, write func(*eventWriter, T) error) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := &eventWriter{w: w, ctl: http.NewResponseController(w)}
	defer out.close()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	err := out.write("retry: 2000\n\n")
	for err == nil {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			err = out.write(":\n\n")
		case v, open := <-from:
			if !open {
				return
			}
			err = write(out, v)
		}
	}
}

// eventWriter writes with a bound in time, and at once.
type eventWriter struct {
	w   http.ResponseWriter
	ctl *http.ResponseController
}

func (o *eventWriter) event(e paspeaker.Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return o.write("event: " + e.Kind + "\ndata: " + string(data) + "\n\n")
}

func (o *eventWriter) entry(e paspeaker.Entry) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return o.write("id: " + strconv.FormatUint(e.Seq, 10) + "\nevent: entry\ndata: " + string(data) + "\n\n")
}

func (o *eventWriter) write(text string) error {
	_ = o.ctl.SetWriteDeadline(time.Now().Add(writePatience)) // without it a dead client is noticed later
	if _, err := o.w.Write([]byte(text)); err != nil {
		return err
	}
	return o.ctl.Flush()
}

func (o *eventWriter) close() { _ = o.ctl.SetWriteDeadline(time.Time{}) }
