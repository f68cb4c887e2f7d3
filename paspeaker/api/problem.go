package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// statusOf is the one table from an error's code to its HTTP status.
var statusOf = map[paspeaker.Code]int{
	paspeaker.CodeInvalid:     http.StatusUnprocessableEntity,
	paspeaker.CodeNotFound:    http.StatusNotFound,
	paspeaker.CodeBusy:        http.StatusConflict,
	paspeaker.CodeConflict:    http.StatusConflict,
	paspeaker.CodeDenied:      http.StatusForbidden,
	paspeaker.CodeTooLarge:    http.StatusRequestEntityTooLarge,
	paspeaker.CodeUnsupported: http.StatusUnsupportedMediaType,
	paspeaker.CodeUnavailable: http.StatusServiceUnavailable,
	paspeaker.CodeInternal:    http.StatusInternalServerError,
}

// codeOf is the way back, for statuses that come from HTTP itself.
func codeOf(status int) paspeaker.Code {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return paspeaker.CodeDenied
	case http.StatusNotFound:
		return paspeaker.CodeNotFound
	case http.StatusConflict:
		return paspeaker.CodeConflict
	case http.StatusRequestEntityTooLarge:
		return paspeaker.CodeTooLarge
	case http.StatusUnsupportedMediaType, http.StatusNotAcceptable, http.StatusMethodNotAllowed:
		return paspeaker.CodeUnsupported
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return paspeaker.CodeUnavailable
	}
	if status < 500 {
		return paspeaker.CodeInvalid
	}
	return paspeaker.CodeInternal
}

// problem is an error on its way to the client (RFC 9457).
type problem struct {
	body.Problem
}

func (p *problem) Error() string             { return p.Detail }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return "application/problem+json" }

// newProblem makes a problem of e with a status of its own.
func newProblem(status int, e *paspeaker.Error) *problem {
	what := e.What
	if e.Err != nil {
		what += ": " + e.Err.Error()
	}
	return &problem{body.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: e.Error(), Code: e.Code, What: what, Hint: e.Hint,
	}}
}

// asProblem makes a problem of any error but nil.
func asProblem(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = tooBig(tooLarge.Limit)
	}
	var e *paspeaker.Error
	switch {
	case errors.As(err, &e):
	case errors.Is(err, context.Canceled):
		e = &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "request was cancelled", Err: err}
	default:
		e = &paspeaker.Error{Code: paspeaker.CodeInternal, What: err.Error()}
	}
	status, ok := statusOf[e.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	return newProblem(status, e)
}

func tooBig(limit int64) *paspeaker.Error {
	return &paspeaker.Error{
		Code: paspeaker.CodeTooLarge,
		What: fmt.Sprintf("recording is larger than %d bytes", limit),
		Hint: "send a shorter or a compressed one (Ogg Opus), or raise limits.max_upload in zones.yaml",
	}
}

// ownWords is a huma.Transformer that puts huma's own errors (validation,
// malformed JSON) into the form of all others.
func ownWords(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	e := &paspeaker.Error{Code: codeOf(m.Status), What: faults(m.Detail, m.Errors)}
	if m.Status == http.StatusUnsupportedMediaType {
		e.Hint = "send JSON with Content-Type: application/json"
	}
	return newProblem(m.Status, e), nil
}

// maxFaults bounds how many faults of one request are told.
const maxFaults = 10

func faults(summary string, details []*huma.ErrorDetail) string {
	var said []string
	for i, d := range details {
		if i == maxFaults {
			said = append(said, fmt.Sprintf("and %d more", len(details)-i))
			break
		}
		if d == nil {
			continue
		}
		s := d.Message
		if d.Location != "" {
			s = strings.TrimPrefix(d.Location, "body.") + ": " + s
		}
		said = append(said, s)
	}
	if len(said) == 0 {
		return summary
	}
	return strings.Join(said, "; ")
}
