package site

import (
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"pa/paspeaker"
)

// Alerts say who is told of faults.
type Alerts struct {
	Webhooks []Webhook
	Commands []AlertCommand
}

// AlertFilter says of which faults.
type AlertFilter struct {
	Kinds   []paspeaker.FaultKind // none: all
	Urgency paspeaker.Urgency     // at least
}

// Wants says whether the filter lets a fault pass. One that flaps is of the
// kind that comes and goes, too.
func (f AlertFilter) Wants(fault paspeaker.Fault) bool {
	return fault.Urgency.AtLeast(f.Urgency) &&
		(len(f.Kinds) == 0 || slices.Contains(f.Kinds, fault.Kind) || fault.Of != "" && slices.Contains(f.Kinds, fault.Of))
}

// Webhook is a server that is told by HTTP.
type Webhook struct {
	URL        string
	SecretFile string // absolute
	AlertFilter
}

// AlertCommand is a program that is run.
type AlertCommand struct {
	Run     []string // the program, by its absolute path, and its arguments
	Timeout time.Duration
	AlertFilter
}

const (
	maxAlerts      = 16 // of a kind
	defaultTimeout = 10 * time.Second
	mostTimeout    = 5 * time.Minute
)

// readAlerts reads the section alerts.
func (s *Site) readAlerts(v value) {
	o := v.object("webhooks", "commands")
	for _, e := range bounded(o.get("webhooks"), maxAlerts) {
		w := e.object("url", "secret_file", "kinds", "urgency")
		w.get("url").missing("write the address that is told, such as https://ops.example/paspeaker")
		w.get("secret_file").missing("name a file with the secret that both sides know: openssl rand -base64 32 > hook.secret; chmod 600 hook.secret")
		s.Alerts.Webhooks = append(s.Alerts.Webhooks, Webhook{URL: w.get("url").address(), SecretFile: s.beneath(w.get("secret_file")), AlertFilter: w.filter()})
	}
	for _, e := range bounded(o.get("commands"), maxAlerts) {
		c := e.object("run", "timeout", "kinds", "urgency")
		c.get("run").missing("write the program and its arguments: run: [/usr/local/bin/tell, --sms]")
		s.Alerts.Commands = append(s.Alerts.Commands, AlertCommand{Run: c.get("run").program(),
			Timeout: c.get("timeout").duration(defaultTimeout, time.Second, mostTimeout), AlertFilter: c.filter()})
	}
}

// filter reads which faults are told.
func (o object) filter() AlertFilter {
	var urgencies, kinds []string
	for _, u := range paspeaker.Urgencies() {
		urgencies = append(urgencies, string(u))
	}
	for _, k := range paspeaker.FaultKinds() {
		kinds = append(kinds, string(k))
	}
	f := AlertFilter{Urgency: paspeaker.Urgency(o.get("urgency").word(string(paspeaker.UrgencyWarning), urgencies...))}
	for _, e := range o.get("kinds").list() {
		f.Kinds = append(f.Kinds, paspeaker.FaultKind(e.word("", kinds...)))
	}
	return f
}

// address reads where to post to.
func (v value) address() string {
	text, ok := v.scalar()
	if !ok {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		v.fault(clip(strconv.Quote(text))+" is not an address", "write it like https://ops.example/paspeaker")
		return ""
	}
	if u.User != nil {
		v.fault("has a password in it", "take it out: what is sent is signed with the secret, and the log shows the address")
		return ""
	}
	return text
}

// beneath reads the path of a file, relative to the site file's folder.
func (s *Site) beneath(v value) string {
	text, ok := v.scalar()
	switch {
	case !ok:
		return ""
	case text == "":
		v.fault("is empty", "name a file")
		return ""
	case filepath.IsAbs(text):
		return filepath.Clean(text)
	}
	return filepath.Join(s.dir, text)
}

// program reads a program and its arguments.
func (v value) program() []string {
	words := v.words()
	switch {
	case !v.present():
		return nil
	case len(words) == 0:
		v.fault("is empty", "write the program and its arguments: [/usr/local/bin/tell, --sms]")
	case !filepath.IsAbs(words[0]):
		v.fault(clip(strconv.Quote(words[0]))+" is not an absolute path", "no shell looks for it: write /usr/local/bin/tell")
	}
	return words
}
