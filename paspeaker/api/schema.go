package api

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// lengthOfTime describes paspeaker.Duration, which the core cannot do itself:
// it knows nothing of OpenAPI.
type lengthOfTime struct{}

// Schema implements huma.SchemaProvider.
func (lengthOfTime) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "a length of time: seconds, or text like 90s or 1m30s",
		OneOf:       []*huma.Schema{{Type: huma.TypeString, MaxLength: new(32)}, {Type: huma.TypeNumber}},
		Examples:    []any{"1m30s"},
	}
}

const schemaPrefix = "#/components/schemas/"

// describe makes the API on mux, still without operations.
func describe(mux *http.ServeMux, version string) huma.API {
	registry := huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[paspeaker.Duration](), reflect.TypeFor[lengthOfTime]())
	// The paths for documentation stay empty: huma's page loads scripts from
	// elsewhere, and its description is built during a request without a lock.
	return humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "paspeaker", Version: version, Description: "Public address: say something, stop it, see what sounded."},
			Components: &huma.Components{
				Schemas:         registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}},
			},
			Security: []map[string][]string{{"token": {}}},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{ownWords},
	})
}

// problems is how every operation describes its errors.
func problems(api huma.API) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[body.Problem](), true, "")
	return map[string]*huma.Response{"default": {
		Description: "what went wrong, and what to do",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
	}}
}

// description returns the OpenAPI document as JSON.
func description(api huma.API) ([]byte, error) {
	// huma registers its own error model with every operation, though none
	// answers it.
	for _, unused := range []string{"ErrorModel", "ErrorDetail"} {
		delete(api.OpenAPI().Components.Schemas.Map(), unused)
	}
	return json.MarshalIndent(api.OpenAPI(), "", " ")
}

// announcements reads announcements that do not come as a JSON body, by the
// same schema as those that do.
type announcements struct {
	registry huma.Registry
	schema   *huma.Schema
}

func newAnnouncements(api huma.API) announcements {
	r := api.OpenAPI().Components.Schemas
	return announcements{r, r.Schema(reflect.TypeFor[paspeaker.Announcement](), false, "")}
}

// decode reads the JSON text of an announcement; empty text is an empty one.
func (d announcements) decode(text []byte) (a paspeaker.Announcement, err error) {
	if len(text) == 0 {
		return a, nil
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return a, paspeaker.Errorf(paspeaker.CodeInvalid, "announcement: %w", err)
	}
	var res huma.ValidateResult
	huma.Validate(d.registry, d.schema, huma.NewPathBuffer([]byte("announcement"), 12), huma.ModeWriteToServer, v, &res)
	if len(res.Errors) > 0 {
		details := make([]*huma.ErrorDetail, 0, len(res.Errors))
		for _, e := range res.Errors {
			if d, ok := e.(huma.ErrorDetailer); ok {
				details = append(details, d.ErrorDetail())
			}
		}
		return a, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: faults("announcement: not valid", details)}
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, paspeaker.Errorf(paspeaker.CodeInvalid, "announcement: %w", err)
	}
	return a, nil
}

func eventSchema(api huma.API) *huma.Schema {
	return api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[paspeaker.Event](), true, "")
}

func liveSchema(api huma.API) *huma.Schema {
	return api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[body.Live](), true, "")
}
