package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
)

// doctor registers what examines machines.
func (s *server) doctor() {
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/doctor", "doctor",
		"Examine how the controller's and loudspeakers' machines stand on the network; answered when all have been listened to"),
		func(ctx context.Context, in *struct {
			By
			Body paspeaker.DoctorOrder
		}) (*reply[[]paspeaker.Examination], error) {
			return list(s.ctl.Doctor(ctx, in.Body))
		})
}
