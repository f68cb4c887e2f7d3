package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// Messages is the part of Controller that keeps the message library. Names are
// made NFC by the controller.
type Messages interface {
	// Messages returns the newest version of every message, by name, without
	// pictures.
	Messages() []paspeaker.Message
	// Message returns one version; 0 is the newest.
	Message(ctx context.Context, name string, version int) (paspeaker.Message, error)
	// MessageVersions returns what is kept of a message, newest first.
	MessageVersions(ctx context.Context, name string) ([]paspeaker.Message, error)
	// MessageSound returns one version and its sound, a FLAC file.
	MessageSound(ctx context.Context, name string, version int) (paspeaker.Message, []byte, error)
	// AddMessage makes a recording ready and stores it. r is read before it
	// returns.
	AddMessage(ctx context.Context, by paspeaker.Caller, name string, n body.NewMessage, r io.Reader) (paspeaker.Message, error)
	// SayMessage has n.Text said and stores it.
	SayMessage(ctx context.Context, by paspeaker.Caller, name string, n body.NewMessage) (paspeaker.Message, error)
	EditMessage(ctx context.Context, by paspeaker.Caller, name string, e body.EditMessage) (paspeaker.Message, error)
	// RemoveMessage is refused with CodeConflict while a campaign uses it; the
	// error names which.
	RemoveMessage(ctx context.Context, by paspeaker.Caller, name string) error
	// BuiltinSounds lists chimes, alert tones and shipped recordings.
	BuiltinSounds() []paspeaker.BuiltinSound
}

// messages registers the message library.
func (s *server) messages() {
	s.readMessages()
	s.addMessages()
	s.changeMessages()
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/sounds", "list-builtin-sounds", "List chimes, alert tones and shipped recordings"),
		func(context.Context, *struct{}) (*reply[[]paspeaker.BuiltinSound], error) {
			return list(s.ctl.BuiltinSounds(), nil)
		})
}

func (s *server) readMessages() {
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/messages", "list-messages", "List the message library"),
		func(context.Context, *struct{}) (*reply[[]paspeaker.Message], error) {
			return list(s.ctl.Messages(), nil)
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/messages/{name}", "get-message", "Show one message, its newest or an older version"),
		func(ctx context.Context, in *struct {
			MessageName
			Version
		}) (*reply[paspeaker.Message], error) {
			return answer(s.ctl.Message(ctx, in.Message, in.Number))
		})
	huma.Register(s.api, s.operation(http.MethodGet, "/v1/messages/{name}/versions", "list-message-versions", "List what is kept of a message, newest first"),
		func(ctx context.Context, in *struct{ MessageName }) (*reply[[]paspeaker.Message], error) {
			return list(s.ctl.MessageVersions(ctx, in.Message))
		})
	op := s.operation(http.MethodGet, "/v1/messages/{name}/sound", "get-message-sound", "A message's sound: FLAC, mono, 48 kHz, 16 bit")
	op.Responses["200"] = &huma.Response{Description: "the sound", Content: map[string]*huma.MediaType{
		"audio/flac": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		MessageName
		Version
	}) (*sound48, error) {
		m, file, err := s.ctl.MessageSound(ctx, in.Message, in.Number)
		if err != nil {
			return nil, asProblem(err)
		}
		return &sound48{"audio/flac", "attachment; filename*=UTF-8''" + url.PathEscape(m.Name) + ".flac", `"` + m.Hash + `"`, file}, nil
	})
}

// sound48 is an answer of sound.
type sound48 struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Tag         string `header:"ETag" doc:"the message's hash"`
	Body        []byte
}

// MessageName names a message in a path.
type MessageName struct {
	Message string `path:"name" maxLength:"400" doc:"the message's name, percent-encoded UTF-8"`
}

// Version chooses a version.
type Version struct {
	Number int `query:"version" minimum:"0" doc:"which version; 0 = the newest"`
}

func (s *server) addMessages() {
	op := s.operation(http.MethodPost, "/v1/messages/{name}/sound", "add-message",
		"Upload a recording, which is the request's body, as a message, or with replace as its new version")
	op.RequestBody = sound("the recording, of any format; several one behind the other, when sizes says where each ends")
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		By
		MessageName
		About string `query:"message" maxLength:"65536" doc:"JSON of a NewMessage"`
		Upload
	}) (*reply[paspeaker.Message], error) {
		n, err := s.newMessage(in.About)
		if err != nil {
			return nil, asProblem(err)
		}
		if in.request.ContentLength > s.limits.MaxUpload {
			return nil, asProblem(tooBig(s.limits.MaxUpload))
		}
		up := newUpload(in.w, in.request, s.limits.MaxUpload)
		m, err := s.ctl.AddMessage(ctx, in.who(), in.Message, n, up)
		if err != nil && up.tooLarge {
			err = tooBig(s.limits.MaxUpload)
		}
		up.close()
		return answer(m, err)
	})
	huma.Register(s.api, s.operation(http.MethodPost, "/v1/messages/{name}/speech", "say-message", "Have a text said as a message"),
		func(ctx context.Context, in *struct {
			By
			MessageName
			Body body.NewMessage
		}) (*reply[paspeaker.Message], error) {
			return answer(s.ctl.SayMessage(ctx, in.who(), in.Message, in.Body))
		})
}

// maxGap is the longest silence between files of one message.
const maxGap = 10 * time.Second

// newMessage reads what a query says about an upload.
func (s *server) newMessage(text string) (n body.NewMessage, err error) {
	if text != "" {
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&n); err != nil {
			return n, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "message: not one: " + err.Error(), Hint: "see NewMessage in /openapi.json"}
		}
	}
	bad := func(format string, args ...any) error {
		return paspeaker.Errorf(paspeaker.CodeInvalid, format, args...)
	}
	switch {
	case len(n.Files) > 32 || len(n.Sizes) > 32:
		return n, bad("message: %d files, at most 32", max(len(n.Files), len(n.Sizes)))
	case n.Gap < 0 || time.Duration(n.Gap) > maxGap:
		return n, bad("message: a gap of %s, want 0 to %s", n.Gap, maxGap)
	case len(n.Note) > 4000 || len(n.Text) > 40000:
		return n, bad("message: note or text is too long")
	case n.Loudness != nil && (*n.Loudness < -40 || *n.Loudness > -8):
		return n, bad("message: loudness %g LUFS, want -40 to -8", *n.Loudness)
	}
	var total int64
	for i, size := range n.Sizes {
		if size <= 0 || size > s.limits.MaxUpload-total {
			return n, bad("message: size of file %d is %d bytes", i+1, size)
		}
		total += size
	}
	return n, nil
}

func (s *server) changeMessages() {
	huma.Register(s.api, s.operation(http.MethodPatch, "/v1/messages/{name}", "edit-message", "Change a message, or restore an old version; each makes a new version"),
		func(ctx context.Context, in *struct {
			By
			MessageName
			Body body.EditMessage
		}) (*reply[paspeaker.Message], error) {
			return answer(s.ctl.EditMessage(ctx, in.who(), in.Message, in.Body))
		})
	op := s.operation(http.MethodDelete, "/v1/messages/{name}", "remove-message", "Remove a message with all its versions; refused while a campaign uses it")
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		By
		MessageName
	}) (*reply[body.Removed], error) {
		err := s.ctl.RemoveMessage(ctx, in.who(), in.Message)
		return answer(body.Removed{Removed: in.Message}, err)
	})
}
