package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
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

func TestAToneForTwoZones(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	s, err := p.client.Announce(t.Context(), paspeaker.Announcement{
		Name: "Thử loa", Zones: []paspeaker.ZoneID{"gates", "roads"}, Priority: new(paspeaker.Priority(80)),
		Pause: paspeaker.Duration(90 * time.Second), From: "10.9.8.7", Message: "thử", Campaign: "slogans", Occurrence: "slogans@0",
	}, body.Sound{Source: api.SourceTone, Freq: 440, LevelDB: -20, Length: paspeaker.Duration(3 * time.Second)})
	require.NoError(t, err)
	assert.Equal(t, paspeaker.KindTone, s.Kind)
	assert.Equal(t, "Thử loa", s.Name)
	assert.Equal(t, paspeaker.Duration(90*time.Second), s.Pause)
	assert.Equal(t, []string{"thử", "", ""}, []string{s.Message, s.Campaign, s.Occurrence}, "a campaign is never the client's to say")
	src, by := p.source()
	assert.Equal(t, api.Source{Kind: api.SourceTone, Freq: 440, LevelDB: -20, Length: 3 * time.Second}, src)
	assert.Equal(t, paspeaker.Caller{By: "Anh Minh", From: "127.0.0.1"}, by, "who asked is the header's, from where is the connection's")
}

func TestWhoAsks(t *testing.T) {
	tests := []struct {
		name   string
		header string
		body   string
		want   string // empty: refused
	}{
		{"nobody says a name", "", "", "token"},
		{"the announcement does", "", "Chị Lan", "Chị Lan"},
		{"the header wins", "Anh%20Minh", "Chị Lan", "Anh Minh"},
		{"a header in plain UTF-8", "Bác Tư", "", "Bác Tư"},
		{"a percent sign that codes nothing", "100%", "", "100%"},
		{"a line break", "a%0Ab", "", ""},
		{"broken UTF-8", "%ff", "", ""},
		{"too long", strings.Repeat("x", 101), "", ""},
	}
	p := open(t, newFake(), api.Limits{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, err := json.Marshal(map[string]string{"source": "chime", "sound": "gong", "by": tt.body})
			require.NoError(t, err)
			status, problem := p.request(t, http.MethodPost, "/v1/announcements", string(text), http.Header{"X-Pa-By": {tt.header}})
			if tt.want == "" {
				assert.Equal(t, http.StatusUnprocessableEntity, status)
				assert.Contains(t, problem.What, "X-PA-By")
				return
			}
			require.Equal(t, http.StatusOK, status)
			_, by := p.source()
			assert.Equal(t, tt.want, by.By)
		})
	}
}

