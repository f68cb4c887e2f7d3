// Package api is the controller's HTTP API: REST with an OpenAPI 3.1
// description, live voice over a request body or a websocket, events, health
// and metrics.
//
// It knows the controller by its own interface, Controller, and imports
// nothing of the voice path. Every request needs the bearer token, but for
// enrolment (which has a token of its own) and, from loopback, health, metrics
// and the description.
package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Config is what New needs.
type Config struct {
	Controller Controller
	Token      string       // the bearer token; while it is empty, only what needs none is answered
	Version    string       // of the program, for the OpenAPI description
	Metrics    http.Handler // serves /metrics; nil: 404
	Log        *slog.Logger // nil: slog.Default
	Limits     Limits
}

// Limits bound what clients may send. A zero field means its default.
type Limits struct {
	MaxUpload int64 // bytes of a recording; default 64 MiB

	// Upload, when not nil, is asked for MaxUpload with every recording: a
	// reload may change what the site allows.
	Upload  func() int64
	MaxLive int // live calls open at once, and as many event streams; default 64
}

// upload is how many bytes a recording may have now.
func (l Limits) upload() int64 {
	if l.Upload != nil {
		return l.Upload()
	}
	return l.MaxUpload
}

const (
	defaultUpload = 64 << 20
	defaultLive   = 64
)

const (
	pathEnrol       = "/v1/enrol"
	pathHealth      = "/healthz"
	pathMetrics     = "/metrics"
	pathDescription = "/openapi.json"
)

// server holds what the operations share.
type server struct {
	ctl     Controller
	log     *slog.Logger
	limits  Limits
	api     huma.API
	texts   announcements
	calls   chan struct{} // a place for each live call
	streams chan struct{} // a place for each event stream
	enrols  *throttle
}

// New returns the API's handler. Serve it with Serve. It starts nothing.
func New(cfg Config) http.Handler {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Limits.MaxUpload <= 0 {
		cfg.Limits.MaxUpload = defaultUpload
	}
	if cfg.Limits.MaxLive <= 0 {
		cfg.Limits.MaxLive = defaultLive
	}
	mux := http.NewServeMux()
	s := &server{
		ctl:     cfg.Controller,
		log:     cfg.Log,
		limits:  cfg.Limits,
		api:     describe(mux, cfg.Version),
		calls:   make(chan struct{}, cfg.Limits.MaxLive),
		streams: make(chan struct{}, cfg.Limits.MaxLive),
		enrols:  newThrottle(time.Now),
	}
	s.texts = newAnnouncements(s.api)
	s.announce()
	s.messages()
	s.campaigns()
	s.tests()
	s.live()
	s.socket()
	s.sessions()
	s.emergencies()
	s.views()
	s.journalViews()
	s.recordings()
	s.events()
	s.nodes()
	s.bench()
	s.doctor()
	s.faults()
	s.health(mux, cfg.Metrics)
	s.openAPI(mux)
	mux.HandleFunc("/", nowhere(mux))
	return newGuard(cfg.Token, s.witness(mux))
}

// operation fills in what all operations have in common.
func (s *server) operation(method, path, id, summary string) huma.Operation {
	return huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: summary,
		Responses: problems(s.api),
	}
}

// openAPI serves the description, which is complete by now.
func (s *server) openAPI(mux *http.ServeMux) {
	text, err := description(s.api)
	mux.HandleFunc("GET "+pathDescription, func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			writeProblem(w, asProblem(err))
			return
		}
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(text) // a client that went away needs no answer
	})
}

// reply is a response with a JSON body.
type reply[T any] struct {
	Body T
}

// answer makes a reply of what the controller returned.
func answer[T any](v T, err error) (*reply[T], error) {
	if err != nil {
		return nil, asProblem(err)
	}
	return &reply[T]{v}, nil
}

// list is answer for lists, which are never null.
func list[T any](v []T, err error) (*reply[[]T], error) {
	if v == nil {
		v = []T{}
	}
	return answer(v, err)
}
