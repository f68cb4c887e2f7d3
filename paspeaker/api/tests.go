package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
)

// Tests is the part of Controller that tests loudspeakers.
type Tests interface {
	// StartTest begins a test; it goes on when ctx has ended. CodeDenied is the
	// guard's word, CodeBusy an emergency's or that of other tests.
	StartTest(ctx context.Context, by paspeaker.Caller, q paspeaker.TestRequest) (paspeaker.TestRun, error)
	// Test returns a test as it stands, without its first so many results.
	Test(id string, from int) (paspeaker.TestRun, error)
	// Tests returns the newest tests, without single results, and the self-tests.
	Tests() paspeaker.TestList
	// CancelTest ends a test and stops its sound; one that is over stays as it
	// is.
	CancelTest(ctx context.Context, by paspeaker.Caller, id string) (paspeaker.TestRun, error)
}

// TestID names a test in a path.
type TestID struct {
	Test string `path:"id" maxLength:"32" doc:"the test's id"`
}

// tests registers tests of loudspeakers.
func (s *server) tests() {
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/tests", "start-test",
		"Test loudspeakers: one after another, each saying its name, or all at once. A test has the lowest priority, and an emergency ends it"),
		func(ctx context.Context, in *struct {
			By
			Body paspeaker.TestRequest
		}) (*reply[paspeaker.TestRun], error) {
			return answer(s.ctl.StartTest(ctx, in.who(), in.Body))
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/tests", "list-tests", "List the newest tests, without single results, and the site's self-tests"),
		func(context.Context, *struct{}) (*reply[paspeaker.TestList], error) {
			return answer(s.ctl.Tests(), nil)
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/tests/{id}", "get-test", "Show a test: how far it is, and what came of each loudspeaker"),
		func(_ context.Context, in *struct {
			TestID
			From int `query:"from" minimum:"0" maximum:"100000" doc:"leave out the first so many results: who follows a test has them"`
		}) (*reply[paspeaker.TestRun], error) {
			return answer(s.ctl.Test(in.Test, in.From))
		})
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/tests/{id}/cancel", "cancel-test", "End a test and stop its sound"),
		func(ctx context.Context, in *struct {
			By
			TestID
		}) (*reply[paspeaker.TestRun], error) {
			return answer(s.ctl.CancelTest(ctx, in.who(), in.Test))
		})
}
