package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/paspeaker"
	"pa/paspeaker/api/body"
)

// shelf is a message library behind an API, as far as the CLI sees it.
type shelf struct {
	t        *testing.T
	versions map[string][]paspeaker.Message
	sounds   map[string][]byte
	used     string
	asked    body.NewMessage
	edit     body.EditMessage
	uploaded []byte
	sound    map[string]any // of the last announcement
}

func newShelf(t *testing.T) *shelf {
	s := &shelf{t: t, versions: map[string][]paspeaker.Message{}, sounds: map[string][]byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/messages", func(w http.ResponseWriter, _ *http.Request) {
		list := []paspeaker.Message{}
		for _, v := range s.versions {
			list = append(list, v[len(v)-1])
		}
		s.answer(w, list)
	})
	mux.HandleFunc("GET /v1/sounds", func(w http.ResponseWriter, _ *http.Request) {
		s.answer(w, []paspeaker.BuiltinSound{{Name: "gong", Kind: "chime", About: "struck bars"}})
	})
	mux.HandleFunc("GET /v1/messages/{name}", s.withOne(func(w http.ResponseWriter, m paspeaker.Message) { s.answer(w, m) }))
	mux.HandleFunc("GET /v1/messages/{name}/versions", func(w http.ResponseWriter, r *http.Request) { s.answer(w, s.versions[r.PathValue("name")]) })
	mux.HandleFunc("GET /v1/messages/{name}/sound", s.withOne(func(w http.ResponseWriter, m paspeaker.Message) { _, _ = w.Write(s.sounds[m.Hash]) }))
	mux.HandleFunc("POST /v1/messages/{name}/sound", func(w http.ResponseWriter, r *http.Request) {
		s.asked = body.NewMessage{}
		assert.NoError(t, json.Unmarshal([]byte(r.URL.Query().Get("message")), &s.asked))
		s.uploaded, _ = io.ReadAll(r.Body)
		s.answer(w, s.put(r.PathValue("name"), s.asked, s.uploaded))
	})
	mux.HandleFunc("POST /v1/messages/{name}/speech", func(w http.ResponseWriter, r *http.Request) {
		s.asked = body.NewMessage{}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&s.asked))
		s.answer(w, s.put(r.PathValue("name"), s.asked, []byte(s.asked.Text)))
	})
	mux.HandleFunc("PATCH /v1/messages/{name}", func(w http.ResponseWriter, r *http.Request) {
		s.edit = body.EditMessage{}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&s.edit))
		s.withOne(func(w http.ResponseWriter, m paspeaker.Message) { s.answer(w, m) })(w, r)
	})
	mux.HandleFunc("DELETE /v1/messages/{name}", func(w http.ResponseWriter, r *http.Request) {
		if s.used != "" {
			s.refuse(w, http.StatusConflict, paspeaker.CodeConflict, "it is used by "+s.used)
			return
		}
		delete(s.versions, r.PathValue("name"))
		s.answer(w, body.Removed{Removed: r.PathValue("name")})
	})
	mux.HandleFunc("POST /v1/announcements", func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&s.sound))
		s.answer(w, paspeaker.Session{ID: 0x100})
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("secret\n"), 0o600))
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("PASPEAKER_URL", srv.URL)
	t.Setenv("PASPEAKER_TOKEN_FILE", token)
	t.Setenv("LC_ALL", "C.UTF-8")
	return s
}

func (s *shelf) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	assert.NoError(s.t, json.NewEncoder(w).Encode(v))
}

func (s *shelf) refuse(w http.ResponseWriter, status int, code paspeaker.Code, what string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	assert.NoError(s.t, json.NewEncoder(w).Encode(body.Problem{Status: status, Code: code, What: what}))
}

func (s *shelf) withOne(f func(http.ResponseWriter, paspeaker.Message)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := s.versions[r.PathValue("name")]
		n, _ := strconv.Atoi(r.URL.Query().Get("version"))
		if len(v) == 0 || n > len(v) {
			s.refuse(w, http.StatusNotFound, paspeaker.CodeNotFound, "there is none")
			return
		}
		if n == 0 {
			n = len(v)
		}
		f(w, v[n-1])
	}
}

