package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/schedule"
	"pa/paspeaker/site"
)

// get returns a campaign as it is stored.
func (p *plan) get(id string) (paspeaker.Campaign, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	n, ok := p.all[id]
	if !ok {
		return paspeaker.Campaign{}, false
	}
	return n.campaign, true
}

// noCampaign says that there is no such campaign, and which was meant.
func (c *Controller) noCampaign(id string) error {
	e := &paspeaker.Error{Code: paspeaker.CodeNotFound, What: fmt.Sprintf("campaign %q: there is none", id), Hint: "`paspeaker campaign list` shows them"}
	p := c.campaigns
	p.mu.RLock()
	defer p.mu.RUnlock()
	var names []string
	for id := range p.all {
		names = append(names, id)
	}
	slices.Sort(names)
	if near, ok := site.Suggest(id, names); ok {
		e.Hint = "did you mean " + near + "?"
	}
	return e
}

// Campaigns returns every campaign and how it stands, by id.
func (c *Controller) Campaigns() []paspeaker.CampaignInfo {
	p := c.campaigns
	p.mu.RLock()
	out := make([]paspeaker.CampaignInfo, 0, len(p.all))
	for _, n := range p.all {
		out = append(out, c.info(n))
	}
	p.mu.RUnlock()
	slices.SortFunc(out, func(a, b paspeaker.CampaignInfo) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// info says how a campaign stands.
func (c *Controller) info(n *plannedCampaign) paspeaker.CampaignInfo {
	out := paspeaker.CampaignInfo{Campaign: n.campaign, State: "active", Fault: n.fault, Last: c.campaigns.days.lastOf(n.campaign.ID)}
	switch {
	case n.entrant == nil:
		out.State = "faulty"
	case n.campaign.Paused:
		out.State = "paused"
	default:
		if r, ok := c.campaigns.sched.next(n.campaign.ID); ok {
			o := n.entrant.Occurrence(r)
			out.Next = &o
		} else if n.entrant.Over(c.cfg.Now()) {
			out.State = "over"
		}
	}
	return out
}

// Campaign returns one campaign and how it stands.
func (c *Controller) Campaign(id string) (paspeaker.CampaignInfo, error) {
	p := c.campaigns
	p.mu.RLock()
	n, ok := p.all[id]
	p.mu.RUnlock()
	if !ok {
		return paspeaker.CampaignInfo{}, c.noCampaign(id)
	}
	return c.info(n), nil
}

// CheckCampaigns says what is wrong with campaigns, at this site.
func (c *Controller) CheckCampaigns(list []paspeaker.Campaign) []paspeaker.CampaignCheck {
	p := c.campaigns
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]paspeaker.CampaignCheck, len(list))
	for i, v := range list {
		_, faults := p.entrant(normal(v))
		out[i] = paspeaker.CampaignCheck{ID: v.ID, Faults: faults}
	}
	return out
}

// longestPlan is the longest span that a plan is made for.
const longestPlan = 400 * 24 * time.Hour

// Plan works out what sounds in a span of time, and what drafts would change.
func (c *Controller) Plan(q paspeaker.PlanQuery) (paspeaker.Plan, error) {
	now := c.now()
	if q.From.IsZero() {
		q.From = now
	}
	if q.To.IsZero() {
		q.To = q.From.AddDate(0, 0, 7)
	}
	st := c.site.Load()
	if d := q.To.Sub(q.From); d < 0 || d > longestPlan {
		return paspeaker.Plan{}, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "a plan of " + d.String(), Hint: "ask for 400 days at most, from the earlier to the later"}
	}
	if _, ok := st.Zone(q.Zone); q.Zone != "" && !ok {
		_, err := st.Resolve([]paspeaker.ZoneID{q.Zone}, nil)
		return paspeaker.Plan{}, err
	}
	all := c.campaigns.entrants()
	guard, book := c.campaigns.guard.snapshot()
	if day := st.Ground().Today(now); st.Ground().Today(q.From) != day || q.From.Before(now) {
		book = nil
	}
	if len(q.Drafts)+len(q.Drop) == 0 {
		return schedule.MakePlan(st.Ground(), guard, all, q, book), nil
	}
	after := slices.DeleteFunc(slices.Clone(all), func(e *schedule.Entrant) bool { return slices.Contains(q.Drop, e.Campaign().ID) })
	var drafts []*schedule.Entrant
	for _, v := range q.Drafts {
		old, had := c.campaigns.get(v.ID)
		if v = normal(v); had {
			v.Created = old.Created
		} else {
			v.Created = now
		}
		e, err := c.campaigns.check(v)
		if err != nil {
			return paspeaker.Plan{}, err
		}
		if v.Paused {
			after = slices.DeleteFunc(after, func(e *schedule.Entrant) bool { return e.Campaign().ID == v.ID })
			continue
		}
		drafts = append(drafts, e)
	}
	return schedule.Compare(st.Ground(), guard, all, replaced(after, drafts...), q, book), nil
}

