package api

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"pa/paspeaker"
)

// witness logs what was asked: everything that changes something, and what
// went wrong inside. A panic becomes an answer, and the daemon lives on.
func (s *server) witness(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &observed{ResponseWriter: w}
		began := time.Now()
		defer func() {
			if cause := recover(); cause != nil {
				if cause == http.ErrAbortHandler {
					panic(cause)
				}
				s.log.Error("panic in a request", "method", r.Method, "path", r.URL.Path, "cause", cause, "stack", string(debug.Stack()))
				if seen.status == 0 {
					writeProblem(seen, asProblem(paspeaker.Errorf(paspeaker.CodeInternal, "the request broke something; the log says more")))
				}
			}
			s.log.Log(r.Context(), weight(r.Method, seen.status), "request",
				"method", r.Method, "path", r.URL.Path, "status", seen.status,
				"from", r.RemoteAddr, "took", time.Since(began).Round(time.Microsecond))
		}()
		next.ServeHTTP(seen, r)
	})
}

func weight(method string, status int) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelWarn
	case method == http.MethodGet || method == http.MethodHead:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// observed remembers the status of a response.
type observed struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (o *observed) WriteHeader(status int) {
	if o.status == 0 {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (o *observed) Write(b []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	return o.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach deadlines, flush and hijack.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// nowhere answers what no route does: 405 when the path exists for another
// method, else 404.
func nowhere(mux *http.ServeMux) http.HandlerFunc {
	methods := []string{http.MethodGet, http.MethodPost, http.MethodDelete}
	return func(w http.ResponseWriter, r *http.Request) {
		allowed := ""
		for _, m := range methods {
			other := &http.Request{Method: m, URL: r.URL, Host: r.Host}
			if _, pattern := mux.Handler(other); pattern != "/" && pattern != "" {
				if allowed != "" {
					allowed += ", "
				}
				allowed += m
			}
		}
		if allowed == "" {
			writeProblem(w, asProblem(&paspeaker.Error{
				Code: paspeaker.CodeNotFound, What: r.URL.Path + ": no such path", Hint: "see " + pathDescription,
			}))
			return
		}
		w.Header().Set("Allow", allowed)
		writeProblem(w, newProblem(http.StatusMethodNotAllowed, &paspeaker.Error{
			Code: paspeaker.CodeUnsupported, What: r.Method + " " + r.URL.Path + ": no such method", Hint: "use " + allowed,
		}))
	}
}
