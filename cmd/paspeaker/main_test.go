package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/paspeaker"
)

// run runs the command line as a shell would, and returns what it left.
func run(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	g := &globals{in: strings.NewReader(""), out: &o, errOut: &e}
	cmd := newRoot(g)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	printError(&e, g.errorLanguage(), err)
	return o.String() + e.String(), exitCode(err)
}

func TestCheck(t *testing.T) {
	out, code := run(t, "check", "../../zones.yaml")
	assert.Equal(t, exitOK, code, out)
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("zonez: 1\n"), 0o600))
	out, code = run(t, "check", bad)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "bad.yaml:1")
	out, code = run(t, "check", t.TempDir())
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "is a directory")
}

func TestCheckDecodesTheRecordings(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "zones.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`site: {id: park, name: Park, time_zone: Asia/Ho_Chi_Minh}
zones: [{id: gates, name: Cổng}]
speakers: [{id: gate-1, name: Cổng 1, zones: [gates]}]
emergencies:
  - id: gas
    name: Khí độc
    message: [gas.wav]
    cancel: [gas.wav]
`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gas.wav"), []byte("RIFF....WAVEjunk"), 0o600))
	out, code := run(t, "check", file)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "zones.yaml:7: emergencies.gas: gas.wav: decode sound: sound file is damaged")
	assert.Equal(t, 1, strings.Count(out, "\n"), "once")
	f, err := os.Create(filepath.Join(dir, "gas.wav"))
	require.NoError(t, err)
	w, err := audio.NewWAVWriter(f, audio.Rate)
	require.NoError(t, err)
	require.NoError(t, w.Write(make([]float32, 480)))
	require.NoError(t, w.Close())
	out, code = run(t, "check", file)
	assert.Equal(t, exitOK, code, out)
}

func TestVerbsAgainstAnAPI(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("secret\n"), 0o600))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/zones") {
			_, _ = w.Write([]byte(`[{"id":"gates","name":"Cổng","group":"239.255.12.1:5004","members":["gate-1"]}]`))
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"status":404,"code":"not found","what":"no such thing","hint":"look again"}`))
	}))
	defer srv.Close()
	out, code := run(t, "zones", "--url", srv.URL, "--token-file", token)
	assert.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "Cổng")
	out, code = run(t, "sdp", "nowhere", "--url", srv.URL, "--token-file", token)
	assert.Equal(t, exitNotFound, code, out)
	out, code = run(t, "zones", "--token-file", token+".none")
	assert.Equal(t, exitDenied, code)
	assert.Contains(t, out, "--token-file")
}

func TestExitCodes(t *testing.T) {
	for code, want := range map[paspeaker.Code]int{
		paspeaker.CodeInvalid: exitUsage, paspeaker.CodeUnsupported: exitUsage, paspeaker.CodeTooLarge: exitUsage, paspeaker.CodeBusy: exitBusy, paspeaker.CodeUnavailable: exitUnreachable,
		paspeaker.CodeNotFound: exitNotFound, paspeaker.CodeDenied: exitDenied, paspeaker.CodeInternal: exitFailed,
	} {
		assert.Equal(t, want, exitCode(paspeaker.Errorf(code, "x")), code)
	}
	_, code := run(t, "zones", "--nonsense")
	assert.Equal(t, exitUsage, code)
}

func TestAMistypedCommandIsAMistake(t *testing.T) {
	for args, want := range map[string]string{
		"foo":                "foo: no such command",
		"statsu":             "did you mean status?",
		"emergency":          "paspeaker emergency list",
		"emergency a b":      "zones go behind --zones",
		"emergency evacuate": "say --all",
		"sdp":                "accepts 1 arg",
		"stop":               "stop what?",
		"stop xyz":           "hexadecimal",
		"announce":           "announce what?",
		"announce x.wav":     "where?",
		"log --since never":  "want a time",
		"status --nonsense":  "unknown flag",
		"zones gates":        "unknown command",
	} {
		out, code := run(t, strings.Fields(args)...)
		assert.Equal(t, exitUsage, code, args)
		assert.Contains(t, out, want, args)
	}
	out, code := run(t)
	assert.Equal(t, exitOK, code)
	assert.Contains(t, out, "Available Commands")
}

