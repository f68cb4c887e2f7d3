package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/integration/ears"
	"pa/paspeaker"
	"pa/paspeaker/api/body"
	"pa/paspeaker/api/client"
)

// operate runs the command line as the operator does and returns what it said.
func (s *site) operate(args ...string) string {
	s.t.Helper()
	p := s.cli(strings.NewReader(""), nil, args...)
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		s.t.Fatalf("paspeaker %v does not end: %s", args, p.log)
	}
	require.NoError(s.t, p.err, "paspeaker %v: %s", args, p.log)
	return p.log.String()
}

// A message is uploaded, kept, announced by its name, and sounds as it is kept:
// at the site's loudness.
func TestAMessageSoundsAsItIsKept(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	s.startNode("road-1")
	file, _ := speech(t, "48000")
	said := s.operate("message", "add", "Chào buổi sáng", file, "--text", "Loa trước, loa sau")
	assert.Contains(t, said, "→ -16.0 LUFS")
	s.operate("message", "say", "Khẩu hiệu", "Công nhân KCX-KCN tích cực lao động sản xuất để xây dựng và bảo vệ Tổ quốc")
	kept := s.path("kept.wav")
	s.operate("message", "export", "Chào buổi sáng", "-o", kept)
	ref, err := ears.Open(kept)
	require.NoError(t, err)

	s.operate("announce", "--message", "Chào buổi sáng", "--speakers", "gate-1", "--wait")
	s.operate("announce", "--message", "Khẩu hiệu", "--speakers", "road-1", "--wait")
	x := s.recording("gate-1")
	at, likeness := ears.Find(ref, x)
	snr, gain := ears.SNR(ref, x, at)
	t.Logf("heard at %.3f s, likeness %.5f, SNR %.1f dB, level %+.2f dB", at/audio.Rate, likeness, snr, gain)
	assert.Greater(t, snr, 40.0)
	assert.InDelta(t, 0, gain, 0.1)
	assert.InDelta(t, -16, lufsOf(t, s.path("gate-1.wav")), 0.5, "the silence around takes a little off the ends")
	assert.InDelta(t, -16, lufsOf(t, s.path("road-1.wav")), 0.5, "a spoken one is as loud")
	log := s.operate("log", "--json")
	assert.Contains(t, log, `"message": "Chào buổi sáng"`)
}

// lufsOf is ffmpeg's loudness of a recording; the silence around is gated.
func lufsOf(t *testing.T, path string) float64 {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-hide_banner", "-nostats", "-i", path, "-af", "ebur128", "-f", "null", "-").CombinedOutput()
	require.NoError(t, err, "%s", out)
	_, summary, found := strings.Cut(string(out), "Integrated loudness:")
	require.True(t, found, "%s", out)
	var v float64
	_, err = fmt.Sscanf(strings.TrimSpace(summary), "I: %f LUFS", &v)
	require.NoError(t, err, summary)
	return v
}

// The controller is killed while messages come in from four sides: what it
// acknowledged is there afterwards, whole.
func TestNoAcknowledgedMessageIsLostByKillMinus9(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	token, err := os.ReadFile(s.path("state/token"))
	require.NoError(t, err)
	c, err := client.New(client.Config{URL: "http://" + s.http, Token: string(token), By: "Chị Lan"})
	require.NoError(t, err)
	defer c.Close()
	var mu sync.Mutex
	acked := map[string]paspeaker.Message{}
	var wg sync.WaitGroup
	var count atomic.Int32
	enough := make(chan struct{})
	for k := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(k), 0))
			for i := 0; ; i++ {
				m, err := c.AddMessage(t.Context(), fmt.Sprintf("Thông báo %d-%d", k, i), body.NewMessage{AsItIs: true}, bytes.NewReader(hissFile(r)))
				if err != nil {
					return // it was killed
				}
				mu.Lock()
				acked[m.Name] = m
				mu.Unlock()
				if count.Add(1) == 12 {
					close(enough)
				}
			}
		})
	}
	<-enough
	_ = s.ctl.end(syscall.SIGKILL)
	wg.Wait()
	s.startController()
	var list []paspeaker.Message
	s.eventually("the library is read", func() bool {
		s.must(http.MethodGet, "/v1/messages", nil, &list)
		return len(list) >= len(acked)
	})
	for name, m := range acked {
		sound, err := c.MessageSound(t.Context(), name, m.Version)
		require.NoError(t, err, name)
		sum := sha256.Sum256(sound)
		assert.Equal(t, m.Hash, hex.EncodeToString(sum[:]), name)
	}
	t.Logf("%d acknowledged, %d there", len(acked), len(list))
}

// hissFile is a WAV file of half a second that is another each time.
func hissFile(r *rand.Rand) []byte {
	head := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\xbb\x00\x00\x00\x77\x01\x00\x02\x00\x10\x00data\x00\x00\x00\x00")
	b := make([]byte, len(head)+audio.Rate)
	copy(b, head)
	for i := len(head); i < len(b); i++ {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Uploads that are broken, hostile or endless disturb nothing that is on air.
func TestWhatIsUploadedDisturbsNothingOnAir(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	tone := s.announce(map[string]any{"zones": []string{"gates"}, "source": "tone", "freq": 500, "length": "6s"})
	s.eventually("it sounds", func() bool { return s.plays("gate-1", tone.ID) })
	for name, upload := range map[string][]byte{
		"a letter":           []byte("Kính gửi ban quản lý"),
		"nothing":            {},
		"a header alone":     hissFile(rand.New(rand.NewPCG(1, 1)))[:44],
		"a broken flac":      append([]byte("fLaC\x00\x00\x00\x22"), bytes.Repeat([]byte{0xff}, 5000)...),
		"a vorbis that lies": append([]byte("OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x1e\x01vorbis"), bytes.Repeat([]byte{0xff}, 5000)...),
		"a playlist":         []byte("#EXTM3U\n/etc/passwd\n"),
	} {
		code, answer := s.request(http.MethodPost, "/v1/messages/x/sound", bytes.NewReader(upload), "application/octet-stream")
		assert.Equal(t, http.StatusUnprocessableEntity, code, "%s: %s", name, answer)
		var p body.Problem
		require.NoError(t, json.Unmarshal(answer, &p), name)
		assert.NotEmpty(t, p.What, name)
	}
	over := s.over(tone.ID, "gate-1")
	require.Len(t, over.Receipts, 1)
	assert.Zero(t, over.Receipts[0].Concealed)
	var list []paspeaker.Message
	s.must(http.MethodGet, "/v1/messages", nil, &list)
	assert.Empty(t, list)
}
