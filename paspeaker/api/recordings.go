package api

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
)

// Recordings is the part of Controller that keeps the sound of live calls.
type Recordings interface {
	// Recordings lists the calls that q selects and that were recorded, oldest
	// first.
	Recordings(ctx context.Context, q paspeaker.JournalQuery) ([]paspeaker.Recording, error)
	// RecordingSound writes a call's sound, Ogg Opus, to w; that it was fetched
	// goes to the journal.
	RecordingSound(ctx context.Context, by paspeaker.Caller, id paspeaker.SessionID, w io.Writer) error
	// EraseRecording removes a call's sound for good.
	EraseRecording(ctx context.Context, by paspeaker.Caller, id paspeaker.SessionID) error
}

// recordings registers the sound of live calls.
func (s *server) recordings() {
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/recordings", "list-recordings",
		"List the live calls that were recorded, and whether their sound is still kept"),
		func(ctx context.Context, in *LogQuery) (*reply[[]paspeaker.Recording], error) {
			q, err := in.query()
			if err != nil {
				return nil, asProblem(err)
			}
			return list(s.ctl.Recordings(ctx, q))
		})
	op := s.operation(http.MethodGet, "/v1/recordings/{id}", "get-recording",
		"The sound of a live call: Ogg Opus, mono. Who fetches it is recorded in the journal")
	op.Responses["200"] = &huma.Response{Description: "the sound", Content: map[string]*huma.MediaType{
		"audio/ogg": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		By
		One
	}) (*oggSound, error) {
		id, err := in.id()
		if err != nil {
			return nil, asProblem(err)
		}
		var file bytes.Buffer
		if err := s.ctl.RecordingSound(ctx, in.who(), id, &file); err != nil {
			return nil, asProblem(err)
		}
		return &oggSound{"audio/ogg", `attachment; filename="` + id.String() + `.opus"`, file.Bytes()}, nil
	})
	op = s.operation(http.MethodDelete, "/v1/recordings/{id}", "erase-recording",
		"Remove the sound of a live call for good; that there was one, and who erased it, stays in the journal")
	op.DefaultStatus = http.StatusNoContent
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		By
		One
	}) (*struct{}, error) {
		id, err := in.id()
		if err == nil {
			err = s.ctl.EraseRecording(ctx, in.who(), id)
		}
		if err != nil {
			return nil, asProblem(err)
		}
		return nil, nil
	})
}

// oggSound is an answer of sound.
type oggSound struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}