// Today returns a day's plan and what became of it; "" is the day that it is.
func (c *Controller) Today(ctx context.Context, day string) (paspeaker.Today, error) {
	now := c.now()
	ground := c.site.Load().Ground()
	d := ground.Today(now)
	if day != "" {
		var err error
		if d, err = paspeaker.ParseDate(day); err != nil {
			return paspeaker.Today{}, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: err.Error()}
		}
	}
	from, to := ground.Moment(paspeaker.Wall{Day: d}), ground.Moment(paspeaker.Wall{Day: d + 1})
	became, err := c.becameOn(ctx, from, to, now)
	if err != nil {
		return paspeaker.Today{}, err
	}
	guard, _ := c.campaigns.guard.snapshot()
	p := schedule.MakePlan(ground, guard, c.campaigns.entrants(), paspeaker.PlanQuery{From: from, To: to, Limit: 100_000}, nil)
	out := paspeaker.Today{Day: d.String(), Now: now, Calendars: ground.Calendars().Of(d), Lunar: schedule.LunarOf(d).String(), Occurrences: []paspeaker.Occurrence{}}
	seen := make(map[string]bool, len(p.Occurrences))
	for _, o := range p.Occurrences {
		seen[o.ID] = true
		if o, show := c.outcome(o, became, now); show {
			out.Occurrences = append(out.Occurrences, o)
		}
	}
	out.Occurrences = append(out.Occurrences, c.formerly(from, to, seen, became)...)
	slices.SortStableFunc(out.Occurrences, func(a, b paspeaker.Occurrence) int { return a.At.Compare(b.At) })
	count(&out)
	return out, nil
}

// outcome adds to a planned run what became of it; show is false for one that
// was not planned when it was due.
func (c *Controller) outcome(o paspeaker.Occurrence, became func(string) (paspeaker.Occurrence, bool), now time.Time) (paspeaker.Occurrence, bool) {
	if b, ok := became(o.ID); ok {
		o.State, o.Session, o.Started, o.Ended, o.Outcome, o.Detail = b.State, b.Session, b.Started, b.Ended, b.Outcome, b.Detail
		o.Refused, o.Message, o.Removed = nil, cmp.Or(b.Message, o.Message), ""
		return o, true
	}
	if o.State == paspeaker.OccurrenceRemoved || !o.At.Before(now.Add(-punctual)) {
		return o, true
	}
	v, _ := c.campaigns.get(o.Campaign)
	if o.At.Before(v.Changed) {
		return o, false // it was another campaign then
	}
	if now.Sub(o.At) <= time.Duration(v.MissedWithin) {
		return o, true // it may still play
	}
	o.State, o.Detail = paspeaker.OccurrenceMissed, "nobody was there to play it"
	return o, true
}

// formerly returns runs of the day that are in the plan no more: the campaign
// was changed or removed since.
func (c *Controller) formerly(from, to time.Time, seen map[string]bool, became func(string) (paspeaker.Occurrence, bool)) []paspeaker.Occurrence {
	var out []paspeaker.Occurrence
	ground := c.site.Load().Ground()
	for _, id := range c.campaigns.days.ids() {
		if seen[id] {
			continue
		}
		campaign, due, err := paspeaker.ParseOccurrenceID(id)
		if err != nil {
			continue
		}
		at := ground.Moment(due)
		if o, ok := became(id); ok && !at.Before(from) && at.Before(to) {
			o.ID, o.Campaign, o.Name, o.At = id, campaign, campaign, at
			if v, there := c.campaigns.get(campaign); there {
				o.Name, o.Zones, o.Speakers = v.Title(), v.Zones, v.Speakers
			}
			out = append(out, o)
		}
	}
	return out
}

// becameOn returns what tells what became of a day's runs: what is at hand, or,
// for a day of long ago, what the journal has.
func (c *Controller) becameOn(ctx context.Context, from, to, now time.Time) (func(string) (paspeaker.Occurrence, bool), error) {
	if now.Sub(from) < keepFor || from.After(now) {
		return c.campaigns.days.get, nil
	}
	entries, err := c.journal.Query(ctx, paspeaker.JournalQuery{Since: from, Until: to.Add(lookBack), Planned: true, Limit: 100_000})
	if err != nil {
		return nil, err
	}
	old := make(map[string]paspeaker.Occurrence)
	for _, f := range paspeaker.Fates(entries) {
		if f.Occurrence != "" {
			old[f.Occurrence] = occurrenceOf(f)
		}
	}
	return func(id string) (paspeaker.Occurrence, bool) { o, ok := old[id]; return o, ok }, nil
}

// count counts a day's runs by what became of them; what calendars removed is
// counted and left out.
func count(t *paspeaker.Today) {
	t.Occurrences = slices.DeleteFunc(t.Occurrences, func(o paspeaker.Occurrence) bool {
		if o.State == paspeaker.OccurrenceRemoved {
			t.Counts.Removed++
		}
		return o.State == paspeaker.OccurrenceRemoved
	})
	for _, o := range t.Occurrences {
		switch o.State {
		case paspeaker.OccurrencePlayed:
			t.Counts.Played++
		case paspeaker.OccurrenceShortened:
			t.Counts.Shortened++
		case paspeaker.OccurrenceRefused:
			t.Counts.Refused++
		case paspeaker.OccurrenceMissed:
			t.Counts.Missed++
		case paspeaker.OccurrencePlaying:
			t.Counts.Playing++
		default:
			t.Counts.Upcoming++
		}
	}
}

// Calendars returns the site's calendars with their days of a year.
func (c *Controller) Calendars(year int) []paspeaker.CalendarInfo {
	cals := c.site.Load().Ground().Calendars()
	if year == 0 {
		year = c.now().Year()
	}
	out := []paspeaker.CalendarInfo{}
	for _, name := range cals.Names() {
		info := paspeaker.CalendarInfo{ID: name, Name: cals.Title(name), Days: []string{}}
		for d := paspeaker.MakeDate(year, time.January, 1); d.Year() == year; d++ {
			if cals.Has(name, d) {
				info.Days = append(info.Days, d.String())
			}
		}
		out = append(out, info)
	}
	return out
}
