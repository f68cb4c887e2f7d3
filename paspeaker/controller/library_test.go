package controller

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/loudness"
	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/api"
	"pa/paspeaker/api/body"
)

var lan = paspeaker.Caller{By: "Chị Lan", From: "127.0.0.1"}

const slogan = "Công nhân KCX-KCN tích cực lao động sản xuất để xây dựng và bảo vệ Tổ quốc"

// recording is a Vietnamese sentence as a file.
func recording(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.wav")
	out, err := exec.Command("espeak-ng", "-v", "vi", "-s", "150", "-w", path, slogan).CombinedOutput()
	require.NoError(t, err, "this test needs espeak-ng: %s", out)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

func (r *rig) add(name string, n body.NewMessage, file []byte) paspeaker.Message {
	r.t.Helper()
	m, err := r.AddMessage(r.t.Context(), lan, name, n, bytes.NewReader(file))
	require.NoError(r.t, err)
	return m
}

// listed waits until the bus has told of what is in the library, as want says.
func (r *rig) listed(want string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		var names []string
		for _, m := range r.Messages() {
			names = append(names, m.Name)
		}
		return strings.Join(names, ", ") == want
	}, 20*time.Second, 10*time.Millisecond)
}

func code(err error) paspeaker.Code { return paspeaker.CodeOf(err) }

func TestAnUploadBecomesAMessage(t *testing.T) {
	r := newRig(t, "")
	wav := recording(t)
	m := r.add("Kha\u0302\u0309u hie\u0323\u0302u", body.NewMessage{Note: "tháng 11", Files: []string{"a.wav"}}, wav)
	assert.Equal(t, "Khẩu hiệu", m.Name, "NFC")
	assert.Equal(t, 1, m.Version)
	assert.Equal(t, "Chị Lan", m.By)
	assert.InDelta(t, -16, m.Level.After, 0.2)
	assert.LessOrEqual(t, m.Level.Peak, -1.0)
	assert.NotEmpty(t, m.Overview)
	assert.Greater(t, time.Duration(m.Length), 4*time.Second)
	assert.Positive(t, m.CutTail)

	got, file, err := r.MessageSound(t.Context(), "Khẩu hiệu", 0)
	require.NoError(t, err)
	assert.Equal(t, m.Hash, got.Hash)
	clip, err := source.Decode(t.Context(), bytes.NewReader(file), source.Limits{})
	require.NoError(t, err)
	assert.InDelta(t, -16, loudness.MeasureOf(clip.PCM()).LUFS, 0.2)

	_, err = r.AddMessage(t.Context(), lan, "Khẩu hiệu", body.NewMessage{}, bytes.NewReader(wav))
	require.Equal(t, paspeaker.CodeConflict, code(err))
	kept := r.add("Khẩu hiệu", body.NewMessage{Replace: true, AsItIs: true}, wav)
	assert.Equal(t, 2, kept.Version)
	assert.Equal(t, "tháng 11", kept.Note, "the note stays")
	assert.Zero(t, kept.Level.GainDB)
	versions, err := r.MessageVersions(t.Context(), "Khẩu hiệu")
	require.NoError(t, err)
	require.Len(t, versions, 2)
	old, _, err := r.MessageSound(t.Context(), "Khẩu hiệu", 1)
	require.NoError(t, err)
	assert.Equal(t, m.Hash, old.Hash)

	require.NoError(t, r.journal.Flush(t.Context()))
	entries, err := r.Journal(t.Context(), paspeaker.JournalQuery{By: "Chị Lan"})
	require.NoError(t, err)
	require.Len(t, entries, 2)
	assert.Equal(t, "message added", entries[0].What)
	assert.Equal(t, "Khẩu hiệu", entries[0].Message)
	assert.Equal(t, "message new sound", entries[1].What)
}

