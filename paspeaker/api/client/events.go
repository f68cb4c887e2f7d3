package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"pa/paspeaker"
)

const (
	// maxLine bounds one event in bytes.
	maxLine = 1 << 20
	// quiet is how long an event stream may say nothing: the controller sends
	// a sign of life every ten seconds.
	quiet = 25 * time.Second
)

// Events calls f with each event until ctx ends (then it returns nil) or the
// connection breaks (then it returns why). Events that come while f runs are
// kept for a while only.
func (c *Client) Events(ctx context.Context, f func(paspeaker.Event)) error {
	return c.stream(ctx, "/v1/events", nil, func(data []byte) {
		var e paspeaker.Event
		if json.Unmarshal(data, &e) == nil && e.Kind != "" {
			f(e)
		}
	})
}

// FollowLog calls f with the newest q.Limit entries (none when 0) or with those
// after q.After, then with each as it is written, until ctx ends (then it
// returns nil) or the connection breaks (then it returns why, and may be called
// again with q.After).
func (c *Client) FollowLog(ctx context.Context, q paspeaker.JournalQuery, f func(paspeaker.Entry)) error {
	return c.stream(ctx, "/v1/log/follow", logQuery(q), func(data []byte) {
		var e paspeaker.Entry
		if json.Unmarshal(data, &e) == nil && e.Seq > 0 {
			f(e)
		}
	})
}

// stream calls f with the data of each server-sent event.
func (c *Client) stream(ctx context.Context, path string, q url.Values, f func(data []byte)) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	watchdog := time.AfterFunc(quiet, cancel)
	defer watchdog.Stop()
	res, err := c.do(inner, http.MethodGet, path, q, "", nil)
	if err == nil {
		defer res.Body.Close()
		err = parseEvents(res.Body, f, func() { watchdog.Reset(quiet) })
	}
	switch {
	case ctx.Err() != nil:
		return nil
	case inner.Err() != nil:
		err = fmt.Errorf("nothing heard for %v", quiet)
	}
	return c.unreached(ctx, err)
}

// parseEvents reads server-sent events until r ends; that is an error always.
// Every line is a sign of life. f passes over what is not ours: a newer
// controller may say more.
func parseEvents(r io.Reader, f func(data []byte), alive func()) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		alive()
		if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:")); ok {
			f(bytes.TrimSpace(data))
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

const (
	// verdictWait is how long Wait gives the verdicts after the end: longer
	// than the controller gives the receipts.
	verdictWait = 5 * time.Second
	// lookAgain is how often Wait looks.
	lookAgain = 200 * time.Millisecond
)

// Wait returns when the announcement is over and the controller has given its
// verdict on every loudspeaker. One that never sounded has no verdicts.
func (c *Client) Wait(ctx context.Context, id paspeaker.SessionID) (paspeaker.Session, error) {
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	var over time.Time
	for {
		s, err := c.Session(ctx, id)
		if err != nil {
			return s, err
		}
		if s.State == paspeaker.StateRefused {
			return s, nil
		}
		if s.State == paspeaker.StateEnded {
			if over.IsZero() {
				over = time.Now()
			}
			if s.Verdicts != nil || s.Started.IsZero() || time.Since(over) >= verdictWait {
				return s, nil
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return s, context.Cause(ctx)
		}
	}
}