func (s *shelf) put(name string, n body.NewMessage, sound []byte) paspeaker.Message {
	hash := strconv.Itoa(len(sound))
	m := paspeaker.Message{Name: name, Version: len(s.versions[name]) + 1, Hash: hash, Bytes: int64(len(sound)), Length: paspeaker.Duration(5200 * time.Millisecond),
		Text: n.Text, Voice: n.Voice, Note: n.Note, Files: n.Files, By: "Chị Lan", At: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), Change: paspeaker.MessageAdded,
		Level: paspeaker.MessageLevel{Target: -16, Before: -21.3, After: -16, Peak: -1.2}, Overview: []byte{0, 64, 255, 64, 0},
		Warnings: []paspeaker.Warning{{Kind: "hum", Value: 50, Text: "hum"}}, CutHead: paspeaker.Duration(300 * time.Millisecond)}
	s.versions[name] = append(s.versions[name], m)
	s.sounds[hash] = sound
	return m
}

// flacFile is a FLAC file of half a second, by the reference encoder.
func flacFile(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "a.wav"))
	require.NoError(t, err)
	defer f.Close()
	w, err := audio.NewWAVWriter(f, audio.Rate)
	require.NoError(t, err)
	require.NoError(t, w.Write(make([]float32, audio.Rate/2)))
	require.NoError(t, w.Close())
	out, err := exec.Command("flac", "-s", "-o", filepath.Join(dir, "a.flac"), f.Name()).CombinedOutput()
	require.NoError(t, err, "this test needs flac: %s", out)
	b, err := os.ReadFile(filepath.Join(dir, "a.flac"))
	require.NoError(t, err)
	return b
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func TestMessageAdd(t *testing.T) {
	s := newShelf(t)
	one, two := file(t, "một.wav", []byte("11111")), file(t, "hai.flac", []byte("222"))
	out, code := run(t, "message", "add", "Chào buổi sáng", one, two, "--gap", "500ms", "--note", "sáng", "--loudness", "-18")
	require.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "Chào buổi sáng: version 1, 5.2 s, -21.3 → -16.0 LUFS, peak -1.2 dBTP")
	assert.Contains(t, out, "cut 0.3 s of silence")
	assert.Contains(t, out, "hum at 50 Hz: look at the cable")
	assert.Equal(t, []string{"một.wav", "hai.flac"}, s.asked.Files)
	assert.Equal(t, []int64{5, 3}, s.asked.Sizes)
	assert.EqualValues(t, 500*time.Millisecond, s.asked.Gap)
	assert.EqualValues(t, -18, *s.asked.Loudness)
	assert.Equal(t, "11111222", string(s.uploaded))

	t.Setenv("LC_ALL", "vi_VN.UTF-8")
	out, _ = run(t, "message", "add", "Chào", one)
	assert.Contains(t, out, "phiên bản 1")
	assert.Contains(t, out, "tiếng ù 50 Hz")
	assert.Nil(t, s.asked.Sizes, "one file needs none")
	for args, want := range map[string]string{"message add": "at least 2 arg", "message add x": "at least 2 arg", "message add x /nonexistent": "không có tệp", "message add x /tmp": "không phải là tệp"} {
		out, code := run(t, strings.Fields(args)...)
		assert.Equal(t, exitUsage, code, args)
		assert.Contains(t, out, want, args)
	}
}

func TestMessageSay(t *testing.T) {
	s := newShelf(t)
	out, code := run(t, "message", "say", "Giờ nghỉ", "Đã đến giờ nghỉ.", "--voice", "vi-vn-x-south", "--replace")
	require.Equal(t, exitOK, code, out)
	assert.Equal(t, body.NewMessage{Text: "Đã đến giờ nghỉ.", Voice: "vi-vn-x-south", Replace: true}, s.asked)
	_, code = run(t, "message", "say", "Giờ nghỉ", "--file", file(t, "a.txt", []byte("Từ tệp\n")))
	require.Equal(t, exitOK, code)
	assert.Equal(t, "Từ tệp", s.asked.Text)
	for _, args := range [][]string{{"message", "say", "a"}, {"message", "say", "a", "b", "--file", "c"}, {"message", "say", "a", "--file", "/nonexistent"},
		{"message", "say", "a", "--file", file(t, "b.txt", bytes.Repeat([]byte("x"), maxText+1))}} {
		_, code = run(t, args...)
		assert.Equal(t, exitUsage, code, args)
	}
}

