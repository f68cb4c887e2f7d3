package api_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pa/paspeaker"
	"pa/paspeaker/api"
	"pa/paspeaker/api/client"
	"pa/paspeaker/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "a-secret-of-the-park"

// fake is a controller that plays everything at once, and remembers.
type fake struct {
	shelf
	fail  error // what every method answers that can fail
	grim  bool  // methods panic
	alive error

	mu       sync.Mutex
	next     paspeaker.SessionID
	sessions map[paspeaker.SessionID]paspeaker.Session
	heard    []byte // what live sources and files said
	src      api.Source
	by       paspeaker.Caller
	stopped  stopArgs
	query    paspeaker.JournalQuery
	ttl      time.Duration
	watchers map[chan paspeaker.Event]bool
	plans    plans
	commands []command
	answer   json.RawMessage // of every node
	trials   trials
	readers  sync.WaitGroup
}

type stopArgs struct {
	ids   []paspeaker.SessionID
	zones []paspeaker.ZoneID
	all   bool
	id    string
}

func newFake() *fake {
	return &fake{next: 0x100, sessions: map[paspeaker.SessionID]paspeaker.Session{}, watchers: map[chan paspeaker.Event]bool{}}
}

func (f *fake) NodeKeys(context.Context) ([]paspeaker.NodeKey, error) {
	return []paspeaker.NodeKey{{Node: "gate-1", Key: []byte{1}, How: paspeaker.KeyEnrolled}}, f.fail
}

func (f *fake) Announce(_ context.Context, a paspeaker.Announcement, src api.Source) (paspeaker.Session, error) {
	if f.grim {
		panic("grim")
	}
	if f.fail != nil {
		return paspeaker.Session{}, f.fail
	}
	var file []byte
	if src.Kind == api.SourceFile {
		var err error
		if file, err = io.ReadAll(src.Body); err != nil {
			return paspeaker.Session{}, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "file: cannot be read", Err: err}
		}
	}
	f.mu.Lock()
	s := paspeaker.Session{ID: f.next, Announcement: a, State: paspeaker.StatePlaying, Targets: []paspeaker.SpeakerID{"gate-1"}}
	f.next += 0x100
	f.sessions[s.ID] = s
	f.src, f.by = src, paspeaker.Caller{By: a.By, From: a.From}
	f.heard = append(f.heard, file...)
	f.mu.Unlock()
	f.publish(paspeaker.Event{Kind: "session", Session: &s})
	if src.Kind == api.SourceLive {
		f.readers.Go(func() { f.listen(s.ID, src.Body) })
	}
	return s, nil
}

// listen is the controller's goroutine of a live source.
func (f *fake) listen(id paspeaker.SessionID, r io.Reader) {
	buf := make([]byte, 960)
	for {
		n, err := r.Read(buf)
		f.mu.Lock()
		f.heard = append(f.heard, buf[:n]...)
		f.mu.Unlock()
		switch {
		case err == io.EOF:
			f.finish(id, paspeaker.OutcomeDone)
			return
		case err != nil:
			f.finish(id, paspeaker.OutcomeLost)
			return
		}
	}
}

// finish ends a session, once.
func (f *fake) finish(id paspeaker.SessionID, outcome string) {
	f.mu.Lock()
	s := f.sessions[id]
	if s.State == paspeaker.StateEnded {
		f.mu.Unlock()
		return
	}
	s.State, s.Outcome = paspeaker.StateEnded, outcome
	s.Receipts = []paspeaker.Receipt{{Node: "gate-1", Session: id, Done: true, Played: 10}}
	s.Verdicts = []paspeaker.SpeakerVerdict{{Speaker: "gate-1", Verdict: paspeaker.VerdictSounded}}
	f.sessions[id] = s
	f.mu.Unlock()
	f.publish(paspeaker.Event{Kind: "session", Session: &s})
}

func (f *fake) publish(e paspeaker.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watchers {
		select {
		case w <- e:
		default:
		}
	}
}

func (f *fake) Watch(ctx context.Context) <-chan paspeaker.Event {
	ch := make(chan paspeaker.Event, 8)
	f.mu.Lock()
	f.watchers[ch] = true
	f.mu.Unlock()
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		delete(f.watchers, ch)
		f.mu.Unlock()
		close(ch)
	})
	return ch
}

func (f *fake) watching() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.watchers)
}

func (f *fake) Emergency(ctx context.Context, a paspeaker.Announcement) (paspeaker.Session, error) {
	return f.Announce(ctx, a, api.Source{Kind: "emergency"})
}

