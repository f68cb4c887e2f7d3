// Package webhook posts a body to somebody else's server and signs it, by the
// convention of standardwebhooks.com: the receiver checks with a shared secret
// that it came from here, when, and unaltered, and knows by its id that it has
// had it already.
//
// The controller uses it. A Post is one attempt and remembers nothing: who
// wants it delivered asks again. It promises to send nothing but what it is
// given, to follow no redirect, and to end within Timeout.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"pa/paspeaker"
)

const (
	// Timeout bounds one attempt, from the connection to the answer.
	Timeout = 10 * time.Second

	minSecret    = 16 // bytes
	maxSecret    = 4096
	secretPrefix = "whsec_" // what follows is base64
	tolerance    = 5 * time.Minute
)

// The headers of a delivery.
const (
	HeaderID        = "webhook-id"        // of the message: the same at every attempt
	HeaderTimestamp = "webhook-timestamp" // of the attempt, Unix seconds
	HeaderSignature = "webhook-signature" // "v1," and base64 of HMAC-SHA-256 over "id.timestamp.body"
)

var (
	// ErrSecret means that a secret cannot be used.
	ErrSecret = errors.New("webhook secret")
	// ErrSignature means that a delivery is not genuine, or too old.
	ErrSignature = errors.New("webhook signature")
)

// Message is one thing to be delivered. The receiver must have had it once per
// ID.
type Message struct {
	ID   string
	Body []byte // JSON
}

// Sender posts messages. It may be used from any goroutine.
type Sender struct {
	client *http.Client
	agent  string
	now    func() time.Time
}

// NewSender returns a Sender that calls itself agent.
func NewSender(agent string, now func() time.Time) *Sender {
	return &Sender{agent: agent, now: now, client: &http.Client{
		Timeout: Timeout,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: Timeout / 2,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets go of idle connections.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// Post delivers a message once. nil means that the receiver has answered with a
// status of 2xx.
func (s *Sender) Post(ctx context.Context, url string, secret []byte, m Message) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(m.Body))
	if err != nil {
		return fmt.Errorf("post webhook: %w", err)
	}
	at := s.now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", s.agent)
	req.Header.Set(HeaderID, m.ID)
	req.Header.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(HeaderSignature, Sign(secret, m.ID, at, m.Body))
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("post webhook: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &paspeaker.Error{Code: paspeaker.CodeUnavailable, What: "post webhook: the receiver answers " + resp.Status,
			Hint: "look at its log; the message is offered again"}
	}
	return nil
}

// Sign returns the signature of a message that is sent at a time.
func Sign(secret []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Verify checks the headers of a delivery as a receiver must. now may be off by
// five minutes.
func Verify(secret []byte, h http.Header, body []byte, now time.Time) error {
	unix, err := strconv.ParseInt(h.Get(HeaderTimestamp), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: no timestamp", ErrSignature)
	}
	at := time.Unix(unix, 0)
	if now.Sub(at).Abs() > tolerance {
		return fmt.Errorf("%w: it is of %s", ErrSignature, at.UTC().Format(time.RFC3339))
	}
	want := []byte(Sign(secret, h.Get(HeaderID), at, body))
	for _, got := range strings.Fields(h.Get(HeaderSignature)) {
		if hmac.Equal([]byte(got), want) {
			return nil
		}
	}
	return fmt.Errorf("%w: it is not by this secret", ErrSignature)
}

// ReadSecret reads a file that holds a secret: "whsec_" and base64, or any
// other text of at least 16 bytes. It must be for its owner's eyes alone.
func ReadSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSecret, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSecret, err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("%w: others may read %s; chmod 600 it", ErrSecret, path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSecret, err)
	}
	return ParseSecret(string(b))
}

// ParseSecret reads a secret as a person writes it.
func ParseSecret(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	secret := []byte(text)
	if coded, ok := strings.CutPrefix(text, secretPrefix); ok {
		var err error
		if secret, err = base64.StdEncoding.DecodeString(coded); err != nil {
			return nil, fmt.Errorf("%w: what follows %s is not base64", ErrSecret, secretPrefix)
		}
	}
	if len(secret) < minSecret {
		return nil, fmt.Errorf("%w: it has %d bytes, want at least %d", ErrSecret, len(secret), minSecret)
	}
	return secret, nil
}
