package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// trialAPI answers as a controller with two gates and a horn, one of which
// fails its test.
type trialAPI struct {
	asked     paspeaker.TestRequest
	begun     atomic.Int32
	cancelled atomic.Bool
	endless   bool
}

func trialRun() paspeaker.TestRun {
	good := paspeaker.SpeakerTest{Speaker: "gate-1", Name: "Cổng số 1 – đường Nguyễn Văn Linh", Kind: paspeaker.KindFixed, Reachable: true, Packets: 300, Clock: "locked",
		LevelDB: -20.1, ExpectedDB: -20, Verdict: paspeaker.SpeakerVerdict{Verdict: paspeaker.VerdictSounded}}
	dead := paspeaker.SpeakerTest{Speaker: "gate-2", Name: "Cổng số 2", Kind: paspeaker.KindFixed}
	horn := paspeaker.SpeakerTest{Speaker: "horn", Name: "Loa nén", Kind: paspeaker.KindThirdParty}
	run := paspeaker.TestRun{ID: "abc", Site: "KCX Tân Phong", TimeZone: "Asia/Ho_Chi_Minh", State: paspeaker.TestDone, By: "Minh",
		TestRequest: paspeaker.TestRequest{Zones: []paspeaker.ZoneID{"gates"}, Kind: paspeaker.TestTone}, Total: 3, Done: 3, Started: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)}
	for _, t := range []paspeaker.SpeakerTest{good, dead, horn} {
		t.Conclude()
		run.Tally.Add(t.Result)
		run.Results = append(run.Results, t)
	}
	return run
}

func (b *trialAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	run := trialRun()
	switch {
	case strings.HasSuffix(r.URL.Path, "/zones"):
		answer([]paspeaker.ZoneStatus{{Zone: paspeaker.Zone{ID: "gates", Members: []paspeaker.SpeakerID{"gate-1", "gate-2", "horn"}}}})
	case strings.HasSuffix(r.URL.Path, "/speakers"):
		answer([]paspeaker.SpeakerStatus{{Speaker: paspeaker.Speaker{ID: "gate-1", Name: run.Results[0].Name}}, {Speaker: paspeaker.Speaker{ID: "gate-2"}}, {Speaker: paspeaker.Speaker{ID: "horn"}}})
	case strings.HasSuffix(r.URL.Path, "/cancel"):
		b.cancelled.Store(true)
		answer(run)
	case r.Method == http.MethodPost:
		_ = json.NewDecoder(r.Body).Decode(&b.asked)
		b.begun.Add(1)
		run.State, run.Results = paspeaker.TestRunning, nil
		answer(run)
	case strings.HasSuffix(r.URL.Path, "/tests"):
		answer(paspeaker.TestList{Runs: []paspeaker.TestRun{run}, SelfTests: []paspeaker.SelfTestInfo{{ID: "night", Name: "Kiểm tra đêm",
			TestRequest: paspeaker.TestRequest{Zones: []paspeaker.ZoneID{"all"}, Kind: paspeaker.TestTone, Quiet: true}, Next: time.Date(2026, 11, 25, 3, 30, 0, 0, time.UTC)}}})
	default:
		switch {
		case b.cancelled.Load():
			run.State, run.Why = paspeaker.TestAborted, "Minh stopped it"
		case b.endless:
			run.State = paspeaker.TestRunning
		}
		if from := r.URL.Query().Get("from"); from != "" {
			run.Results = nil
		}
		answer(run)
	}
}

// bench runs the command line against such a controller.
func (b *trialAPI) run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("secret\n"), 0o600))
	srv := httptest.NewServer(b)
	defer srv.Close()
	return run(t, append(args, "--url", srv.URL, "--token-file", token)...)
}

