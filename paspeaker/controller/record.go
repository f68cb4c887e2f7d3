package controller

import (
	"context"
	"slices"
	"strings"
	"time"

	"pa/paspeaker"
)

// record appends to the journal; it never waits.
func (c *Controller) record(e paspeaker.Entry) {
	if e.Time.IsZero() {
		e.Time = c.cfg.Now()
	}
	if c.journal != nil {
		c.journal.Append(e)
	}
}

// entryOf returns an entry about a session that says what all its entries say.
func entryOf(s *session, what string) paspeaker.Entry {
	return paspeaker.Entry{What: what, Session: s.ID, Name: s.Name, Kind: s.Kind, By: s.By, Priority: s.Level, Drill: s.Drill,
		Zones: s.Zones, Campaign: s.Campaign, Occurrence: s.Occurrence, Message: s.Message}
}

// recordAsked says who asked what, from where. Loop only.
func (c *Controller) recordAsked(now time.Time, s *session) {
	e := entryOf(s, "asked")
	e.Time, e.From, e.Speakers, e.Detail = now, s.From, s.Speakers, string(s.Routing)
	c.record(e)
}

// recordRuling says what was decided. Loop only.
func (c *Controller) recordRuling(s *session, r paspeaker.Ruling) {
	var detail []string
	if r.Reason != "" {
		detail = append(detail, r.Reason)
	}
	if r.By != 0 {
		detail = append(detail, "because of "+r.By.String())
	}
	if r.Restart {
		detail = append(detail, "from its start")
	}
	e := entryOf(s, string(r.Kind))
	e.Session, e.Speakers, e.Outcome, e.Detail = r.Session, r.Full, r.Outcome, strings.Join(detail, "; ")
	c.record(e)
}

// Journal returns the entries that q selects, oldest first, in the site's time
// zone.
func (c *Controller) Journal(ctx context.Context, q paspeaker.JournalQuery) ([]paspeaker.Entry, error) {
	entries, err := c.journal.Query(ctx, c.around(q))
	for i, e := range entries {
		entries[i].Time = e.Time.In(c.site.Load().Location)
	}
	return entries, err
}

// FollowJournal calls f for the entries that q selects as they are written; see
// bus.Journal.Follow.
func (c *Controller) FollowJournal(ctx context.Context, q paspeaker.JournalQuery, f func(paspeaker.Entry) error) error {
	return c.journal.Follow(ctx, c.around(q), func(e paspeaker.Entry) error {
		e.Time = e.Time.In(c.site.Load().Location)
		return f(e)
	})
}

// around adds to a query's zones those that they lie in and those that lie in
// them: who asks about a gate also wants to know of the all-call.
func (c *Controller) around(q paspeaker.JournalQuery) paspeaker.JournalQuery {
	site := c.site.Load()
	within := func(a, b []paspeaker.SpeakerID) bool {
		return !slices.ContainsFunc(a, func(id paspeaker.SpeakerID) bool { return !slices.Contains(b, id) })
	}
	zones := slices.Clone(q.Zones)
	for _, id := range q.Zones {
		asked, ok := site.Zone(id)
		if !ok {
			continue // one of former times
		}
		for _, z := range site.Zones {
			if !slices.Contains(zones, z.ID) && len(z.Members) > 0 && len(asked.Members) > 0 &&
				(within(asked.Members, z.Members) || within(z.Members, asked.Members)) {
				zones = append(zones, z.ID)
			}
		}
	}
	q.Zones = zones
	return q
}