func (f *fake) StopEmergency(_ context.Context, by paspeaker.Caller, id string, zones []paspeaker.ZoneID) ([]paspeaker.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by, f.stopped = by, stopArgs{id: id, zones: zones, all: id == ""}
	return nil, f.fail
}

func (f *fake) Stop(_ context.Context, by paspeaker.Caller, ids []paspeaker.SessionID, zones []paspeaker.ZoneID, all bool) ([]paspeaker.Session, error) {
	if f.fail != nil {
		return nil, f.fail
	}
	f.mu.Lock()
	f.by, f.stopped = by, stopArgs{ids: ids, zones: zones, all: all}
	var hit []paspeaker.SessionID
	for id := range f.sessions {
		if all {
			hit = append(hit, id)
		}
	}
	f.mu.Unlock()
	var out []paspeaker.Session
	for _, id := range append(hit, ids...) {
		f.finish(id, paspeaker.OutcomeStopped)
		s, _ := f.Session(id)
		out = append(out, s)
	}
	return out, nil
}

func (f *fake) Silence(ctx context.Context, by paspeaker.Caller) (paspeaker.Silence, error) {
	stopped, err := f.Stop(ctx, by, nil, nil, true)
	return paspeaker.Silence{Took: 5, Stopped: stopped, Speakers: []paspeaker.SpeakerSilence{{Speaker: "gate-1", State: paspeaker.IsSounding, LevelDB: -18}}}, err
}

func (f *fake) Doctor(_ context.Context, o paspeaker.DoctorOrder) ([]paspeaker.Examination, error) {
	var out []paspeaker.Examination
	for _, id := range o.Speakers {
		out = append(out, paspeaker.Examination{Machine: string(id), Listened: o.Listen, Findings: []paspeaker.Finding{{ID: "mtu", Severity: paspeaker.SeverityOK, What: "it fits"}}})
	}
	return out, f.fail
}

func (f *fake) Session(id paspeaker.SessionID) (paspeaker.Session, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.sessions[id]
	return s, ok
}

func (f *fake) Sessions() []paspeaker.Session {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []paspeaker.Session
	for _, s := range f.sessions {
		out = append(out, s)
	}
	return out
}

func (f *fake) Status() paspeaker.Status {
	return paspeaker.Status{Site: "KCX Tân Thuận", Version: "1.2", Term: 7}
}

func (f *fake) Zones() []paspeaker.ZoneStatus {
	return []paspeaker.ZoneStatus{{Zone: paspeaker.Zone{ID: "gates", Name: "Các cổng"}, Online: 2}}
}

func (f *fake) Speakers() []paspeaker.SpeakerStatus {
	return []paspeaker.SpeakerStatus{{Speaker: paspeaker.Speaker{ID: "gate-1", Name: "Cổng số 1"}, Online: true}}
}

func (f *fake) EmergencyList() []paspeaker.EmergencyInfo {
	return []paspeaker.EmergencyInfo{{ID: "evacuate", Name: "Sơ tán", MaxLength: paspeaker.Duration(time.Hour)}}
}

func (f *fake) Reload(_ context.Context, by paspeaker.Caller) (paspeaker.ReloadResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by = by
	return paspeaker.ReloadResult{Changed: true, Digest: "abc"}, f.fail
}

func (f *fake) Report(_ context.Context, day string) (report.Report, error) {
	return report.Report{Site: "Khu thử", Day: day, Total: report.Count{Key: "all", Played: 3}}, f.fail
}

