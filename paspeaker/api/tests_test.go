package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pa/paspeaker"
	"pa/paspeaker/api"
)

// trials is the part of fake that tests loudspeakers.
type trials struct {
	asked     paspeaker.TestRequest
	from      int
	cancelled string
}

func (f *fake) StartTest(_ context.Context, by paspeaker.Caller, q paspeaker.TestRequest) (paspeaker.TestRun, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by, f.trials.asked = by, q
	return paspeaker.TestRun{ID: "abc", TestRequest: q, State: paspeaker.TestRunning, Total: 2}, f.fail
}

func (f *fake) Test(id string, from int) (paspeaker.TestRun, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trials.from = from
	return paspeaker.TestRun{ID: id, State: paspeaker.TestDone, Results: []paspeaker.SpeakerTest{{Speaker: "gate-1", Name: "Cổng số 1 – đường Nguyễn Văn Linh", Result: paspeaker.TestPassed}}}, f.fail
}

func (f *fake) Tests() paspeaker.TestList {
	return paspeaker.TestList{Runs: []paspeaker.TestRun{{ID: "abc"}}, SelfTests: []paspeaker.SelfTestInfo{{ID: "night"}}}
}

func (f *fake) CancelTest(_ context.Context, by paspeaker.Caller, id string) (paspeaker.TestRun, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by, f.trials.cancelled = by, id
	return paspeaker.TestRun{ID: id, State: paspeaker.TestAborted}, f.fail
}

func TestTestsOverTheAPI(t *testing.T) {
	p := open(t, newFake(), api.Limits{})
	q := paspeaker.TestRequest{Zones: []paspeaker.ZoneID{"gates"}, Speakers: []paspeaker.SpeakerID{"road-1"}, Kind: paspeaker.TestSweep, AtOnce: true}
	run, err := p.client.StartTest(t.Context(), q)
	require.NoError(t, err)
	assert.Equal(t, 2, run.Total)
	assert.Equal(t, q, p.trials.asked)
	got, err := p.client.Test(t.Context(), run.ID, 7)
	require.NoError(t, err)
	assert.Equal(t, 7, p.trials.from)
	assert.Equal(t, "Cổng số 1 – đường Nguyễn Văn Linh", got.Results[0].Name)
	list, err := p.client.Tests(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"abc", "night"}, []string{list.Runs[0].ID, list.SelfTests[0].ID})
	over, err := p.client.CancelTest(t.Context(), "abc")
	require.NoError(t, err)
	assert.Equal(t, []string{"abc", "aborted"}, []string{p.trials.cancelled, string(over.State)})

	_, status := call[paspeaker.TestRun](t, p, "POST", "/v1/tests", map[string]any{"zones": []string{"gates"}, "kind": "noise"})
	assert.Equal(t, http.StatusUnprocessableEntity, status, "there is no such test")
	call[paspeaker.TestRun](t, p, "POST", "/v1/tests", map[string]any{"zones": []string{"gates"}, "quiet": true})
	assert.Equal(t, "Anh Minh", p.by.By)
	p.fail = &paspeaker.Error{Code: paspeaker.CodeDenied, What: "guard: hours"}
	_, status = call[paspeaker.TestRun](t, p, "POST", "/v1/tests", q)
	assert.Equal(t, http.StatusForbidden, status)
}
