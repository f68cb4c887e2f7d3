package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"pa/paspeaker"
)

// guard lets a request through that carries the token, or needs none.
type guard struct {
	token [sha256.Size]byte
	empty bool
	next  http.Handler
}

func newGuard(token string, next http.Handler) *guard {
	return &guard{sha256.Sum256([]byte(token)), token == "", next}
}

// ServeHTTP implements http.Handler.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.needsNone(r) || g.holds(r) {
		g.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="paspeaker"`)
	writeProblem(w, newProblem(http.StatusUnauthorized, &paspeaker.Error{
		Code: paspeaker.CodeDenied, What: "token is missing or wrong",
		Hint: "send Authorization: Bearer TOKEN; the controller prints the path of its token file when it starts",
	}))
}

// holds compares digests in constant time, so that neither the token nor its
// length can be found by measuring.
func (g *guard) holds(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 && strings.EqualFold(scheme, "Bearer") && !g.empty
}

// needsNone says whether r is for everybody: enrolment carries a join token in
// its body, and who stands on the machine itself may see how it does.
func (g *guard) needsNone(r *http.Request) bool {
	switch r.URL.Path {
	case pathEnrol:
		return r.Method == http.MethodPost
	case pathHealth, pathMetrics, pathDescription:
		return r.Method == http.MethodGet && isLoopback(r.RemoteAddr)
	}
	return false
}

func isLoopback(remote string) bool {
	a, err := netip.ParseAddrPort(remote)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

func writeProblem(w http.ResponseWriter, p *problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	// A client that went away needs no answer.
	_ = json.NewEncoder(w).Encode(p)
}

// By is part of every request that somebody will have to answer for.
type By struct {
	Name string `header:"X-PA-By" maxLength:"600" doc:"name of the person who asks, for lists and journal; UTF-8, percent-encoded where it is not ASCII"`

	caller paspeaker.Caller
}

// maxName is the longest name of a person, in characters.
const maxName = 100

// Resolve implements huma.Resolver.
func (b *By) Resolve(c huma.Context) []error {
	// The body has been read. Its deadline would otherwise end the request's
	// context while the controller is still at work.
	_ = c.SetReadDeadline(time.Time{})
	caller, err := callerOf(b.Name, c.RemoteAddr())
	if err != nil {
		return []error{&huma.ErrorDetail{Location: "header.X-PA-By", Message: err.Error()}}
	}
	b.caller = caller
	return nil
}

func callerOf(name, remote string) (c paspeaker.Caller, err error) {
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	name = strings.TrimSpace(name)
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return c, paspeaker.Errorf(paspeaker.CodeInvalid, "want a name of at most %d characters in UTF-8", maxName)
	}
	c.By, c.From = name, remote
	if a, err := netip.ParseAddrPort(remote); err == nil {
		c.From = a.Addr().Unmap().String()
	}
	return c, nil
}

// nobody is who asked when no name was given: whoever holds the token.
const nobody = "token"

// who returns the caller for the journal.
func (b *By) who() paspeaker.Caller {
	c := b.caller
	if c.By == "" {
		c.By = nobody
	}
	return c
}

// sign writes who asked into a: the header's name, else the announcement's
// own, else nobody. Where it was asked from, and for which campaign, is never
// the client's to say.
func (b *By) sign(a *paspeaker.Announcement) {
	if b.caller.By != "" {
		a.By = b.caller.By
	}
	if a.By == "" {
		a.By = nobody
	}
	a.From, a.Campaign, a.Occurrence = b.caller.From, "", ""
}
