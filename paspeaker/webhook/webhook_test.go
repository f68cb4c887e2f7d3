package webhook

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"pa/paspeaker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	noon   = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	secret = []byte("a secret of the park's")
)

// The example of the convention's own specification.
func TestASignatureIsThatOfTheConvention(t *testing.T) {
	key, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	got := Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	assert.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", got)
}

func TestAReceiverKnowsWhatIsGenuine(t *testing.T) {
	body := []byte(`{"fault": "offline/gate-1"}`)
	var got http.Header
	var heard []byte
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		heard, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
	}))
	defer server.Close()
	s := NewSender("paspeakerd/test", func() time.Time { return noon })
	defer s.Close()
	require.NoError(t, s.Post(t.Context(), server.URL, secret, Message{"one", body}))
	assert.Equal(t, body, heard)
	assert.Equal(t, "application/json", got.Get("Content-Type"))
	assert.Equal(t, "one", got.Get(HeaderID))
	assert.Equal(t, strconv.FormatInt(noon.Unix(), 10), got.Get(HeaderTimestamp))
	require.NoError(t, Verify(secret, got, heard, noon.Add(time.Minute)))

	for name, spoil := range map[string]func() error{
		"another body":   func() error { return Verify(secret, got, append(heard, ' '), noon) },
		"another secret": func() error { return Verify([]byte("somebody else's secret"), got, heard, noon) },
		"a replay":       func() error { return Verify(secret, got, heard, noon.Add(time.Hour)) },
		"another id": func() error {
			h := got.Clone()
			h.Set(HeaderID, "two")
			return Verify(secret, h, heard, noon)
		},
		"another time": func() error {
			h := got.Clone()
			h.Set(HeaderTimestamp, strconv.FormatInt(noon.Unix()+1, 10))
			return Verify(secret, h, heard, noon)
		},
		"no headers": func() error { return Verify(secret, http.Header{}, heard, noon) },
	} {
		assert.ErrorIs(t, spoil(), ErrSignature, name)
	}
	two := got.Clone()
	two.Set(HeaderSignature, "v1,AAAA "+got.Get(HeaderSignature))
	assert.NoError(t, Verify(secret, two, heard, noon), "while a secret is changed there are two")

	status = http.StatusServiceUnavailable
	err := s.Post(t.Context(), server.URL, secret, Message{"one", body})
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "503")
}

func TestARedirectIsNotFollowed(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	s := NewSender("test", time.Now)
	defer s.Close()
	assert.ErrorContains(t, s.Post(t.Context(), server.URL, secret, Message{"one", nil}), "307")
	assert.Equal(t, 1, asked)
	server.Close()
	assert.Error(t, s.Post(t.Context(), server.URL, secret, Message{"one", nil}), "nobody is there")
	assert.Error(t, s.Post(t.Context(), "http://[::1", secret, Message{"one", nil}), "that is no address")
}

func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	file := func(text string, mode os.FileMode) string {
		path := filepath.Join(dir, "secret")
		_ = os.Remove(path)
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	got, err := ReadSecret(file(string(secret)+"\n", 0o600))
	require.NoError(t, err)
	assert.Equal(t, secret, got)
	got, err = ReadSecret(file("whsec_"+base64.StdEncoding.EncodeToString(secret), 0o640))
	require.NoError(t, err)
	assert.Equal(t, secret, got)
	for _, path := range []string{file("short", 0o600), filepath.Join(dir, "none")} {
		_, err = ReadSecret(path)
		assert.ErrorIs(t, err, ErrSecret, path)
	}
	_, err = ReadSecret(file("whsec_not base64!", 0o600))
	assert.ErrorContains(t, err, "not base64")
	_, err = ReadSecret(file(string(secret), 0o644))
	assert.ErrorContains(t, err, "chmod 600")
}

func FuzzVerify(f *testing.F) {
	f.Add("one", "1764000000", "v1,AAAA", []byte("{}"))
	f.Add("", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, id, at, signature string, body []byte) {
		h := http.Header{}
		h.Set(HeaderID, id)
		h.Set(HeaderTimestamp, at)
		h.Set(HeaderSignature, signature)
		if Verify(secret, h, body, noon) == nil {
			unix, _ := strconv.ParseInt(at, 10, 64)
			assert.Contains(t, signature, Sign(secret, h.Get(HeaderID), time.Unix(unix, 0), body))
		}
	})
}

func FuzzParseSecret(f *testing.F) {
	f.Add("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	f.Add("a secret of the park's\n")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseSecret(text); err == nil {
			assert.GreaterOrEqual(t, len(s), minSecret)
		}
	})
}
