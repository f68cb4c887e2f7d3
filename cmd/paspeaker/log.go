package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pa/paspeaker"
	"pa/paspeaker/api/client"
)

// logOptions are the flags of `paspeaker log`.
type logOptions struct {
	since, until, session, zone, by, campaign string
	what                                      []string
	limit                                     int
	before                                    uint64
	follow, verify                            bool
}

func newLogCommand(g *globals) *cobra.Command {
	var o logOptions
	cmd := &cobra.Command{Use: "log", Short: "Show the journal: who, what, where, rulings, outcome, verdicts", Args: noArgs,
		Long: `Show the journal, the newest entries last. Times are the site's. --follow goes
on with each entry as it is written, over restarts of the controller, until
Ctrl-C. With --json it is a list; while following, one object a line.

Every announcement has entries: asked, play, pause, end, and a verdict with a
line for each loudspeaker. --session shows all of one.`,
		Example: `  paspeaker log --since 2h --zone gates
  paspeaker log --since 2026-11-24 --until 2026-11-25 --what asked,refuse
  paspeaker log --session 4df2059dbcfc0500
  paspeaker log --by "Anh Minh" --limit 50
  paspeaker log --before 120345
  paspeaker log --since 2026-11-01 --limit 10000 --verify
  paspeaker log --follow --json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.log(cmd.Context(), o) }}
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "a time (2026-11-24T08:00, 2026-11-24, 08:00) or how long ago (2h, 7d); 24h unless --session, --before or --until is given")
	f.StringVar(&o.until, "until", "", "before this time, in the same forms")
	f.StringVar(&o.zone, "zone", "", "asked for in this zone, around or within it")
	f.StringVar(&o.by, "by", "", "asked by")
	f.StringVar(&o.session, "session", "", "of this announcement")
	f.StringVar(&o.campaign, "campaign", "", "of this campaign")
	f.StringSliceVar(&o.what, "what", nil, "only these: asked, play, pause, end, refuse, missed, verdict, fault, recording, …")
	f.IntVar(&o.limit, "limit", 200, "the newest so many")
	f.Uint64Var(&o.before, "before", 0, "only entries with a number below this: the page before")
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with each entry as it is written")
	f.BoolVar(&o.verify, "verify", false, "check the signatures of the receipts in these entries, and the verdicts against them; 1 when one is wrong")
	_ = cmd.RegisterFlagCompletionFunc("zone", zoneNames(g))
	_ = cmd.RegisterFlagCompletionFunc("session", completeSessions(g))
	return cmd
}

func (g *globals) log(ctx context.Context, o logOptions) error {
	if err := o.check(); err != nil { // before anybody is asked
		return err
	}
	c, err := g.client()
	if err != nil {
		return err
	}
	defer c.Close()
	q, err := o.query(ctx, c)
	if err != nil {
		return err
	}
	if o.follow {
		return g.followLog(ctx, c, q)
	}
	if o.verify {
		return g.verifyLog(ctx, c, q)
	}
	entries, err := c.Log(ctx, q)
	if err != nil {
		return err
	}
	if g.json {
		return encode(g.out, entries)
	}
	l := g.language()
	t := newTable(g.out, l.trs("no.", "time", "what", "session", "name", "by", "where", "outcome", "detail")...)
	for _, e := range entries {
		t.row(append([]string{fmt.Sprint(e.Seq)}, logCells(l, e)...)...)
	}
	t.print()
	if len(entries) == o.limit {
		fmt.Fprintln(g.errOut, l.trf("older entries: --before %d", entries[0].Seq))
	}
	return nil
}

// check finds what is mistyped.
func (o logOptions) check() error {
	if o.limit < 1 || o.limit > 10_000 {
		return usageError{fmt.Errorf("--limit %d: want 1 to 10000", o.limit)}
	}
	for _, f := range [][2]string{{"--since", o.since}, {"--until", o.until}} {
		if _, err := parseWhen(f[1], time.Unix(0, 0)); err != nil {
			return usageError{fmt.Errorf("%s %w", f[0], err)}
		}
	}
	if o.follow && o.verify {
		return usageError{errors.New("--follow and --verify: one of them")}
	}
	if _, err := paspeaker.ParseSessionID(o.session); o.session != "" && err != nil {
		return usageError{err}
	}
	return nil
}

// query translates the flags. Dates and times of day are the site's own, so
// the controller is asked which time it lives by, when that matters.
func (o logOptions) query(ctx context.Context, c *client.Client) (q paspeaker.JournalQuery, err error) {
	q = paspeaker.JournalQuery{By: o.by, Campaign: o.campaign, What: o.what, Limit: o.limit, Before: o.before}
	if o.zone != "" {
		q.Zones = []paspeaker.ZoneID{paspeaker.ZoneID(o.zone)}
	}
	if o.session != "" {
		if q.Session, err = paspeaker.ParseSessionID(o.session); err != nil {
			return q, usageError{err}
		}
	}
	if o.since == "" && o.session == "" && o.before == 0 && o.until == "" && !o.follow {
		o.since = "24h"
	}
	place := time.Local
	if saysDay(o.since) || saysDay(o.until) {
		if place, err = siteTime(ctx, c); err != nil {
			return q, err
		}
	}
	now := time.Now().In(place)
	if q.Since, err = parseWhen(o.since, now); err != nil {
		return q, usageError{fmt.Errorf("--since %w", err)}
	}
	if q.Until, err = parseWhen(o.until, now); err != nil {
		return q, usageError{fmt.Errorf("--until %w", err)}
	}
	return q, nil
}

// siteTime returns the time zone that the site lives by.
func siteTime(ctx context.Context, c *client.Client) (*time.Location, error) {
	st, err := c.Status(ctx)
	if err != nil {
		return nil, err
	}
	place, err := time.LoadLocation(st.Zone)
	if err != nil {
		return nil, fmt.Errorf("the site's time zone: %w", err)
	}
	return place, nil
}

// saysDay says whether a time depends on where it is meant.
func saysDay(s string) bool {
	_, err := parseWhen(s, time.Unix(0, 0))
	_, long := agoOf(s)
	_, rfc := time.Parse(time.RFC3339, s)
	return s != "" && err == nil && !long && rfc != nil
}

// whenForms are the forms of a time in the zone of now.
var whenForms = []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05"}

// parseWhen reads a time: absolute, a date, a time of today, or how long ago.
func parseWhen(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, form := range whenForms {
		if t, err := time.ParseInLocation(form, s, now.Location()); err == nil {
			return t, nil
		}
	}
	for _, form := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(form, s); err == nil {
			return time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, now.Location()), nil
		}
	}
	switch s {
	case "today":
		return midnight(now, 0), nil
	case "yesterday":
		return midnight(now, -1), nil
	}
	if d, ok := agoOf(s); ok {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%q: want a time like 2026-11-24T08:00, 2026-11-24 or 08:00, or how long ago like 2h or 7d", s)
}

// agoOf reads how long ago: 90s, 2h, 7d.
func agoOf(s string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(days+" ", "%d ", &n); err != nil || n < 0 || n > 3660 || fmt.Sprint(n) != days {
			return 0, false
		}
		return time.Duration(n) * 24 * time.Hour, true
	}
	d, err := paspeaker.ParseDuration(s)
	return d, err == nil
}

// midnight returns the beginning of a day, days after now's.
func midnight(now time.Time, days int) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day()+days, 0, 0, 0, 0, now.Location())
}

// retryFollow is how long a follower waits for a controller that went away.
const retryFollow = 2 * time.Second

// followLog prints entries as they are written until ctx ends. An interruption
// is said once; nothing is missed in it.
func (g *globals) followLog(ctx context.Context, c *client.Client, q paspeaker.JournalQuery) error {
	l, enc, seen, away := g.language(), json.NewEncoder(g.out), false, false
	enc.SetEscapeHTML(false)
	for {
		err := c.FollowLog(ctx, q, func(e paspeaker.Entry) {
			q.After, seen, away = e.Seq, true, false
			if g.json {
				_ = enc.Encode(e) // a reader that went away ends the command by SIGPIPE
				return
			}
			fmt.Fprintln(g.out, logLine(l, e))
		})
		switch code := paspeaker.CodeOf(err); {
		case err == nil:
			return nil
		case code != paspeaker.CodeUnavailable, !seen && !away && q.After == 0 && ctx.Err() == nil && g.unreached(ctx, c):
			return err
		}
		if !away {
			fmt.Fprintln(g.errOut, l.tr("the controller does not answer; waiting for it"))
			away = true
		}
		if pause(ctx, retryFollow) != nil {
			return nil
		}
	}
}

// unreached says whether the controller does not answer at all: who follows
// from the start is told at once.
func (g *globals) unreached(ctx context.Context, c *client.Client) bool { return c.Health(ctx) != nil }

// logLine is an entry as one line.
func logLine(l language, e paspeaker.Entry) string {
	cells := logCells(l, e)
	line := cells[0] + "  " + cells[1]
	for i, c := range cells[2:] {
		if c == "" {
			continue
		}
		if i == 2 { // by
			c = l.tr("by") + " " + c
		}
		line += "  " + c
	}
	return line
}

// logCells are an entry's cells: time, what, session, name, by, where, outcome,
// detail.
func logCells(l language, e paspeaker.Entry) []string {
	var where []string
	for _, z := range e.Zones {
		where = append(where, string(z))
	}
	if len(where) == 0 {
		for _, sp := range e.Speakers {
			where = append(where, string(sp))
		}
	}
	id := ""
	if e.Session != 0 {
		id = e.Session.String()
	}
	name := e.Name
	if e.Drill && !strings.HasPrefix(name, "DRILL") {
		name = "DRILL · " + name
	}
	return []string{e.Time.Format("01-02 15:04:05.000"), l.tr(e.What), id, name, e.By, strings.Join(where, ","), l.tr(e.Outcome), l.say(e.Detail)}
}
