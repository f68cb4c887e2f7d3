package site

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Messages say how recordings are made ready when they come into the library.
type Messages struct {
	LUFS      float64       // loudness they are brought to, BS.1770
	TruePeak  float64       // dBTP that none exceeds
	MaxLimit  float64       // dB that the limiter may take off the highest peaks
	MaxLength time.Duration // of one
	Long      time.Duration // from which it is worth a warning
	Speech    Speech
}

// Speech is the program that says texts.
type Speech struct {
	// Command is the program and its arguments, of which {voice} is replaced. It
	// reads the text, UTF-8, from its standard input and writes a recording to its
	// standard output. It is never started by a shell.
	Command []string
	Voice   string        // when nobody names one
	Voices  []string      // that people may name; empty allows any
	Limit   time.Duration // it is ended then
}

// VoiceMark is what a speech command has in place of the voice.
const VoiceMark = "{voice}"

var voiceForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9+_.-]{0,63}$`)

// ValidVoice says whether s may name a voice: it becomes part of an argument,
// and must not be read as an option or a path.
func ValidVoice(s string) bool { return voiceForm.MatchString(s) }

// With returns the command for a voice, the default one when it is empty. ok is
// false when the site has no such voice.
func (s Speech) With(voice string) (command []string, name string, ok bool) {
	if voice == "" {
		voice = s.Voice
	}
	if !ValidVoice(voice) || len(s.Voices) > 0 && !slices.Contains(s.Voices, voice) {
		return nil, voice, false
	}
	for _, arg := range s.Command {
		command = append(command, strings.ReplaceAll(arg, VoiceMark, voice))
	}
	return command, voice, true
}

// defaultMessages suit speech on horn loudspeakers.
var defaultMessages = Messages{
	LUFS: -16, TruePeak: -1, MaxLimit: 6, MaxLength: 30 * time.Minute, Long: 5 * time.Minute,
	Speech: Speech{
		Command: []string{"espeak-ng", "-v", VoiceMark, "-s", "150", "--stdin", "--stdout"},
		Voice:   "vi", Voices: []string{"vi", "vi-vn-x-central", "vi-vn-x-south", "en", "en-us", "zh", "ko", "ja"}, Limit: time.Minute,
	},
}

// readMessages reads the section messages.
func (s *Site) readMessages(v value) {
	d := defaultMessages
	o := v.object("loudness", "peak", "limiter", "max_length", "long", "speech")
	s.Messages = Messages{
		LUFS:      o.get("loudness").number(d.LUFS, -40, -8, " LUFS"),
		TruePeak:  o.get("peak").number(d.TruePeak, -9, -0.1, " dBTP"),
		MaxLimit:  o.get("limiter").number(d.MaxLimit, 0, 12, " dB"),
		MaxLength: o.get("max_length").duration(d.MaxLength, time.Second, time.Hour),
		Long:      o.get("long").duration(d.Long, time.Second, time.Hour),
		Speech:    d.Speech,
	}
	o.get("speech").readSpeech(&s.Messages.Speech)
}

// readSpeech reads the speech program over the default one.
func (v value) readSpeech(s *Speech) {
	o := v.object("command", "voice", "voices", "limit")
	if c := o.get("command"); c.present() {
		s.Command, s.Voices = c.command(), nil
	}
	if voices := o.get("voices"); voices.present() {
		s.Voices = nil
		for _, e := range voices.list() {
			if name := e.voice(""); name != "" {
				s.Voices = append(s.Voices, name)
			}
		}
	}
	s.Voice = o.get("voice").voice(s.Voice)
	if len(s.Voices) > 0 && !slices.Contains(s.Voices, s.Voice) {
		if given := o.get("voice"); given.present() {
			given.fault(fmt.Sprintf("%s is not one of the voices", s.Voice), didYouMean(s.Voice, s.Voices))
		} else {
			s.Voice = s.Voices[0]
		}
	}
	s.Limit = o.get("limit").duration(s.Limit, time.Second, 10*time.Minute)
}

// command reads a program and its arguments.
func (v value) command() []string {
	var words []string
	for _, e := range v.list() {
		w, ok := e.scalar()
		if !ok || strings.ContainsRune(w, 0) {
			continue
		}
		words = append(words, w)
	}
	if v.node.Kind == yaml.SequenceNode && (len(words) == 0 || words[0] == "") {
		v.fault("names no program", `write it like [espeak-ng, -v, "{voice}", --stdin, --stdout]`)
	}
	return words
}

// voice reads a voice's name.
func (v value) voice(otherwise string) string {
	s, ok := v.scalar()
	if !ok {
		return otherwise
	}
	if !ValidVoice(s) {
		v.fault(clip(s)+" is not a voice's name", "use letters, digits, +, _, . and hyphens, such as vi or vi-vn-x-south")
		return otherwise
	}
	return s
}
