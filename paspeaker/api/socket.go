package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

const (
	socketRate   = 48000
	maxMessage   = 64 << 10 // bytes: an announcement, or 0.68 s of samples
	firstMessage = 5 * time.Second
	tellLevel    = 100 * time.Millisecond
)

// socket registers the live call over a websocket.
func (s *server) socket() {
	op := s.operation(http.MethodGet, "/v1/live", "live",
		"Speak live over a websocket")
	op.Description = "The first message is text, the JSON of an Announcement. Then come binary messages of samples " +
		"(s16le, mono, 48 kHz, any number up to 32768), and at last the text {\"type\":\"end\"}. The server sends text, " +
		"the JSON of a Live: the session when it is accepted, what happens to it, the level that arrives ten times a second, " +
		"and the session again when it is over. A client that sends nothing for a second ends the call as lost."
	op.Responses["101"] = &huma.Response{Description: "the server's messages", Content: map[string]*huma.MediaType{
		"application/json": {Schema: liveSchema(s.api)},
	}}
	huma.Register(s.api, op, func(context.Context, *struct{ By }) (*huma.StreamResponse, error) {
		leave, err := s.enter()
		if err != nil {
			return nil, asProblem(err)
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			defer leave()
			r, w := humago.Unwrap(c)
			s.call(w, r)
		}}, nil
	})
}

// call serves one websocket.
func (s *server) call(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxMessage)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	c := &liveCall{server: s, conn: conn}
	if err := c.serve(ctx, r); err != nil {
		p := asProblem(err).Problem
		if c.tell(ctx, body.Live{Type: "error", Error: &p}) == nil {
			_ = conn.Close(websocket.StatusPolicyViolation, "refused") // the message said it all
		}
	}
}

// liveCall is one live call over a websocket. Its own goroutine writes to the
// connection; hear, the other one, reads.
type liveCall struct {
	*server
	conn    *websocket.Conn
	session paspeaker.Session
	level   meter
	heard   atomic.Int64 // when the client last sent something, Unix ns
}

func (c *liveCall) serve(ctx context.Context, r *http.Request) error {
	a, err := c.greet(ctx, r)
	if err != nil {
		return err
	}
	from, to := io.Pipe()
	c.session, err = c.ctl.Announce(ctx, a, Source{Kind: SourceLive, Body: from, Rate: socketRate})
	if err != nil {
		return err
	}
	c.heard.Store(time.Now().UnixNano())
	ended, deaf := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(deaf)
		c.hear(ctx, to, ended)
	}()
	c.converse(ctx, from, ended)
	// Whoever still reads or writes samples finds the call over.
	_ = from.CloseWithError(ErrSourceLost) // never fails
	_ = to.CloseWithError(ErrSourceLost)   // never fails
	_ = c.conn.CloseNow()                  // closed already where all went well
	<-deaf
	return nil
}

// greet reads the first message.
func (c *liveCall) greet(ctx context.Context, r *http.Request) (a paspeaker.Announcement, err error) {
	caller, err := callerOf(r.Header.Get("X-PA-By"), r.RemoteAddr)
	if err != nil {
		return a, err
	}
	ctx, cancel := context.WithTimeout(ctx, firstMessage)
	defer cancel()
	kind, text, err := c.conn.Read(ctx)
	if err != nil {
		return a, paspeaker.Errorf(paspeaker.CodeInvalid, "read announcement: %w", err)
	}
	if kind != websocket.MessageText {
		return a, paspeaker.Errorf(paspeaker.CodeInvalid, "the first message must be text: the JSON of an announcement")
	}
	if a, err = c.texts.decode(text); err != nil {
		return a, err
	}
	speak(&By{caller: caller}, &a)
	return a, nil
}

// hear passes samples on until the client has said the last word (nil goes to
// ended) or is lost. Then it only answers what keeps the connection, until that
// is closed.
func (c *liveCall) hear(ctx context.Context, to *io.PipeWriter, ended chan<- error) {
	for {
		msg, err := c.read(ctx)
		if errors.Is(err, io.EOF) {
			_ = to.Close() // never fails
			ended <- nil
			break
		}
		if err == nil {
			c.level.add(msg)
			_, err = to.Write(msg)
		}
		if err != nil {
			ended <- err                         // first: the call's end must find its reason here
			_ = to.CloseWithError(ErrSourceLost) // never fails
			break
		}
	}
	for {
		if _, _, err := c.conn.Read(ctx); err != nil {
			return
		}
	}
}