func TestATestNamesCauseAndRemedy(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	var b trialAPI
	out, code := b.run(t, "test", "gates", "--sweep", "--yes")
	assert.Equal(t, exitNotHeard, code, out)
	assert.Equal(t, paspeaker.TestRequest{Zones: []paspeaker.ZoneID{"gates"}, Kind: paspeaker.TestSweep}, b.asked)
	assert.Contains(t, out, "1/3 gate-1 Cổng số 1 – đường Nguyễn Văn Linh: passed")
	assert.Contains(t, out, "2/3 gate-2 Cổng số 2: failed (never seen)")
	assert.Contains(t, out, "has not been heard of")
	assert.Contains(t, out, "join-token gate-2")
	assert.Contains(t, out, "3 loudspeakers: 1 passed, 1 failed, 1 untested")
}

func TestALoudTestAsksAndAQuietOneDoesNot(t *testing.T) {
	var b trialAPI
	out, code := b.run(t, "test", "gates")
	assert.Equal(t, exitUsage, code, out)
	assert.Contains(t, out, "--yes")
	assert.Zero(t, b.begun.Load(), "nothing was begun")
	_, code = b.run(t, "test", "gate-1", "--quiet", "--all")
	assert.Equal(t, exitNotHeard, code)
	assert.Equal(t, paspeaker.TestRequest{Speakers: []paspeaker.SpeakerID{"gate-1"}, Kind: paspeaker.TestTone, Quiet: true, AtOnce: true}, b.asked)
}

func TestAMistypedTestIsAMistake(t *testing.T) {
	var b trialAPI
	for args, want := range map[string]string{
		"test":                               "test what?",
		"test gaets --quiet":                 "did you mean gates?",
		"test gates --tone --sweep":          "one of --tone",
		"test gates --each --all":            "not both",
		"test gates --quiet --speech":        "nobody hears",
		"test gates --quiet --report x.docx": ".html or .csv",
		"test show":                          "accepts 1 arg",
	} {
		out, code := b.run(t, strings.Fields(args)...)
		assert.NotEqual(t, exitOK, code, args)
		assert.Contains(t, out, want, args)
	}
	assert.Zero(t, b.begun.Load())
}

func TestATestsReportIsWritten(t *testing.T) {
	var b trialAPI
	dir := t.TempDir()
	for _, name := range []string{"t.html", "t.csv"} {
		out, code := b.run(t, "test", "show", "abc", "--report", filepath.Join(dir, name))
		assert.Equal(t, exitNotHeard, code, out)
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Contains(t, string(text), "Cổng số 1 – đường Nguyễn Văn Linh", name)
	}
}

func TestTestsAreListed(t *testing.T) {
	t.Setenv("LC_ALL", "vi_VN.UTF-8")
	var b trialAPI
	out, code := b.run(t, "test", "list")
	assert.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "1 đạt, 1 không đạt, 1 chưa kiểm tra")
	assert.Contains(t, out, "Kiểm tra đêm")
	assert.Contains(t, out, "2026-11-25 03:30")
	out, _ = b.run(t, "test", "list", "--json")
	var list paspeaker.TestList
	require.NoError(t, json.Unmarshal([]byte(out), &list))
	assert.Equal(t, "night", list.SelfTests[0].ID)
}

func TestCtrlCStopsATestsSound(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	b := trialAPI{endless: true}
	srv := httptest.NewServer(&b)
	defer srv.Close()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("secret\n"), 0o600))
	ctx, interrupt := interruptible(t)
	var o, e bytes.Buffer
	cmd := newRoot(&globals{in: strings.NewReader(""), out: &o, errOut: &interrupter{w: &e, on: "2/3 gate-2", do: interrupt}})
	cmd.SetArgs([]string{"test", "gates", "--yes", "--url", srv.URL, "--token-file", token})
	err := cmd.ExecuteContext(ctx)
	assert.Equal(t, exitFailed, exitCode(err))
	assert.ErrorContains(t, err, "Minh stopped it")
	assert.True(t, b.cancelled.Load())
	assert.Contains(t, e.String(), "stopped")
	assert.Contains(t, o.String(), "ended early")
}

func interruptible(t *testing.T) (context.Context, func()) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}

// interrupter presses Ctrl-C when it reads something.
type interrupter struct {
	w  *bytes.Buffer
	on string
	do func()
}

func (i *interrupter) Write(p []byte) (int, error) {
	if strings.Contains(string(p), i.on) {
		i.do()
	}
	return i.w.Write(p)
}