// request sends what the client would not, and returns the status and the
// problem, if it is one.
func (p *park) request(t *testing.T, method, path, text string, header http.Header) (int, body.Problem) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(text))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	for k, v := range header {
		req.Header[k] = v
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	var problem body.Problem
	if res.StatusCode >= 400 {
		assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
		require.NoError(t, json.NewDecoder(res.Body).Decode(&problem))
		assert.Equal(t, res.StatusCode, problem.Status)
		assert.NotEmpty(t, problem.Code)
		assert.NotEmpty(t, problem.What)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, problem
}

func TestRequestsThatAreWrong(t *testing.T) {
	p := open(t, newFake(), api.Limits{MaxUpload: 1000})
	tests := []struct {
		name, method, path, text string
		status                   int
		code                     paspeaker.Code
		what                     string
	}{
		{"a field that is none", "POST", "/v1/announcements", `{"source":"tone","zonse":["a"]}`, 422, paspeaker.CodeInvalid, "zonse"},
		{"no JSON", "POST", "/v1/announcements", `{"source":`, 400, paspeaker.CodeInvalid, "body"},
		{"no body", "POST", "/v1/announcements", ``, 400, paspeaker.CodeInvalid, "body is required"},
		{"no source", "POST", "/v1/announcements", `{}`, 422, paspeaker.CodeInvalid, "source"},
		{"a source that is none", "POST", "/v1/announcements", `{"source":"radio"}`, 422, paspeaker.CodeInvalid, "source"},
		{"a chime without name", "POST", "/v1/announcements", `{"source":"chime"}`, 422, paspeaker.CodeInvalid, "no name"},
		{"a priority out of range", "POST", "/v1/announcements", `{"source":"tone","priority":256}`, 422, paspeaker.CodeInvalid, "priority"},
		{"a length that is none", "POST", "/v1/announcements", `{"source":"tone","pause":"soon"}`, 422, paspeaker.CodeInvalid, "duration"},
		{"a length below zero", "POST", "/v1/announcements", `{"source":"tone","pause":-3}`, 422, paspeaker.CodeInvalid, "duration"},
		{"a body of more than a megabyte", "POST", "/v1/announcements", `{"source":"tone","name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, paspeaker.CodeTooLarge, "body"},
		{"an announcement in a query that is wrong", "POST", "/v1/announcements/file?announcement=%7B%22gain_db%22%3A99%7D", `RIFF`, 422, paspeaker.CodeInvalid, "gain_db"},
		{"an announcement in a query with a field that is none", "POST", "/v1/announcements/file?announcement=%7B%22x%22%3A1%7D", `RIFF`, 422, paspeaker.CodeInvalid, "x"},
		{"an announcement in a query that is no JSON", "POST", "/v1/announcements/live?announcement=%7B", ``, 422, paspeaker.CodeInvalid, "announcement"},
		{"an announcement in a query with a length that is none", "POST", "/v1/announcements/file?announcement=%7B%22pause%22%3A%22x%22%7D", `RIFF`, 422, paspeaker.CodeInvalid, "duration"},
		{"a rate that nobody has", "POST", "/v1/announcements/live?rate=1", ``, 422, paspeaker.CodeInvalid, "rate"},
		{"a recording that is too large", "POST", "/v1/announcements/file", strings.Repeat("x", 1001), 413, paspeaker.CodeTooLarge, "1000 bytes"},
		{"an id that is none", "GET", "/v1/announcements/xyz", ``, 422, paspeaker.CodeInvalid, "id"},
		{"an announcement that nobody knows", "GET", "/v1/announcements/ff00", ``, 404, paspeaker.CodeNotFound, "000000000000ff00"},
		{"to stop one that nobody knows", "DELETE", "/v1/announcements/ff00", ``, 404, paspeaker.CodeNotFound, "ff00"},
		{"to stop nothing", "POST", "/v1/stop", `{}`, 422, paspeaker.CodeInvalid, "nothing named"},
		{"an emergency without name", "POST", "/v1/emergencies", `{"zones":["gates"]}`, 422, paspeaker.CodeInvalid, "none named"},
		{"a path that is none", "GET", "/v1/zoness", ``, 404, paspeaker.CodeNotFound, "/v1/zoness"},
		{"a method that is none", "PUT", "/v1/announcements/ff00", ``, 405, paspeaker.CodeUnsupported, "PUT"},
		{"a date that is none", "GET", "/v1/log?since=yesterday", ``, 422, paspeaker.CodeInvalid, "since"},
		{"no node for a join token", "POST", "/v1/join-tokens", `{}`, 422, paspeaker.CodeInvalid, "node"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, problem := p.request(t, tt.method, tt.path, tt.text, nil)
			assert.Equal(t, tt.status, status)
			assert.Equal(t, tt.code, problem.Code)
			assert.Contains(t, problem.What, tt.what)
			assert.Empty(t, p.Sessions(), "nothing was announced")
		})
	}
}

func TestEveryErrorOfTheController(t *testing.T) {
	f := newFake()
	p := open(t, f, api.Limits{})
	tests := []struct {
		err    error
		status int
		code   paspeaker.Code
	}{
		{&paspeaker.Error{Code: paspeaker.CodeInvalid, What: "gain: too much"}, 422, paspeaker.CodeInvalid},
		{&paspeaker.Error{Code: paspeaker.CodeNotFound, What: "zone gtaes: no such zone", Hint: "did you mean gates?"}, 404, paspeaker.CodeNotFound},
		{&paspeaker.Error{Code: paspeaker.CodeBusy, What: "gate-1: Anh Minh is speaking since 10:04"}, 409, paspeaker.CodeBusy},
		{&paspeaker.Error{Code: paspeaker.CodeConflict, What: "stands"}, 409, paspeaker.CodeConflict},
		{&paspeaker.Error{Code: paspeaker.CodeDenied, What: "no"}, 403, paspeaker.CodeDenied},
		{&paspeaker.Error{Code: paspeaker.CodeTooLarge, What: "long"}, 413, paspeaker.CodeTooLarge},
		{&paspeaker.Error{Code: paspeaker.CodeUnsupported, What: "AMR"}, 415, paspeaker.CodeUnsupported},
		{&paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "nats is down"}, 503, paspeaker.CodeUnavailable},
		{&paspeaker.Error{Code: paspeaker.CodeInternal, What: "oh"}, 500, paspeaker.CodeInternal},
		{&paspeaker.Error{Code: "new", What: "oh"}, 500, "new"},
		{errors.New("plain"), 500, paspeaker.CodeInternal},
	}
	for _, tt := range tests {
		t.Run(string(tt.code)+" "+tt.err.Error(), func(t *testing.T) {
			f.fail = tt.err
			status, _ := p.request(t, http.MethodPost, "/v1/reload", "", nil)
			assert.Equal(t, tt.status, status)
			_, err := p.client.Reload(t.Context())
			var e *paspeaker.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.code, e.Code)
			assert.Equal(t, tt.err.Error(), e.Error(), "what and hint survive the way")
		})
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	f := newFake()
	f.grim = true
	p := open(t, f, api.Limits{})
	status, problem := p.request(t, http.MethodPost, "/v1/announcements", `{"source":"tone"}`, nil)
	assert.Equal(t, 500, status)
	assert.Equal(t, paspeaker.CodeInternal, problem.Code)
	_, err := p.client.Status(t.Context())
	assert.NoError(t, err, "the daemon lives on")
}

func TestARecording(t *testing.T) {
	p := open(t, newFake(), api.Limits{MaxUpload: 1000})
	s, err := p.client.AnnounceFile(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}}, "khẩu hiệu.wav", strings.NewReader("RIFF…"))
	require.NoError(t, err)
	assert.Equal(t, []paspeaker.ZoneID{"gates"}, s.Zones)
	src, _ := p.source()
	assert.Equal(t, api.SourceFile, src.Kind)
	assert.Equal(t, "khẩu hiệu.wav", src.Name)
	assert.Equal(t, "RIFF…", string(p.said()))

	_, err = p.client.AnnounceFile(t.Context(), paspeaker.Announcement{}, "", strings.NewReader(strings.Repeat("x", 1001)))
	assert.Equal(t, paspeaker.CodeTooLarge, paspeaker.CodeOf(err), "its length was not told before: %v", err)
}

func TestTheSiteSaysHowLongARecordingMayBe(t *testing.T) {
	limit := int64(10)
	p := open(t, newFake(), api.Limits{MaxUpload: 1, Upload: func() int64 { return limit }})
	say := func() error {
		_, err := p.client.AnnounceFile(t.Context(), paspeaker.Announcement{}, "", strings.NewReader(strings.Repeat("x", 100)))
		return err
	}
	err := say()
	assert.Equal(t, paspeaker.CodeTooLarge, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "limits.max_upload")
	limit = 100 // by a reload
	assert.NoError(t, say())
}

func TestAFormIsNoJSON(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/v1/announcements", strings.NewReader("{}"))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded") // what curl -d says
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusUnsupportedMediaType, res.StatusCode)
	assert.Contains(t, string(text), "Content-Type: application/json")
}

func TestADayAtTheDesk(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	ctx, c := t.Context(), p.client
	s, err := c.Announce(ctx, paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}}, body.Sound{Source: api.SourceBuiltin, Sound: "slogan-1"})
	require.NoError(t, err)

	status, err := c.Status(ctx)
	require.NoError(t, err)
	assert.Equal(t, "KCX Tân Thuận", status.Site)
	zones, err := c.Zones(ctx)
	require.NoError(t, err)
	assert.Equal(t, "Các cổng", zones[0].Name)
	speakers, err := c.Speakers(ctx)
	require.NoError(t, err)
	assert.Equal(t, paspeaker.SpeakerID("gate-1"), speakers[0].ID)
	sdp, err := c.SDP(ctx, "gates")
	require.NoError(t, err)
	assert.Equal(t, "v=0\r\ns=gates\r\n", sdp)
	all, err := c.Sessions(ctx)
	require.NoError(t, err)
	assert.Len(t, all, 1)

	stopped, err := c.StopSession(ctx, s.ID)
	require.NoError(t, err)
	assert.Equal(t, paspeaker.OutcomeStopped, stopped.Outcome)
	again, err := c.StopSession(ctx, s.ID)
	require.NoError(t, err, "to stop what is over is no error")
	assert.Equal(t, stopped, again)
	over, err := c.Wait(ctx, s.ID)
	require.NoError(t, err)
	assert.Equal(t, stopped, over)

	result, err := c.Reload(ctx)
	require.NoError(t, err)
	assert.True(t, result.Changed)
	require.NoError(t, c.Health(ctx))
}

func TestEmergencies(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	ctx, c := t.Context(), p.client
	known, err := c.Emergencies(ctx)
	require.NoError(t, err)
	assert.Equal(t, "evacuate", known[0].ID)
	s, err := c.Emergency(ctx, paspeaker.Announcement{Emergency: "evacuate", Zones: []paspeaker.ZoneID{"gates"}, Drill: true})
	require.NoError(t, err)
	assert.Equal(t, paspeaker.KindEmergency, s.Kind)
	assert.True(t, s.Drill)

	_, err = c.StopEmergency(ctx, "evacuate", []paspeaker.ZoneID{"gates", "roads"})
	require.NoError(t, err)
	assert.Equal(t, stopArgs{id: "evacuate", zones: []paspeaker.ZoneID{"gates", "roads"}}, p.stopped)
	_, err = c.StopEmergency(ctx, "", nil)
	require.NoError(t, err)
	assert.Equal(t, stopArgs{all: true}, p.stopped)

	silence, err := c.Silence(ctx)
	require.NoError(t, err)
	assert.Equal(t, stopArgs{all: true}, p.stopped)
	assert.Equal(t, "silent: 0 of 1; gate-1: still sounding at −18 dBFS", silence.String())
	stopped, err := c.Stop(ctx, body.Stop{All: true})
	require.NoError(t, err)
	assert.Equal(t, s.ID, stopped[0].ID)
	_, err = c.Stop(ctx, body.Stop{Sessions: []paspeaker.SessionID{s.ID}, Zones: []paspeaker.ZoneID{"gates"}})
	require.NoError(t, err)
	assert.Equal(t, stopArgs{ids: []paspeaker.SessionID{s.ID}, zones: []paspeaker.ZoneID{"gates"}}, p.stopped)
}

func TestTheLog(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	since := time.Date(2026, 11, 20, 8, 30, 0, 123456789, time.UTC)
	want := paspeaker.JournalQuery{
		Since: since, Until: since.Add(time.Hour), Zones: []paspeaker.ZoneID{"gates"}, By: "Anh Minh", Session: 0xabc00, Limit: 50,
		What: []string{"asked", "stop all"}, Campaign: "slogans", Planned: true, Before: 7, After: 3,
	}
	entries, err := p.client.Log(t.Context(), want)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	assert.Equal(t, want, p.query)
	_, err = p.client.Log(t.Context(), paspeaker.JournalQuery{})
	require.NoError(t, err)
	assert.Equal(t, paspeaker.JournalQuery{}, p.query)
}

func TestANodeJoins(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	join, err := p.client.JoinToken(t.Context(), "gate-1", time.Hour)
	require.NoError(t, err)
	assert.Equal(t, time.Hour, p.ttl)
	node, err := client.New(client.Config{URL: p.url})
	require.NoError(t, err)
	defer node.Close()
	cfg, err := node.Enrol(t.Context(), paspeaker.EnrolRequest{ID: "gate-1", Token: join.Token})
	require.NoError(t, err, "enrolment needs no bearer token")
	assert.Equal(t, []byte{1, 2}, cfg.Sig)

	codes := map[paspeaker.Code]int{}
	for range 20 {
		_, err := node.Enrol(t.Context(), paspeaker.EnrolRequest{ID: "gate-1", Token: "guess"})
		codes[paspeaker.CodeOf(err)]++
	}
	assert.GreaterOrEqual(t, codes[paspeaker.CodeDenied], 9)
	assert.NotZero(t, codes[paspeaker.CodeUnavailable], "who guesses is slowed down")
	_, err = node.Status(t.Context())
	assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err), "and sees nothing else")
}

func TestEventsArrive(t *testing.T) {
	p := open(t, newFake(), api.Limits{MaxLive: 1})
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan paspeaker.Event, 8)
	done := make(chan error, 1)
	go func() { done <- p.client.Events(ctx, func(e paspeaker.Event) { got <- e }) }()
	eventually(t, func() bool { return p.watching() == 1 }, "the stream is open")

	err := p.client.Events(t.Context(), func(paspeaker.Event) {})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err), "there is a place for one")

	fault := paspeaker.Fault{ID: "offline/gate-1", What: "cổng số 1: không nghe thấy gì\nfrom gate-1"}
	p.publish(paspeaker.Event{Kind: "fault", Fault: &fault})
	e := <-got
	assert.Equal(t, fault.What, e.Fault.What, "line breaks survive")
	cancel()
	assert.NoError(t, <-done)
	eventually(t, func() bool { return p.watching() == 0 }, "the controller is told that nobody watches")
}

func TestHealth(t *testing.T) {
	f := newFake()
	f.alive = errors.New("sender stands still")
	p := open(t, f, api.Limits{})
	err := p.client.Health(t.Context())
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "sender stands still")
}

// A length of time is text everywhere: whoever reads one number as seconds
// would not take the next for nanoseconds.
func TestEveryLengthOfTimeIsText(t *testing.T) {
	var walk func(t reflect.Type, seen map[reflect.Type]bool) []string
	walk = func(t reflect.Type, seen map[reflect.Type]bool) (found []string) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			return walk(t.Elem(), seen)
		case reflect.Struct:
		default:
			return nil
		}
		if seen[t] || t == reflect.TypeFor[time.Time]() {
			return nil
		}
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Tag.Get("json") == "-" || !f.IsExported() {
				continue
			}
			if f.Type == reflect.TypeFor[time.Duration]() {
				found = append(found, t.String()+"."+f.Name)
			}
			found = append(found, walk(f.Type, seen)...)
		}
		return found
	}
	seen := make(map[reflect.Type]bool)
	for _, root := range []reflect.Type{reflect.TypeFor[paspeaker.Status](), reflect.TypeFor[paspeaker.ZoneStatus](), reflect.TypeFor[paspeaker.Event](),
		reflect.TypeFor[paspeaker.EmergencyInfo](), reflect.TypeFor[paspeaker.Entry](), reflect.TypeFor[body.Announce](), reflect.TypeFor[paspeaker.SignedConfig]()} {
		assert.Empty(t, walk(root, seen))
	}
}
