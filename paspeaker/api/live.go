package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"pa/paspeaker"
)

// ErrSourceLost is what a live source's Body returns when its client sent
// nothing for a second, or went away without ending the call.
var ErrSourceLost = errors.New(paspeaker.OutcomeLost)

const (
	// silence is how long a live source may send nothing. It leaves the
	// controller a little time, so that a dead client's call is over within a
	// second.
	silence = 900 * time.Millisecond
	// lastWords is how long the controller may take to end a call whose sound
	// has ended.
	lastWords = 2 * time.Second
	// partingWords is how long a client whose call was ended by others may go
	// on sending before the connection is closed under it.
	partingWords = 500 * time.Millisecond
	// lastRead is how long the Read may wait in which a call ends: a client
	// that lives has sent something by then.
	lastRead = 100 * time.Millisecond
	// lookAgain is how often a session is looked at beside the events, of
	// which some may be lost.
	lookAgain = 200 * time.Millisecond
)

// live registers the live call over a request's body.
func (s *server) live() {
	op := s.operation(http.MethodPost, "/v1/announcements/live", "announce-live",
		"Speak live: the request's body streams samples, s16le mono, until the last word. Answered when the call is over; a body that stands still for a second ends it as lost")
	op.RequestBody = sound("samples, 16 bit signed little-endian, one channel")
	op.Middlewares = append(op.Middlewares, hearOut)
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		By
		Spoken
		Rate int `query:"rate" default:"48000" minimum:"8000" maximum:"96000" doc:"samples per second"`
		Upload
	}) (*reply[paspeaker.Session], error) {
		a, err := s.texts.decode([]byte(in.Announcement))
		if err != nil {
			return nil, asProblem(err)
		}
		leave, err := s.enter()
		if err != nil {
			return nil, asProblem(err)
		}
		defer leave()
		speak(&in.By, &a)
		voice := newVoice(in.w, in.request)
		defer voice.close()
		session, err := s.ctl.Announce(ctx, a, Source{Kind: SourceLive, Body: voice, Rate: in.Rate})
		if err != nil {
			return nil, asProblem(err)
		}
		return answer(s.attend(ctx, session, voice), nil)
	})
}

// hearOut answers at once a client that is still speaking, when its call was
// stopped or has expired, and then reads on for a moment: a connection that is
// closed with samples unread takes the answer with it.
func hearOut(c huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(c)
	ctl := http.NewResponseController(w)
	_ = ctl.EnableFullDuplex() // else the answer waits for the rest of the body
	next(c)
	if ctl.Flush() == nil && ctl.SetReadDeadline(time.Now().Add(partingWords)) == nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

// speak fills in what every live call has in common.
func speak(b *By, a *paspeaker.Announcement) {
	if a.Kind == "" {
		a.Kind = paspeaker.KindLive
	}
	b.sign(a)
}

// enter takes a place for a live call; leave gives it back.
func (s *server) enter() (leave func(), err error) {
	select {
	case s.calls <- struct{}{}:
		return func() { <-s.calls }, nil
	default:
		return nil, &paspeaker.Error{
			Code: paspeaker.CodeUnavailable, What: "too many live calls are open", Hint: "end one; paspeaker status lists them",
		}
	}
}

// attend waits until the session is over, or its voice has ended and the
// controller has had time for the last words. It returns the session as it
// then stands. The end of ctx ends the voice and no more: it also comes when a
// voice stands still, whose client is still owed an answer.
func (s *server) attend(ctx context.Context, session paspeaker.Session, v *voice) paspeaker.Session {
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	events := s.ctl.Watch(watch)
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	gone, ended := ctx.Done(), (<-chan struct{})(v.ended)
	var tooLate <-chan time.Time
	for {
		var over bool
		if session, over = s.now(session); over {
			return session
		}
		select {
		case e, open := <-events:
			if !open {
				events = nil // the ticker goes on
			}
			if e.Session == nil {
				continue
			}
		case <-look.C:
		case <-gone:
			gone = nil
			v.close()
		case <-ended:
			ended = nil
			tooLate = time.After(lastWords)
		case <-tooLate:
			return session
		}
	}
}

// now returns the session as it stands, and whether it is over. One that is no
// longer known is over.
func (s *server) now(last paspeaker.Session) (session paspeaker.Session, over bool) {
	session, ok := s.ctl.Session(last.ID)
	if !ok {
		return last, true
	}
	return session, isOver(session)
}

func isOver(s paspeaker.Session) bool {
	return s.State == paspeaker.StateEnded || s.State == paspeaker.StateRefused
}

// voice is a request's body as a live source. Read fails when nothing came for
// a while; close makes a Read that waits return, and is done when none runs,
// so that the server may take the connection back.
type voice struct {
	r      io.Reader
	ctl    *http.ResponseController
	ended  chan struct{} // closed at the sound's end, however it came
	closed atomic.Bool

	mu   sync.Mutex // held while reading
	last error
}

func newVoice(w http.ResponseWriter, r *http.Request) *voice {
	return &voice{r: r.Body, ctl: http.NewResponseController(w), ended: make(chan struct{})}
}

// Read implements io.Reader.
func (v *voice) Read(b []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.last != nil {
		return 0, v.last
	}
	// First the deadline, then the look at closed: close does it the other way
	// round, so one of the two ends this Read.
	if err := v.ctl.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, v.end(ErrSourceLost)
	}
	if v.closed.Load() {
		return 0, v.end(ErrSourceLost)
	}
	n, err := v.r.Read(b)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		// The call may last longer than the body; a deadline left behind would
		// end the request's context.
		_ = v.ctl.SetReadDeadline(time.Time{})
		return n, v.end(io.EOF)
	default:
		return n, v.end(ErrSourceLost)
	}
}

func (v *voice) end(err error) error {
	v.last = err
	close(v.ended)
	return err
}

// close ends the source. Reads that come later fail; one that waits ends with
// the client's next samples, or soon.
func (v *voice) close() {
	v.closed.Store(true)
	_ = v.ctl.SetReadDeadline(time.Now().Add(lastRead)) // where it does not work, Read lasts as long as silence allows
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.last == nil {
		_ = v.end(ErrSourceLost)
	}
}
