package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

// benchAPI answers each path with a text and remembers what was asked.
type benchAPI struct {
	mu      sync.Mutex
	answers map[string][]string // by path; the last one stays
	asked   []string
}

func (b *benchAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	b.asked = append(b.asked, r.URL.Path+" "+string(body))
	list := b.answers[r.URL.Path]
	w.Header().Set("Content-Type", "application/json")
	if len(list) == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status":503,"code":"unavailable","what":"gate-1 is offline","hint":"is it powered?"}`))
		return
	}
	if len(list) > 1 {
		b.answers[r.URL.Path] = list[1:]
	}
	_, _ = w.Write([]byte(list[0]))
}

// last is what was asked last.
func (b *benchAPI) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked[len(b.asked)-1]
}

// newBenchAPI returns an API and how to run the command line against it.
func newBenchAPI(t *testing.T, answers map[string][]string) (*benchAPI, func(args ...string) (string, int)) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("secret\n"), 0o600))
	b := &benchAPI{answers: answers}
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	return b, func(args ...string) (string, int) {
		return run(t, append(negatives(args), "--url", srv.URL, "--token-file", token)...)
	}
}

func TestTheBenchsVerbs(t *testing.T) {
	const at = "/v1/speakers/gate-1/"
	b, run := newBenchAPI(t, map[string][]string{
		at + "identify": {`{"sounded":"4.98s","blinked":true}`, `{"sounded":"0s","blinked":true}`},
		at + "volume":   {`{"trim_db":-6,"gain_db":3}`},
		at + "mute":     {`{"by":"Lan","until":"2026-11-24T10:00:00+07:00"}`, `{"by":"Lan","until":"2026-11-24T10:00:00+07:00","emergencies_too":true}`},
		at + "unmute":   {`{"by":"Lan","until":"2026-11-24T10:00:00+07:00"}`, `{"by":"","until":"0001-01-01T00:00:00Z"}`},
		at + "adopt":    {`{"token":"pajoin.x","node":"gate-1","expires":"2026-11-24T10:00:00Z"}`},
		at + "replace":  {`{"token":"pajoin.y","node":"gate-1","expires":"2026-11-24T10:00:00Z"}`},
		"/v1/speakers":  {`[{"id":"gate-1","kind":"fixed","zones":["gates","roads"],"name":"Cổng 1"},{"id":"gate-2","kind":"fixed","enrolled":"2026-11-24T10:00:00Z"},{"id":"horn","kind":"third-party"}]`, `[]`},
		at + "logs":     {`{"lines":["one","two"],"next":2,"more":true}`, `{"lines":["three"],"next":3}`},
	})
	for _, c := range []struct {
		args  []string
		code  int
		says  string
		asked string
	}{
		{[]string{"identify", "gate-1"}, exitOK, "chirped for 5s and blinked", `identify {"for":"5s","level_db":-26}`},
		{[]string{"identify", "gate-1"}, exitBusy, "something else was on air", ""},
		{[]string{"identify", "gate-1", "--blink", "--for", "9s"}, exitOK, "gate-1 blinked", `identify {"for":"9s","level_db":-26,"blink":true}`},
		{[]string{"identify", "gate-2"}, exitUnreachable, "is it powered?", ""},
		{[]string{"volume", "gate-1"}, exitOK, "trim -6 dB, with +3 dB of zones.yaml -3 dB", `volume {}`},
		{[]string{"volume", "gate-1", "-6"}, exitOK, "-6 dB", `volume {"db":-6}`},
		{[]string{"volume", "gate-1", "+3dB"}, exitOK, "", `volume {"db":3}`},
		{[]string{"volume", "gate-1", "loud"}, exitUsage, "want decibels", ""},
		{[]string{"mute", "gate-1"}, exitOK, "but for emergencies", `mute {"for":"10m0s"}`},
		{[]string{"mute", "gate-1", "--emergencies-too"}, exitUsage, "--yes", ""},
		{[]string{"mute", "gate-1", "--emergencies-too", "--yes", "--for", "1h"}, exitOK, "for emergencies too", `mute {"for":"1h0m0s","emergencies_too":true,"confirmed":true}`},
		{[]string{"unmute", "gate-1"}, exitOK, "Lan had muted it", "unmute {}"},
		{[]string{"unmute", "gate-1"}, exitOK, "was not muted", ""},
		{[]string{"adopt"}, exitOK, "Cổng 1", ""},
		{[]string{"adopt"}, exitOK, "every loudspeaker has its hardware", ""},
		{[]string{"adopt", "gate-1", "--ttl", "2h"}, exitOK, "pajoin.x\ngood once, for gate-1, until", `adopt {"ttl":"2h0m0s"}`},
		{[]string{"replace", "gate-1"}, exitOK, "pajoin.y\n", `replace {"ttl":"1h0m0s"}`},
		{[]string{"replace"}, exitUsage, "accepts 1 arg", ""},
		{[]string{"node", "logs", "gate-1", "--since", "2026-11-24T08:00:00Z"}, exitOK, "one\ntwo\nthree\n", `logs {"since":"2026-11-24T08:00:00Z","after":2}`},
		{[]string{"node", "logs", "gate-1", "--since", "soon"}, exitUsage, "want a time", ""},
	} {
		out, code := run(c.args...)
		assert.Equal(t, c.code, code, "%v: %s", c.args, out)
		assert.Contains(t, out, c.says)
		if c.asked != "" {
			assert.Contains(t, b.last(), c.asked)
		}
	}
	out, code := run("mute", "gate-1", "--json")
	assert.Equal(t, exitOK, code)
	var m paspeaker.Muting
	require.NoError(t, json.Unmarshal([]byte(out), &m))
	assert.Equal(t, "Lan", m.By)
}

