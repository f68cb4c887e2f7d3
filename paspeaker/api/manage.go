package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// sessions registers what lists, shows and stops announcements.
func (s *server) sessions() {
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/announcements", "list-announcements",
		"List what is on air, waiting, and ended in the last minutes"),
		func(context.Context, *struct{}) (*reply[[]paspeaker.Session], error) {
			return list(s.ctl.Sessions(), nil)
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/announcements/{id}", "get-announcement",
		"Show one announcement and its receipts"),
		func(_ context.Context, in *One) (*reply[paspeaker.Session], error) {
			return answer(in.find(s))
		})
	huma.Register(s.api, s.operation(http.MethodDelete, "/v1/announcements/{id}", "stop-announcement",
		"Stop one announcement; one that is over already is no error"),
		func(ctx context.Context, in *struct {
			By
			One
		}) (*reply[paspeaker.Session], error) {
			session, err := in.find(s)
			if err != nil {
				return nil, asProblem(err)
			}
			if isOver(session) {
				return answer(session, nil)
			}
			if _, err := s.ctl.Stop(ctx, in.who(), []paspeaker.SessionID{session.ID}, nil, false); err != nil {
				return nil, asProblem(err)
			}
			return answer(s.find(session.ID))
		})
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/stop", "stop",
		"Stop announcements by id, by zone, or everything"),
		func(ctx context.Context, in *struct {
			By
			Body body.Stop
		}) (*reply[[]paspeaker.Session], error) {
			b := in.Body
			if !b.All && len(b.Sessions) == 0 && len(b.Zones) == 0 {
				return nil, asProblem(&paspeaker.Error{
					Code: paspeaker.CodeInvalid, What: "stop: nothing named", Hint: "give sessions, zones, or all",
				})
			}
			return list(s.ctl.Stop(ctx, in.who(), b.Sessions, b.Zones, b.All))
		})
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/silence", "silence",
		"Stop everything, and say within two seconds which loudspeakers are silent, which still sound, and of which nothing can be known"),
		func(ctx context.Context, in *struct{ By }) (*reply[paspeaker.Silence], error) {
			return answer(s.ctl.Silence(ctx, in.who()))
		})
}

// One names an announcement in a path. Huma would read a SessionID as a
// decimal number, for that is what it is underneath.
type One struct {
	Hex string `path:"id" maxLength:"16" doc:"the announcement's id, hexadecimal"`
}

func (o One) find(s *server) (paspeaker.Session, error) {
	id, err := o.id()
	if err != nil {
		return paspeaker.Session{}, err
	}
	return s.find(id)
}

func (o One) id() (paspeaker.SessionID, error) {
	id, err := paspeaker.ParseSessionID(o.Hex)
	if err != nil {
		return id, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: err.Error()}
	}
	return id, nil
}

func (s *server) find(id paspeaker.SessionID) (paspeaker.Session, error) {
	session, ok := s.ctl.Session(id)
	if !ok {
		return session, &paspeaker.Error{
			Code: paspeaker.CodeNotFound, What: "announcement " + id.String() + ": not known",
			Hint: "those that ended a while ago are in the log",
		}
	}
	return session, nil
}

// emergencies registers what shows, starts and stops emergencies.
func (s *server) emergencies() {
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/emergencies", "list-emergencies",
		"List the emergencies that the site defines, and what runs"),
		func(context.Context, *struct{}) (*reply[[]paspeaker.EmergencyInfo], error) {
			return list(s.ctl.EmergencyList(), nil)
		})
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/emergencies", "start-emergency",
		"Start an emergency: alert tone, message, repeated until it is stopped"),
		func(ctx context.Context, in *struct {
			By
			Body paspeaker.Announcement
		}) (*reply[paspeaker.Session], error) {
			a := in.Body
			if a.Emergency == "" {
				return nil, asProblem(&paspeaker.Error{
					Code: paspeaker.CodeInvalid, What: "emergency: none named", Hint: "GET /v1/emergencies lists them",
				})
			}
			a.Kind = paspeaker.KindEmergency
			in.sign(&a)
			return answer(s.ctl.Emergency(ctx, a))
		})
	huma.Register(s.api, s.operation(http.MethodDelete, "/v1/emergencies", "stop-emergencies",
		"Stop every running emergency; each one's cancel message follows"),
		func(ctx context.Context, in *struct {
			By
			Where
		}) (*reply[[]paspeaker.Session], error) {
			return list(s.ctl.StopEmergency(ctx, in.who(), "", in.Zones))
		})
	huma.Register(s.api, s.operation(http.MethodDelete, "/v1/emergencies/{id}", "stop-emergency",
		"Stop one emergency; its cancel message follows"),
		func(ctx context.Context, in *struct {
			By
			Where
			ID string `path:"id" maxLength:"32"`
		}) (*reply[[]paspeaker.Session], error) {
			return list(s.ctl.StopEmergency(ctx, in.who(), in.ID, in.Zones))
		})
}

// Where limits a request to zones.
type Where struct {
	Zones []paspeaker.ZoneID `query:"zones" maxItems:"256" doc:"only in these zones, separated by commas; everywhere when left out"`
}
