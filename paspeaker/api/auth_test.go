package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker/api"
)

// ask calls h as a client at remote with the header Authorization.
func ask(h http.Handler, method, path, remote, authorization string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = remote
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryRouteAsksForTheToken(t *testing.T) {
	h := api.New(api.Config{Controller: newFake(), Token: token, Metrics: http.NotFoundHandler()})
	w := ask(h, "GET", "/openapi.json", "127.0.0.1:5", "")
	require.Equal(t, http.StatusOK, w.Code)
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string                     `json:"operationId"`
			Summary     string                     `json:"summary"`
			Responses   map[string]json.RawMessage `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &doc))
	assert.Equal(t, "3.1.0", doc.OpenAPI)
	for _, part := range strings.Split(w.Body.String(), `"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		assert.Contains(t, doc.Components.Schemas, name, "every reference leads somewhere")
	}
	seen := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			assert.False(t, seen[op.OperationID], "operation id %s twice", op.OperationID)
			seen[op.OperationID] = true
			assert.NotEmpty(t, op.Summary, path)
			assert.Contains(t, op.Responses, "default", path)
			if path == "/v1/enrol" {
				continue
			}
			at := strings.NewReplacer("{id}", "100", "{zone}", "gates").Replace(path)
			for _, wrong := range []string{"", "Bearer", "Bearer wrong", "Basic " + token, "Bearer " + token + "x"} {
				w := ask(h, strings.ToUpper(method), at, "10.0.0.9:5", wrong)
				assert.Equal(t, http.StatusUnauthorized, w.Code, "%s %s with %q", method, path, wrong)
				assert.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
			}
		}
	}
	assert.GreaterOrEqual(t, len(seen), 62, "no route was passed over")
}

func TestWhatNeedsNoTokenOnTheMachineItself(t *testing.T) {
	h := api.New(api.Config{Controller: newFake(), Token: token})
	assert.Equal(t, http.StatusOK, ask(h, "GET", "/healthz", "127.0.0.1:5", "").Code)
	assert.Equal(t, http.StatusOK, ask(h, "GET", "/healthz", "[::1]:5", "").Code)
	assert.Equal(t, http.StatusUnauthorized, ask(h, "GET", "/healthz", "10.0.0.9:5", "").Code)
	assert.Equal(t, http.StatusOK, ask(h, "GET", "/healthz", "10.0.0.9:5", "bearer "+token).Code)
	assert.Equal(t, http.StatusUnauthorized, ask(h, "GET", "/v1/status", "127.0.0.1:5", "").Code)
	none := api.New(api.Config{Controller: newFake()})
	assert.Equal(t, http.StatusUnauthorized, ask(none, "GET", "/v1/status", "127.0.0.1:5", "Bearer ").Code, "no token opens nothing")
}
