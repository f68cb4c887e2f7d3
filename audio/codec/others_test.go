package codec

import (
	"bytes"
	"encoding/binary"
	"math"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/thesyncim/gopus/container/ogg"
)

// ffmpeg runs the program with data on its standard input; missing, the test
// fails and says what to install.
func ffmpeg(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "ffmpeg is missing: apt-get install ffmpeg")
	cmd := exec.CommandContext(t.Context(), path, append([]string{"-v", "error", "-nostdin"}, args...)...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &complaint
	require.NoError(t, cmd.Run(), complaint.String())
	return out.Bytes()
}

// payloads is a voice in one profile, frame by frame.
func payloads(t *testing.T, p Profile, said []float32) (frames [][]byte) {
	enc, _ := open(t, p)
	for i := 0; i+p.Frame <= len(said); i += p.Frame {
		b, err := enc.Encode(nil, said[i:i+p.Frame])
		require.NoError(t, err)
		frames = append(frames, b)
	}
	return frames
}

func little(b []byte) []int16 {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}

// What we send, ffmpeg hears to the bit as we do; what it sends, we too.
func TestOthersHearTheSame(t *testing.T) {
	for _, tc := range []struct {
		name, format, rate string
		unpack             func([]int16, []byte)
	}{
		{"pcmu", "mulaw", "8000", unpackMu},
		{"pcma", "alaw", "8000", unpackA},
		{"l16-plain", "s16be", "32000", unpackL16},
		{"g722", "g722", "16000", newG722Decoder(profile(t, "g722")).unpack},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sent := bytes.Join(payloads(t, profile(t, tc.name), voice(96000)), nil)
			in := []string{"-f", tc.format, "-ar", tc.rate, "-ac", "1", "-i", "-"}
			if tc.name == "g722" {
				in = []string{"-f", "g722", "-i", "-"}
			}
			theirs := little(ffmpeg(t, sent, append(in, "-f", "s16le", "-")...))
			ours := make([]int16, len(theirs))
			tc.unpack(ours, sent)
			require.NotEmpty(t, theirs)
			assert.Equal(t, theirs, ours)
		})
	}
}

// ffmpeg plays our Opus, and what it plays is what our decoder plays.
func TestOthersHearOpus(t *testing.T) {
	p := profile(t, "opus")
	said := voice(96000)
	var file bytes.Buffer
	w, err := ogg.NewWriter(&file, 48000, 1)
	require.NoError(t, err)
	for _, b := range payloads(t, p, said) {
		require.NoError(t, w.WritePacket(b, p.Frame))
	}
	require.NoError(t, w.Close())
	raw := ffmpeg(t, file.Bytes(), "-c:a", "libopus", "-f", "ogg", "-i", "-", "-f", "f32le", "-ar", "48000", "-ac", "1", "-")
	theirs := make([]float32, len(raw)/4+1000)
	for i := range len(raw) / 4 {
		theirs[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	const preSkip = 312 // ffmpeg cuts it off by Ogg's header
	ours := pass(t, p, said, nil)[preSkip:]
	require.Greater(t, len(theirs), len(ours)-1000)
	assert.Greater(t, snr(ours[:80000], theirs, 0), 40.0)
}