func (f *fake) FollowJournal(ctx context.Context, q paspeaker.JournalQuery, say func(paspeaker.Entry) error) error {
	f.mu.Lock()
	f.query = q
	f.mu.Unlock()
	for seq := q.After + 1; seq <= q.After+3; seq++ {
		if err := say(paspeaker.Entry{Seq: seq, What: paspeaker.WhatAsked, Name: "Khẩu hiệu"}); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

func (f *fake) Journal(_ context.Context, q paspeaker.JournalQuery) ([]paspeaker.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.query = q
	return []paspeaker.Entry{{Seq: 1, What: "asked"}}, f.fail
}

func (f *fake) SDP(zone paspeaker.ZoneID) (string, error) {
	return "v=0\r\ns=" + string(zone) + "\r\n", f.fail
}

func (f *fake) JoinToken(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by, f.ttl = by, ttl
	return paspeaker.JoinToken{Token: "join", Node: id}, f.fail
}

func (f *fake) Enrol(_ context.Context, r paspeaker.EnrolRequest) (paspeaker.SignedConfig, error) {
	if r.Token != "join" {
		return paspeaker.SignedConfig{}, &paspeaker.Error{Code: paspeaker.CodeDenied, What: "join token: not valid"}
	}
	return paspeaker.SignedConfig{Body: []byte("{}"), Sig: []byte{1, 2}}, f.fail
}

// command is what a node was told.
type command struct {
	id, verb, args string
}

func (f *fake) NodeCommand(_ context.Context, by paspeaker.Caller, id, verb string, args any) (json.RawMessage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	raw, err := json.Marshal(args)
	f.by, f.commands = by, append(f.commands, command{id, verb, string(raw)})
	if f.fail != nil {
		err = f.fail
	}
	return f.answer, err
}

func (f *fake) Adopt(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error) {
	return tellFake[paspeaker.JoinToken](f, by, id, "adopt", ttl)
}

func (f *fake) Replace(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, ttl time.Duration) (paspeaker.JoinToken, error) {
	return tellFake[paspeaker.JoinToken](f, by, id, "replace", ttl)
}

func (f *fake) AddProgram(_ context.Context, by paspeaker.Caller, r io.Reader) (paspeaker.Program, error) {
	b, err := io.ReadAll(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by, f.heard = by, b
	if f.fail != nil {
		err = f.fail
	}
	return paspeaker.Program{Size: int64(len(b)), Arch: "amd64"}, err
}

func (f *fake) UpgradeNode(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, u paspeaker.UpgradeTo) (paspeaker.RunningProgram, error) {
	return tellFake[paspeaker.RunningProgram](f, by, id, "upgrade", u)
}

// tellFake answers every verb of the bench with f.answer.
func tellFake[T any](f *fake, by paspeaker.Caller, id paspeaker.SpeakerID, verb string, args any) (out T, err error) {
	raw, err := f.NodeCommand(context.Background(), by, string(id), verb, args)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

func (f *fake) Identify(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, o paspeaker.Identify) (paspeaker.Identified, error) {
	return tellFake[paspeaker.Identified](f, by, id, "identify", o)
}

func (f *fake) Calibrate(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, o paspeaker.Calibrate) (paspeaker.Calibrated, error) {
	return tellFake[paspeaker.Calibrated](f, by, id, "calibrate", o)
}

func (f *fake) Adjust(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, a paspeaker.Adjust) (paspeaker.Adjusted, error) {
	return tellFake[paspeaker.Adjusted](f, by, id, "adjust", a)
}

func (f *fake) Volume(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, v paspeaker.Volume) (paspeaker.Trim, error) {
	return tellFake[paspeaker.Trim](f, by, id, "volume", v)
}

func (f *fake) Mute(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, m paspeaker.Mute) (paspeaker.Muting, error) {
	return tellFake[paspeaker.Muting](f, by, id, "mute", m)
}

func (f *fake) Unmute(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID) (paspeaker.Muting, error) {
	return tellFake[paspeaker.Muting](f, by, id, "unmute", nil)
}

func (f *fake) NodeLogs(_ context.Context, by paspeaker.Caller, id paspeaker.SpeakerID, o paspeaker.Logs) (paspeaker.LogPage, error) {
	return tellFake[paspeaker.LogPage](f, by, id, "logs", o)
}

func (f *fake) Alive() error { return f.alive }

// said returns what was heard so far.
func (f *fake) said() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]byte(nil), f.heard...)
}

// source returns the last announcement's source and caller.
func (f *fake) source() (api.Source, paspeaker.Caller) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.src, f.by
}

// park is a controller with its API on the air.
type park struct {
	*fake
	url    string
	client *client.Client
}

// open serves f's API on loopback until the test ends.
func open(t *testing.T, f *fake, limits api.Limits) *park {
	t.Helper()
	h := api.New(api.Config{
		Controller: f, Token: token, Version: "1.2", Limits: limits, Log: slog.New(slog.DiscardHandler),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "pa_up 1\n") }),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &park{fake: f, url: "http://" + l.Addr().String()}
	p.client, err = client.New(client.Config{URL: p.url, Token: token, By: "Anh Minh"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- api.Serve(ctx, l, nil, h) }()
	t.Cleanup(func() {
		p.client.Close()
		http.DefaultClient.CloseIdleConnections()
		cancel()
		assert.NoError(t, <-served)
		f.readers.Wait()
	})
	return p
}

// eventually waits for something that another goroutine is about to do.
func eventually(t *testing.T, what func() bool, msg string) {
	t.Helper()
	require.Eventually(t, what, 10*time.Second, 5*time.Millisecond, msg)
}
