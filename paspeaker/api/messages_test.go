package api_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/api"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
)

// shelf is the fake's message library.
type shelf struct {
	messages map[string][]paspeaker.Message // oldest first
	sounds   map[string][]byte
	asked    body.NewMessage
	by       paspeaker.Caller
	used     string
}

func noSuch(name string) error {
	return &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "message “" + name + "”: there is none", Hint: "did you mean “Chào buổi sáng”?"}
}

func (s *shelf) Messages() (out []paspeaker.Message) {
	for _, m := range s.messages {
		out = append(out, m[len(m)-1])
	}
	slices.SortFunc(out, func(a, b paspeaker.Message) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (s *shelf) Message(_ context.Context, name string, version int) (paspeaker.Message, error) {
	m := s.messages[name]
	if len(m) == 0 || version > len(m) {
		return paspeaker.Message{}, noSuch(name)
	}
	if version == 0 {
		version = len(m)
	}
	return m[version-1], nil
}

func (s *shelf) MessageVersions(_ context.Context, name string) ([]paspeaker.Message, error) {
	out := slices.Clone(s.messages[name])
	slices.Reverse(out)
	return out, nil
}

func (s *shelf) MessageSound(ctx context.Context, name string, version int) (paspeaker.Message, []byte, error) {
	m, err := s.Message(ctx, name, version)
	return m, s.sounds[m.Hash], err
}

func (s *shelf) put(name string, by paspeaker.Caller, n body.NewMessage, sound []byte) paspeaker.Message {
	if s.messages == nil {
		s.messages, s.sounds = map[string][]paspeaker.Message{}, map[string][]byte{}
	}
	m := paspeaker.Message{Name: name, Version: len(s.messages[name]) + 1, Hash: string(sound), Text: n.Text, By: by.By, Note: n.Note}
	s.messages[name] = append(s.messages[name], m)
	s.sounds[m.Hash] = sound
	s.asked, s.by = n, by
	return m
}

func (s *shelf) AddMessage(_ context.Context, by paspeaker.Caller, name string, n body.NewMessage, r io.Reader) (paspeaker.Message, error) {
	sound, err := io.ReadAll(r)
	if err != nil {
		return paspeaker.Message{}, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "file: cannot be read", Err: err}
	}
	return s.put(name, by, n, sound), nil
}

func (s *shelf) SayMessage(_ context.Context, by paspeaker.Caller, name string, n body.NewMessage) (paspeaker.Message, error) {
	return s.put(name, by, n, []byte(n.Text)), nil
}

func (s *shelf) EditMessage(ctx context.Context, by paspeaker.Caller, name string, e body.EditMessage) (paspeaker.Message, error) {
	m, err := s.Message(ctx, name, 0)
	if err != nil {
		return m, err
	}
	return s.put(name, by, body.NewMessage{Note: *e.Note}, []byte(m.Hash)), nil
}

func (s *shelf) RemoveMessage(_ context.Context, by paspeaker.Caller, name string) error {
	if s.used != "" {
		return &paspeaker.Error{Code: paspeaker.CodeConflict, What: "remove message “" + name + "”: it is used by " + s.used}
	}
	if s.messages[name] == nil {
		return noSuch(name)
	}
	delete(s.messages, name)
	s.by = by
	return nil
}

func (s *shelf) BuiltinSounds() []paspeaker.BuiltinSound {
	return []paspeaker.BuiltinSound{{Name: "gong", Kind: "chime"}}
}

const morning = "Chào buổi sáng: KCX-KCN 100% (ca 1)?"

func TestAMessageComesAndGoes(t *testing.T) {
	f := newFake()
	c := open(t, f, api.Limits{}).client
	ctx := t.Context()
	sound := strings.Repeat("fLaC", 1000)
	m, err := c.AddMessage(ctx, morning, body.NewMessage{Note: "ghi chú", Files: []string{"chào.wav"}, Gap: paspeaker.Duration(time.Second)}, strings.NewReader(sound))
	require.NoError(t, err)
	assert.Equal(t, morning, m.Name)
	assert.Equal(t, "Anh Minh", f.shelf.by.By)
	assert.Equal(t, "127.0.0.1", f.shelf.by.From)
	assert.Equal(t, body.NewMessage{Note: "ghi chú", Files: []string{"chào.wav"}, Gap: paspeaker.Duration(time.Second)}, f.asked)

	said, err := c.SayMessage(ctx, "Ca 2", body.NewMessage{Text: "Xin chào"})
	require.NoError(t, err)
	assert.Equal(t, "Xin chào", said.Text)
	edited, err := c.EditMessage(ctx, morning, body.EditMessage{Note: new("mới")})
	require.NoError(t, err)
	assert.Equal(t, 2, edited.Version)

	list, err := c.Messages(ctx)
	require.NoError(t, err)
	assert.Len(t, list, 2)
	one, err := c.Message(ctx, morning, 1)
	require.NoError(t, err)
	assert.Equal(t, 1, one.Version)
	versions, err := c.MessageVersions(ctx, morning)
	require.NoError(t, err)
	assert.Len(t, versions, 2)
	got, err := c.MessageSound(ctx, morning, 0)
	require.NoError(t, err)
	assert.Equal(t, sound, string(got))

	f.used = "campaign slogans"
	err = c.RemoveMessage(ctx, morning)
	require.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "campaign slogans")
	f.used = ""
	require.NoError(t, c.RemoveMessage(ctx, morning))
	_, err = c.Message(ctx, morning, 0)
	require.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "did you mean")

	builtin, err := c.BuiltinSounds(ctx)
	require.NoError(t, err)
	assert.Equal(t, "gong", builtin[0].Name)
}

