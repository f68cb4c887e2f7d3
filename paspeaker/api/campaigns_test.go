package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/api"
	"pa/paspeaker/api/body"
)

// plans is the part of fake that keeps campaigns.
type plans struct {
	put     paspeaker.Campaign
	force   bool
	removed string
	at      uint64
	paused  map[string]bool
	query   paspeaker.PlanQuery
	day     string
	year    int
}

func (f *fake) Campaigns() []paspeaker.CampaignInfo {
	return []paspeaker.CampaignInfo{{Campaign: paspeaker.Campaign{ID: "slogans", Revision: 7}, State: "active"}}
}

func (f *fake) Campaign(id string) (paspeaker.CampaignInfo, error) {
	return paspeaker.CampaignInfo{Campaign: paspeaker.Campaign{ID: id, Name: "Khẩu hiệu"}, State: "paused"}, f.fail
}

func (f *fake) PutCampaign(_ context.Context, by paspeaker.Caller, v paspeaker.Campaign, force bool) (paspeaker.SavedCampaign, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by, f.plans.put, f.plans.force = by, v, force
	v.Revision++
	return paspeaker.SavedCampaign{CampaignInfo: paspeaker.CampaignInfo{Campaign: v}, Counts: paspeaker.PlanCounts{Planned: 5}}, f.fail
}

func (f *fake) RemoveCampaign(_ context.Context, by paspeaker.Caller, id string, revision uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by, f.plans.removed, f.plans.at = by, id, revision
	return f.fail
}

func (f *fake) PauseCampaign(_ context.Context, by paspeaker.Caller, id string, paused bool) (paspeaker.SavedCampaign, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by, f.plans.paused = by, map[string]bool{id: paused}
	return paspeaker.SavedCampaign{}, f.fail
}

func (f *fake) CheckCampaigns(list []paspeaker.Campaign) (out []paspeaker.CampaignCheck) {
	for _, v := range list {
		out = append(out, paspeaker.CampaignCheck{ID: v.ID, Faults: []paspeaker.PlanFault{{Path: "rules", What: "there are none"}}})
	}
	return out
}

func (f *fake) Plan(q paspeaker.PlanQuery) (paspeaker.Plan, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans.query = q
	return paspeaker.Plan{From: q.From, To: q.To, Counts: paspeaker.PlanCounts{Refused: 1}}, f.fail
}

func (f *fake) Today(_ context.Context, day string) (paspeaker.Today, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans.day = day
	return paspeaker.Today{Day: day, Counts: paspeaker.TodayCounts{Played: 3}}, f.fail
}

func (f *fake) Calendars(year int) []paspeaker.CalendarInfo {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans.year = year
	return []paspeaker.CalendarInfo{{ID: "tet", Days: []string{"2026-02-17"}}}
}

// call asks the API as any client may, and reads the answer; it returns the
// status.
func call[T any](t *testing.T, p *park, method, path string, in any) (out T, status int) {
	t.Helper()
	text, err := json.Marshal(in)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, p.url+path, bytes.NewReader(text))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-PA-By", "Anh%20Minh")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	if resp.StatusCode < 300 {
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
	}
	return out, resp.StatusCode
}

func TestCampaignsOverTheAPI(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	v := paspeaker.Campaign{ID: "slogans", Name: "Khẩu hiệu", Revision: 3, Messages: []paspeaker.CampaignMessage{{Name: "slogan-1", Weight: 2}},
		Zones: []paspeaker.ZoneID{"gates"}, Rules: []paspeaker.Rule{{Every: paspeaker.Duration(30 * time.Minute), From: "06:00", To: "18:00"}}, Keep: []string{"working-days"}}
	saved, status := call[paspeaker.SavedCampaign](t, p, "PUT", "/v1/campaigns/slogans?force=true", v)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, uint64(4), saved.Revision)
	assert.Equal(t, 5, saved.Counts.Planned)
	assert.Equal(t, v, p.plans.put)
	assert.True(t, p.plans.force)
	assert.Equal(t, "Anh Minh", p.by.By)

	all, _ := call[[]paspeaker.CampaignInfo](t, p, "GET", "/v1/campaigns", nil)
	assert.Equal(t, "active", all[0].State)
	one, _ := call[paspeaker.CampaignInfo](t, p, "GET", "/v1/campaigns/slogans", nil)
	assert.Equal(t, "Khẩu hiệu", one.Name)
	call[paspeaker.SavedCampaign](t, p, "POST", "/v1/campaigns/slogans/pause", struct{}{})
	assert.Equal(t, map[string]bool{"slogans": true}, p.plans.paused)
	call[paspeaker.SavedCampaign](t, p, "POST", "/v1/campaigns/slogans/resume", struct{}{})
	assert.Equal(t, map[string]bool{"slogans": false}, p.plans.paused)
	gone, _ := call[body.Removed](t, p, "DELETE", "/v1/campaigns/slogans?revision=9", nil)
	assert.Equal(t, "slogans", gone.Removed)
	assert.Equal(t, uint64(9), p.plans.at)
	checks, _ := call[[]paspeaker.CampaignCheck](t, p, "POST", "/v1/campaigns/check", []paspeaker.Campaign{v})
	assert.Equal(t, "rules: there are none", checks[0].Faults[0].String())

	q := paspeaker.PlanQuery{From: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Zone: "gates", Drafts: []paspeaker.Campaign{v}, Drop: []string{"old"}}
	plan, status := call[paspeaker.Plan](t, p, "POST", "/v1/plan", q)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, q, p.plans.query)
	assert.Equal(t, 1, plan.Counts.Refused)
	today, _ := call[paspeaker.Today](t, p, "GET", "/v1/today?day=2026-11-24", nil)
	assert.Equal(t, 3, today.Counts.Played)
	cals, _ := call[[]paspeaker.CalendarInfo](t, p, "GET", "/v1/calendars?year=2026", nil)
	assert.Equal(t, 2026, p.plans.year)
	assert.Equal(t, "tet", cals[0].ID)

	_, status = call[paspeaker.SavedCampaign](t, p, "PUT", "/v1/campaigns/other", v)
	assert.Equal(t, http.StatusUnprocessableEntity, status, "a campaign keeps the id of its path")
	p.fail = &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "guard: hours", Hint: "later"}
	_, status = call[paspeaker.SavedCampaign](t, p, "PUT", "/v1/campaigns/slogans", v)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
}
