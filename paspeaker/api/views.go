package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
)

// views registers what looks and changes nothing.
func (s *server) views() {
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/status", "status", "The controller at a glance"),
		func(context.Context, *struct{}) (*reply[paspeaker.Status], error) {
			return answer(s.ctl.Status(), nil)
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/zones", "list-zones", "List zones and what is on air in them"),
		func(context.Context, *struct{}) (*reply[[]paspeaker.ZoneStatus], error) {
			return list(s.ctl.Zones(), nil)
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/speakers", "list-speakers", "List loudspeakers and what their nodes say"),
		func(context.Context, *struct{}) (*reply[[]paspeaker.SpeakerStatus], error) {
			return list(s.ctl.Speakers(), nil)
		})
	op := s.operation(http.MethodGet, "/v1/zones/{zone}/sdp", "sdp", "The session description by which any RTP receiver can listen to a zone's plain group")
	op.Responses["200"] = &huma.Response{Description: "SDP (RFC 8866)", Content: map[string]*huma.MediaType{
		"application/sdp": {Schema: &huma.Schema{Type: huma.TypeString}},
	}}
	huma.Register(s.api, op, func(_ context.Context, in *struct {
		Zone paspeaker.ZoneID `path:"zone" maxLength:"32"`
	}) (*sdp, error) {
		text, err := s.ctl.SDP(in.Zone)
		if err != nil {
			return nil, asProblem(err)
		}
		return &sdp{"application/sdp", []byte(text)}, nil
	})
}

type sdp struct {
	Type string `header:"Content-Type"`
	Body []byte
}
