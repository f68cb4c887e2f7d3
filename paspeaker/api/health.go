package api

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
)

// Alive is the answer of /healthz while all is well.
type Alive struct {
	Status string `json:"status" enum:"ok"`
}

// health registers /healthz and /metrics.
func (s *server) health(mux *http.ServeMux, metrics http.Handler) {
	huma.Register(s.api, s.operation(http.MethodGet, pathHealth, "health",
		"Can voice go out? 200 when it can, 503 with the reason when not. Needs no token from loopback"),
		func(context.Context, *struct{}) (*reply[Alive], error) {
			if err := s.ctl.Alive(); err != nil {
				return nil, asProblem(&paspeaker.Error{Code: paspeaker.CodeUnavailable, What: err.Error()})
			}
			return answer(Alive{"ok"}, nil)
		})
	if metrics == nil {
		return
	}
	op := s.operation(http.MethodGet, pathMetrics, "metrics", "Metrics in the form of Prometheus. Needs no token from loopback")
	op.Responses["200"] = &huma.Response{Description: "metrics", Content: map[string]*huma.MediaType{
		"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}},
	}}
	s.api.OpenAPI().AddOperation(&op)
	mux.Handle("GET "+pathMetrics, metrics)
}

// retryAfter is a wait in whole seconds, never too short (RFC 9110, 10.2.3).
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}
