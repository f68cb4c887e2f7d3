package client

import (
	"context"
	"net/url"
	"strconv"

	"pa/paspeaker"
)

func testPath(id string) string { return "/v1/tests/" + url.PathEscape(id) }

// StartTest begins a test of loudspeakers.
func (c *Client) StartTest(ctx context.Context, q paspeaker.TestRequest) (paspeaker.TestRun, error) {
	return post[paspeaker.TestRun](ctx, c, "/v1/tests", q)
}

// Test returns a test as it stands, without its first so many results.
func (c *Client) Test(ctx context.Context, id string, from int) (paspeaker.TestRun, error) {
	var q url.Values
	if from > 0 {
		q = url.Values{"from": {strconv.Itoa(from)}}
	}
	return get[paspeaker.TestRun](ctx, c, testPath(id), q)
}

// Tests lists the newest tests, and the site's self-tests.
func (c *Client) Tests(ctx context.Context) (paspeaker.TestList, error) {
	return get[paspeaker.TestList](ctx, c, "/v1/tests", nil)
}

// CancelTest ends a test and stops its sound.
func (c *Client) CancelTest(ctx context.Context, id string) (paspeaker.TestRun, error) {
	return post[paspeaker.TestRun](ctx, c, testPath(id)+"/cancel", struct{}{})
}
