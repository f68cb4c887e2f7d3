package body

import "pa/paspeaker"

// NewMessage says what is uploaded, or is to be said, under a message's name.
type NewMessage struct {
	Note     string             `json:"note,omitempty" maxLength:"1000" doc:"for people"`
	Text     string             `json:"text,omitempty" maxLength:"10000" doc:"what is said"`
	Voice    string             `json:"voice,omitempty" maxLength:"64" doc:"speech only: which voice; the site's when left out"`
	Files    []string           `json:"files,omitempty" maxItems:"32" doc:"upload only: names of the files, for people"`
	Sizes    []int64            `json:"sizes,omitempty" maxItems:"32" doc:"upload only: bytes of each of several files that follow each other and become one message"`
	Gap      paspeaker.Duration `json:"gap,omitempty" doc:"upload only: silence between several files, at most 10s"`
	Replace  bool               `json:"replace,omitempty" doc:"make a new version of a message that exists"`
	AsItIs   bool               `json:"as_it_is,omitempty" doc:"neither trimmed nor levelled"`
	Loudness *float64           `json:"loudness,omitempty" minimum:"-40" maximum:"-8" doc:"LUFS it is brought to; the site's when left out"`
}

// EditMessage changes a message; what is left out stays. Each edit makes a new
// version.
type EditMessage struct {
	Version  int      `json:"version,omitempty" minimum:"0" doc:"the version that was looked at: refused when it is not the newest any more; 0 does not ask"`
	Name     *string  `json:"name,omitempty" maxLength:"400" doc:"a new name"`
	Note     *string  `json:"note,omitempty" maxLength:"1000"`
	Text     *string  `json:"text,omitempty" maxLength:"10000" doc:"what is said; a message of speech is said anew"`
	Voice    *string  `json:"voice,omitempty" maxLength:"64" doc:"has the text said by this voice"`
	Loudness *float64 `json:"loudness,omitempty" minimum:"-40" maximum:"-8" doc:"LUFS it is brought to"`
	Restore  int      `json:"restore,omitempty" minimum:"0" doc:"makes this old version the newest again"`
}

// Removed says what was removed.
type Removed struct {
	Removed string `json:"removed"`
}
