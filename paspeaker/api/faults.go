package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// Supervision is the part of Controller that knows what is wrong.
type Supervision interface {
	// Faults returns the faults that are open; with all, first those that are
	// over, of the last days.
	Faults(all bool) []paspeaker.Fault
	// AckFault says that somebody has seen a fault and looks after it. It is
	// kept over a restart when it returns nil.
	AckFault(ctx context.Context, by paspeaker.Caller, id, note string) (paspeaker.Fault, error)
}

// faults registers what shows and acknowledges faults.
func (s *server) faults() {
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/faults", "list-faults",
		"List what is wrong: since when, why, what to do, and who has seen it"),
		func(_ context.Context, in *struct {
			All bool `query:"all" doc:"also what was wrong in the last days and is over, first"`
		}) (*reply[[]paspeaker.Fault], error) {
			return list(s.ctl.Faults(in.All), nil)
		})
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/faults/ack", "ack-fault",
		"Say that somebody has seen a fault and looks after it; when it comes again, it wants to be seen again"),
		func(ctx context.Context, in *struct {
			By
			Body body.AckFault
		}) (*reply[paspeaker.Fault], error) {
			return answer(s.ctl.AckFault(ctx, in.who(), in.Body.ID, in.Body.Note))
		})
}