func TestATextBecomesAMessageAndKeepsItsText(t *testing.T) {
	r := newRig(t, "")
	m, err := r.SayMessage(t.Context(), lan, "Khẩu hiệu", body.NewMessage{Text: slogan})
	require.NoError(t, err)
	assert.Equal(t, slogan, m.Text)
	assert.Equal(t, "vi", m.Voice)
	assert.InDelta(t, -16, m.Level.After, 0.2)

	voice := "vi-vn-x-south"
	south, err := r.EditMessage(t.Context(), lan, "Khẩu hiệu", body.EditMessage{Voice: &voice})
	require.NoError(t, err)
	assert.Equal(t, 2, south.Version)
	assert.NotEqual(t, m.Hash, south.Hash, "it is said anew")
	assert.Equal(t, slogan, south.Text)

	for _, c := range []struct {
		name string
		n    body.NewMessage
		want paspeaker.Code
		says string
	}{
		{"no text", body.NewMessage{Text: " \n"}, paspeaker.CodeInvalid, "no text"},
		{"no such voice", body.NewMessage{Text: "a", Voice: "klingon"}, paspeaker.CodeInvalid, "the voices are vi"},
		{"an option for a voice", body.NewMessage{Text: "a", Voice: "-f/etc/passwd"}, paspeaker.CodeInvalid, "voice"},
	} {
		_, err := r.SayMessage(t.Context(), lan, "Khác", c.n)
		require.Equal(t, c.want, code(err), c.name)
		assert.ErrorContains(t, err, c.says, c.name)
	}
}

func TestASpeechProgramThatIsMissing(t *testing.T) {
	r := newRig(t, "")
	r.writeSite(parkYAML() + "\nmessages: {speech: {command: [no-such-speech, \"{voice}\"]}}\n")
	_, err := r.Reload(t.Context(), lan)
	require.NoError(t, err)
	_, err = r.SayMessage(t.Context(), lan, "Chào", body.NewMessage{Text: "xin chào"})
	require.Equal(t, paspeaker.CodeUnavailable, code(err))
	assert.ErrorContains(t, err, "no-such-speech")
}

func TestEditingAMessage(t *testing.T) {
	r := newRig(t, "")
	m := r.add("Giờ nghỉ", body.NewMessage{}, recording(t))
	note, louder, name := "đọc chậm", -20.0, "Giờ nghỉ trưa"

	same, err := r.EditMessage(t.Context(), lan, m.Name, body.EditMessage{})
	require.NoError(t, err)
	assert.Equal(t, 1, same.Version, "nothing was changed")
	noted, err := r.EditMessage(t.Context(), lan, m.Name, body.EditMessage{Note: &note, Version: 1})
	require.NoError(t, err)
	assert.Equal(t, 2, noted.Version)
	assert.Equal(t, m.Hash, noted.Hash)
	_, err = r.EditMessage(t.Context(), lan, m.Name, body.EditMessage{Note: &note, Version: 1})
	require.Equal(t, paspeaker.CodeConflict, code(err), "somebody edited meanwhile")

	soft, err := r.EditMessage(t.Context(), lan, m.Name, body.EditMessage{Loudness: &louder})
	require.NoError(t, err)
	assert.InDelta(t, -20, soft.Level.After, 0.2)
	assert.Equal(t, m.Level.Before, soft.Level.Before, "how it came is not forgotten")
	assert.Equal(t, note, soft.Note)

	back, err := r.EditMessage(t.Context(), lan, m.Name, body.EditMessage{Restore: 1})
	require.NoError(t, err)
	assert.Equal(t, 4, back.Version)
	assert.Equal(t, m.Hash, back.Hash)
	assert.Empty(t, back.Note)
	_, err = r.EditMessage(t.Context(), lan, m.Name, body.EditMessage{Restore: 9})
	require.Equal(t, paspeaker.CodeNotFound, code(err))

	renamed, err := r.EditMessage(t.Context(), lan, m.Name, body.EditMessage{Name: &name})
	require.NoError(t, err)
	assert.Equal(t, name, renamed.Name)
	r.listed(name)
	versions, err := r.MessageVersions(t.Context(), name)
	require.NoError(t, err)
	assert.Len(t, versions, 5, "its history came along")
	bad := "a/b"
	_, err = r.EditMessage(t.Context(), lan, name, body.EditMessage{Name: &bad})
	require.Equal(t, paspeaker.CodeInvalid, code(err))
}