func TestAnErrorSaysItsCauseAndWhatToDo(t *testing.T) {
	var b bytes.Buffer
	printError(&b, english, &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "reach controller", Err: os.ErrDeadlineExceeded, Hint: "is it running?"})
	assert.Equal(t, "paspeaker: reach controller: i/o timeout\n  is it running?\n", b.String())
	b.Reset()
	printError(&b, english, &paspeaker.Error{What: "read x: i/o timeout", Err: os.ErrDeadlineExceeded})
	assert.Equal(t, "paspeaker: read x: i/o timeout\n", b.String(), "once is enough")
}

// Flags win over the environment, and that over the configuration file.
func TestWhereTheControllerIs(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	require.NoError(t, os.MkdirAll(filepath.Join(home, "paspeaker"), 0o700))
	token := filepath.Join(home, "token")
	require.NoError(t, os.WriteFile(token, []byte("secret"), 0o600))
	file := filepath.Join(home, "paspeaker", "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte("url: http://127.0.0.1:1\ntoken_file: "+token+"\nby: Minh\n"), 0o600))
	t.Setenv("PASPEAKER_URL", "")
	t.Setenv("PASPEAKER_TOKEN_FILE", "")
	out, code := run(t, "status")
	assert.Equal(t, exitUnreachable, code)
	assert.Contains(t, out, "127.0.0.1:1: ")
	t.Setenv("PASPEAKER_URL", "http://127.0.0.1:2")
	out, _ = run(t, "status")
	assert.Contains(t, out, "127.0.0.1:2: ")
	out, _ = run(t, "status", "--url", "http://127.0.0.1:3")
	assert.Contains(t, out, "127.0.0.1:3: ")
	require.NoError(t, os.WriteFile(file, []byte("colour: blue\n"), 0o600))
	out, code = run(t, "status")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "it may say url, token_file, fingerprint and by")
}

// Every verb shows how it is used, by examples that its own flags can read.
func TestEveryVerbHasExamplesThatCanBeTyped(t *testing.T) {
	root := newRoot(&globals{})
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		if cmd == root || cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" {
			return
		}
		found := 0
		for line := range strings.Lines(cmd.Example) {
			line, _, _ = strings.Cut(line, "   #")
			_, said, ok := strings.Cut(line, "paspeaker ")
			if !ok {
				continue
			}
			words := strings.Fields(strings.FieldsFunc(said, func(r rune) bool { return strings.ContainsRune("|>&;", r) })[0])
			meant, rest, err := root.Find(words)
			// A verb that only has verbs beneath it is shown by theirs.
			beneath := !cmd.Runnable() && strings.HasPrefix(meant.CommandPath(), cmd.CommandPath()+" ")
			if assert.NoError(t, err, line) && (meant == cmd || beneath) {
				assert.NoError(t, meant.ParseFlags(negatives(append([]string{meant.Name()}, rest...))), line)
				found++
			}
		}
		assert.Positive(t, found, "%s has no example", cmd.CommandPath())
	}
	walk(root)
}

func TestTheShellIsOfferedWords(t *testing.T) {
	token := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`[{"id":"gates","name":"Cổng"}]`))
	}))
	for line, want := range map[string]string{
		"announce x.wav ^":                "gates\tCổng\n:4",
		"announce ^":                      ":0", // files
		"announce --builtin slogan-1 ^":   "gates\tCổng\n:4",
		"announce --builtin slogan^":      "slogan-1\n",
		"announce x.wav gates --chime g^": "gong\n",
		"announce x.wav -p e^":            "emergency\n",
		"tone gates --sound t^":           "three-tone\n",
		"tone --routing ^":                "stacked\n",
		"live gates --preempted ^":        "restart\n",
		"sdp ^":                           "gates\tCổng\n:4",
	} {
		words := append(append([]string{"__complete"}, token...), strings.Fields(strings.TrimSuffix(line, "^"))...)
		if strings.HasSuffix(line, " ^") {
			words = append(words, "")
		}
		out, code := run(t, words...)
		assert.Equal(t, exitOK, code, line)
		assert.Contains(t, out, want, line)
	}
}
