package bus

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
)

func TestATokenLetsOneNodeInOnce(t *testing.T) {
	s := newSite(t).up()
	b := s.controller()
	token, err := b.CreateToken(t.Context(), Grant{Node: "gate-1"}, time.Hour)
	require.NoError(t, err)
	assert.Regexp(t, "^[a-z0-9]{26}$", token)
	second, err := b.CreateToken(t.Context(), Grant{Node: "gate-1"}, time.Hour)
	require.NoError(t, err)
	assert.NotEqual(t, token, second)

	id, err := b.UseToken(t.Context(), token)
	require.NoError(t, err)
	assert.Equal(t, Grant{Node: "gate-1"}, id)
	third, err := b.CreateToken(t.Context(), Grant{Node: "gate-1", Replace: true}, time.Hour)
	require.NoError(t, err)
	id, err = b.UseToken(t.Context(), third)
	require.NoError(t, err)
	assert.Equal(t, Grant{Node: "gate-1", Replace: true}, id)

	for name, bad := range map[string]string{"used": token, "no such": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "a wildcard": ">", "empty": "", "huge": strings.Repeat("x", 1<<20)} {
		_, err := b.UseToken(t.Context(), bad)
		assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err), "%s: %v", name, err)
		assert.ErrorContains(t, err, "make a new one with `paspeaker join-token`", name)
	}

	s.hub.Shutdown()
	soon(t, "down", func() bool { return !b.Connected() })
	_, err = b.UseToken(t.Context(), second)
	assert.Equal(t, paspeaker.CodeUnavailable, paspeaker.CodeOf(err), "which does not spend it")
	b = s.up().controller()
	_, err = b.UseToken(t.Context(), token)
	assert.ErrorContains(t, err, "was used at", "remembered over a restart")
	_, err = b.UseToken(t.Context(), second)
	assert.NoError(t, err)
}

func TestOfManyWithOneTokenOneComesIn(t *testing.T) {
	b := newSite(t).up().controller()
	token, err := b.CreateToken(t.Context(), Grant{Node: "gate-1"}, time.Hour)
	require.NoError(t, err)
	var in atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := b.UseToken(t.Context(), token); err == nil {
				in.Add(1)
			} else {
				assert.Equal(t, paspeaker.CodeDenied, paspeaker.CodeOf(err), "%v", err)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, in.Load())
}

func TestATokenExpires(t *testing.T) {
	s := newSite(t).up()
	var late atomic.Int64
	b := s.connect(Config{InProcess: s.hub.InProcess(), NkeySeed: s.hub.Seed(), Name: "paspeakerd",
		Now: func() time.Time { return morning.Add(time.Duration(late.Load())) }})
	token, err := b.CreateToken(t.Context(), Grant{Node: "gate-1"}, time.Hour)
	require.NoError(t, err)
	late.Store(int64(time.Hour))
	_, err = b.UseToken(t.Context(), token)
	assert.ErrorContains(t, err, "join token of gate-1 expired at 2026-11-24T08:00:00Z")
	late.Store(int64(time.Hour - 1))
	_, err = b.UseToken(t.Context(), token)
	assert.NoError(t, err)
}

func TestATokenHasANodeAndALife(t *testing.T) {
	b := newSite(t).up().controller()
	for _, test := range []struct {
		id  paspeaker.SpeakerID
		ttl time.Duration
	}{{"", time.Hour}, {"Gate", time.Hour}, {"gate-1", 0}, {"gate-1", -time.Hour}, {"gate-1", 8 * 24 * time.Hour}} {
		_, err := b.CreateToken(t.Context(), Grant{Node: test.id}, test.ttl)
		assert.Equal(t, paspeaker.CodeInvalid, paspeaker.CodeOf(err), "%v", test)
	}
}
