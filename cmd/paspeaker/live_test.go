package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// exchange is a controller's side of a live call: two loudspeakers are asked
// for, one says that it sounds.
type exchange struct {
	asked   paspeaker.Announcement
	samples atomic.Int64
	loud    atomic.Int64 // samples that are not silence
}

func (e *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	tell := func(m body.Live) {
		text, _ := json.Marshal(m)
		_ = conn.Write(r.Context(), websocket.MessageText, text)
	}
	_, text, err := conn.Read(r.Context())
	if err != nil || json.Unmarshal(text, &e.asked) != nil {
		return
	}
	s := paspeaker.Session{ID: 0x100, Announcement: e.asked, State: paspeaker.StatePlaying, Targets: []paspeaker.SpeakerID{"gate-1", "gate-2"}}
	s.Name = "live"
	tell(body.Live{Type: "session", Session: &s})
	tell(body.Live{Type: "event", Event: &paspeaker.Event{Kind: "receipt", Receipt: &paspeaker.Receipt{Node: "gate-1", Session: 0x100, Played: 3}}})
	for {
		kind, msg, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if kind == websocket.MessageText {
			break
		}
		e.samples.Add(int64(len(msg) / 2))
		for i := 0; i+1 < len(msg); i += 2 {
			if msg[i] != 0 || msg[i+1] != 0 {
				e.loud.Add(1)
			}
		}
	}
	s.State, s.Outcome = paspeaker.StateEnded, paspeaker.OutcomeDone
	tell(body.Live{Type: "session", Session: &s})
	_ = conn.Close(websocket.StatusNormalClosure, "")
}

// connect starts an exchange and returns the flags that reach it.
func connect(t *testing.T, h http.Handler) []string {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("secret\n"), 0o600))
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return []string{"--url", srv.URL, "--token-file", token}
}

func TestARecordingIsSpokenAsIfLive(t *testing.T) {
	e := &exchange{}
	flags := connect(t, e)
	path := filepath.Join(t.TempDir(), "x.wav")
	f, err := os.Create(path)
	require.NoError(t, err)
	w, err := audio.NewWAVWriter(f, audio.Rate)
	require.NoError(t, err)
	sound := make([]float32, audio.Rate/4)
	for i := range sound {
		sound[i] = 0.25
	}
	require.NoError(t, w.Write(sound))
	require.NoError(t, w.Close())
	out, code := run(t, append(flags, "live", "gates", "--file", path, "--emergency")...)
	assert.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "live: done; heard on 1 of 2 loudspeakers, no word from gate-2")
	require.NotNil(t, e.asked.Priority)
	assert.Equal(t, paspeaker.PriorityLiveEmergency, *e.asked.Priority)
	assert.InDelta(t, audio.Rate/4, e.loud.Load(), 2)
}

func TestStandardInputIsSpokenToItsEnd(t *testing.T) {
	e := &exchange{}
	flags := connect(t, e)
	var o, errs bytes.Buffer
	cmd := newRoot(&globals{in: bytes.NewReader(bytes.Repeat([]byte{1, 2}, 1001)), out: &o, errOut: &errs})
	cmd.SetArgs(append(flags, "live", "gates", "--stdin", "--json"))
	require.NoError(t, cmd.ExecuteContext(t.Context()), errs.String())
	assert.Equal(t, int64(1001), e.samples.Load())
	var s paspeaker.Session
	require.NoError(t, json.Unmarshal(o.Bytes(), &s))
	assert.Equal(t, paspeaker.OutcomeDone, s.Outcome)
}

func TestWhatALiveCallRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"":                              "where?",
		"gates --emergency --drill":     "a drill is never an emergency",
		"gates --file /nonexistent.wav": "no such file",
		"gates --priority loud":         "want 0–255",
	} {
		out, code := run(t, append([]string{"live"}, strings.Fields(args)...)...)
		assert.Equal(t, exitUsage, code, args)
		assert.Contains(t, out, want, args)
	}
}

func TestACallKeepsAliveWhileTheMicrophoneStandsStill(t *testing.T) {
	e := &exchange{}
	srv := connect(t, e)
	c, err := (&globals{url: srv[1], tokenFile: srv[3], errOut: &bytes.Buffer{}}).client()
	require.NoError(t, err)
	defer c.Close()
	call, err := c.Live(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}})
	require.NoError(t, err)
	talk := newTalk(&globals{})
	talk.write(make([]float32, 480)) // before the call: nobody's
	<-talk.awake
	talk.answer(call)
	talk.keepAlive() // not asked for
	talk.alive = true
	talk.keepAlive() // too early
	talk.last = time.Now().Add(-time.Second)
	talk.keepAlive()
	talk.open.Store(false)
	talk.write([]float32{0.5, 0.5}) // a closed microphone sends silence
	talk.open.Store(true)
	talk.write([]float32{0.5})
	_, err = call.Close()
	require.NoError(t, err)
	assert.Equal(t, int64(480+2+1), e.samples.Load())
	assert.Equal(t, int64(1), e.loud.Load())
}

func TestWhoHearsTheSpeaker(t *testing.T) {
	talk := newTalk(&globals{})
	s := paspeaker.Session{ID: 1, Targets: []paspeaker.SpeakerID{"gate-1", "gate-2", "road-1"}}
	assert.Equal(t, "heard on 0 of 3 loudspeakers, no word from gate-1, gate-2, road-1", talk.hearers(s, 0))
	talk.note(paspeaker.Event{Receipt: &paspeaker.Receipt{Node: "gate-2"}}) // silent so far
	talk.note(paspeaker.Event{Receipt: &paspeaker.Receipt{Node: "gate-1", Played: 1}})
	talk.note(paspeaker.Event{})
	assert.Equal(t, "heard on 1 of 3 loudspeakers, no word from gate-2, road-1", talk.hearers(s, 0))
	assert.Equal(t, "heard on 1 of 3 lou…", talk.hearers(s, 20))
	talk.heard["gate-2"], talk.heard["road-1"] = true, true
	assert.Equal(t, "heard on 3 of 3 loudspeakers", talk.hearers(s, 0))
}