func TestAMessageIsAnnouncedByName(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	_, err := p.client.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}}, body.Sound{Source: api.SourceMessage, Sound: morning})
	require.NoError(t, err)
	src, _ := p.source()
	assert.Equal(t, api.Source{Kind: api.SourceMessage, Name: morning}, src)
	_, err = p.client.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}}, body.Sound{Source: api.SourceMessage})
	require.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
}

func TestWhatUploadsMayNotSay(t *testing.T) {
	p := open(t, newFake(), api.Limits{MaxUpload: 1000})
	for name, c := range map[string]struct {
		query, body string
		status      int
	}{
		"an unknown field":      {`{"nota":"x"}`, "x", http.StatusUnprocessableEntity},
		"not JSON":              {`hello`, "x", http.StatusUnprocessableEntity},
		"a gap of a minute":     {`{"gap":"1m"}`, "x", http.StatusUnprocessableEntity},
		"louder than any horn":  {`{"loudness":-3}`, "x", http.StatusUnprocessableEntity},
		"a size below nothing":  {`{"sizes":[-1]}`, "x", http.StatusUnprocessableEntity},
		"sizes that overflow":   {`{"sizes":[900,900]}`, "x", http.StatusUnprocessableEntity},
		"more than the limit":   {``, strings.Repeat("x", 1001), http.StatusRequestEntityTooLarge},
		"as much as the limit":  {``, strings.Repeat("x", 1000), http.StatusOK},
		"a note like a novel":   {`{"note":"` + strings.Repeat("x", 5000) + `"}`, "x", http.StatusUnprocessableEntity},
		"thirty-three pictures": {`{"files":[` + strings.Repeat(`"a",`, 32) + `"a"]}`, "x", http.StatusUnprocessableEntity},
	} {
		status, problem := p.request(t, http.MethodPost, "/v1/messages/a/sound?message="+queryEscape(c.query), c.body, http.Header{"Content-Type": {"application/octet-stream"}})
		assert.Equal(t, c.status, status, "%s: %+v", name, problem)
	}
}

func queryEscape(s string) string {
	return strings.NewReplacer("{", "%7B", "}", "%7D", `"`, "%22", "[", "%5B", "]", "%5D", " ", "%20").Replace(s)
}

func TestWithoutATokenNoMessages(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	c, err := client.New(client.Config{URL: p.url})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Messages(t.Context())
	require.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err))
}