func TestStatusTellsWhatIsSetAtALoudspeaker(t *testing.T) {
	var b bytes.Buffer
	printSpeakers(&b, []paspeaker.SpeakerStatus{{Speaker: paspeaker.Speaker{ID: "gate-1"}, Report: &paspeaker.NodeReport{TrimDB: -6, Program: &paspeaker.RunningProgram{Failed: &paspeaker.FailedProgram{Why: "it panicked", At: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}},
		Muted: &paspeaker.Muting{By: "Lan", Until: time.Date(2026, 11, 24, 10, 0, 0, 0, time.Local)}}}, {Speaker: paspeaker.Speaker{ID: "gate-2"}}})
	assert.Contains(t, b.String(), "MUTED gate-1 by Lan until 10:00:00, but for emergencies; paspeaker unmute gate-1 ends it")
	assert.Contains(t, b.String(), "TRIM gate-1 -6 dB")
	assert.Contains(t, b.String(), "UPGRADE of gate-1 taken back at 2026-11-24 09:00: it panicked")
	assert.NotContains(t, b.String(), "MUTED gate-2")
}

func TestANegativeNumberIsNoFlagWhereAVolumeIsSet(t *testing.T) {
	assert.Equal(t, []string{"volume", "gate-1", "−6.5"}, negatives([]string{"volume", "gate-1", "-6.5"}))
	assert.Equal(t, []string{"tone", "--level", "-6"}, negatives([]string{"tone", "--level", "-6"}))
	assert.Equal(t, []string{"volume", "-u", "x"}, negatives([]string{"volume", "-u", "x"}))
	for s, want := range map[string]float64{"-6": -6, "−6": -6, "+3": 3, "2 dB": 2, "0": 0} {
		db, err := parseDB(s)
		require.NoError(t, err)
		assert.Equal(t, want, db)
	}
}

// One after another, and the first that goes back ends the work.
func TestAnUpgradeStopsAtTheFirstThatGoesBack(t *testing.T) {
	sha := strings.Repeat("ab", 32)
	report := func(arch, sha string) string {
		return `"online":true,"report":{"program":{"arch":"` + arch + `","sha256":"` + sha + `"}}`
	}
	b, run := newBenchAPI(t, map[string][]string{
		"/v1/programs": {`{"sha256":"` + sha + `","size":9,"arch":"arm64"}`},
		"/v1/speakers": {`[{"id":"gate-1","kind":"fixed",` + report("arm64", "") + `},{"id":"gate-2","kind":"fixed",` + report("arm64", sha) + `},
			{"id":"gate-3","kind":"fixed"},{"id":"gate-4","kind":"fixed",` + report("arm", "") + `},{"id":"gate-5","kind":"fixed","online":true,"report":{}},{"id":"horn","kind":"third-party"}]`},
		"/v1/speakers/gate-1/upgrade": {`{"arch":"arm64","version":"9.1","sha256":"` + sha + `"}`},
	})
	program := file(t, "paspeaker-node", []byte("a program"))
	out, code := run("node", "upgrade", "--all", "--file", program, "--yes")
	assert.Equal(t, exitOK, code, out)
	for _, want := range []string{"gate-1 runs 9.1 (abababababab…)", "left out: gate-3 is offline", "left out: gate-4 is an arm", "left out: gate-5 cannot"} {
		assert.Contains(t, out, want)
	}
	assert.Equal(t, `/v1/speakers/gate-1/upgrade {"sha256":"`+sha+`"}`, b.last())

	out, code = run("node", "upgrade", "gate-1", "gate-9", "gate-2", "--file", program)
	assert.Equal(t, exitUnreachable, code)
	assert.Contains(t, out, "gate-1 runs")
	assert.Contains(t, out, "1 further loudspeakers were not touched")
	for args, says := range map[string]string{
		"node upgrade":                         "say --all",
		"node upgrade gate-1 --all -f x":       "say --all",
		"node upgrade gate-1":                  "--file is missing",
		"node upgrade gate-1 --file /nowhere":  "no such file",
		"node upgrade gate-1 --file /proc":     "not a file",
		"node upgrade --all --file " + program: "say --yes",
	} {
		out, code := run(strings.Fields(args)...)
		assert.Equal(t, exitUsage, code, args)
		assert.Contains(t, out, says)
	}
}
