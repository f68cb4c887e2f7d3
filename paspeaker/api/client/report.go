package client

import (
	"context"
	"net/url"

	"pa/paspeaker"
	"pa/paspeaker/report"
)

// Keys returns the keys by which nodes sign, or signed, their receipts.
func (c *Client) Keys(ctx context.Context) ([]paspeaker.NodeKey, error) {
	return get[[]paspeaker.NodeKey](ctx, c, "/v1/keys", nil)
}

// Report returns the report of a day of the site, "2026-11-24".
func (c *Client) Report(ctx context.Context, day string) (report.Report, error) {
	return get[report.Report](ctx, c, "/v1/reports/"+url.PathEscape(day), nil)
}