func TestMessageListAndShow(t *testing.T) {
	s := newShelf(t)
	out, code := run(t, "message", "list")
	require.Equal(t, exitOK, code)
	assert.Contains(t, out, "nothing to show")
	s.put("Chào buổi sáng", body.NewMessage{Text: "Chào các anh chị", Note: "ca 1", Files: []string{"a.wav"}}, []byte("1"))
	s.put("Chào buổi sáng", body.NewMessage{Text: "Chào", Voice: "vi"}, []byte("22"))
	out, _ = run(t, "message", "list")
	assert.Contains(t, out, "│ Chào buổi sáng │ 2       │ 5.2 s  │ -16.0 LUFS │ vi    │ Chị Lan │")
	out, _ = run(t, "message", "show", "Chào buổi sáng", "--version", "1")
	for _, want := range []string{"version: 1 (added, Chị Lan", "text: Chào các anh chị", "note: ca 1", "file: a.wav", "hum at 50 Hz", "█"} {
		assert.Contains(t, out, want)
	}
	out, _ = run(t, "message", "show", "Chào buổi sáng", "--versions")
	assert.Equal(t, 2, strings.Count(out, "added"))
	out, _ = run(t, "message", "show", "Chào buổi sáng", "--json")
	var m paspeaker.Message
	require.NoError(t, json.Unmarshal([]byte(out), &m))
	assert.Equal(t, 2, m.Version)
	out, code = run(t, "message", "show", "khác")
	assert.Equal(t, exitNotFound, code, out)
	out, _ = run(t, "message", "list", "--builtin")
	assert.Contains(t, out, "gong")
	out, _ = run(t, "__complete", "message", "show", "")
	assert.Contains(t, out, "Chào buổi sáng\t5.2 s")
	out, _ = run(t, "__complete", "announce", "--message", "")
	assert.Contains(t, out, "Chào buổi sáng")
}

func TestMessageEditByFlags(t *testing.T) {
	s := newShelf(t)
	s.put("Chào", body.NewMessage{}, []byte("1"))
	_, code := run(t, "message", "edit", "Chào", "--note", "", "--loudness", "-18", "--rename", "Chào 2")
	require.Equal(t, exitOK, code)
	assert.Equal(t, body.EditMessage{Note: new(""), Loudness: new(-18.0), Name: new("Chào 2")}, s.edit)
	_, code = run(t, "message", "edit", "Chào", "--restore", "1")
	require.Equal(t, exitOK, code)
	assert.Equal(t, body.EditMessage{Restore: 1}, s.edit)
}

// editor is a program that edits as a person would: sed.
func editor(t *testing.T, script string) {
	t.Helper()
	path := file(t, "editor", []byte("#!/bin/sh\nsed -i \""+script+"\" \"$1\"\n"))
	require.NoError(t, os.Chmod(path, 0o700))
	t.Setenv("VISUAL", path)
}

func TestMessageEditInTheEditor(t *testing.T) {
	s := newShelf(t)
	s.put("Chào", body.NewMessage{Text: "Chào các anh chị\nca một", Voice: "vi", Note: "cũ"}, []byte("1"))
	editor(t, `s/note: .*/note: mới/`)
	out, code := run(t, "message", "edit", "Chào")
	require.Equal(t, exitOK, code, out)
	assert.Equal(t, body.EditMessage{Version: 1, Note: new("mới")}, s.edit, "what was not changed is not sent")

	s.edit = body.EditMessage{}
	editor(t, "")
	out, code = run(t, "message", "edit", "Chào")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "nothing was changed")
	editor(t, `s/loudness: .*/loudness: 0/`)
	out, code = run(t, "message", "edit", "Chào")
	assert.Equal(t, exitFailed, code, "saved again as it was: given up")
	assert.Contains(t, out, "nothing was changed")
	assert.Equal(t, body.EditMessage{}, s.edit)
	t.Setenv("VISUAL", "/nonexistent-editor")
	out, code = run(t, "message", "edit", "Chào")
	assert.NotEqual(t, exitOK, code, out)
}

func TestFaultsStandAtTheTopOfTheEditor(t *testing.T) {
	text := []byte("# Chào\nname: x\n")
	marked := append(faultLines(english, assert.AnError), text...)
	assert.True(t, bytes.HasPrefix(marked, []byte("# ! ")))
	assert.Equal(t, text, withoutFaults(marked))
	assert.Empty(t, withoutFaults([]byte("# ! and no more")))
}

