package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

func campaignPath(id string) string { return "/v1/campaigns/" + url.PathEscape(id) }

// Campaigns lists the campaigns, by id.
func (c *Client) Campaigns(ctx context.Context) ([]paspeaker.CampaignInfo, error) {
	return get[[]paspeaker.CampaignInfo](ctx, c, "/v1/campaigns", nil)
}

// Campaign returns one campaign and how it stands.
func (c *Client) Campaign(ctx context.Context, id string) (paspeaker.CampaignInfo, error) {
	return get[paspeaker.CampaignInfo](ctx, c, campaignPath(id), nil)
}

// PutCampaign stores a campaign: a new one when its Revision is 0, else one
// that replaces exactly that revision. Runs that the guard refuses are an error
// unless force is set; they are refused all the same when they are due.
func (c *Client) PutCampaign(ctx context.Context, v paspeaker.Campaign, force bool) (paspeaker.CampaignInfo, error) {
	path := campaignPath(v.ID)
	if force {
		path += "?force=true"
	}
	return send[paspeaker.CampaignInfo](ctx, c, http.MethodPut, path, v)
}

// RemoveCampaign takes a campaign out of the plan, when revision is its newest;
// 0 does not ask.
func (c *Client) RemoveCampaign(ctx context.Context, id string, revision uint64) error {
	var q url.Values
	if revision != 0 {
		q = url.Values{"revision": {strconv.FormatUint(revision, 10)}}
	}
	_, err := remove[body.Removed](ctx, c, campaignPath(id), q)
	return err
}

// Plan works out what sounds when, with what drafts would change.
func (c *Client) Plan(ctx context.Context, q paspeaker.PlanQuery) (paspeaker.Plan, error) {
	return post[paspeaker.Plan](ctx, c, "/v1/plan", q)
}

// Today returns a day's plan and what became of it; "" is today.
func (c *Client) Today(ctx context.Context, day string) (paspeaker.Today, error) {
	var q url.Values
	if day != "" {
		q = url.Values{"day": {day}}
	}
	return get[paspeaker.Today](ctx, c, "/v1/today", q)
}
