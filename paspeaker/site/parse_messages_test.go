package site

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMessageFaults(t *testing.T) {
	runFaultCases(t, []faultCase{
		{"too loud", "messages: {loudness: 0}\n", "zones.yaml:2: messages.loudness: 0 is out of range; use a number from -40 to -8 LUFS"},
		{"over full scale", "messages: {peak: 1}\n", "zones.yaml:2: messages.peak: 1 is out of range; use a number from -9 to -0.1 dBTP"},
		{"a limiter that crushes", "messages: {limiter: 30}\n", "zones.yaml:2: messages.limiter: 30 is out of range; use a number from 0 to 12 dB"},
		{"too long", "messages: {max_length: 2h}\n", "zones.yaml:2: messages.max_length: 2h is out of range; use 1s to 1h"},
		{"no program", "messages:\n  speech: {command: []}\n", `zones.yaml:3: messages.speech.command: names no program; write it like [espeak-ng, -v, "{voice}", --stdin, --stdout]`},
		{"a program in one word", "messages:\n  speech: {command: espeak-ng -v vi}\n", "zones.yaml:3: messages.speech.command: is a single value; it must be a list"},
		{"a voice that is an option", "messages:\n  speech: {voice: -w/etc/passwd}\n",
			"zones.yaml:3: messages.speech.voice: -w/etc/passwd is not a voice's name; use letters, digits, +, _, . and hyphens, such as vi or vi-vn-x-south"},
		{"a voice that is none of them", "messages:\n  speech: {voices: [vi, en], voice: vn}\n",
			"zones.yaml:3: messages.speech.voice: vn is not one of the voices; did you mean vi?"},
	})
}

func TestMessagesAreMadeForHorns(t *testing.T) {
	s := mustParse(t, head)
	assert.Equal(t, defaultMessages, s.Messages)
	command, voice, ok := s.Messages.Speech.With("")
	assert.True(t, ok)
	assert.Equal(t, "vi", voice)
	assert.Equal(t, []string{"espeak-ng", "-v", "vi", "-s", "150", "--stdin", "--stdout"}, command)
	_, _, ok = s.Messages.Speech.With("klingon")
	assert.False(t, ok, "not one of the site's")
	assert.Equal(t, VoiceMark, s.Messages.Speech.Command[2], "the template stays")
}

func TestAnotherSpeechProgram(t *testing.T) {
	s := mustParse(t, head+`
messages:
  loudness: -18
  speech:
    command: [piper, --model, "/opt/voices/{voice}.onnx", --output_file, "-"]
    voice: vi_VN-vais1000-medium
    limit: 2m
`)
	assert.EqualValues(t, -18, s.Messages.LUFS)
	command, voice, ok := s.Messages.Speech.With("")
	assert.True(t, ok)
	assert.Equal(t, "vi_VN-vais1000-medium", voice)
	assert.Equal(t, []string{"piper", "--model", "/opt/voices/vi_VN-vais1000-medium.onnx", "--output_file", "-"}, command)
	assert.Equal(t, 2*time.Minute, s.Messages.Speech.Limit)
	_, _, ok = s.Messages.Speech.With("en_US-amy")
	assert.True(t, ok, "a command of its own allows any voice")
	for _, bad := range []string{"../../etc/passwd", "-x", "a b", "a/b", "vi;ls", "vi\n"} {
		_, _, ok = s.Messages.Speech.With(bad)
		assert.False(t, ok, bad)
	}
	s = mustParse(t, head+"\nmessages: {speech: {voices: [vi-vn-x-south, en]}}\n")
	assert.Equal(t, "vi-vn-x-south", s.Messages.Speech.Voice, "the first, when the default is not among them")
}