func TestMessageRm(t *testing.T) {
	s := newShelf(t)
	s.put("Chào", body.NewMessage{}, []byte("1"))
	out, code := run(t, "message", "rm", "Chào")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "--yes")
	out, code = run(t, "message", "rm", "Chào", "Khác", "--yes")
	assert.Equal(t, exitNotFound, code, out)
	assert.Contains(t, s.versions, "Chào", "all or nothing")
	s.used = "campaign slogans"
	out, code = run(t, "message", "rm", "Chào", "--yes")
	assert.Equal(t, exitBusy, code)
	assert.Contains(t, out, "campaign slogans")
	s.used = ""
	out, code = run(t, "message", "rm", "Chào", "--yes")
	require.Equal(t, exitOK, code)
	assert.Contains(t, out, "removed Chào")
	assert.Empty(t, s.versions)
}

func TestConfirm(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "có\n": true, "C\n": true, "yes": true, "n\n": false, "\n": false, "": false} {
		var said bytes.Buffer
		g := &globals{in: strings.NewReader(answer), out: &said, errOut: &said}
		err := g.confirm(false, "xóa")
		assert.Equal(t, want, err == nil, "%q: %v", answer, err)
		assert.Contains(t, said.String(), "xóa")
	}
	assert.NoError(t, (&globals{}).confirm(true, "x"))
}

func TestMessageExportAndImport(t *testing.T) {
	s := newShelf(t)
	sound := flacFile(t)
	s.put("Chào", body.NewMessage{Text: "Chào", Note: "ca 1", Voice: "vi"}, sound)
	s.put("Nghỉ", body.NewMessage{}, sound)
	dir := t.TempDir()
	archive, wav, flac := filepath.Join(dir, "lib.tar"), filepath.Join(dir, "a.wav"), filepath.Join(dir, "a.flac")
	out, code := run(t, "message", "export", "--all", "-o", archive)
	require.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "lib.tar: 2")
	_, code = run(t, "message", "export", "Chào", "-o", wav)
	require.Equal(t, exitOK, code)
	f, err := os.Open(wav)
	require.NoError(t, err)
	defer f.Close()
	got, err := audio.ReadWAV(f)
	require.NoError(t, err)
	assert.Len(t, got.Samples, audio.Rate/2)
	_, code = run(t, "message", "export", "Chào", "-o", flac)
	require.Equal(t, exitOK, code)
	kept, err := os.ReadFile(flac)
	require.NoError(t, err)
	assert.Equal(t, sound, kept)
	for _, args := range [][]string{{"message", "export"}, {"message", "export", "a", "--all"}, {"message", "export", "Chào", "-o", "x.mp3"}, {"message", "export", "Chào", "Nghỉ", "-o", "x.wav"}} {
		_, code = run(t, args...)
		assert.Equal(t, exitUsage, code, args)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 3, "nothing half written")

	out, code = run(t, "message", "import", archive)
	require.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "taken in: 0, there already: 2")
	delete(s.versions, "Chào")
	s.versions["Nghỉ"][0].Note = "khác"
	out, code = run(t, "message", "import", archive)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "Nghỉ; say --replace")
	assert.NotContains(t, s.versions, "Chào", "all or nothing")
	out, code = run(t, "message", "import", archive, "Chào")
	require.Equal(t, exitOK, code, out)
	assert.Equal(t, body.NewMessage{Text: "Chào", Note: "ca 1", Voice: "vi", AsItIs: true}, s.asked)
	assert.Equal(t, sound, s.uploaded)
	out, code = run(t, "message", "import", archive, "Không có")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "not in the archive: Không có")
	_, code = run(t, "message", "import", archive, "--replace")
	require.Equal(t, exitOK, code)
	assert.True(t, s.asked.Replace)
	for name, content := range map[string][]byte{"no tar": []byte("hello"), "empty": nil, "a tar of other things": tarOf(t, "etc/passwd", "x"), "no index": tarOf(t, "sounds/1.flac", "x"),
		"no sound": tarOf(t, archiveIndex, `{"format":1,"messages":[{"name":"a","hash":"1"}]}`), "newer": tarOf(t, archiveIndex, `{"format":2}`)} {
		_, code = run(t, "message", "import", file(t, "x.tar", content))
		assert.Equal(t, exitUsage, code, name)
	}
}

func TestAnnounceAMessage(t *testing.T) {
	s := newShelf(t)
	out, code := run(t, "announce", "--message", "Giờ nghỉ", "gates")
	require.Equal(t, exitOK, code, out)
	assert.Equal(t, "message", s.sound["source"])
	assert.Equal(t, "Giờ nghỉ", s.sound["sound"])
	_, code = run(t, "announce", "--message", "a", "--builtin", "b", "gates")
	assert.Equal(t, exitUsage, code)
}
