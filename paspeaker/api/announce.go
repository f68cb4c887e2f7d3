package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// announce registers announcements whose sound is whole: made by the
// controller, or uploaded.
func (s *server) announce() {
	op := s.operation(http.MethodPost, "/v1/announcements", "announce",
		"Announce a tone, a sweep, a chime, or a message of the library or one that is shipped")
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		By
		Body body.Announce
	}) (*reply[paspeaker.Session], error) {
		a, src, err := made(in.Body)
		if err != nil {
			return nil, asProblem(err)
		}
		in.sign(&a)
		return answer(s.ctl.Announce(ctx, a, src))
	})

	op = s.operation(http.MethodPost, "/v1/announcements/file", "announce-file",
		"Announce a recording, which is the request's body (WAV, FLAC, Ogg Vorbis, Ogg Opus, told by content)")
	op.RequestBody = sound("the recording")
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		By
		Spoken
		File string `query:"file" maxLength:"255" doc:"the file's name, for people"`
		Upload
	}) (*reply[paspeaker.Session], error) {
		a, err := s.texts.decode([]byte(in.Announcement))
		if err != nil {
			return nil, asProblem(err)
		}
		in.sign(&a)
		limit := s.limits.upload()
		if in.request.ContentLength > limit {
			return nil, asProblem(tooBig(limit))
		}
		up := newUpload(in.w, in.request, limit)
		session, err := s.ctl.Announce(ctx, a, Source{Kind: SourceFile, Body: up, Name: in.File})
		if err != nil && up.tooLarge {
			err = tooBig(limit) // however the reader of files put it
		}
		up.close()
		return answer(session, err)
	})
}

// Spoken is part of requests whose body is sound.
type Spoken struct {
	Announcement string `query:"announcement" maxLength:"65536" doc:"JSON of an Announcement: where, by which priority, …"`
}

// Upload is part of requests whose body is read as it comes.
type Upload struct {
	w       http.ResponseWriter
	request *http.Request
}

// Resolve implements huma.Resolver.
func (u *Upload) Resolve(c huma.Context) []error {
	u.request, u.w = humago.Unwrap(c)
	return nil
}

// sound describes a request body of samples or of a recording.
func sound(what string) *huma.RequestBody {
	return &huma.RequestBody{Description: what, Required: true, Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
}

// made takes apart what was asked: the announcement, and its sound.
func made(in body.Announce) (a paspeaker.Announcement, src Source, err error) {
	a = in.Announcement
	src = Source{
		Kind: in.Source, Name: in.Sound.Sound,
		Freq: in.Freq, To: in.To, LevelDB: in.LevelDB, Length: time.Duration(in.Length),
	}
	kind := paspeaker.KindMessage
	switch src.Kind {
	case SourceTone, SourceSweep:
		kind = paspeaker.KindTone
		src.Name = ""
	case SourceChime:
		kind = paspeaker.KindChime
	}
	if (src.Kind == SourceChime || src.Kind == SourceBuiltin || src.Kind == SourceMessage) && src.Name == "" {
		return a, src, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "sound: no name given", Hint: "say which " + src.Kind}
	}
	if a.Kind == "" {
		a.Kind = kind
	}
	return a, src, nil
}

// uploadPause is how long an upload may stand still.
const uploadPause = 30 * time.Second

// upload is a request's body with a bound in bytes and in standing still.
type upload struct {
	r        io.Reader
	ctl      *http.ResponseController
	tooLarge bool
}

func newUpload(w http.ResponseWriter, r *http.Request, limit int64) *upload {
	return &upload{r: http.MaxBytesReader(w, r.Body, limit), ctl: http.NewResponseController(w)}
}

// Read implements io.Reader.
func (u *upload) Read(b []byte) (int, error) {
	_ = u.ctl.SetReadDeadline(time.Now().Add(uploadPause)) // without it the upload is only less bounded
	n, err := u.r.Read(b)
	if _, over := err.(*http.MaxBytesError); over {
		u.tooLarge = true
	}
	return n, err
}

// close takes the deadline off the connection, which may serve other requests.
func (u *upload) close() { _ = u.ctl.SetReadDeadline(time.Time{}) }
