package client

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestWhereTheControllerIs(t *testing.T) {
	tests := map[string]string{ // what is given → what it means; empty: refused
		"127.0.0.1:8080":          "http://127.0.0.1:8080",
		"localhost:8080":          "http://localhost:8080",
		"[::1]:8080":              "http://[::1]:8080",
		"10.0.0.1:8080":           "https://10.0.0.1:8080",
		" https://pa.park:8080/ ": "https://pa.park:8080",
		"http://127.0.0.1:8080":   "http://127.0.0.1:8080",
		"http://10.0.0.1:8080":    "", // the token in clear
		"ftp://10.0.0.1":          "",
		"https://pa.park/v1":      "",
		"https://me:pw@pa.park":   "",
		"":                        "",
		"https://":                "",
		"https://%":               "",
	}
	for given, want := range tests {
		u, err := parseURL(given)
		if want == "" {
			assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err), given)
			continue
		}
		require.NoError(t, err, given)
		assert.Equal(t, want, u.String())
	}
}

func TestFingerprints(t *testing.T) {
	for given, ok := range map[string]bool{
		"": true, strings.Repeat("ab", 32): true, strings.Repeat("AB:", 31) + "AB": true, "abcd": false, strings.Repeat("xy", 32): false,
	} {
		_, err := New(Config{URL: "https://10.0.0.1:1", Fingerprint: given})
		assert.Equal(t, ok, err == nil, "%q: %v", given, err)
	}
}

// eventsOf parses a stream of events as Events does.
func eventsOf(b []byte, f func(paspeaker.Event)) error {
	return parseEvents(bytes.NewReader(b), func(data []byte) {
		var e paspeaker.Event
		if json.Unmarshal(data, &e) == nil && e.Kind != "" {
			f(e)
		}
	}, func() {})
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("retry: 2000\n\n:\n\nevent: fault\ndata: {\"kind\":\"fault\"}\n\n"))
	f.Add([]byte("data: {\"kind\":3}\ndata:"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if eventsOf(b, func(paspeaker.Event) {}) == nil {
			t.Fatal("the end of a stream is an error")
		}
	})
}

func TestEventsOfANewerController(t *testing.T) {
	var got []string
	err := eventsOf([]byte("id: 7\ndata: {\"kind\":\"weather\",\"rain\":3}\n\ndata: no JSON\n\ndata: {\"kind\":\"fault\"}\n\n"),
		func(e paspeaker.Event) { got = append(got, e.Kind) })
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, []string{"weather", "fault"}, got)
}

func TestACertificateOfNobodyAsksForTheFingerprint(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	c, err := New(Config{URL: srv.URL, Token: "secret"})
	require.NoError(t, err)
	defer c.Close()
	err = c.Health(t.Context())
	assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "--fingerprint")
}
