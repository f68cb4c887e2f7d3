package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"pa/paspeaker"
	"pa/paspeaker/report"
)

// journalViews registers what reads the journal.
func (s *server) journalViews() {
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/log", "log", "Read the journal: who said what, where, and what came of it"),
		func(ctx context.Context, in *LogQuery) (*reply[[]paspeaker.Entry], error) {
			q, err := in.query()
			if err != nil {
				return nil, asProblem(err)
			}
			return list(s.ctl.Journal(ctx, q))
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/reports/{day}", "report", "The report of a day: what played, who spoke, what was broken, what each loudspeaker sounded"),
		func(ctx context.Context, in *struct {
			Day string `path:"day" maxLength:"10" doc:"a date of the site, 2026-11-24"`
		}) (*reply[report.Report], error) {
			return answer(s.ctl.Report(ctx, in.Day))
		})
	op := s.operation(http.MethodGet, "/v1/log/follow", "follow-log",
		"Follow the journal: the newest entries that are asked for, then each as it is written. Nothing is missed: after, or Last-Event-ID, goes on behind an entry")
	op.Responses["200"] = &huma.Response{Description: "the data of each event is the JSON of an Entry, its id the entry's seq",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[paspeaker.Entry](), true, "")}}}
	huma.Register(s.api, op, func(_ context.Context, in *struct {
		LogQuery
		Last string `header:"Last-Event-ID" maxLength:"20" doc:"as after; a browser sends it by itself"`
	}) (*huma.StreamResponse, error) {
		q, err := in.query()
		if err != nil {
			return nil, asProblem(err)
		}
		if n, err := strconv.ParseUint(in.Last, 10, 64); err == nil {
			q.After = n
		}
		if err := s.takeStream(); err != nil {
			return nil, asProblem(err)
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			defer func() { <-s.streams }()
			r, w := humago.Unwrap(c)
			s.followJournal(r.Context(), w, q)
		}}, nil
	})
}

// followJournal writes entries to w until ctx ends or the client takes no
// more.
func (s *server) followJournal(ctx context.Context, w http.ResponseWriter, q paspeaker.JournalQuery) {
	ctx, cancel := context.WithCancel(ctx)
	entries := make(chan paspeaker.Entry)
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := s.ctl.FollowJournal(ctx, q, func(e paspeaker.Entry) error {
			select {
			case entries <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil && ctx.Err() == nil {
			s.log.Debug("journal not followed", "err", err)
			cancel()
		}
	}()
	defer func() { cancel(); <-done }()
	pour(ctx, w, entries, (*eventWriter).entry)
}

// LogQuery is what requests to the journal may ask for. Huma reads it, so it is
// exported.
type LogQuery struct {
	Since  time.Time        `query:"since" doc:"entries from this time on, RFC 3339"`
	Until  time.Time        `query:"until" doc:"entries before this time, RFC 3339"`
	Zone   paspeaker.ZoneID `query:"zone" maxLength:"32" doc:"asked for in this zone, in one that it lies in, or in one that lies in it"`
	Person string           `query:"by" maxLength:"100"`
	Hex    string           `query:"session" maxLength:"16" doc:"an announcement's id, hexadecimal"`
	What   []string         `query:"what" maxItems:"20" doc:"only these kinds of entry, separated by commas: asked, play, verdict, fault, …"`
	Plan   string           `query:"campaign" maxLength:"100" doc:"about this campaign"`
	Due    bool             `query:"planned" doc:"about any campaign"`
	Before uint64           `query:"before" doc:"only entries with a number below this: the first entry's seq of a page gives the page before it"`
	After  uint64           `query:"after" doc:"only entries with a number above this"`
	Limit  int              `query:"limit" minimum:"0" maximum:"10000" doc:"the newest so many; 0 = 1000"`
}

func (j *LogQuery) query() (q paspeaker.JournalQuery, err error) {
	q = paspeaker.JournalQuery{Since: j.Since, Until: j.Until, By: j.Person, What: j.What, Campaign: j.Plan, Planned: j.Due,
		Before: j.Before, After: j.After, Limit: j.Limit}
	if j.Zone != "" {
		q.Zones = []paspeaker.ZoneID{j.Zone}
	}
	if j.Hex == "" {
		return q, nil
	}
	if q.Session, err = paspeaker.ParseSessionID(j.Hex); err != nil {
		return q, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: err.Error()}
	}
	return q, nil
}
