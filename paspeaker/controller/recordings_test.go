package controller

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/audio/source"
	"pa/paspeaker"
	"pa/paspeaker/api"
)

// speaks speaks live for so many samples and returns the session when it is over
// and the journal knows what became of its recording.
func (r *rig) speaks(samples int) paspeaker.Session {
	r.t.Helper()
	words := strings.Repeat("\x00\x20", samples)
	s, err := r.Announce(r.t.Context(), toGates, api.Source{Kind: api.SourceLive, Body: strings.NewReader(words)})
	require.NoError(r.t, err)
	r.ended(s.ID)
	r.tapes.Wait()
	require.NoError(r.t, r.journal.Flush(r.t.Context()))
	return s
}

func TestALiveCallIsRecordedListenedToAndErased(t *testing.T) {
	r := newRig(t, "")
	s := r.speaks(2 * 48000)
	var list []paspeaker.Recording
	require.Eventually(t, func() bool {
		var err error
		list, err = r.Recordings(t.Context(), paspeaker.JournalQuery{})
		return err == nil && len(list) == 1 && list[0].State != paspeaker.RecordingBegun
	}, 20*time.Second, 20*time.Millisecond, "the journal says what became of it")
	assert.Equal(t, []string{paspeaker.RecordingWhole, "Lan"}, []string{list[0].State, list[0].By})
	assert.True(t, list[0].Kept)

	var file bytes.Buffer
	require.NoError(t, r.RecordingSound(t.Context(), chief, s.ID, &file))
	clip, err := source.Decode(t.Context(), &file, source.Limits{})
	require.NoError(t, err)
	assert.InDelta(t, 2, clip.Len().Seconds(), 0.05)

	require.NoError(t, r.EraseRecording(t.Context(), chief, s.ID))
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(r.RecordingSound(t.Context(), chief, s.ID, io.Discard)))
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(r.EraseRecording(t.Context(), chief, s.ID)))
	words := r.what(s.ID)
	assert.Equal(t, 3, strings.Count(words, "recording"), words)
	assert.Equal(t, 1, strings.Count(words, "listened"), "who listens is recorded: %s", words)
}

func TestNothingIsRecordedWhereTheSiteSaysSo(t *testing.T) {
	r := newRig(t, "")
	r.writeSite(parkYAML() + "recordings: {live: false}\n")
	_, err := r.Reload(t.Context(), chief)
	require.NoError(t, err)
	s := r.speaks(4800)
	assert.NotContains(t, r.what(s.ID), "recording")
}

// With the disk full or NATS gone the call goes on, the fault is shown, and the
// journal knows.
func TestACallWithoutAStoreGoesOnAndIsTold(t *testing.T) {
	t.Parallel() // it waits long, and needs no group of its own
	r := newRig(t, "")
	voice, mouth := io.Pipe()
	go speak(mouth)
	s, err := r.Announce(t.Context(), toGates, api.Source{Kind: api.SourceLive, Body: voice})
	require.NoError(t, err)
	r.until("the beginning is kept", func(paspeaker.Event) bool {
		has, err := r.recordings().Has(t.Context())
		return err == nil && has[s.ID] > 0
	}, func() {})
	r.hub.Shutdown()
	r.until("NATS is gone", func(paspeaker.Event) bool { return !r.cfg.Bus.Connected() }, func() {})
	assert.Equal(t, paspeaker.StatePlaying, r.session(s.ID).State, "the call goes on")
	mouth.Close()
	assert.Equal(t, paspeaker.OutcomeDone, r.ended(s.ID).Outcome)
	r.tapes.Wait()
	assert.Contains(t, faultIDs(r.Status().Faults), "recording")
}

func faultIDs(faults []paspeaker.Fault) (ids []string) {
	for _, f := range faults {
		ids = append(ids, f.ID)
	}
	return ids
}

func TestTheEndOfTheControllerLeavesAWholeRecording(t *testing.T) {
	t.Parallel() // it waits long, and needs no group of its own
	r := newRig(t, "")
	voice, mouth := io.Pipe()
	go speak(mouth)
	defer mouth.Close()
	s, err := r.Announce(t.Context(), toGates, api.Source{Kind: api.SourceLive, Body: voice})
	require.NoError(t, err)
	r.until("some of it is kept", func(paspeaker.Event) bool {
		has, err := r.recordings().Has(t.Context())
		return err == nil && has[s.ID] > 1
	}, func() {})
	dir := r.dir
	r.stop()
	r = newRig(t, dir)
	list, err := r.Recordings(t.Context(), paspeaker.JournalQuery{})
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, paspeaker.RecordingWhole, list[0].State)
	var file bytes.Buffer
	require.NoError(t, r.RecordingSound(t.Context(), chief, s.ID, &file))
	clip, err := source.Decode(t.Context(), &file, source.Limits{})
	require.NoError(t, err)
	assert.Greater(t, clip.Len(), time.Second)
}
