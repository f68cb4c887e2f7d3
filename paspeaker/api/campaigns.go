package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// Campaigns is the part of Controller that keeps campaigns and their plan.
type Campaigns interface {
	// Campaigns returns every campaign and how it stands, by id.
	Campaigns() []paspeaker.CampaignInfo
	Campaign(id string) (paspeaker.CampaignInfo, error)
	// PutCampaign stores a campaign: a new one with revision 0, else in place of
	// exactly that revision (CodeConflict when somebody has changed it). It is
	// CodeInvalid when the guard refuses one of its runs in the next month; with
	// force only when the guard refuses all of them.
	PutCampaign(ctx context.Context, by paspeaker.Caller, v paspeaker.Campaign, force bool) (paspeaker.SavedCampaign, error)
	RemoveCampaign(ctx context.Context, by paspeaker.Caller, id string, revision uint64) error
	PauseCampaign(ctx context.Context, by paspeaker.Caller, id string, paused bool) (paspeaker.SavedCampaign, error)
	// CheckCampaigns says what is wrong with each, and changes nothing.
	CheckCampaigns(list []paspeaker.Campaign) []paspeaker.CampaignCheck
	// Plan says what sounds when, and what drafts would change.
	Plan(q paspeaker.PlanQuery) (paspeaker.Plan, error)
	// Today is a day's plan and what became of it; "" is today.
	Today(ctx context.Context, day string) (paspeaker.Today, error)
	// Calendars returns the site's calendars with their days of a year; 0 is
	// this year.
	Calendars(year int) []paspeaker.CalendarInfo
}

// CampaignID names a campaign in a path.
type CampaignID struct {
	Campaign string `path:"id" maxLength:"32" doc:"the campaign's id"`
}

// campaigns registers campaigns and their plan.
func (s *server) campaigns() {
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/campaigns", "list-campaigns", "List the campaigns and when each sounds next"),
		func(context.Context, *struct{}) (*reply[[]paspeaker.CampaignInfo], error) {
			return list(s.ctl.Campaigns(), nil)
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/campaigns/{id}", "get-campaign", "Show one campaign"),
		func(_ context.Context, in *struct{ CampaignID }) (*reply[paspeaker.CampaignInfo], error) {
			return answer(s.ctl.Campaign(in.Campaign))
		})
	s.changeCampaigns()
	op := s.operation(http.MethodPost, "/v1/campaigns/check", "check-campaigns", "Say what is wrong with campaigns; changes nothing")
	op.MaxBodyBytes = maxPlanBody
	huma.Register(s.api, op,
		func(_ context.Context, in *struct{ Body []paspeaker.Campaign }) (*reply[[]paspeaker.CampaignCheck], error) {
			return list(s.ctl.CheckCampaigns(in.Body), nil)
		})
	op = s.operation(http.MethodPost, "/v1/plan", "plan",
		"What sounds when: every run, what it collides with, what the guard refuses, what calendars remove, and what drafts would change; changes nothing")
	op.MaxBodyBytes = maxPlanBody
	huma.Register(s.api, op, func(_ context.Context, in *struct{ Body paspeaker.PlanQuery }) (*reply[paspeaker.Plan], error) {
		return answer(s.ctl.Plan(in.Body))
	})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/today", "today", "A day's plan and what became of it"),
		func(ctx context.Context, in *struct {
			Day string `query:"day" maxLength:"10" doc:"2026-11-24; today when left out"`
		}) (*reply[paspeaker.Today], error) {
			return answer(s.ctl.Today(ctx, in.Day))
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/calendars", "list-calendars", "List the site's calendars with their days of a year"),
		func(_ context.Context, in *struct {
			Year int `query:"year" minimum:"0" maximum:"2199" doc:"this year when left out"`
		}) (*reply[[]paspeaker.CalendarInfo], error) {
			return list(s.ctl.Calendars(in.Year), nil)
		})
}

// maxPlanBody bounds many drafts at once, bytes.
const maxPlanBody = 32 << 20

func (s *server) changeCampaigns() {
	op := s.operation(http.MethodPut, "/v1/campaigns/{id}", "put-campaign",
		"Store a campaign: a new one with revision 0, else in place of exactly that revision")
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		By
		CampaignID
		Force bool `query:"force" doc:"store it although the guard refuses some of its runs: those are left out"`
		Body  paspeaker.Campaign
	}) (*reply[paspeaker.SavedCampaign], error) {
		if in.Body.ID == "" {
			in.Body.ID = in.Campaign
		}
		if in.Body.ID != in.Campaign {
			return nil, asProblem(&paspeaker.Error{Code: paspeaker.CodeInvalid, What: "campaign " + in.Body.ID + " under the path of " + in.Campaign,
				Hint: "a campaign keeps its id; make a new one and remove the old"})
		}
		return answer(s.ctl.PutCampaign(ctx, in.who(), in.Body, in.Force))
	})
	huma.Register(s.api, s.operation(http.MethodDelete, "/v1/campaigns/{id}", "remove-campaign", "Remove a campaign"),
		func(ctx context.Context, in *struct {
			By
			CampaignID
			Revision uint64 `query:"revision" doc:"only if this is its newest; 0 = whatever it is"`
		}) (*reply[body.Removed], error) {
			return answer(body.Removed{Removed: in.Campaign}, s.ctl.RemoveCampaign(ctx, in.who(), in.Campaign, in.Revision))
		})
	for _, way := range []struct {
		word   string
		paused bool
	}{{"pause", true}, {"resume", false}} {
		huma.Register(s.api, s.operation(http.MethodPost, "/v1/campaigns/{id}/"+way.word, way.word+"-campaign", "Make a campaign "+way.word),
			func(ctx context.Context, in *struct {
				By
				CampaignID
			}) (*reply[paspeaker.SavedCampaign], error) {
				return answer(s.ctl.PauseCampaign(ctx, in.who(), in.Campaign, way.paused))
			})
	}
}
