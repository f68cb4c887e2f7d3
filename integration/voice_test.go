package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/integration/ears"
	"pa/paspeaker"
)

// Real speech: a person's voice, from Debian's package alsa-utils, which `make
// test` installs.
var recordings = []string{"Front_Center", "Rear_Left", "Side_Right"}

// speech makes a recording of real speech, 4.4 s with headroom, at a rate; and
// the same at 48 kHz, converted by other people's program.
func speech(t *testing.T, rate string) (file string, ref []float32) {
	t.Helper()
	dir := t.TempDir()
	file = dir + "/speech-" + rate + ".wav"
	args := []string{"-v", "0.5"}
	for _, name := range recordings {
		args = append(args, "/usr/share/sounds/alsa/"+name+".wav", "-v", "0.5")
	}
	sox(t, append(args[:len(args)-2], "-r", rate, "-c", "1", "-b", "16", file)...)
	sox(t, file, "-r", "48000", "-b", "32", dir+"/ref.wav")
	ref, err := ears.Open(dir + "/ref.wav")
	require.NoError(t, err)
	return file, ref
}

func sox(t *testing.T, args ...string) {
	t.Helper()
	b, err := exec.Command("sox", append([]string{"-D"}, args...)...).CombinedOutput()
	require.NoError(t, err, "apt-get install sox alsa-utils (make test does); it says: %s", b)
}

// announceFile uploads a recording.
func (s *site) announceFile(path string, a map[string]any) paspeaker.Session {
	s.t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(s.t, err)
	options, err := json.Marshal(a)
	require.NoError(s.t, err)
	code, body := s.request("POST", "/v1/announcements/file?announcement="+url.QueryEscape(string(options))+"&file=speech.wav",
		bytes.NewReader(b), "application/octet-stream")
	require.Less(s.t, code, 300, "%s", body)
	var out paspeaker.Session
	require.NoError(s.t, json.Unmarshal(body, &out))
	return out
}

// firstSample returns when sample 0 of a node's recording sounded, from the
// file beside it.
func (s *site) firstSample(id string) time.Time {
	s.t.Helper()
	b, err := os.ReadFile(s.path(id + ".wav.t0"))
	require.NoError(s.t, err)
	var local, sec, nano int64
	_, err = fmt.Sscanf(strings.Replace(string(b), ".", " ", 1), "%d %d %d", &local, &sec, &nano)
	require.NoError(s.t, err, "%s", b)
	return time.Unix(sec, nano)
}

// TestRealSpeechComesOutOfExactlyItsSpeakers announces real speech, recorded
// at 48 kHz and at 8 kHz, to two zones.
func TestRealSpeechComesOutOfExactlyItsSpeakers(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	for _, id := range []string{"gate-1", "corner", "road-1", "desk-1", "unit-1"} {
		s.startNode(id)
	}
	spy := s.spyOn(s.groups()["gates"])
	type spoken struct {
		rate string
		ref  []float32
		at   time.Time
		snr  float64 // dB, at least
	}
	// 8 kHz sound must be filled up to 48 kHz, by a filter that is not sox's:
	// what remains is the difference of the two at the edge of the band.
	all := []spoken{{rate: "48000", snr: 40}, {rate: "8000", snr: 25}}
	for i := range all {
		var file string
		file, all[i].ref = speech(t, all[i].rate)
		session := s.announceFile(file, map[string]any{"zones": []string{"gates", "roads"}, "name": "Lời nói thật"})
		all[i].at = spy.begins(s, session.ID)
		over := s.over(session.ID, "gate-1", "corner", "road-1")
		assert.Len(t, over.Receipts, 3, "nobody else has played any of it")
	}
	for _, id := range []string{"gate-1", "corner", "road-1"} {
		x, zero := s.recording(id), s.firstSample(id)
		for _, sp := range all {
			due := int(sp.at.Sub(zero).Seconds() * audio.Rate)
			near := due - audio.Rate/2
			require.Positive(t, near)
			begin, likeness := ears.Find(sp.ref, x[near:min(len(x), due+len(sp.ref)+audio.Rate/2)])
			begin += float64(near)
			snr, gain := ears.SNR(sp.ref, x, begin)
			stoi := ears.STOI(sp.ref, x[int(begin+0.5):])
			late := (begin - float64(due)) / audio.Rate * 1000
			t.Logf("%s, %s Hz: %+.3f ms off its time, likeness %.5f, SNR %.1f dB, STOI %.4f, level %+.2f dB", id, sp.rate, late, likeness, snr, stoi, gain)
			assert.Greater(t, snr, sp.snr, id)
			assert.Greater(t, stoi, 0.98, id)
			assert.InDelta(t, 0, gain, 0.1, id)
			assert.InDelta(t, 1, late, 2, "%s: it begins when its packets say, behind the limiter's look-ahead", id)
			clear(x[int(begin)-audio.Rate/50 : min(len(x), int(begin)+len(sp.ref)+audio.Rate/50)])
		}
		assert.Equal(t, ears.Silence, ears.DB(x), "%s is silent but for the two", id)
	}
	for _, id := range []string{"desk-1", "unit-1"} {
		assert.Equal(t, ears.Silence, ears.DB(s.recording(id)), "%s is digital silence", id)
	}
}

func TestANodeWithAWildClockPlaysInTime(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("gate-1")
	s.startNode("corner", "--warp", "offset=1h,ppm=+100")
	file, ref := speech(t, "48000")
	session := s.announceFile(file, map[string]any{"zones": []string{"gates"}})
	over := s.over(session.ID, "gate-1", "corner")
	var first []time.Time
	for _, r := range over.Receipts {
		assert.Greater(t, r.Played, uint64(400), r.Node)
		assert.Zero(t, r.Concealed, r.Node)
		first = append(first, r.First)
	}
	require.Len(t, first, 2)
	assert.InDelta(t, 0, first[0].Sub(first[1]).Seconds(), 0.005, "both began together by the media clock")
	x := s.recording("corner")
	// Its card is 100 ppm off, so the sound is stretched: a tenth of a second
	// of it is compared.
	begin, likeness := ears.Find(loudest(ref, 4800), x)
	t.Logf("corner: heard at %.3f s, likeness %.5f", begin/48000, likeness)
	assert.Greater(t, likeness, 0.98)
}

// loudest returns the n samples of x with the most sound in them.
func loudest(x []float32, n int) []float32 {
	best := 0
	for at := 0; at+n <= len(x); at += n / 10 {
		if ears.DB(x[at:at+n]) > ears.DB(x[best:best+n]) {
			best = at
		}
	}
	return x[best : best+n]
}

func TestAMobileUnitIsReachedThroughItsOwnQuestion(t *testing.T) {
	t.Parallel()
	s := startSite(t, "pcmu")
	s.startNode("unit-1")
	file, ref := speech(t, "48000")
	session := s.announceFile(file, map[string]any{"zones": []string{"mobile"}})
	over := s.over(session.ID, "unit-1")
	require.Len(t, over.Receipts, 1)
	assert.Greater(t, over.Receipts[0].Played, uint64(400))
	x := s.recording("unit-1")
	begin, _ := ears.Find(ref, x)
	stoi := ears.STOI(ref, x[int(begin+0.5):])
	t.Logf("unit-1, through Opus: STOI %.4f", stoi)
	assert.Greater(t, stoi, 0.95)
}
