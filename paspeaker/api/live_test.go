package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/api"
)

func TestAVoiceInABody(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	s, err := p.client.AnnounceStream(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}}, 16000, strings.NewReader("xxxxyyyy"))
	require.NoError(t, err)
	assert.Equal(t, paspeaker.OutcomeDone, s.Outcome)
	assert.Equal(t, paspeaker.KindLive, s.Kind)
	assert.Equal(t, "xxxxyyyy", string(p.said()))
	src, _ := p.source()
	assert.Equal(t, 16000, src.Rate)
}

func TestAVoiceThatFallsSilent(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	r, w := io.Pipe()
	defer w.Close()
	go func() { _, _ = w.Write([]byte("abcd")) }()
	s, err := p.client.AnnounceStream(t.Context(), paspeaker.Announcement{}, 48000, r)
	require.NoError(t, err)
	assert.Equal(t, paspeaker.OutcomeLost, s.Outcome)
	assert.Equal(t, "abcd", string(p.said()))
}

func TestAVoiceWhoseClientDies(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	go func() {
		_, _ = w.Write([]byte("abcd"))
		for string(p.said()) != "abcd" {
			runtime.Gosched()
		}
		cancel()
	}()
	_, err := p.client.AnnounceStream(ctx, paspeaker.Announcement{}, 48000, r)
	require.ErrorIs(t, err, context.Canceled)
	eventually(t, func() bool { s := p.Sessions(); return len(s) == 1 && s[0].Outcome == paspeaker.OutcomeLost }, "the call is over")
}

func TestAVoiceThatIsRefused(t *testing.T) {
	f := newFake()
	f.fail = &paspeaker.Error{Code: paspeaker.CodeBusy, What: "gate-1: Anh Minh is speaking"}
	p := open(t, f, api.Limits{})
	_, err := p.client.AnnounceStream(t.Context(), paspeaker.Announcement{}, 48000, strings.NewReader("abcd"))
	assert.Equal(t, paspeaker.CodeBusy, paspeaker.CodeOf(err))
	_, err = p.client.Live(t.Context(), paspeaker.Announcement{})
	assert.Equal(t, paspeaker.CodeBusy, paspeaker.CodeOf(err))
	_, err = p.client.Live(t.Context(), paspeaker.Announcement{GainDB: 99})
	assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err))
}

func TestAVoiceThatIsStopped(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	r, w := io.Pipe()
	defer w.Close()
	go func() {
		for {
			if _, err := w.Write(make([]byte, 960)); err != nil {
				return
			}
			if s := p.Sessions(); len(s) == 1 {
				p.finish(s[0].ID, paspeaker.OutcomeExpired)
				return
			}
		}
	}()
	s, err := p.client.AnnounceStream(t.Context(), paspeaker.Announcement{}, 48000, r)
	require.NoError(t, err)
	assert.Equal(t, paspeaker.OutcomeExpired, s.Outcome)
}

func TestACallOverAWebsocket(t *testing.T) {
	p := open(t, newFake(), api.Limits{MaxLive: 1})
	call, err := p.client.Live(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}})
	require.NoError(t, err)
	assert.Equal(t, paspeaker.StatePlaying, call.Session().State)
	_, by := p.source()
	assert.Equal(t, "Anh Minh", by.By)

	_, err = p.client.Live(t.Context(), paspeaker.Announcement{})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err), "there is a place for one")

	loud := make([]int16, 5000)
	for i := range loud {
		loud[i] = 16384
	}
	eventually(t, func() bool { require.NoError(t, call.Write(loud)); return call.LevelDB() > -10 }, "the level comes back")
	require.NoError(t, call.Write([]int16{1, -2}))
	s, err := call.Close()
	require.NoError(t, err)
	assert.Equal(t, paspeaker.OutcomeDone, s.Outcome)
	said := p.said()
	assert.Equal(t, []byte{1, 0, 0xfe, 0xff}, said[len(said)-4:], "the last word was heard")
	assert.Error(t, call.Write([]int16{1}), "the call is over")
	for range call.Events() { // closed by now
	}
}

func TestACallThatIsStopped(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	call, err := p.client.Live(t.Context(), paspeaker.Announcement{})
	require.NoError(t, err)
	p.finish(call.Session().ID, paspeaker.OutcomeStopped)
	var failed error
	eventually(t, func() bool { failed = call.Write(make([]int16, 480)); return failed != nil }, "the call ends")
	assert.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(failed))
	s, err := call.Close()
	require.NoError(t, err)
	assert.Equal(t, paspeaker.OutcomeStopped, s.Outcome)
}

func TestACallWhoseClientDies(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	call, err := p.client.Live(ctx, paspeaker.Announcement{})
	require.NoError(t, err)
	cancel()
	_, err = call.Close()
	assert.True(t, errors.Is(err, context.Canceled), "%v", err)
	eventually(t, func() bool { s, _ := p.Session(0x100); return s.Outcome == paspeaker.OutcomeLost }, "the call is over")
}

func TestACallInWhichNothingComesIsEndedAndSaysWhy(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	call, err := p.client.Live(t.Context(), paspeaker.Announcement{})
	require.NoError(t, err)
	require.NoError(t, call.Write(make([]int16, 480)))
	for range call.Events() { // closed when the call is over
	}
	_, err = call.Close()
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "nothing came from you")
	eventually(t, func() bool { s, _ := p.Session(0x100); return s.Outcome == paspeaker.OutcomeLost }, "the call is over")
}

func TestWordsThatDoNotBelongInACall(t *testing.T) {
	tests := []struct {
		name  string
		kind  websocket.MessageType
		first string
		then  string
	}{
		{"samples first", websocket.MessageBinary, "abcd", ""},
		{"no JSON first", websocket.MessageText, "{", ""},
		{"a word that is none", websocket.MessageText, "{}", `{"type":"stop"}`},
	}
	p := open(t, newFake(), api.Limits{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, _, err := websocket.Dial(t.Context(), p.url+"/v1/live", &websocket.DialOptions{
				HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
			})
			require.NoError(t, err)
			defer conn.CloseNow()
			require.NoError(t, conn.Write(t.Context(), tt.kind, []byte(tt.first)))
			if tt.then != "" {
				require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(tt.then)))
			}
			var last []byte
			for {
				_, text, err := conn.Read(t.Context())
				if err != nil {
					assert.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err))
					break
				}
				last = text
			}
			assert.Contains(t, string(last), `"code":"invalid"`)
		})
	}
}
