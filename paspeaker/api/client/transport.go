package client

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"pa/paspeaker"
)

const (
	dialPatience = 5 * time.Second
	keepIdle     = 30 * time.Second
	// expectPatience is how long an upload waits for the controller's word
	// that it wants the sound.
	expectPatience = time.Second
)

// parseURL reads the controller's address. Plain HTTP goes to this machine
// alone, for it carries the token.
func parseURL(s string) (*url.URL, error) {
	bad := func(what string) error {
		return &paspeaker.Error{
			Code: paspeaker.CodeInvalid, What: "url " + s + ": " + what,
			Hint: "want https://host:port, or http://127.0.0.1:port on the controller itself",
		}
	}
	given := strings.TrimSpace(s)
	if !strings.Contains(given, "://") {
		scheme := "https://"
		if u, err := url.Parse("//" + given); err == nil && isLoopback(u.Hostname()) {
			scheme = "http://"
		}
		given = scheme + given
	}
	u, err := url.Parse(given)
	switch {
	case err != nil:
		return nil, bad("not a URL")
	case u.Host == "" || u.Hostname() == "":
		return nil, bad("names no host")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil:
		return nil, bad("more than scheme, host and port")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, bad("plain http to another machine would send the token in clear")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, bad("unknown scheme")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// newTransport trusts the one certificate with the fingerprint, or, when that
// is empty, those that the system trusts.
func newTransport(fingerprint string) (*http.Transport, error) {
	t := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialPatience}).DialContext,
		TLSHandshakeTimeout:   dialPatience,
		ExpectContinueTimeout: expectPatience,
		IdleConnTimeout:       keepIdle,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS13},
	}
	if fingerprint == "" {
		return t, nil
	}
	pin, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(fingerprint), ":", ""))
	if err != nil || len(pin) != sha256.Size {
		return nil, &paspeaker.Error{Code: paspeaker.CodeInvalid, What: "fingerprint: want 64 hexadecimal digits, the SHA-256 of the controller's certificate"}
	}
	// The pin says more than a chain could: it is this certificate. Names and
	// dates do not matter beside it, and a site has no authority of its own.
	t.TLSClientConfig.InsecureSkipVerify = true
	t.TLSClientConfig.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) > 0 {
			sum := sha256.Sum256(state.PeerCertificates[0].Raw)
			if subtle.ConstantTimeCompare(sum[:], pin) == 1 {
				return nil
			}
		}
		return &paspeaker.Error{
			Code: paspeaker.CodeDenied, What: "the controller's certificate is not the one that was expected",
			Hint: "somebody may be in between; if the controller was set up anew, take its new fingerprint",
		}
	}
	return t, nil
}
