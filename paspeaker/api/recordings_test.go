package api_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/api"
)

func (f *fake) Recordings(_ context.Context, q paspeaker.JournalQuery) ([]paspeaker.Recording, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.query = q
	return []paspeaker.Recording{{Session: 0x100, By: "Lan", State: paspeaker.RecordingWhole, Kept: true}}, f.fail
}

func (f *fake) RecordingSound(_ context.Context, by paspeaker.Caller, id paspeaker.SessionID, w io.Writer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.by = by; id != 0x100 {
		return &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "there is none"}
	}
	_, err := io.WriteString(w, "OggS\x00\xff")
	return err
}

func (f *fake) EraseRecording(_ context.Context, by paspeaker.Caller, id paspeaker.SessionID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by, f.stopped.ids = by, []paspeaker.SessionID{id}
	return f.fail
}

func TestRecordingsAreListedFetchedAndErased(t *testing.T) {
	f := newFake()
	p := open(t, f, api.Limits{})
	list, err := p.client.Recordings(t.Context(), paspeaker.JournalQuery{By: "Lan"})
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, "Lan", f.query.By)
	file, err := p.client.RecordingSound(t.Context(), 0x100)
	require.NoError(t, err)
	assert.Equal(t, "OggS\x00\xff", string(file))
	assert.Equal(t, "Anh Minh", f.by.By, "who listens is known")
	_, err = p.client.RecordingSound(t.Context(), 0x200)
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	require.NoError(t, p.client.EraseRecording(t.Context(), 0x100))
	assert.Equal(t, []paspeaker.SessionID{0x100}, f.stopped.ids)
}
