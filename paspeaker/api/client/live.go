package client

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// Rate is the sample rate of a LiveCall, Hz.
const Rate = 48000

const (
	maxSamples    = 4800             // in one message: a tenth of a second
	maxHeard      = 1 << 20          // bytes of one message from the controller
	writePatience = 2 * time.Second  // for the controller to take samples
	lastWords     = 10 * time.Second // for the controller to end the call
	keptEvents    = 64
)

// LiveCall is a live call over a websocket. One goroutine writes; Close and
// the others may be called from any.
type LiveCall struct {
	conn   *websocket.Conn
	cancel context.CancelFunc
	gone   <-chan struct{} // closed when the caller's context has ended
	events chan paspeaker.Event
	over   chan struct{} // closed when hear has ended
	level  atomic.Uint64 // bits of a float64
	buf    []byte        // of Write

	mu      sync.Mutex
	session paspeaker.Session
	err     error // why the call is over, when the controller did not end it well
}

// Live opens a live call and returns when the controller has accepted it;
// Session says where it sounds. Ending ctx ends the call as lost; Close ends
// it with the last word still heard. Close must be called.
func (c *Client) Live(ctx context.Context, a paspeaker.Announcement) (*LiveCall, error) {
	conn, res, err := websocket.Dial(ctx, c.base.String()+"/v1/live", &websocket.DialOptions{HTTPClient: c.http, HTTPHeader: c.header})
	if err != nil {
		if res != nil && res.StatusCode >= 400 {
			return nil, refusal(res)
		}
		return nil, c.unreached(ctx, err)
	}
	conn.SetReadLimit(maxHeard)
	inner, cancel := context.WithCancel(ctx)
	l := &LiveCall{
		conn: conn, cancel: cancel, gone: ctx.Done(),
		events: make(chan paspeaker.Event, keptEvents), over: make(chan struct{}),
	}
	l.level.Store(math.Float64bits(silent))
	if err := l.open(inner, a); err != nil {
		_ = conn.CloseNow() // the error says more
		cancel()
		return nil, c.unreached(ctx, err)
	}
	go l.hear(inner)
	return l, nil
}

const silent = -120 // dBFS

// open says what the call is, and hears whether it is accepted.
func (l *LiveCall) open(ctx context.Context, a paspeaker.Announcement) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if err := l.conn.Write(ctx, websocket.MessageText, text); err != nil {
		return err
	}
	for l.session.ID == 0 {
		m, err := l.next(ctx)
		if err != nil {
			return err
		}
		if m.Error != nil {
			return asError(*m.Error)
		}
		l.take(m)
	}
	return nil
}

// next reads one message.
func (l *LiveCall) next(ctx context.Context) (m body.Live, err error) {
	_, text, err := l.conn.Read(ctx)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(text, &m)
}

// hear is the goroutine that reads until the call is over.
func (l *LiveCall) hear(ctx context.Context) {
	defer close(l.over)
	defer close(l.events)
	for {
		m, err := l.next(ctx)
		if err != nil {
			l.ended(ctx, err)
			return
		}
		if m.Error != nil {
			l.fail(asError(*m.Error))
			return
		}
		l.take(m)
	}
}

// take remembers what a message says, and passes events on.
func (l *LiveCall) take(m body.Live) {
	if m.Type == "level" {
		l.level.Store(math.Float64bits(m.LevelDB))
		return
	}
	e := m.Event
	if m.Session != nil {
		e = &paspeaker.Event{Kind: "session", Session: m.Session}
	}
	if e == nil {
		return
	}
	if e.Session != nil {
		l.mu.Lock()
		l.session = *e.Session
		l.mu.Unlock()
	}
	select {
	case l.events <- *e:
	default: // nobody reads them
	}
}

// ended notes why the connection is gone. A controller that closed it with
// good manners has said before how the call ended.
func (l *LiveCall) ended(ctx context.Context, err error) {
	if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
		return
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	l.fail(&paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "the call was cut", Err: err})
}

func (l *LiveCall) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}

// Session returns the call as last heard of.
func (l *LiveCall) Session() paspeaker.Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.session
}

// Events returns what the controller says during the call: sessions (this
// call's), receipts and faults. It is closed when the call is over. Events
// that nobody reads are lost.
func (l *LiveCall) Events() <-chan paspeaker.Event { return l.events }

// LevelDB returns the RMS level that last arrived at the controller, dBFS;
// -120 is silence.
func (l *LiveCall) LevelDB() float64 { return math.Float64frombits(l.level.Load()) }

// Write sends mono samples at Rate. It must be called at least twice a second,
// with silence too, else the controller ends the call as lost; 480 to 4800
// samples at a time are best. It fails when the call is over, with
// CodeConflict when the controller ended it.
func (l *LiveCall) Write(pcm []int16) error {
	for len(pcm) > 0 {
		part := pcm[:min(len(pcm), maxSamples)]
		pcm = pcm[len(part):]
		l.buf = l.buf[:0]
		for _, v := range part {
			l.buf = binary.LittleEndian.AppendUint16(l.buf, uint16(v))
		}
		if err := l.send(l.buf); err != nil {
			return err
		}
	}
	return nil
}

// send needs no context of its own: the call's ends the connection.
func (l *LiveCall) send(samples []byte) error {
	select {
	case <-l.over:
		return l.finished()
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), writePatience)
	defer cancel()
	if l.conn.Write(ctx, websocket.MessageBinary, samples) == nil {
		return nil
	}
	// The controller may have said why; hear is about to find it.
	<-l.over
	return l.finished()
}

// finished says that and why the call is over.
func (l *LiveCall) finished() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	return &paspeaker.Error{Code: paspeaker.CodeConflict, What: "the call is over: " + l.session.Outcome}
}

// Close says that the last word has been said, waits until the controller has
// ended the call, and returns it with its outcome. Where the controller ended
// it before, that is no error.
func (l *LiveCall) Close() (paspeaker.Session, error) {
	defer l.cancel()
	patience := time.NewTimer(lastWords)
	defer patience.Stop()
	select {
	case <-l.over:
	case <-l.gone: // then the call ends as lost: no last word
	default:
		// Where it cannot be sent, the connection is gone, and hear says so.
		ctx, cancel := context.WithTimeout(context.Background(), writePatience)
		_ = l.conn.Write(ctx, websocket.MessageText, []byte(`{"type":"end"}`))
		cancel()
	}
	select {
	case <-l.over:
	case <-patience.C:
		l.cancel()
		<-l.over
	}
	_ = l.conn.CloseNow() // closed already where all went well
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.session, l.err
}