func TestWhatIsUsedIsNotRemoved(t *testing.T) {
	r := newRig(t, "")
	used := map[string][]string{"Chào": {"campaign slogans", "campaign sáng"}}
	var mu sync.Mutex
	r.messageUsers(func(name string) []string {
		mu.Lock()
		defer mu.Unlock()
		return used[name]
	})
	m := r.add("Chào", body.NewMessage{}, recording(t))
	err := r.RemoveMessage(t.Context(), lan, "Chào")
	require.Equal(t, paspeaker.CodeConflict, code(err))
	assert.ErrorContains(t, err, "campaign slogans, campaign sáng")
	name := "Khác"
	_, err = r.EditMessage(t.Context(), lan, "Chào", body.EditMessage{Name: &name})
	require.Equal(t, paspeaker.CodeConflict, code(err))

	mu.Lock()
	clear(used)
	mu.Unlock()
	require.NoError(t, r.RemoveMessage(t.Context(), lan, "Chào"))
	r.listed("")
	require.Equal(t, paspeaker.CodeNotFound, code(r.RemoveMessage(t.Context(), lan, "Chào")))
	require.Eventually(t, func() bool {
		_, err := r.library.store.Sound(context.Background(), m.Hash)
		return code(err) == paspeaker.CodeNotFound
	}, 20*time.Second, 10*time.Millisecond, "its sound is swept")
}

func TestWhatNobodyCanPlayIsNotStored(t *testing.T) {
	r := newRig(t, "")
	silent := make([]int16, audio.Rate)
	for _, c := range []struct {
		name string
		file []byte
		want paspeaker.Code
		says string
	}{
		{"Thư", []byte("một lá thư"), paspeaker.CodeInvalid, "not a sound file"},
		{"Im lặng", wavFile(t, silent), paspeaker.CodeInvalid, "nothing to hear"},
		{"", recording(t), paspeaker.CodeInvalid, "name"},
		{"a/b", recording(t), paspeaker.CodeInvalid, "slash"},
	} {
		_, err := r.AddMessage(t.Context(), lan, c.name, body.NewMessage{Files: []string{"x.wav"}}, bytes.NewReader(c.file))
		require.Equal(t, c.want, code(err), c.name)
		assert.ErrorContains(t, err, c.says, c.name)
	}
	assert.Empty(t, r.Messages())
}

func wavFile(t *testing.T, pcm []int16) []byte {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "x.wav"))
	require.NoError(t, err)
	defer f.Close()
	w, err := audio.NewWAVWriter(f, audio.Rate)
	require.NoError(t, err)
	require.NoError(t, w.Write(source.NewClip16(pcm).Float32()))
	require.NoError(t, w.Close())
	b, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	return b
}

func TestDidYouMean(t *testing.T) {
	all := map[string]paspeaker.Message{"Chào buổi sáng": {}, "Giờ nghỉ trưa": {}, "Đóng cổng số 2": {}, "slogan-1": {}, "An toàn lao động trong mùa mưa bão ở khu công nghiệp Tân Phong năm nay": {}}
	for got, want := range map[string]string{
		"chao buoi sang": "Chào buổi sáng", "Chào buổi sang": "Chào buổi sáng", "CHÀO BUỔI SÁNG": "Chào buổi sáng", "chao": "Chào buổi sáng",
		"dong cong so 2": "Đóng cổng số 2", "nghi trua": "Giờ nghỉ trưa", "slogn-1": "slogan-1", "mua bao": "An toàn lao động trong mùa mưa bão ở khu công nghiệp Tân Phong năm nay",
		"xyz": "", "": "", "zz": "",
	} {
		assert.Equal(t, want, nearest(got, all), got)
	}
}

