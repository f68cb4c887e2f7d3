package paspeaker

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Message is one version of a recording in the library. Its name is what people
// call it, in any script; campaigns and announcements mean its newest version.
type Message struct {
	Name     string        `json:"name"`
	Version  int           `json:"version" doc:"1, 2, …: every upload and every edit makes a new one"`
	Hash     string        `json:"hash" doc:"SHA-256 of the sound's file, hexadecimal; the same sound has the same"`
	Bytes    int64         `json:"bytes" doc:"of the sound's file"`
	Length   Duration      `json:"length"`
	Text     string        `json:"text,omitempty" doc:"what is said"`
	Voice    string        `json:"voice,omitempty" doc:"of the speech program that said the text; empty for a recording"`
	Note     string        `json:"note,omitempty" doc:"for people"`
	Files    []string      `json:"files,omitempty" doc:"names of the files that were uploaded"`
	Level    MessageLevel  `json:"level"`
	SNR      float64       `json:"snr_db,omitempty" doc:"how far the voice stands above the noise, dB; 0 where it cannot be told"`
	CutHead  Duration      `json:"cut_head,omitempty" doc:"silence taken off its beginning"`
	CutTail  Duration      `json:"cut_tail,omitempty" doc:"and off its end"`
	Warnings []Warning     `json:"warnings,omitempty"`
	Overview []byte        `json:"overview,omitempty" doc:"picture of the wave: peaks of equal parts, linear, 255 is full scale; base64"`
	Change   MessageChange `json:"change" doc:"what made this version"`
	By       string        `json:"by"`
	At       time.Time     `json:"at"`
}

// MessageLevel is how loud a message came and how loud it is.
type MessageLevel struct {
	Target    float64 `json:"target,omitempty" doc:"LUFS aimed at; 0: kept as it came"`
	Before    float64 `json:"before" doc:"LUFS, BS.1770-4"`
	After     float64 `json:"after" doc:"LUFS"`
	PeakFrom  float64 `json:"peak_before" doc:"dBTP"`
	Peak      float64 `json:"peak" doc:"dBTP"`
	GainDB    float64 `json:"gain_db"`
	LimitedDB float64 `json:"limited_db,omitempty" doc:"what the limiter took off the highest peak"`
}

// Warning is something about a recording that somebody should hear for
// themselves.
type Warning struct {
	Kind  string  `json:"kind" doc:"clipping (places), hum (Hz), noise (dB that the voice stands above it), long (seconds), soft (LU below the target)"`
	Value float64 `json:"value" doc:"in the kind's unit"`
	Text  string  `json:"text" doc:"for people, in English"`
}

// MessageChange says what made a version of a message.
type MessageChange string

// The changes.
const (
	MessageAdded    MessageChange = "added"
	MessageSound    MessageChange = "new sound"
	MessageEdited   MessageChange = "edited"
	MessageRestored MessageChange = "restored"
	MessageRenamed  MessageChange = "renamed"
)

// MaxMessageName is the greatest length of a message's name, characters.
const MaxMessageName = 100

// CheckMessageName says what is wrong with a message's name: nil for nothing.
// The caller has made it NFC.
func CheckMessageName(name string) error {
	bad := func(what, hint string) error {
		return &Error{Code: CodeInvalid, What: "message name: " + what, Hint: hint}
	}
	switch {
	case name == "":
		return bad("there is none", "give it one, such as Chào buổi sáng")
	case !utf8.ValidString(name):
		return bad("it is not UTF-8", "set the terminal to UTF-8")
	case utf8.RuneCountInString(name) > MaxMessageName:
		return bad("it is longer than 100 characters", "put what it says into the text or the note")
	case strings.TrimSpace(name) != name:
		return bad("it begins or ends with a space", "leave the space out")
	case strings.HasPrefix(name, "-"):
		return bad("it begins with a hyphen, as options do", "leave it out")
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '/' || r == utf8.RuneError }):
		return bad("it has a slash or a control character", "use letters, digits, spaces and the like")
	}
	return nil
}

// MessageExport is what an archive of messages says about one of them; its
// sound lies beside it under its hash.
type MessageExport struct {
	Format   int       `json:"format"` // 1
	Messages []Message `json:"messages"`
}
