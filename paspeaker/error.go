package paspeaker

import (
	"errors"
	"fmt"
)

// Code says what kind of error it is. One table gives the HTTP status (api),
// one the exit code (cmd).
type Code string

// The codes.
const (
	CodeInvalid     Code = "invalid" // the request is wrong
	CodeNotFound    Code = "not found"
	CodeBusy        Code = "busy"     // the zones are taken
	CodeDenied      Code = "denied"   // not allowed
	CodeConflict    Code = "conflict" // against what stands
	CodeTooLarge    Code = "too large"
	CodeUnsupported Code = "unsupported" // a format that nothing here reads
	CodeUnavailable Code = "unavailable" // a part is down; try again
	CodeInternal    Code = "internal"
)

// Error is written for the person who must act: what, where, what to do.
type Error struct {
	Code Code   `json:"code"`
	What string `json:"what"`           // "zone gtaes: no such zone"
	Hint string `json:"hint,omitempty"` // "did you mean gates?"
	Err  error  `json:"-"`
}

// Error returns what happened and, after a semicolon, what to do.
func (e *Error) Error() string {
	s := e.What
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error without a hint; %w is honoured.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, What: err.Error(), Err: nil}
}

// CodeOf returns the code at the source of err, CodeInternal when it has none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
