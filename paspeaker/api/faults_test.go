package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/api"
)

var lost = paspeaker.Fault{ID: "offline/switch:tủ-1", Kind: paspeaker.FaultOffline, Subject: "switch:tủ-1", Urgency: paspeaker.UrgencyAlarm,
	Since: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), What: "8 of 8 loudspeakers of switch tủ-1 are not heard of", Speakers: []paspeaker.SpeakerID{"gate-1", "gate-2"}}

func (f *fake) Faults(all bool) []paspeaker.Fault {
	if !all {
		return nil
	}
	return []paspeaker.Fault{lost}
}

func (f *fake) AckFault(_ context.Context, by paspeaker.Caller, id, note string) (paspeaker.Fault, error) {
	if id != lost.ID {
		return paspeaker.Fault{}, &paspeaker.Error{Code: paspeaker.CodeNotFound, What: "fault " + id + " is not open"}
	}
	out := lost
	out.Ack = &paspeaker.Ack{By: by.By, From: by.From, Note: note}
	return out, nil
}

func TestFaultsAreListedAndSeen(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	open, err := p.client.Faults(t.Context(), false)
	require.NoError(t, err)
	assert.NotNil(t, open)
	assert.Empty(t, open)
	all, err := p.client.Faults(t.Context(), true)
	require.NoError(t, err)
	assert.Equal(t, []paspeaker.Fault{lost}, all)

	f, err := p.client.AckFault(t.Context(), lost.ID, "thợ điện đang đến")
	require.NoError(t, err)
	assert.Equal(t, &paspeaker.Ack{By: "Anh Minh", From: "127.0.0.1", Note: "thợ điện đang đến"}, f.Ack)
	_, err = p.client.AckFault(t.Context(), "offline/gate-9", "")
	assert.Equal(t, paspeaker.CodeNotFound, paspeaker.CodeOf(err))
	status, _ := p.request(t, http.MethodPost, "/v1/faults/ack", `{"note": "which?"}`, nil)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
}