func TestAMessageIsAnnounced(t *testing.T) {
	r := newRig(t, "")
	m := r.add("Khẩu hiệu", body.NewMessage{}, recording(t))
	s, err := r.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}, By: "Chị Lan", Drill: false, MaxLength: paspeaker.Duration(time.Second)},
		api.Source{Kind: api.SourceMessage, Name: "Kha\u0302\u0309u hie\u0323\u0302u"})
	require.NoError(t, err)
	assert.Equal(t, "Khẩu hiệu", s.Name)
	assert.Equal(t, "Khẩu hiệu", s.Message)
	assert.Equal(t, paspeaker.KindMessage, s.Kind)
	r.ended(s.ID)
	_, err = r.Announce(t.Context(), paspeaker.Announcement{Zones: []paspeaker.ZoneID{"gates"}}, api.Source{Kind: api.SourceMessage, Name: "khau hieu"})
	require.Equal(t, paspeaker.CodeNotFound, code(err))
	assert.ErrorContains(t, err, "did you mean “Khẩu hiệu”?")

	// What was ready before plays with NATS down.
	r.hub.Shutdown()
	_, clip, err := r.readyMessage(t.Context(), m.Name)
	require.NoError(t, err)
	assert.Equal(t, time.Duration(m.Length), clip.Len().Round(time.Millisecond))
}

func TestTheLibraryOutlivesTheController(t *testing.T) {
	r := newRig(t, "")
	r.add("Khẩu hiệu", body.NewMessage{}, recording(t))
	r.stop()
	again := newRig(t, r.dir)
	again.listed("Khẩu hiệu")
	_, _, err := again.readyMessage(t.Context(), "Khẩu hiệu")
	require.NoError(t, err)
}

func TestAMessageThatWasNotToldYetIsFound(t *testing.T) {
	r := newRig(t, "")
	m := r.add("Khẩu hiệu", body.NewMessage{}, recording(t))
	r.library.mu.Lock()
	clear(r.library.newest)
	r.library.mu.Unlock()
	got, _, err := r.readyMessage(t.Context(), "Khẩu hiệu")
	require.NoError(t, err)
	assert.Equal(t, m.Hash, got.Hash)
}

func TestReadyClipsAreBoundedAndShared(t *testing.T) {
	c := newReadyClips()
	clip := func(samples int) func() (*source.Clip, error) {
		return func() (*source.Clip, error) { return source.NewClip16(make([]int16, samples)), nil }
	}
	never := func() (*source.Clip, error) { t.Error("decoded again"); return nil, nil }
	third := readyBytes / 2 / 3
	for _, hash := range []string{"a", "b", "c"} {
		_, err := c.get(t.Context(), hash, clip(third))
		require.NoError(t, err)
	}
	_, err := c.get(t.Context(), "a", never)
	require.NoError(t, err)
	_, err = c.get(t.Context(), "d", clip(third)) // b goes, for a was asked for since
	require.NoError(t, err)
	assert.LessOrEqual(t, c.bytes, readyBytes)
	_, err = c.get(t.Context(), "a", never)
	require.NoError(t, err)
	decoded := false
	_, err = c.get(t.Context(), "b", func() (*source.Clip, error) { decoded = true; return clip(third)() })
	require.NoError(t, err)
	assert.True(t, decoded)
	_, err = c.get(t.Context(), "huge", clip(readyBytes))
	require.NoError(t, err)
	assert.NotContains(t, c.clips, "huge")

	broken := errors.New("broken")
	_, err = c.get(t.Context(), "x", func() (*source.Clip, error) { return nil, broken })
	require.ErrorIs(t, err, broken)
	_, err = c.get(t.Context(), "x", clip(1))
	require.NoError(t, err, "an error is not kept")
}

func TestWhoWaitsForAClipIsNotGivenAnothersCancel(t *testing.T) {
	c := newReadyClips()
	started, gaveUp := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := c.get(context.Background(), "a", func() (*source.Clip, error) {
			close(started)
			<-gaveUp
			return nil, context.Canceled
		})
		assert.ErrorIs(t, err, context.Canceled)
	})
	<-started
	wg.Go(func() {
		clip, err := c.get(context.Background(), "a", func() (*source.Clip, error) { return source.NewClip16([]int16{1}), nil })
		if assert.NoError(t, err) {
			assert.Equal(t, 1, clip.Samples())
		}
	})
	close(gaveUp)
	wg.Wait()
}

func TestBuiltinSoundsAreListed(t *testing.T) {
	r := newRig(t, "")
	kinds := map[string]int{}
	for _, b := range r.BuiltinSounds() {
		kinds[b.Kind]++
		assert.NotEmpty(t, b.About, b.Name)
	}
	assert.Equal(t, map[string]int{"chime": 4, "alert": 6, "message": 14}, kinds)
}
