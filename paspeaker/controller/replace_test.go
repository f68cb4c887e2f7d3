package controller

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/wire"
	"pa/paspeaker"
	"pa/paspeaker/bus"
	"pa/paspeaker/state"
)

// enrolWith spends a token and returns the configuration it gives.
func (r *rig) enrolWith(token paspeaker.JoinToken) paspeaker.NodeConfig {
	r.t.Helper()
	signed, err := r.Enrol(r.t.Context(), paspeaker.EnrolRequest{ID: token.Node, Token: token.Token})
	require.NoError(r.t, err)
	var conf paspeaker.NodeConfig
	require.NoError(r.t, json.Unmarshal(signed.Body, &conf))
	return conf
}

// knocks says whether NATS lets an nkey in.
func (r *rig) knocks(seed string) bool {
	r.t.Helper()
	b, err := bus.Connect(r.t.Context(), bus.Config{URL: r.hub.URL(), NkeySeed: seed, Name: "gate-1"})
	require.NoError(r.t, err)
	defer b.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Second)
	defer cancel()
	_, err = b.FetchConfig(ctx, "gate-1")
	return err == nil
}

// publicOf is the public nkey of a node's first hardware.
func (r *rig) publicOf(id paspeaker.SpeakerID) string {
	r.t.Helper()
	_, public, err := NodeKey(r.identity.Secret, id)
	require.NoError(r.t, err)
	return public
}

// New hardware takes an id over: in the moment it enrols the old one is cut
// off, and it is never handed the new keys, however often it asks meanwhile.
func TestNewHardwareTakesAnIDOver(t *testing.T) {
	r := newRig(t, "")
	ctx := t.Context()
	_, err := r.Replace(ctx, chief, "gate-1", 0)
	assert.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "paspeaker adopt gate-1")
	token, err := r.Adopt(ctx, chief, "gate-1", 0)
	require.NoError(t, err)
	old := r.enrolWith(token)
	_, err = r.Adopt(ctx, chief, "gate-1", 0)
	assert.Equal(t, paspeaker.CodeConflict, paspeaker.CodeOf(err))
	assert.ErrorContains(t, err, "paspeaker replace gate-1")
	assert.False(t, r.speakerStatus("gate-1").Enrolled.IsZero())

	thief, err := bus.Connect(ctx, bus.Config{URL: r.hub.URL(), NkeySeed: old.NATSSeed, Name: "gate-1"})
	require.NoError(t, err)
	defer thief.Close()
	r.again("the old node is connected", func() error { _, err := thief.FetchConfig(ctx, "gate-1"); return err })
	token, err = r.Replace(ctx, chief, "gate-1", time.Minute)
	require.NoError(t, err)
	assert.True(t, r.knocks(old.NATSSeed), "a token alone changes nothing")
	done := make(chan []string)
	asking, stop := context.WithCancel(ctx)
	go func() {
		var got []string
		for asking.Err() == nil {
			ask, cancel := context.WithTimeout(asking, 100*time.Millisecond)
			if signed, err := thief.FetchConfig(ask, "gate-1"); err == nil {
				got = append(got, string(signed.Body))
			}
			cancel()
		}
		done <- got
	}()
	fresh := r.enrolWith(token)
	r.again("the old node is cut off", func() error {
		if thief.Connected() {
			return paspeaker.Errorf(paspeaker.CodeInternal, "it is connected")
		}
		return nil
	})
	stop()
	for _, body := range <-done {
		assert.NotContains(t, body, fresh.NATSSeed)
	}
	assert.NotEqual(t, old.NATSSeed, fresh.NATSSeed)
	assert.NotEqual(t, old.ClockKey, fresh.ClockKey)
	assert.Equal(t, old.Root, fresh.Root)
	assert.True(t, r.knocks(fresh.NATSSeed))
	oldPublic := r.publicOf("gate-1")
	_, known := r.NodeOfKey(oldPublic)
	assert.False(t, known)
	key := wire.DeriveClockKey(r.identity.Secret, "gate-1#1")
	assert.Equal(t, key[:], fresh.ClockKey)

	entries := r.entriesOf(paspeaker.WhatEnrolled)
	require.Len(t, entries, 2)
	assert.Contains(t, entries[1].Detail, "number 2")
	tokens := r.entriesOf(paspeaker.WhatJoinToken)
	assert.Contains(t, tokens[len(tokens)-1].Detail, "new hardware")

	// A controller that starts anew remembers whose keys are good.
	r.stop()
	again := newRig(t, r.dir)
	again.again("the new keys are good", func() error {
		if !again.knocks(fresh.NATSSeed) { // the controller may not serve yet
			return paspeaker.Errorf(paspeaker.CodeUnavailable, "no configuration")
		}
		return nil
	})
	_, known = again.NodeOfKey(oldPublic)
	assert.False(t, known)
	name, open := again.roster.keyName("gate-1")
	assert.True(t, open)
	assert.EqualValues(t, "gate-1#1", name)
}

func TestThirdPartyLoudspeakersAreNeitherAdoptedNorReplaced(t *testing.T) {
	r := newRig(t, "")
	for _, do := range []func(context.Context, paspeaker.Caller, paspeaker.SpeakerID, time.Duration) (paspeaker.JoinToken, error){r.Adopt, r.Replace} {
		_, err := do(t.Context(), chief, "horn", 0)
		assert.ErrorContains(t, err, "third-party")
		_, err = do(t.Context(), chief, "gate-9", 0)
		assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	}
}

func TestKeysThatCannotBeKeptAreNotChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	dir, err := state.Open(path)
	require.NoError(t, err)
	defer dir.Close()
	r, err := loadRoster(dir)
	require.NoError(t, err)
	r.note("gate-1", time.Unix(100, 0))
	r.note("gate-1", time.Unix(200, 0))
	assert.Equal(t, time.Unix(100, 0), r.enrolled("gate-1"), "the first time counts")
	require.True(t, r.close("gate-1"))
	assert.False(t, r.close("gate-1"))
	_, open := r.keyName("gate-1")
	assert.False(t, open)
	require.NoError(t, os.Mkdir(dir.Path(rosterFile), 0o700)) // nothing can be written in its place
	_, err = r.open("gate-1", time.Now())
	require.Error(t, err)
	name, open := r.keyName("gate-1")
	assert.True(t, open)
	assert.EqualValues(t, "gate-1", name)
	require.NoError(t, os.Remove(dir.Path(rosterFile)))

	require.True(t, r.close("gate-1"))
	n, err := r.open("gate-1", time.Unix(300, 0))
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	again, err := loadRoster(dir)
	require.NoError(t, err)
	name, _ = again.keyName("gate-1")
	assert.EqualValues(t, "gate-1#1", name)
	require.NoError(t, dir.Write(rosterFile, []byte("{")))
	_, err = loadRoster(dir)
	assert.ErrorContains(t, err, "is damaged")
}
