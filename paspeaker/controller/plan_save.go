package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
)

// judgeAhead is how far ahead the guard is asked when a campaign is saved.
const judgeAhead = 31 * 24 * time.Hour

// PutCampaign stores a campaign: a new one with revision 0, else in place of
// exactly that revision. It is refused when the guard refuses any of its runs in
// the next month; with force, only when the guard refuses all of them.
func (c *Controller) PutCampaign(ctx context.Context, by paspeaker.Caller, v paspeaker.Campaign, force bool) (paspeaker.SavedCampaign, error) {
	var out paspeaker.SavedCampaign
	now := c.now()
	v = normal(v)
	old, had := c.campaigns.get(v.ID)
	v.Created = now
	if had && v.Revision != 0 {
		v.Created = old.Created
	}
	v.Changed, v.By = now, by.By
	e, err := c.campaigns.check(v)
	if err != nil {
		return out, err
	}
	if !v.Paused {
		if out.Counts, out.Refused, err = c.judgeCampaign(e, now, force); err != nil {
			return out, err
		}
	}
	if v, err = c.campaigns.store.Put(ctx, v); err != nil {
		return out, err
	}
	what := "added"
	if had && v.Created.Equal(old.Created) {
		what = "changed"
	}
	if had && v.Paused != old.Paused {
		what = map[bool]string{true: "paused", false: "resumed"}[v.Paused]
	}
	c.campaigns.take(v.ID, &v)
	c.record(paspeaker.Entry{What: "campaign", Outcome: what, Name: v.Title(), By: by.By, From: by.From, Zones: v.Zones, Campaign: v.ID,
		Detail: fmt.Sprintf("revision %d", v.Revision)})
	out.CampaignInfo, _ = c.Campaign(v.ID)
	return out, nil
}

// normal makes what people read NFC, so that the same words are the same bytes.
func normal(v paspeaker.Campaign) paspeaker.Campaign {
	v.Name, v.Notes = norm.NFC.String(strings.TrimSpace(v.Name)), norm.NFC.String(v.Notes)
	list := make([]paspeaker.CampaignMessage, len(v.Messages))
	for i, m := range v.Messages {
		list[i] = paspeaker.CampaignMessage{Name: norm.NFC.String(m.Name), Weight: m.Weight}
	}
	v.Messages = list
	return v
}

// check reads a campaign; the error says everything that is wrong with it.
func (p *plan) check(v paspeaker.Campaign) (*schedule.Entrant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, faults := p.entrant(v)
	if len(faults) == 0 {
		return e, nil
	}
	lines := make([]string, len(faults))
	for i, f := range faults {
		lines[i] = f.String()
	}
	return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "campaign " + v.ID + ": " + strings.Join(lines, "\n")}
}

// judgeCampaign asks the guard about a campaign's next month.
func (c *Controller) judgeCampaign(e *schedule.Entrant, now time.Time, force bool) (paspeaker.PlanCounts, []string, error) {
	v := e.Campaign()
	from := now
	if first, ok := e.Next(now); ok && time.Unix(first.At, 0).After(now.Add(judgeAhead)) {
		from = time.Unix(first.At-1, 0) // it begins later: its first month
	}
	guard, book := c.campaigns.guard.snapshot()
	// Of ten thousand campaigns only those matter that the guard weighs with it.
	all := replaced(slices.DeleteFunc(c.campaigns.entrants(), func(o *schedule.Entrant) bool { return !guard.Related(e.Zones, o.Zones) }), e)
	if from != now {
		book = nil
	}
	p := schedule.MakePlan(c.site.Load().Ground(), guard, all, paspeaker.PlanQuery{From: from, To: from.Add(judgeAhead), Campaign: v.ID}, book)
	var refused []string
	for _, o := range p.Occurrences {
		if o.Refused != nil && len(refused) < 5 {
			refused = append(refused, o.At.Format("2006-01-02 15:04")+" "+o.Refused.String())
		}
	}
	if p.Counts.Refused == 0 || force && p.Counts.Planned > 0 {
		return p.Counts, refused, nil
	}
	hint := "choose other times, or save it all the same with --force: what is refused is left out"
	if p.Counts.Planned == 0 {
		hint = "choose other times"
	}
	return p.Counts, refused, &paspeaker.Error{Code: paspeaker.CodeInvalid, Hint: hint,
		What: fmt.Sprintf("campaign %s: the guard refuses %d of %d runs in its first 31 days:\n  %s", v.ID, p.Counts.Refused,
			p.Counts.Refused+p.Counts.Planned, strings.Join(refused, "\n  "))}
}

// replaced returns the entrants with one in place of what it was.
func replaced(all []*schedule.Entrant, drafts ...*schedule.Entrant) []*schedule.Entrant {
	new := make(map[string]*schedule.Entrant, len(drafts))
	for _, e := range drafts {
		new[e.Campaign().ID] = e
	}
	out := make([]*schedule.Entrant, 0, len(all)+len(drafts))
	for _, e := range all {
		if d := new[e.Campaign().ID]; d != nil {
			e = d
			delete(new, d.Campaign().ID)
		}
		out = append(out, e)
	}
	for _, e := range drafts {
		if new[e.Campaign().ID] != nil {
			out = append(out, e)
		}
	}
	return out
}

// RemoveCampaign takes a campaign out of the plan; revision 0 is whatever it is
// now.
func (c *Controller) RemoveCampaign(ctx context.Context, by paspeaker.Caller, id string, revision uint64) error {
	v, ok := c.campaigns.get(id)
	if !ok {
		return c.noCampaign(id)
	}
	if revision == 0 {
		revision = v.Revision
	}
	if err := c.campaigns.store.Remove(ctx, id, revision); err != nil {
		return err
	}
	c.campaigns.take(id, nil)
	c.record(paspeaker.Entry{What: "campaign", Outcome: "removed", Name: v.Title(), By: by.By, From: by.From, Zones: v.Zones, Campaign: id})
	return nil
}

// PauseCampaign pauses a campaign, or resumes it. What it would have played
// meanwhile is not missed.
func (c *Controller) PauseCampaign(ctx context.Context, by paspeaker.Caller, id string, paused bool) (paspeaker.SavedCampaign, error) {
	v, ok := c.campaigns.get(id)
	if !ok {
		return paspeaker.SavedCampaign{}, c.noCampaign(id)
	}
	if v.Paused == paused {
		info, err := c.Campaign(id)
		return paspeaker.SavedCampaign{CampaignInfo: info}, err
	}
	v.Paused = paused
	return c.PutCampaign(ctx, by, v, true)
}