// read returns the next samples; io.EOF is the client's last word. It waits as
// long as need be: converse ends a call in which nothing is said, and can then
// still tell the client so.
func (c *liveCall) read(ctx context.Context) ([]byte, error) {
	kind, msg, err := c.conn.Read(ctx)
	c.heard.Store(time.Now().UnixNano())
	switch {
	case err != nil:
		return nil, ErrSourceLost
	case kind == websocket.MessageText:
		var said body.Control
		if json.Unmarshal(msg, &said) != nil || said.Type != "end" {
			return nil, paspeaker.Errorf(paspeaker.CodeInvalid, `text during a call must be {"type":"end"}`)
		}
		return nil, io.EOF
	case len(msg)%2 != 0:
		return nil, paspeaker.Errorf(paspeaker.CodeInvalid, "message of %d bytes: samples have two", len(msg))
	}
	return msg, nil
}

// converse tells the client what happens until the call is over. It ends the
// call, of which from gives the samples, when nothing comes for a while.
func (c *liveCall) converse(ctx context.Context, from *io.PipeReader, ended <-chan error) {
	events := c.ctl.Watch(ctx)
	tick := time.NewTicker(tellLevel)
	defer tick.Stop()
	var tooLate <-chan time.Time
	err := c.tell(ctx, body.Live{Type: "session", Session: &c.session})
	for over := false; err == nil && !over; {
		select {
		case e, open := <-events:
			if !open {
				events = nil // the ticker goes on
			} else if c.concerns(e) {
				err = c.tell(ctx, body.Live{Type: "event", Event: &e})
			}
		case <-tick.C:
			if ended != nil && c.quiet() > silence-tellLevel {
				_ = from.CloseWithError(ErrSourceLost) // first: telling takes as long as the client likes
				c.lost(ctx, &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "the call was ended: nothing came from you for a second",
					Hint: "send silence while nobody speaks; is the microphone plugged in, does the program that feeds it run?"})
				return
			}
			err = c.tell(ctx, body.Live{Type: "level", LevelDB: c.level.take()})
		case why := <-ended:
			ended = nil
			if why != nil {
				c.lost(ctx, why)
				return
			}
			tooLate = time.After(lastWords)
		case <-tooLate:
			over = true
		case <-ctx.Done():
			return
		}
		if !over {
			c.session, over = c.now(c.session)
		}
	}
	select {
	case why := <-ended: // the session's end was seen before its reason
		if why != nil {
			c.lost(ctx, why)
			return
		}
	default:
	}
	if c.tell(ctx, body.Live{Type: "session", Session: &c.session}) == nil {
		_ = c.conn.Close(websocket.StatusNormalClosure, "") // the client has been told
	}
}

// lost says why a call ended that its client did not end, if the client is
// there to hear it.
func (c *liveCall) lost(ctx context.Context, why error) {
	var e *paspeaker.Error
	if !errors.As(why, &e) {
		return
	}
	p := asProblem(e).Problem
	if c.tell(ctx, body.Live{Type: "error", Error: &p}) == nil {
		_ = c.conn.Close(websocket.StatusPolicyViolation, "") // the message said it all
	}
}

// quiet is how long the client has sent nothing.
func (c *liveCall) quiet() time.Duration {
	return time.Duration(time.Now().UnixNano() - c.heard.Load())
}

// concerns says whether the speaker wants to know of e.
func (c *liveCall) concerns(e paspeaker.Event) bool {
	me := c.session.ID.Announcement()
	switch {
	case e.Session != nil:
		return e.Session.ID.Announcement() == me
	case e.Receipt != nil:
		return e.Receipt.Session.Announcement() == me
	}
	return e.Fault != nil
}

// tell sends one message; a client that takes none for a while is gone.
func (c *liveCall) tell(ctx context.Context, m body.Live) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	return c.conn.Write(ctx, websocket.MessageText, text)
}
