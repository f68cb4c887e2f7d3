package controller

import (
	"context"
	"fmt"
	"time"

	"pa/paspeaker"
	"pa/paspeaker/report"
)

const (
	// faultsBack is how far before a day open faults are looked for.
	faultsBack = 30 * 24 * time.Hour
	// endsAfter is how long after a day the ends of its announcements are looked
	// for, with their verdicts.
	endsAfter = 2 * time.Hour
	// dayPage is how many entries are read at once, and mostOfDay how many of a
	// day are read at all.
	dayPage   = 10_000
	mostOfDay = 500_000
)

// Report returns the report of a day of the site, "2026-11-24".
func (c *Controller) Report(ctx context.Context, day string) (report.Report, error) {
	site := c.site.Load()
	from, err := time.ParseInLocation(time.DateOnly, day, site.Location)
	if err != nil {
		return report.Report{}, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: fmt.Sprintf("day %q: not a date", day), Hint: "write it like 2026-11-24"}
	}
	to := time.Date(from.Year(), from.Month(), from.Day()+1, 0, 0, 0, 0, site.Location)
	now := c.cfg.Now().In(site.Location)
	if from.After(now) {
		return report.Report{}, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "day " + day + " has not come yet", Hint: "`paspeaker campaign preview` shows what will be"}
	}
	before, err := c.readDay(ctx, paspeaker.JournalQuery{Since: from.Add(-faultsBack), Until: from, What: []string{paspeaker.WhatFault, paspeaker.WhatStart}})
	if err != nil {
		return report.Report{}, err
	}
	entries, err := c.readDay(ctx, paspeaker.JournalQuery{Since: from, Until: to.Add(endsAfter)})
	if err != nil {
		return report.Report{}, err
	}
	return report.Build(report.Input{Site: site.Name, From: from, To: to, Now: now, Zones: site.Zones, Speakers: site.Speakers,
		Before: before, Entries: entries}), nil
}

// readDay reads all that q selects, page by page from the newest on.
func (c *Controller) readDay(ctx context.Context, q paspeaker.JournalQuery) ([]paspeaker.Entry, error) {
	q.Limit = dayPage
	var pages [][]paspeaker.Entry
	for n := 0; n < mostOfDay; n += dayPage {
		page, err := c.Journal(ctx, q)
		if err != nil {
			return nil, err
		}
		pages = append(pages, page)
		if len(page) < dayPage {
			break
		}
		q.Before = page[0].Seq
	}
	var out []paspeaker.Entry
	for i := len(pages) - 1; i >= 0; i-- {
		out = append(out, pages[i]...)
	}
	return out, nil
}
