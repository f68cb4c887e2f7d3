package client

import (
	"context"
	"net/url"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// Faults lists what is wrong; with all, first what was and is over.
func (c *Client) Faults(ctx context.Context, all bool) ([]paspeaker.Fault, error) {
	var q url.Values
	if all {
		q = url.Values{"all": {"true"}}
	}
	return get[[]paspeaker.Fault](ctx, c, "/v1/faults", q)
}

// AckFault says that somebody has seen a fault and looks after it.
func (c *Client) AckFault(ctx context.Context, id, note string) (paspeaker.Fault, error) {
	return post[paspeaker.Fault](ctx, c, "/v1/faults/ack", body.AckFault{ID: id, Note: note})
}
