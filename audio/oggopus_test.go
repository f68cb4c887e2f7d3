package audio_test

import (
	"bytes"
	"math"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio"
	"pa/audio/codec"
	"pa/audio/source"
)

// recordTone makes an Ogg Opus file of a tone.
func recordTone(t *testing.T, seconds int) []byte {
	t.Helper()
	profile, ok := codec.ProfileByName("opus")
	require.True(t, ok)
	enc, err := codec.NewEncoder(profile, codec.WithBitrate(24000))
	require.NoError(t, err)
	o := audio.NewOggOpus(7)
	file := o.Head(16000, "TITLE=Cổng số 1")
	perSecond := audio.Rate / profile.Frame
	for s := range seconds {
		var packets [][]byte
		for p := range perSecond {
			pcm := make([]float32, profile.Frame)
			for i := range pcm {
				at := float64((s*perSecond+p)*profile.Frame + i)
				pcm[i] = 0.5 * float32(math.Sin(2*math.Pi*440*at/audio.Rate))
			}
			packet, err := enc.Encode(nil, pcm)
			require.NoError(t, err)
			packets = append(packets, packet)
		}
		file = append(file, o.Page(packets, perSecond*profile.Frame, s == seconds-1)...)
	}
	return file
}

func TestARecordingIsReadByOurselves(t *testing.T) {
	file := recordTone(t, 3)
	assert.Less(t, len(file), 3*5000, "24 kbit/s")
	clip, err := source.Decode(t.Context(), bytes.NewReader(file), source.Limits{})
	require.NoError(t, err)
	assert.InDelta(t, 3*time.Second, clip.Len(), float64(10*time.Millisecond))
}

func TestARecordingThatBreaksOffIsReadByOthers(t *testing.T) {
	file := recordTone(t, 3)
	cut := file[:bytes.LastIndex(file, []byte("OggS"))] // killed in the middle
	for name, b := range map[string][]byte{"whole": file, "cut": cut} {
		cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", "48000", "-")
		cmd.Stdin = bytes.NewReader(b)
		var said bytes.Buffer
		cmd.Stderr = &said
		pcm, err := cmd.Output()
		require.NoError(t, err, "%s: ffmpeg is missing, or: %s", name, said.String())
		assert.Empty(t, said.String(), name)
		want := 3.0
		if name == "cut" {
			want = 2
		}
		assert.InDelta(t, want, float64(len(pcm))/96000, 0.02, name)
	}
}

func TestLongPacketsSpanSegments(t *testing.T) {
	for _, n := range []int{0, 1, 254, 255, 256, 510, 1275} {
		o := audio.NewOggOpus(1)
		page := o.Page([][]byte{bytes.Repeat([]byte{9}, n), {1}}, 960, false)
		assert.Equal(t, n/255+2, int(page[26]), "segments of %d bytes and one", n)
	}
	assert.Panics(t, func() { audio.NewOggOpus(1).Page(make([][]byte, 256), 0, false) })
}
